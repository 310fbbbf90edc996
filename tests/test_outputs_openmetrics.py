"""The metrics: one text for OpenMetrics' official parser, promtool and node_exporter's textfile collector."""

from __future__ import annotations

import builtins
import os
import re
import subprocess
import sys
from datetime import timedelta, timezone

import metrics_format
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    FOREIGN,
    GOLDEN,
    NOW,
    PROPERTY,
    SITUATIONS,
    environment,
    evaluated,
    facts,
    seen,
    self_signed,
    thresholds,
    unseen,
    world,
)

from check_starttls_cert import cli, outputs
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import OUTPUTS, openmetrics
from check_starttls_cert.outputs import nagios as nagios_output
from check_starttls_cert.public_key import Key
from check_starttls_cert.text import printable

ENDPOINT = frozenset({"host": "mta.example.com", "name": "mta.example.com", "port": "25", "protocol": "smtp"}.items())

ALWAYS = {"success", "state", "question_state", "last_check_timestamp_seconds", "duration_seconds"}
"""What is known of every endpoint, reached or not."""


def read(observation, **values) -> dict[str, dict]:
    """Return the samples of a report by their metrics' names, without the prefix."""
    text, exit_code = openmetrics.render(evaluated(observation, **values))
    assert exit_code == 0
    found = metrics_format.parse(f"{text}\n")
    assert all(name.startswith("starttls_cert_") for name in found)
    return {name[len("starttls_cert_") :]: samples for name, samples in found.items()}


def numbers(observation, **values) -> dict[str, float]:
    """Return the number of each metric that has no label but the endpoint's."""
    return {name: each[ENDPOINT] for name, each in read(observation, **values).items() if ENDPOINT in each}


def information(observation, **values) -> dict[str, str]:
    """Return the labels of the info metric, without the endpoint's."""
    ((labels, number),) = read(observation, **values)["info"].items()
    assert number == 1
    return dict(labels - ENDPOINT)


# What is said


def test_a_good_certificate_is_told_in_base_units() -> None:
    assert numbers(SITUATIONS["fine"]) == {
        "success": 1,
        "state": 0,
        "last_check_timestamp_seconds": NOW.timestamp(),
        "duration_seconds": 0.0314,
        "not_before_timestamp_seconds": (NOW + 59.4 * DAY - 365 * DAY).timestamp(),
        "not_after_timestamp_seconds": (NOW + 59.4 * DAY).timestamp(),
        "chain_not_after_timestamp_seconds": (NOW + 2000 * DAY).timestamp(),
        "key_size": 2048,
        "warning_limit_seconds": 28 * 86400,
        "critical_limit_seconds": 7 * 86400,
    }


def test_the_certificate_and_the_session_are_labels_of_an_info_metric() -> None:
    assert information(SITUATIONS["fine"]) == {
        "fingerprint_sha256": "0AC42E26EC0DF7F913590A08A9B2C8B395593D2D57D8D7B0D7566859DEBBC1DE",
        "issuer": "CN=R11,O=Let's Encrypt,C=US",
        "key_algorithm": "RSA",
        "serial": "400102030A0B0C0",
        "subject": "CN=mta.example.com",
        "tls_version": "TLSv1.3",
    }


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_sample_has_the_endpoint_s_labels_and_every_state_is_an_exit_code(situation) -> None:
    report = evaluated(SITUATIONS[situation])
    found = read(SITUATIONS[situation])
    assert all(labels >= ENDPOINT for samples in found.values() for labels in samples)
    assert found["state"] == {ENDPOINT: nagios_output.render(report).exit_code}
    assert {dict(labels)["question"]: number for labels, number in found["question_state"].items()} == {
        judgement.question.key: ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(judgement.state.name)
        for judgement in report.judgements
    }


@pytest.mark.parametrize("situation", ["unreachable", "not_offered", "hostile_server"])
def test_a_service_that_cannot_be_read_has_what_is_known_and_nothing_else(situation) -> None:
    found = read(SITUATIONS[situation])
    assert set(found) == ALWAYS
    assert found["success"] == {ENDPOINT: 0}
    assert found["question_state"] == {ENDPOINT | {("question", "connection")}: 2}


def test_an_unreachable_service_may_be_set_to_be_fine_and_still_has_no_success() -> None:
    found = numbers(SITUATIONS["unreachable"], unreachable="ok")
    assert (found["state"], found["success"]) == (0, 0)


def test_the_endpoint_is_what_the_user_asked_for() -> None:
    (labels,) = read(seen(), host="192.0.2.25", protocol="lmtp", port=24, name=("mx.example.com",))["state"]
    assert dict(labels) == {"host": "192.0.2.25", "name": "mx.example.com", "port": "24", "protocol": "lmtp"}


def test_no_host_is_cut_so_that_two_endpoints_become_one() -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(host) == 253
    (labels,) = read(seen(), host=host)["state"]
    assert dict(labels)["host"] == host


# What is not known has no sample


def test_a_path_of_one_certificate_has_none_above_it() -> None:
    assert "chain_not_after_timestamp_seconds" not in read(seen(self_signed()))


def test_a_key_of_unknown_size_has_no_size() -> None:
    assert "key_size" not in read(seen(facts(key=Key("unknown key type", -1))))


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({"warning": "20", "critical": "10%"}, {"warning": 20 * 86400, "critical": 36.5 * 86400}),
        ({"warning": "~:400", "critical": "5:"}, {"critical": 5 * 86400}),
        ({"warning": "@0:20", "critical": "@0:5"}, {}),
    ],
)
def test_the_limits_in_force_are_the_lower_ends_of_the_thresholds(given, limits) -> None:
    found = numbers(SITUATIONS["fine"], **thresholds(**given))
    shown = {key: found.get(f"{key}_limit_seconds") for key in ("warning", "critical")}
    assert {key: value for key, value in shown.items() if value is not None} == pytest.approx(limits)


# One text for all who read it


def test_the_order_is_always_the_same() -> None:
    for observation in SITUATIONS.values():
        first, second = (openmetrics.render(evaluated(observation)).text for _ in range(2))
        assert first == second


def test_nothing_is_told_of_the_process_that_checks() -> None:
    assert not re.search(r"python_|process_", openmetrics.render(evaluated(SITUATIONS["fine"])).text)


def test_it_ends_as_openmetrics_wants() -> None:
    assert openmetrics.render(evaluated(SITUATIONS["fine"])).text.endswith("\n# EOF")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_golden_files_show_metrics_that_are_read_back(situation) -> None:
    with open(os.path.join(GOLDEN, f"{situation}.txt"), encoding="utf-8") as file:
        shown = [block for block in file.read().split("$ ") if "-o openmetrics\n" in block]
    for block in shown:
        metrics_format.parse(block.partition("\n")[2].partition("(exit code ")[0])
    assert bool(shown) == (situation in {"fine", "unreachable"})


def test_promtool_finds_nothing_to_say() -> None:
    assert "use base unit" in metrics_format.lint("# HELP x_bits Help.\n# TYPE x_bits gauge\nx_bits 1\n")
    for observation in SITUATIONS.values():
        assert metrics_format.lint(openmetrics.render(evaluated(observation)).text + "\n") == ""
    assert metrics_format.lint(openmetrics.failure('a "quoted" C:\\path, b\u00fccher').text + "\n") == ""


@PROPERTY
@given(FOREIGN, FOREIGN)
def test_no_certificate_breaks_a_label(subject, issuer) -> None:
    found = information(seen(facts(subject=subject, issuer=issuer)))
    # Prometheus takes an empty label for none; the parser keeps it.
    assert found["subject"] == printable(subject)
    assert found["issuer"] == printable(issuer)


@PROPERTY
@given(st.binary(max_size=300), FOREIGN)
def test_no_session_and_no_server_breaks_the_text(octets, text) -> None:
    session = seen().shown.session._replace(version=printable(text))
    assert information(seen(facts(subject=printable(octets)), session=session))["subject"] == printable(octets)
    assert set(read(unseen(ProbeError("no", quote=octets)))) == ALWAYS


@PROPERTY
@given(FOREIGN.filter(bool))
def test_whatever_host_and_name_are_they_are_read_back(text) -> None:
    report = evaluated(seen())
    target = report.job.target._replace(host=text, name=text)
    shown = openmetrics.render(report._replace(job=report.job._replace(target=target))).text
    (labels,) = metrics_format.parse(f"{shown}\n")["starttls_cert_state"]
    assert (dict(labels)["host"], dict(labels)["name"]) == (printable(text, 255), printable(text, 255))


@pytest.mark.parametrize("moment", [(1, 1, 1), (1950, 1, 1), (9999, 12, 31)])
def test_every_year_that_a_certificate_can_have_is_a_number(moment) -> None:
    when = NOW.replace(year=moment[0], month=moment[1], day=moment[2]).astimezone(timezone.utc)
    found = numbers(seen(facts(not_before=when, not_after=when + timedelta(seconds=1))))
    assert found["not_after_timestamp_seconds"] - found["not_before_timestamp_seconds"] == 1


# Runs without a verdict


def test_a_run_without_a_verdict_says_why() -> None:
    text, exit_code = openmetrics.failure('-P: "gopher" is no protocol\nC:\\x')
    assert exit_code == 3
    (labels,) = metrics_format.parse(f"{text}\n")["starttls_cert_failure"]
    assert dict(labels) == {"message": r'-P: "gopher" is no protocol\nC:\x'}


@pytest.mark.parametrize(
    ("arguments", "endpoint"),
    [
        (("-H", "192.0.2.25", "-n", "MTA.example.com,b.example", "-P", "lmtp", "--ca-file", "/nowhere"), (24, "lmtp")),
        (("-H192.0.2.25", "-nmta.example.com", "-p99999"), (99999, "smtp")),
        (("--host=192.0.2.25", "--name=mta.example.com", "--protocol=tls"), ("", "tls")),
        (("--hostname", "192.0.2.25", "--name", "mta.example.com", "-P", "imap", "-6"), (143, "imap")),
        (("-H", "192.0.2.25", "-n", "mta.example.com", "-P", "gopher", "-w", "soon"), ("", "gopher")),
    ],
)
def test_a_run_without_a_verdict_names_the_endpoint_as_far_as_the_command_line_does(
    arguments, endpoint, capsys
) -> None:
    assert cli.main([*arguments, "-o", "openmetrics"]) == 3
    text = capsys.readouterr().out
    assert metrics_format.lint(text) == ""
    (labels,) = map(dict, metrics_format.parse(text)["starttls_cert_failure"])
    assert labels.pop("message")
    port, protocol = endpoint
    assert labels == {"host": "192.0.2.25", "name": "mta.example.com", "port": str(port), "protocol": protocol}


@PROPERTY
@given(FOREIGN)
def test_no_message_and_no_host_breaks_the_text(message) -> None:
    text, _ = openmetrics.failure(message, outputs.endpoint("openmetrics", ["-H", f"x{message}"]))
    assert text.isascii()
    (labels,) = metrics_format.parse(f"{text}\n")["starttls_cert_failure"]
    assert dict(labels)["message"] == printable(message, 1000).encode("ascii", "backslashreplace").decode("ascii")
    host = printable(f"x{message}".partition(",")[0].lower(), 255)
    assert dict(labels)["host"] == host.encode("ascii", "backslashreplace").decode("ascii")


@pytest.mark.parametrize("arguments", [(), ("-H",), ("-H", "a b"), ("-P", "gopher"), ("--help",), ("--version",)])
def test_every_wrong_command_line_is_a_sample(arguments, capsys) -> None:
    assert cli.main([*arguments, "-o", "openmetrics"]) == 3
    assert set(metrics_format.parse(capsys.readouterr().out)) == {"starttls_cert_failure"}


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch, capsys) -> None:
    imported = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "prometheus_client":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    arguments = ["-H", "mta.example.com", "-o", "openmetrics"]
    assert cli.main(arguments, world(SITUATIONS["fine"])) == 3
    monkeypatch.undo()
    (labels,) = metrics_format.parse(capsys.readouterr().out)["starttls_cert_failure"]
    assert "needs the package prometheus_client" in dict(labels)["message"]
    assert dict(labels)["host"] == "mta.example.com"


def test_a_library_that_is_broken_is_not_called_missing(monkeypatch) -> None:
    imported = builtins.__import__

    def broken(name, *rest):
        if name == "prometheus_client":
            raise ImportError("cannot import name 'CollectorRegistry'")
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(ImportError, match="cannot import name"):
        openmetrics.render(evaluated(SITUATIONS["fine"]))


def test_no_other_output_imports_the_library() -> None:
    script = (
        "import sys\n"
        "from check_starttls_cert import cli\n"
        "from observations import SITUATIONS, world\n"
        "for output in sys.argv[1:]:\n"
        "    cli.answer(['-H', 'mta.example.com', '-o', output], world(SITUATIONS['fine']))\n"
        "assert 'prometheus_client' not in sys.modules\n"
    )
    others = [output for output in OUTPUTS if output != "openmetrics"]
    folder = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([sys.executable, "-c", script, *others], env=environment(folder), check=True)
