"""Results for Icinga 2: what is sent, what becomes of each answer, and each result once whenever a sweep is killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from http_receiver import HttpReceiver, Request
from loopback import PATIENCE
from observations import HERE, NOW, environment, evaluated, seen
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import nagios
from check_starttls_cert.sweep import sender, unwanted
from check_starttls_cert.sweep.client import Address
from check_starttls_cert.sweep.deliveries import icinga2, opened
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.spool import Spool

ALLOWED = {"results": [{"user": "u", "permissions": ["Actions/*", "objects/query/*"]}]}


class FakeIcinga:
    """Answers as Icinga 2.13 does; ``faults`` come before, for one request each."""

    def __init__(self, *faults: tuple[int, object]) -> None:
        self.faults = list(faults)
        self.permissions: object = ALLOWED
        self.services: dict[str, list[dict[str, Any]]] = {}
        """What came in, by the services that there are."""

    def __call__(self, request: Request) -> tuple[int, str]:
        if request.path == "/v1/":
            return 200, json.dumps(self.permissions)
        if request.method == "GET":
            came = self.services[request.path.partition("services/")[2].partition("?")[0].replace("%21", "!")]
            last = came[-1] if came else None
            return 200, json.dumps({"results": [{"attrs": {"last_check_result": last}}]})
        if self.faults:
            status, said = self.faults.pop(0)
            return status, said if isinstance(said, str) else json.dumps(said)
        body = json.loads(request.body)
        if body["service"] not in self.services:
            return 404, '{"error":404,"status":"No objects found."}'
        self.services[body["service"]].append(body)
        return 200, '{"results":[{"code":200,"status":"Successfully processed"}]}'


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", (0.0,))
    monkeypatch.setenv(icinga2.USER, "u")
    monkeypatch.setenv(icinga2.PASSWORD, "s3cret")


def given(directory: object, port: int = 1, **more: Any) -> dict[str, Any]:
    return {"icinga2": Address("http", "127.0.0.1", port, ""), "spool": str(directory), **more}


def delivered(tmp_path, fake: FakeIcinga, *reports, **more: Any) -> tuple[str, HttpReceiver]:
    """Deliver reports; return what is said of it, and the receiver."""
    with HttpReceiver(fake) as receiver:
        (delivery,) = opened(given(tmp_path, receiver.port, **more))
        for report in reports:
            delivery.take(delivery.show(report))
        words = delivery.end(tally(*reports))
    assert "s3cret" not in words
    return words.replace(f"127.0.0.1:{receiver.port}", "HOST"), receiver


def waiting(tmp_path) -> int:
    """Return how many results wait."""
    spool = Spool(str(tmp_path), "icinga2")
    spool.close()
    return spool.left


def known(*faults: tuple[int, object]) -> FakeIcinga:
    """Return an Icinga that has the services of the reports."""
    fake = FakeIcinga(*faults)
    names = (json.loads(shown(report))["service"] for report in (*REPORTS.values(), BAD))
    fake.services = {name: [] for name in names}
    return fake


def shown(report) -> str:
    return icinga2.Icinga.show(icinga2.Icinga(None, None, 90.0), report)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_sent_is_what_the_check_prints(name) -> None:
    report = REPORTS[name]
    body = json.loads(shown(report))
    text, exit_code = nagios.render(report)
    first, line_end, below = body["plugin_output"].partition("\n")
    assert f"{first} | {' '.join(body['performance_data'])}{line_end}{below}" == text
    assert all("=" in each for each in body["performance_data"])
    assert (body["exit_status"], body["type"], body["ttl"]) == (exit_code, "Service", 90)
    assert body["check_source"] == socket.gethostname()
    assert body["execution_start"] == NOW.timestamp()
    assert body["execution_end"] == NOW.timestamp() + report.observation.elapsed


def test_results_arrive_with_user_and_password_on_one_connection(tmp_path) -> None:
    fake = known()
    words, receiver = delivered(tmp_path, fake, FINE, BAD)
    assert (words, waiting(tmp_path)) == ("", 0)
    assert [request.path for request in receiver.requests] == ["/v1/", *["/v1/actions/process-check-result"] * 2]
    assert {request.authorization for request in receiver.requests} == {"Basic dTpzM2NyZXQ="}
    assert receiver.connections == 1


def test_marks_say_which_service_it_is() -> None:
    job = FINE.job._replace(marks={"monitoring_host": "A b", "monitoring_service": "ü"})
    assert json.loads(shown(FINE._replace(job=job)))["service"] == "A b!ü"


def test_unknown_services_are_named_and_not_kept(tmp_path, monkeypatch) -> None:
    words, _ = delivered(tmp_path, FakeIcinga(), FINE)
    assert words == f"1 result unknown to Icinga 2: {json.loads(shown(FINE))['service']}"
    assert waiting(tmp_path) == 0
    monkeypatch.setattr(unwanted, "MAX_NAMED", 1)
    reports = [
        FINE._replace(job=FINE.job._replace(marks={"monitoring_service": name})) for name in ("a", "b", "a\u202e|")
    ]
    words, _ = delivered(tmp_path, FakeIcinga(), *reports)
    assert words == f"3 results unknown to Icinga 2: {FINE.job.target.host}!a and 2 more"


@pytest.mark.parametrize(
    "fault",
    [
        (403, {"results": [{"code": 403, "status": "Passive checks are disabled"}]}),
        (500, {"results": [{"code": 500, "status": "Passive checks are disabled\n"}]}),
        (400, {"status": "Passive checks are disabled"}),
    ],
)
def test_a_result_that_is_refused_is_named_and_not_kept(tmp_path, fault) -> None:
    fake = known(fault)
    words, _ = delivered(tmp_path, fake, FINE, BAD)
    name = json.loads(shown(FINE))["service"]
    assert words.startswith(f'1 result refused by Icinga 2: {name}: "Passive checks are disabled')
    assert waiting(tmp_path) == 0
    assert sum(map(len, fake.services.values())) == 1


def test_a_result_of_which_icinga_has_a_newer_one_is_done(tmp_path) -> None:
    assert delivered(tmp_path, known((409, {"results": [{"code": 409}]})), FINE)[0] == ""
    assert waiting(tmp_path) == 0


@pytest.mark.parametrize("fault", [(500, "x"), (502, ""), (429, "[]"), (503, {"results": [{"code": 503}]})])
def test_an_icinga_that_is_busy_is_asked_again(tmp_path, fault) -> None:
    fake = known(fault)
    assert delivered(tmp_path, fake, FINE)[0] == ""
    assert sum(map(len, fake.services.values())) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, {"status": "Unauthorized."}), 'HOST refuses the API user with HTTP status 401: "Unauthorized."'),
        ((403, "<html>"), "HOST refuses the API user with HTTP status 403"),
        ((404, {"status": "The requested path"}), 'HOST is no Icinga 2 API: HTTP status 404: "The requested path"'),
        ((302, ""), "HOST is no Icinga 2 API: HTTP status 302"),
        ((404, "[" * 100_000), "HOST is no Icinga 2 API: HTTP status 404"),
    ],
)
def test_an_icinga_that_takes_nothing_is_not_asked_again_in_this_sweep(tmp_path, fault, said) -> None:
    fake = known(fault)
    words, receiver = delivered(tmp_path, fake, FINE, BAD)
    assert words == f"2 results for Icinga 2 kept in the spool: {said}"
    assert len(receiver.requests) == 2
    assert delivered(tmp_path, fake)[0] == ""
    assert sum(map(len, fake.services.values())) == 2


def test_a_user_without_the_permission_is_told_so(tmp_path) -> None:
    fake = known()
    fake.permissions = {"results": [{"permissions": ["objects/*"]}]}
    words, _ = delivered(tmp_path, fake, FINE)
    assert words == (
        "1 result for Icinga 2 kept in the spool: HOST: the API user may not actions/process-check-result (permissions)"
    )


@pytest.mark.parametrize("said", [{}, {"results": []}, {"results": ["a"]}, {"results": [{"permissions": None}]}])
def test_what_does_not_answer_as_icinga_gets_nothing(tmp_path, said) -> None:
    fake = known()
    fake.permissions = said
    words, receiver = delivered(tmp_path, fake, FINE)
    assert words == "1 result for Icinga 2 kept in the spool: HOST is no Icinga 2 API: HTTP status 200"
    assert len(receiver.requests) == 1


def in_doubt(tmp_path, *reports) -> None:
    """Leave results in the spool, of which the first was perhaps sent."""
    spool = Spool(str(tmp_path), "icinga2")
    for report in reports:
        spool.add(shown(report))
    spool.first()
    spool.close()


@pytest.mark.parametrize(("last", "sent"), [(None, 1), (-0.5, 1), (0.0, 0), (0.5, 0)])
def test_icinga_is_asked_about_a_result_in_doubt(tmp_path, last, sent) -> None:
    other = FINE._replace(job=FINE.job._replace(marks={"monitoring_service": "other"}))
    in_doubt(tmp_path, FINE, other)
    fake = known()
    fake.services[json.loads(shown(other))["service"]] = []
    body = json.loads(shown(FINE))
    has = [] if last is None else [{"execution_end": body["execution_end"] + last}]
    fake.services[body["service"]] = list(has)
    words, receiver = delivered(tmp_path, fake)
    assert words == ""
    assert len(fake.services[body["service"]]) - len(has) == sent
    asked = [request.path for request in receiver.requests if request.path.startswith("/v1/objects")]
    assert asked == [f"/v1/objects/services/{body['service'].replace('!', '%21')}?attrs=last_check_result"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((404, '{"status": "No objects found."}'), "1 result unknown to Icinga 2: "),
        ((500, ""), "1 result for Icinga 2 kept in the spool: HOST answers with HTTP status 500"),
        ((200, "x"), "1 result for Icinga 2 kept in the spool: HOST is no Icinga 2 API: HTTP status 200"),
    ],
)
def test_a_doubt_that_stays_is_told(tmp_path, answer, expected) -> None:
    in_doubt(tmp_path, FINE)
    fake = FakeIcinga()
    with HttpReceiver(lambda request: answer if "/objects/" in request.path else fake(request)) as receiver:
        (delivery,) = opened(given(tmp_path, receiver.port))
        words = delivery.end(tally())
    assert words.replace(f"127.0.0.1:{receiver.port}", "HOST").startswith(expected)


def test_a_sweep_that_is_to_end_keeps_the_rest(tmp_path) -> None:
    (delivery,) = opened(given(tmp_path))
    delivery.take(delivery.show(FINE))
    ended = Tally(1)
    ended.stop = lambda: "ended by SIGTERM"
    assert delivery.end(ended).startswith("1 result for Icinga 2 kept in the spool: ")


@pytest.fixture
def credentials_file(tmp_path):
    def write(text: str, mode: int = 0o600) -> str:
        path = tmp_path / "credentials"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


def test_credentials_of_a_file_come_before_those_of_the_environment(credentials_file) -> None:
    assert icinga2.credentials(None) == ("u", "s3cret")
    assert icinga2.credentials(credentials_file("root: a:b \n")) == ("root", " a:b ")


@pytest.mark.parametrize("text", ["", "user", "user:", ":s3cret", "a:s3cret\nb:c", "a:s3cret\0"])
def test_a_file_without_credentials_is_wrong_usage(credentials_file, text) -> None:
    with pytest.raises(UsageError, match="has not the one line user:password") as caught:
        icinga2.credentials(credentials_file(text))
    assert "s3cret" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_credentials_that_everybody_can_read_are_wrong_usage(credentials_file, tmp_path) -> None:
    with pytest.raises(UsageError, match="--icinga2-credentials: everybody can read or change"):
        opened(given(tmp_path, icinga2_credentials=credentials_file("a:b", 0o644)))


def test_without_credentials_it_is_wrong_usage(monkeypatch) -> None:
    monkeypatch.setenv(icinga2.USER, "a:b")
    with pytest.raises(UsageError, match="ICINGA2_API_USER: a user's name has no colon"):
        icinga2.credentials(None)
    monkeypatch.delenv(icinga2.USER)
    with pytest.raises(UsageError, match="--icinga2 needs --icinga2-credentials FILE, or ICINGA2_API_USER and"):
        icinga2.credentials(None)


SWEEP = """
import sys
from deadly import mortal
from check_starttls_cert.sweep.client import Address, Client
from check_starttls_cert.sweep.deliveries import opened
from test_sweep_deliveries_icinga2 import numbered
from sweeps import tally

directory, port, first, _ = sys.argv[1], *map(int, sys.argv[2:])
Client.request = mortal(Client.request)
(delivery,) = opened({"icinga2": Address("http", "127.0.0.1", port, ""), "spool": directory})
for number in range(first, first + 3):
    delivery.take(delivery.show(numbered(number)))
print(delivery.end(tally()))
"""
"""A sweep of three results that dies at its n-th step, before or after a request, or what is done to the spool."""


def numbered(number: int):
    """Return a report of service a, b or c, as old as the number says."""
    marks = {"monitoring_host": "h", "monitoring_service": "abc"[number % 3]}
    observation = seen(elapsed=float(number))
    return evaluated(observation)._replace(job=FINE.job._replace(marks=marks))


def sweep(directory: object, port: int, first: int, deadly: int) -> subprocess.CompletedProcess[str]:
    arguments = [str(directory), str(port), str(first), str(deadly)]
    return subprocess.run(
        [sys.executable, "-c", SWEEP, *arguments],
        capture_output=True, text=True, env=environment(HERE), timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_whenever_it_is_killed_icinga_has_each_result_once_and_in_order(tmp_path) -> None:
    fake = FakeIcinga()
    with HttpReceiver(fake) as receiver:
        deadly, alive = 0, False
        while not alive:
            deadly += 1
            fake.services = {f"h!{name}": [] for name in "abc"}
            alive = sweep(tmp_path / str(deadly), receiver.port, 0, deadly).returncode == 0
            again = sweep(tmp_path / str(deadly), receiver.port, 3, 0)
            assert (again.stderr, again.stdout) == ("", "\n")
            came = [body["execution_end"] - NOW.timestamp() for name in "abc" for body in fake.services[f"h!{name}"]]
            # Those of the second sweep, and of the first those that it came to.
            assert came == sorted(came, key=lambda number: (number % 3, number)), deadly
            assert sorted(came) in [[*range(added), 3, 4, 5] for added in range(4)], deadly
    assert deadly > 40
