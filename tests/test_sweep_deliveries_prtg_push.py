"""Pushes to a probe that takes what PRTG takes: what arrives, what waits, and that no token is ever shown."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import certificates
import prtg_rules
import pytest
from loopback import PATIENCE, Service, ThreadedService, server_context
from observations import HERE, environment
from prtg_probe import Probe
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import prtg
from check_starttls_cert.report import Report
from check_starttls_cert.sweep import client, sender
from check_starttls_cert.sweep.command import answer
from check_starttls_cert.sweep.deliveries import opened
from check_starttls_cert.sweep.deliveries.prtg_push import parse_probe
from check_starttls_cert.sweep.outputs import OUTPUTS
from check_starttls_cert.sweep.prtg_sensors import CHANNEL, TOKEN, Sensors

SECRET = "5eC-reT"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", ())
    monkeypatch.setattr(sender, "DEADLINE", PATIENCE)
    monkeypatch.setattr(client, "TIMEOUT", PATIENCE)


def of(report: Report, token: str, name: str = "x") -> Report:
    """Return a report of a target that has this token, and this channel where it needs one."""
    return report._replace(job=report.job._replace(marks={TOKEN: token, CHANNEL: name}))


def pushed(folder, url: str, *reports: Report, **given) -> str:
    """Push reports; return what is said of it."""
    sensors = Sensors(None)
    for report in reports:
        assert sensors.accept(report.job) == ""
    (delivery,) = opened({"prtg_push": parse_probe(url), "prtg_sensors": sensors, "spool": str(folder), **given})
    for report in reports:
        delivery.take(delivery.show(report))
    said = delivery.end(tally(*reports))
    assert SECRET not in said
    return said


def url(port: int, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{port}"


def test_a_target_with_a_token_of_its_own_has_the_sensor_of_the_single_check(tmp_path) -> None:
    tokens = [f"{{{number}}}" for number in range(len(REPORTS))]
    with Probe(*tokens) as probe:
        reports = [of(report, token) for report, token in zip(REPORTS.values(), tokens)]
        assert pushed(tmp_path, url(probe.port), *reports) == ""
    for report, token in zip(reports, tokens):
        assert probe.sensors[token].pushes == [json.loads(prtg.render(report).text)["prtg"]]
    assert probe.connections == 1


def test_targets_with_one_token_are_channels_of_one_push(tmp_path) -> None:
    with Probe(SECRET) as probe:
        assert pushed(tmp_path, url(probe.port), of(FINE, SECRET, "a"), of(BAD, SECRET, "b")) == ""
        sensor = probe.sensors[SECRET]
        assert (len(sensor.pushes), sensor.channels, sensor.state) == (1, {"a": 59, "b": -1}, prtg_rules.ERROR)
        # PRTG has frozen the limits of a certificate that was not there.
        assert pushed(tmp_path, url(probe.port), of(FINE, SECRET, "a"), of(FINE, SECRET, "b")) == ""
        assert (sensor.channels, sensor.state) == ({"a": 59, "b": 59}, prtg_rules.OK)
    assert sensor.text == "OK. 2 targets: 2 OK"


def test_a_target_without_a_token_is_not_pushed(tmp_path) -> None:
    with Probe(SECRET) as probe:
        assert pushed(tmp_path, url(probe.port), FINE, of(FINE, SECRET)) == ""
    assert len(probe.requests) == 1


def test_a_token_that_no_sensor_has_is_told_by_its_target_and_not_kept(tmp_path) -> None:
    with Probe("known") as probe:
        reports = [of(FINE, SECRET), of(FINE, "known"), of(FINE, "shared", "a"), of(FINE, "shared", "b")]
        assert pushed(tmp_path, url(probe.port), *reports) == (
            "2 results whose token no PRTG sensor has: smtp mta.example.com:25, "
            "smtp mta.example.com:25 (one of 2 in its sensor)"
        )
        assert len(probe.sensors["known"].pushes) == 1
        assert pushed(tmp_path, url(probe.port), of(FINE, "known")) == ""


def test_a_probe_that_is_away_gets_all_later_and_in_order(tmp_path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert pushed(tmp_path, url(port), of(FINE, SECRET), of(BAD, "other")) == (
            f"2 results for PRTG kept in the spool: 127.0.0.1:{port}: connection refused"
        )
    with Probe(SECRET, "other") as probe:
        assert pushed(tmp_path, url(probe.port), of(BAD, SECRET)) == ""
    assert ["error" in push for push in probe.sensors[SECRET].pushes] == [False, True]
    assert len(probe.sensors["other"].pushes) == 1


def heard(sock: socket.socket) -> None:
    """Read one whole request: who hangs up on what was not read resets the connection."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += sock.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    while len(body) < length:
        body += sock.recv(65536)


def reply(head: bytes, body: bytes = b""):
    """Return what answers a request so."""

    def behave(sock: socket.socket) -> None:
        heard(sock)
        sock.sendall(b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    return behave


def endless(sock: socket.socket) -> None:
    heard(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    while True:
        sock.sendall(bytes(65536))


OTHER = "does not answer like a PRTG probe"

WRONG = {
    "hangs up": (lambda sock: sock.recv(1), ""),
    "500": (reply(b"500 x", SECRET.encode()), "answers with HTTP status 500"),
    "429": (reply(b"429 x"), "answers with HTTP status 429"),
    "404": (reply(b"404 x", SECRET.encode()), "answers with HTTP status 404"),
    "redirects": (reply(b"302 x\r\nLocation: http://127.0.0.1:1/" + SECRET.encode()), "answers with HTTP status 302"),
    "no HTTP": (lambda sock: heard(sock) or sock.sendall(b"\x15\x03\x01 \r\n" * 10), ""),
    "no JSON": (reply(b"200 OK", b"<html>"), OTHER),
    "a list": (reply(b"200 OK", b"[]"), OTHER),
    "no number": (reply(b"200 OK", b'{"Matching Sensors": null}'), OTHER),
    "a word": (reply(b"200 OK", b'{"Matching Sensors": "x"}'), OTHER),
    "deep": (reply(b"200 OK", b"[" * 500_000), OTHER),
    "100 MB": (endless, "answers with more than 1048576 bytes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_answer_of_a_probe_leaves_all_in_the_spool(name, tmp_path) -> None:
    behave, words = WRONG[name]
    with ThreadedService(behave) as service:
        said = pushed(tmp_path, url(service.port), of(FINE, SECRET), of(BAD, SECRET + "2"))
    assert said.startswith(f"2 results for PRTG kept in the spool: 127.0.0.1:{service.port}")
    assert words in said
    assert "\n" not in said


def test_a_probe_that_hangs_is_not_waited_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    with ThreadedService(lambda sock: heard(sock) or sock.recv(1)) as service:
        said = pushed(tmp_path, url(service.port), of(FINE, SECRET), of(BAD, SECRET + "2"))
    assert said == f"2 results for PRTG kept in the spool: 127.0.0.1:{service.port}: no answer within 0.2 s"


@pytest.mark.parametrize("status", [b"400 x", b"413 x"])
def test_a_document_that_is_refused_is_told_and_does_not_stop_the_others(status, tmp_path) -> None:
    with Service(reply(status)) as service:
        said = pushed(tmp_path, url(service.port), of(FINE, SECRET), of(FINE, "other"))
        assert said == "2 results refused by PRTG: smtp mta.example.com:25 and 1 more"
        assert service.connections == 2


@pytest.fixture
def encrypted(tmp_path) -> Iterator[tuple[Probe, str]]:
    """Yield a probe with TLS and the file of its authority."""
    authority = certificates.authority()
    names = [certificates.alternative_names("localhost")]
    made = certificates.make("localhost", issuer=authority, extensions=names)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    with Probe(SECRET, context=server_context(tmp_path, made)) as probe:
        yield probe, str(tmp_path / "ca.pem")


def test_tls_is_verified(encrypted, tmp_path) -> None:
    probe, anchor = encrypted
    folder = tmp_path / "spool"
    place = f"https://localhost:{probe.port}"
    said = pushed(folder, place, of(FINE, SECRET))
    assert said.startswith(f"1 result for PRTG kept in the spool: localhost:{probe.port}: its certificate is not")
    assert said.endswith("(--prtg-ca names its authority)")
    said = pushed(folder, url(probe.port, "https"), of(FINE, SECRET), prtg_ca=anchor)
    assert said.endswith(f'127.0.0.1:{probe.port}: its certificate does not cover "127.0.0.1"')
    assert probe.requests == []
    assert pushed(folder, place, of(FINE, SECRET), prtg_ca=anchor) == ""
    assert len(probe.sensors[SECRET].pushes) == 3


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_whole_sweep_shows_no_token(output, tmp_path, capsys) -> None:
    inventory, tokens = tmp_path / "hosts.csv", tmp_path / "tokens"
    inventory.write_text(f"host,port,prtg_token\n127.0.0.1,1,{SECRET}\n127.0.0.2,1,\n127.0.0.3,1,\n")
    tokens.write_text(f"127.0.0.2 {SECRET}2\n127.0.0.3 {SECRET}\n")
    for path in (inventory, tokens):
        path.chmod(0o600)
    with Probe(SECRET) as probe:
        arguments = (inventory, "--prtg-push", url(probe.port), "--prtg-tokens", tokens, "--spool", tmp_path / "spool")
        last = answer([*map(str, arguments), "-o", output, "-vv"])
        assert probe.sensors[SECRET].channels == {"smtp 127.0.0.1:1": -1, "smtp 127.0.0.3:1": -1}
    assert last.exit_code == 3
    assert output == "json" or "1 result whose token no PRTG sensor has: smtp 127.0.0.2:1" in last.text
    captured = capsys.readouterr()
    assert SECRET not in last.text + captured.out + captured.err


KILLED = """
import sys
import deadly
from check_starttls_cert.sweep.client import Client
from check_starttls_cert.sweep.deliveries import opened
from check_starttls_cert.sweep.deliveries.prtg_push import parse_probe
from check_starttls_cert.sweep.prtg_sensors import Sensors
from sweeps import FINE, tally
from test_sweep_deliveries_prtg_push import of

place, folder, tokens = sys.argv[1:4]
Client.request = deadly.mortal(Client.request)
sensors = Sensors(None)
reports = [of(FINE, token) for token in tokens]
assert not any(sensors.accept(report.job) for report in reports)
(delivery,) = opened({"prtg_push": parse_probe(place), "prtg_sensors": sensors, "spool": folder})
for report in reports:
    delivery.take(delivery.show(report))
delivery.end(tally())
"""
"""A sweep that dies before or after a request, or what is done to the spool."""

NEVER = 0


def killed(place: str, folder: object, tokens: str, step: int) -> bool:
    """Run a sweep that pushes to these sensors and dies at a step; return whether it was over before that."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, place, str(folder), tokens, str(step)],
        env=environment(HERE), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode == 0


@pytest.mark.slow
def test_whenever_it_is_killed_no_push_is_missing_and_one_at_most_is_there_twice(tmp_path) -> None:
    step, over = 0, False
    while not over:
        step += 1
        with Probe("a", "b", "c", "d") as probe:
            over = killed(url(probe.port), tmp_path / str(step), "abc", step)
            assert killed(url(probe.port), tmp_path / str(step), "d", NEVER)
            came = "".join(asked.path[1:] for asked in probe.requests)
        once = "".join(token for token, before in zip(came, f" {came}") if token != before)
        assert once in ("d", "ad", "abd", "abcd"), came
        assert len(came) - len(once) <= 1, came
    assert step > 20


@pytest.mark.parametrize(
    "text", ["http://p:5050/" + SECRET, f"http://{SECRET}@p:5050", f"http://p/?{SECRET}", SECRET, f"ftp://{SECRET}"]
)
def test_a_url_with_a_token_is_not_repeated(text) -> None:
    with pytest.raises(ValueError, match=r"^(it |a URL )") as caught:
        parse_probe(text)
    assert SECRET not in str(caught.value)


def test_without_a_spool_it_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--prtg-push needs --spool DIR"):
        opened({"prtg_push": parse_probe("http://p:5050"), "prtg_sensors": Sensors(None)})
