"""The hostile kit: what the program says to servers that misbehave, and that nobody can forge what it prints."""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
from datetime import datetime, timezone

import jsonschema
import metrics_format
import plugin_format
import prtg_rules
import pytest
import zoo
from hostile import __main__ as command
from hostile import chains
from hostile.behaviours import BEHAVIOURS, HANDS, HELLO
from hostile.runner import Case, Ended, Runner, Server, selection
from hypothesis import given
from hypothesis import strategies as st
from loopback import Service, smtp
from observations import (
    FOREIGN,
    NO_ISSUER,
    PROPERTY,
    SCHEMA,
    STORE,
    TRUSTED,
    authority,
    evaluated,
    facts,
    seen,
    unseen,
    world,
)

from check_starttls_cert import cli, options, plugin, run
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import OUTPUTS, renderer
from check_starttls_cert.outputs.prtg_v2 import STATUS
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.wire import Spoken
from check_starttls_cert.words import shown_days

linux = pytest.mark.skipif(sys.platform != "linux", reason="127.77.0.1 and its like are there on Linux only")


VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def program():
    with Runner(patient=True) as running:
        yield running


# The program, started as users start it.


@linux
@pytest.mark.slow
def test_no_behaviour_of_any_family_hangs_floods_or_forges(program):
    outcomes = list(program.all(selection(), together=2 * (os.cpu_count() or 1)))
    assert [f"{each.case}: {each.faults} {each.stdout[:300]!r}" for each in outcomes if each.faults] == []
    assert len(outcomes) > 300


def test_every_behaviour_is_told_in_a_sentence_and_tried_with_every_family():
    assert all(re.fullmatch(r"[A-Z].{15,}[^.]", behaviour.sentence) for behaviour in BEHAVIOURS.values())
    tried = {(case.behaviour, case.stage) for case in selection()}
    assert tried == {(name, stage) for name, behaviour in BEHAVIOURS.items() for stage in behaviour.stages}
    assert {case.value for case in selection() if case.behaviour == "chain"} == set(BEHAVIOURS["chain"].values)


GOOD = b"STARTTLS_CERT CRITICAL - smtp 127.0.0.1:25: no greeting | time=2.010s;;;0\n"
SILENCE = Case("silence", "smtp", HELLO)


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (Ended(None, GOOD), "hangs"),
        (Ended(2, GOOD, b"Traceback (most recent call last)"), "stderr"),
        (Ended(2, b""), "the last line does not end"),
        (Ended(0, GOOD), "CRITICAL with exit code 0"),
        (Ended(0, GOOD.replace(b"CRITICAL", b"OK")), "OK, where the right verdict is not OK"),
        (Ended(2, GOOD + b"OK - fine\n"), "2 lines"),
        (Ended(2, GOOD.replace(b"no", b"a|b")), "a second bar"),
        (Ended(2, GOOD.replace(b"no", b"\x1b[2J")), "not printable"),
        (Ended(2, GOOD.replace(b"no", b"\xff")), "not UTF-8"),
        (Ended(2, GOOD.replace(b"no", b"A" * 1000)), "a first line of 1071 characters"),
        (Ended(2, GOOD.replace(b";;;0", b";;;0 days=1e9")), "performance data are broken"),
        (Ended(2, GOOD.partition(b" |")[0] + b"\n"), "performance data are not whole"),
        (Ended(2, GOOD.replace(b"2.010", b"6.010")), "the program's own clock says it is late"),
        (Ended(2, GOOD.replace(b"greeting", b"greeting; please report it")), "a bug"),
        (Ended(2, GOOD, memory=90_000_000), "MB of memory"),
    ],
)
def test_whatever_goes_wrong_is_a_fault(program, ended, fault):
    assert program.judged(SILENCE, None, Ended(2, GOOD)).faults == ()
    assert fault in "; ".join(program.judged(SILENCE, None, ended).faults)


def test_a_fault_of_the_kit_and_a_file_left_behind_are_faults(program):
    assert program.judged(SILENCE, KeyError("x"), Ended(2, GOOD)).faults == ("the kit itself: KeyError('x')",)
    left = os.path.join(program.work, "core")
    with open(left, "wb"):
        pass
    faults = program.judged(SILENCE, None, Ended(2, GOOD)).faults
    os.unlink(left)
    assert faults == ("files left behind: ['core']",)


def test_the_command_writes_its_tables_between_the_markers_and_nowhere_else(program, tmp_path):
    path = tmp_path / "SECURITY.md"
    outcomes = [program.judged(Case("close", "smtp", HELLO), None, Ended(2, GOOD, seconds=0.5))]
    command.write(str(path), "\n".join(command.tables(outcomes)))
    path.write_text(f"# Before\n\n{path.read_text('utf-8')}\n# After\n", "utf-8")
    command.write(str(path), "\n".join(command.tables(outcomes)))
    lines = path.read_text("utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("# Before", "# After")
    assert lines.count(command.BEGIN) == lines.count(command.END) == 1
    assert "| **close**: Closes the connection | - | CRITICAL | - | - | - | 0.5 s | 0 MB | 73 |" in lines
    assert "| `smtp` | 1 | CRITICAL | 0.5 s | 0 MB | 73 |" in lines


# What is printed reads back as what was found, in every dialect.


def read_back(report: Report) -> None:
    """Render a report in every dialect, and read it as strictly as a monitoring system that trusts nobody."""
    presented = report.observation.presented
    judged = {each.question.key: each for each in report.judgements}
    error = report.observation.error

    text, exit_code = renderer("nagios").render(report)
    read = plugin_format.parse(f"{text}\n", exit_code)
    assert read.state == report.state.name
    assert {label: datum.value for label, datum in read.performance.items()} == {
        **{
            each.question.metric: pytest.approx(shown_days(each.value) if each.question.unit == "days" else each.value)
            for each in report.judgements
            if each.question.metric and each.value is not None
        },
        "time": pytest.approx(report.observation.elapsed, abs=0.001),
    }
    if not report.job.verbose:
        assert read.long_output == ()
        assert len(text) <= plugin_format.MAX_OUTPUT

    text, exit_code = renderer("json").render(report)
    document = json.loads(text)
    VALIDATOR.validate(document)
    assert (document["state"], document["exit_code"], exit_code) == (read.state, exit_code, report.state.exit_code)
    assert {each["question"]: each["state"] for each in document["judgements"]} == {
        key: each.state.name for key, each in judged.items()
    }
    assert document["message"].isprintable()
    assert document["message"].startswith(read.words.removesuffix("..."))
    if presented is not None:
        assert document["certificate"]["subject"] == presented.leaf.subject
        assert document["certificate"]["dns_names"] == list(presented.leaf.dns_names)
        assert document["certificate"]["common_names"] == list(presented.leaf.common_names)
        assert document["certificate"]["serial"] == f"{presented.leaf.serial:X}"
        assert document["trust"]["verified"] == presented.trust.verified
    else:
        assert document["certificate"] is None
        assert document["error"] == {"kind": type(error).__name__, "text": str(error)}

    metrics = metrics_format.parse(renderer("openmetrics").render(report).text + "\n")
    assert set(metrics["starttls_cert_state"].values()) == {report.state.exit_code}
    assert len(metrics["starttls_cert_question_state"]) == len(report.judgements)

    advanced = prtg_rules.advanced(renderer("prtg").render(report).text)
    second = prtg_rules.script_v2(renderer("prtg-v2").render(report).text)
    assert advanced["text"] == second["message"]
    assert advanced["text"].isprintable()
    if presented is None:
        assert (advanced["error"], second["status"], second["channels"]) == (1, "error", [])
        return
    assert second["status"] == STATUS[report.state]
    assert advanced["text"].startswith(f"{report.state.name}.")
    values = {each["name"]: each["value"] for each in second["channels"]}
    assert {each["channel"]: each["value"] for each in advanced["result"]} == values
    # Whole days, moved to the side of a threshold in its day: test_prtg_channels.py has the rule.
    assert abs(values["Days until Expiration"] - judged["expiry"].value) < 2
    assert values["Public Key Size"] == presented.leaf.key.bits
    assert values["Root Authority Trusted"] == (not presented.trust.verified)
    assert values["Self-Signed"] == presented.self_signed


CN = FOREIGN.map(lambda text: text.encode("utf-8", "replace").decode())
"""What the observations can make the octets of a certificate of."""

TEXTS = st.lists(FOREIGN, max_size=3).map(tuple)


@PROPERTY
@given(FOREIGN, CN, TEXTS, TEXTS, st.integers(min_value=-(2**400), max_value=2**400), CN, st.data())
def test_no_certificate_forges_an_output(  # noqa: PLR0913, PLR0917 - one field each
    subject, issuer, common_names, dns_names, serial, above, data
):
    own = facts(
        subject=subject,
        issuer=issuer,
        issuer_attributes=(issuer,),
        common_names=common_names,
        dns_names=dns_names,
        serial=serial,
        signature_hash=data.draw(st.sampled_from(["sha256", "sha1", ""])),
    )
    trust = data.draw(st.sampled_from([TRUSTED, NO_ISSUER]))
    observation = seen(own, trust, above=(authority(above, issuer),), transcript=(Spoken("S", b"250 hello\r\n"),))
    for verbose in (0, 2):
        read_back(evaluated(observation, verbose=verbose))


@PROPERTY
@given(st.one_of(FOREIGN, st.binary()), st.binary(max_size=300), TEXTS)
def test_no_reply_and_no_alert_forges_an_output(quote, said, notes):
    told = tuple(note.encode("utf-8", "surrogatepass").decode("ascii", "backslashreplace") for note in notes)
    error = ProbeError("the server refuses STARTTLS", quote=quote)
    transcript = (Spoken("S", said), Spoken("C", b"QUIT\r\n"))
    for verbose in (0, 2):
        read_back(evaluated(unseen(error, transcript=transcript, connections=len(told)), verbose=verbose))


@PROPERTY
@given(FOREIGN)
def test_no_resolver_and_no_address_forges_an_output(text):
    from check_starttls_cert.connect import unresolved

    read_back(evaluated(unseen(unresolved("mta.example.test", 0, OSError(1, text)))))
    read_back(evaluated(seen(address=Address(2, ("192.0.2.1", 25)), store=STORE)))


@PROPERTY
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(["-n", "-H", "--ca-file", "-P"]))
def test_no_argument_forges_an_output(text, flag):
    given_host = ["-H", "mta.example.test"] if flag != "-H" else []
    for output in OUTPUTS:
        arguments = [*given_host, f"{flag}={text}" if flag.startswith("--") else flag + text, "-o", output]
        try:
            result = cli.answer(arguments, world(seen()))
        except cli.UsageError as error:
            result = renderer(output).failure(str(error))
        if output == "nagios":
            read = plugin_format.parse(f"{result.text}\n", result.exit_code)
            assert read.long_output == ()
        elif output == "json":
            document = json.loads(result.text)
            assert State[document["state"]].exit_code == result.exit_code
        elif output == "openmetrics":
            metrics_format.parse(f"{result.text}\n")
        else:
            document = (prtg_rules.advanced if output == "prtg" else prtg_rules.script_v2)(result.text)
            assert document.get("text", document.get("message")).isprintable()


@pytest.mark.slow
@pytest.mark.parametrize(
    "value", BEHAVIOURS["chain"].values, ids=[f"{name}-{version}" for name, version in BEHAVIOURS["chain"].values]
)
def test_every_certificate_of_the_kit_reads_back_in_every_output(value, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(chains.pem(chains.root()))
    with Server(Case("chain", "smtp", HANDS, value=value)) as server:
        asked = {"host": "127.0.0.1", "port": server.port, "name": (chains.HOST,), "ca_file": str(anchors)}
        job = options.job({**asked, "timeout": 60.0})
        observation = run.observe(job)
    assert server.failure is None
    for verbose in (0, 2):
        report = plugin.check(job._replace(verbose=verbose), datetime.now(timezone.utc), lambda _: observation)
        read_back(report)
        assert (report.state == State.OK) == chains.CHAINS[value[0]]().good


@pytest.mark.slow
@pytest.mark.parametrize("name", [*zoo.CASES, *zoo.JUDGED])
def test_every_certificate_of_the_zoo_reads_back_in_every_output(name, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    now = datetime.now(timezone.utc).replace(microsecond=0)
    case = {**zoo.CASES, **zoo.JUDGED}[name](now)
    chain, anchors = tmp_path / "chain.pem", tmp_path / "anchors.pem"
    chain.write_bytes(case.key + case.chain)
    anchors.write_bytes(case.anchors)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(chain)
    reports = []

    def observe(job):
        observation = run.observe(job)
        reports.append(plugin.check(job, now, lambda _: observation))
        return observation

    with Service(smtp(context)) as service:
        arguments = ["-H", "127.0.0.1", "-p", str(service.port), "-n", case.reference, *case.arguments]
        cli.answer([*arguments, *(["--ca-file", str(anchors)] if case.anchors else [])], run.World(observe=observe))
    (report,) = reports
    read_back(report)
