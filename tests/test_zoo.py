"""Every certificate of the zoo, served on the loopback interface, judged inside this process in every output."""

from __future__ import annotations

import gc
import json
import re
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import metrics_format
import pytest
import zoo
from loopback import Service, smtp
from observations import SCHEMA
from perfdata_readers import assert_all_read

from check_starttls_cert import cli, options, plugin, run, tls
from check_starttls_cert.outputs import OUTPUTS, Rendered, renderer
from check_starttls_cert.report import Report
from check_starttls_cert.sweep import command
from check_starttls_cert.sweep.command import probes
from check_starttls_cert.sweep.inventory import read_inventory
from check_starttls_cert.sweep.runner import Runner

CASES = {**zoo.CASES, **zoo.JUDGED}

EXIT_CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2}


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


@pytest.fixture(params=CASES)
def case(request, now) -> zoo.Case:
    return CASES[request.param](now)


@pytest.fixture
def served(case, tmp_path, monkeypatch):
    """Yield the command line that asks a server about the case."""
    # Where a case brings no anchors, this system has none.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    chain, anchors = tmp_path / "chain.pem", tmp_path / "anchors.pem"
    chain.write_bytes(case.key + case.chain)
    anchors.write_bytes(case.anchors)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(chain)
    with Service(smtp(context)) as service:
        yield [
            *("-H", "127.0.0.1", "-p", str(service.port), "-n", case.reference),
            *(("--ca-file", str(anchors)) if case.anchors else ()),
            *case.arguments,
        ]


def test_every_output_has_the_right_answer(case, served):
    seen = []

    def observe_once(job):
        if not seen:
            seen.append(run.observe(job))
        return seen[0]

    world = run.World(observe=observe_once)
    text, exit_code = cli.answer(served, world)
    if case.above and not tls.CHAIN_IS_READABLE:
        assert "chain: " not in text
        assert "chain incomplete" not in text
        return
    assert (exit_code, text.split(" - ")[0]) == (EXIT_CODES[case.state], f"STARTTLS_CERT {case.state}")
    assert_all_read(text, exit_code)
    words = text.partition(" | ")[0]
    for word in case.says:
        assert word in words
    for word in case.never:
        assert word not in words

    text, exit_code = cli.answer([*served, "-o", "json"], world)
    document = json.loads(text)
    jsonschema.validate(document, SCHEMA)
    assert (exit_code, document["state"], document["exit_code"]) == (EXIT_CODES[case.state], case.state, exit_code)
    assert document["message"] == words.partition(" - ")[2]
    assert document["trust"]["verified"] == case.trusted
    assert document["certificate"]["self_signed"] == case.self_signed

    text, exit_code = cli.answer([*served, "-o", "openmetrics"], world)
    metrics = metrics_format.parse(f"{text}\n")
    assert (exit_code, set(metrics["starttls_cert_state"].values())) == (0, {EXIT_CODES[case.state]})
    (ends,) = metrics["starttls_cert_not_after_timestamp_seconds"].values()
    assert datetime.fromtimestamp(ends, timezone.utc).isoformat()[:19] == document["certificate"]["not_after"][:19]
    assert set(metrics["starttls_cert_key_size"].values()) == {document["certificate"]["key"]["bits"]}

    text, exit_code = cli.answer([*served, "-o", "prtg"], world)
    channels = {channel["channel"]: channel["value"] for channel in json.loads(text)["prtg"]["result"]}
    assert channels == {
        "Days until Expiration": case.days,
        "Common Name Check": case.name_check,
        "Public Key Size": case.key_size[0],
        "Root Authority Trusted": 0 if case.trusted else 1,
        "Self-Signed": 1 if case.self_signed else 0,
        **dict(case.channels),
    }

    text, exit_code = cli.answer([*served, "-o", "prtg-v2"], world)
    document = json.loads(text)
    status = {"OK": "ok", "WARNING": "warning", "CRITICAL": "error"}[case.state]
    assert (exit_code, document["status"]) == (0, status)
    assert {channel["name"]: channel["value"] for channel in document["channels"]} == channels


def inventory(arguments: list[str]) -> str:
    """Return an inventory with the target that a command line asks about."""
    keys = {flag: option for option in options.OPTIONS for flag in option.flags}
    values: dict[str, list[str] | bool] = {}
    left = iter(arguments)
    for flag in left:
        option = keys[flag]
        if option.parse is None:
            values[option.key] = True
        else:
            values.setdefault(option.key, []).append(next(left))
    return "[[targets]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def test_a_sweep_has_the_single_check_s_answer_in_every_output(served, now, tmp_path):
    (tmp_path / "hosts.toml").write_text(inventory(served), encoding="utf-8")
    targets = read_inventory(str(tmp_path / "hosts.toml"), {"verbose": 2})
    assert targets.check() == 1
    reports = []
    runner = Runner(iter(targets), probes(run.World(now=lambda: now)), lambda each: reports.append(each) or "", str)
    (outcome,) = runner.outcomes(1)
    (swept,) = reports
    single = plugin.check(options.job({**vars(cli.parser().parse_args(served)), **NO_VALUES}), now, run.observe)
    assert outcome.state is single.state
    for output in OUTPUTS:
        assert rendered(swept, output) == rendered(single, output)


NO_VALUES = dict.fromkeys(("help", "version", "demo"))
"""What a command line has besides a job's values."""


def rendered(report: Report, output: str) -> Rendered:
    """Return what an output shows of a report, without the times that a run takes."""
    seen = report.observation._replace(elapsed=0.0, timings={})
    job = report.job._replace(output=output, verbose=2)
    return renderer(output).render(report._replace(observation=seen, job=job))


@pytest.mark.usefixtures("_collector")
def test_a_sweep_prints_and_delivers_what_the_single_check_prints(served, now, tmp_path, capsys):
    world = run.World(now=lambda: now)
    hosts, metrics = tmp_path / "hosts.toml", tmp_path / "starttls.prom"
    hosts.write_text(inventory(served), encoding="utf-8")

    def single(*more: str) -> tuple[str, int]:
        text, exit_code = cli.answer([*served, *more], world)
        return timeless(text), exit_code

    def swept(*more: str) -> tuple[str, int]:
        last, exit_code = command.answer([str(hosts), *more], world)
        return timeless(capsys.readouterr().out + last), exit_code

    text, exit_code = single()
    state, words = text.partition(" | ")[0].partition(" ")[2].split(" - ", 1)
    counts = f"STARTTLS_CERT {state} - 1 target: 1 {state}"
    whole, document = single("-vv")[0], json.loads(single("-o", "json")[0])

    assert swept("-o", "lines", "-vv") == (f"{whole}\n{counts}", exit_code)

    text, swept_code = swept("-o", "nagios")
    first, *below = text.split("\n")
    assert (first.partition(" | ")[0], swept_code) == (counts + (exit_code > 0) * f" / {state} {words}", exit_code)
    assert below == (exit_code > 0) * [f"{state} - {words}"]

    text, swept_code = swept("-o", "json", "--openmetrics", str(metrics))
    assert (without_times(json.loads(text)), swept_code) == (without_times(document), exit_code)
    said = single("-o", "openmetrics")[0]
    assert timeless(metrics.read_text("utf-8")) == f"{said}\n"


@pytest.fixture
def _collector() -> Iterator[None]:
    """Leave the garbage collector as it was before a sweep."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def timeless(text: str) -> str:
    """Return an output without the seconds that the run took."""
    return re.sub(r"(\btime=|^starttls_cert_duration_seconds\{.*\} )[0-9.e-]+", r"\1", text, flags=re.MULTILINE)


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without them."""
    return {key: value for key, value in document.items() if key not in ("elapsed", "timings")}


@pytest.mark.slow
def test_long_output_has_a_fact_a_line(served):
    text, _ = cli.answer([*served, "-vv"])
    first, *below = text.split("\n")
    assert first.startswith("STARTTLS_CERT ")
    for line in below:
        assert line.isprintable()
        assert "|" not in line


# Questions about the conversation and the store: one good certificate, another server each time.


def answer(*arguments: str, output: str = "nagios") -> tuple[str, int]:
    """Return what a command line prints, and its exit code."""
    return cli.answer([*arguments, "-o", output])


@pytest.fixture
def good(now, tmp_path) -> tuple[ssl.SSLContext, str]:
    """Return the context of a server with a good certificate, and the file of its anchor."""
    case = zoo.leaf(now)
    chain, anchors = tmp_path / "chain.pem", tmp_path / "anchors.pem"
    chain.write_bytes(case.key + case.chain)
    anchors.write_bytes(case.anchors)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(chain)
    return context, str(anchors)


VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}


@pytest.mark.parametrize("minimum", VERSIONS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_min_tls_judges_what_was_negotiated_and_every_version_is_read(good, version, minimum):
    context, anchors = good
    # RFC 8996 deprecates 1.0 and 1.1; monitored servers have them still.
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, VERSIONS[version].replace(".", "_"))
    with Service(smtp(context)) as service:
        command = ("-H", "127.0.0.1", "-p", str(service.port), "-n", zoo.REFERENCE, "--ca-file", anchors)
        text, exit_code = answer(*command)
        judged_text, judged_code = answer(*command, "--min-tls", minimum)
        document = json.loads(answer(*command, "--min-tls", minimum, output="json")[0])
    assert (exit_code, "200 days" in text) == (0, True)
    said = f"tls: {VERSIONS[version]} was negotiated, {minimum} is the minimum"
    assert (judged_code, said in judged_text) == ((2, True) if version < minimum else (0, False))
    assert document["tls"]["version"] == VERSIONS[version]


@pytest.mark.parametrize(
    ("arguments", "sni", "exit_code"),
    [
        ((), None, 2),
        (("-n", zoo.REFERENCE), zoo.REFERENCE, 0),
        (("-n", zoo.REFERENCE, "-n", "b.test"), zoo.REFERENCE, 2),
        (("--sni", "Virtual.Test", "-n", zoo.REFERENCE), "virtual.test", 0),
        (("--sni", "virtual.test"), "virtual.test", 2),
        (("--sni", "192.0.2.1", "-n", zoo.REFERENCE), None, 0),
    ],
)
def test_the_server_name_indication_is_the_first_name_or_one_of_its_own(good, arguments, sni, exit_code):
    context, anchors = good
    heard = []
    context.sni_callback = lambda _, name, __: heard.append(name)
    with Service(smtp(context)) as service:
        command = ("-H", "127.0.0.1", "-p", str(service.port), "--ca-file", anchors, *arguments)
        assert answer(*command)[1] == exit_code
        document = json.loads(answer(*command, output="json")[0])
    assert heard == [sni, sni]
    assert document["target"]["sni"] == sni


@pytest.mark.parametrize(
    ("variable", "option", "exit_code"), [("SSL_CERT_FILE", None, 1), (None, "--ca-file", 0), (None, None, 2)]
)
def test_the_limit_of_public_certificates_is_for_the_systems_store(  # noqa: PLR0913, PLR0917 - fixtures
    now, tmp_path, monkeypatch, variable, option, exit_code
):
    # 399 days were never allowed, whatever the day of this test.
    case = zoo.leaf(now, lifetime=timedelta(days=399), remaining=timedelta(days=390))
    chain, anchors = tmp_path / "chain.pem", tmp_path / "anchors.pem"
    chain.write_bytes(case.key + case.chain)
    anchors.write_bytes(case.anchors)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(anchors) if name == variable else str(tmp_path / "none"))
    with Service(smtp(context)) as service:
        command = ["-H", "127.0.0.1", "-p", str(service.port), "-n", zoo.REFERENCE, "--max-lifetime", "public"]
        command += [option, str(anchors)] if option else []
        text, found = answer(*command)
    assert found == exit_code
    assert ("lifetime: 399 days, " in text) == (variable is not None)
    assert ("are allowed for public certificates issued on" in text) == (variable is not None)
