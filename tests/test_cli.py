"""The command line: every option, and one line for everything that is wrong."""

from __future__ import annotations

import io
import json
import re
import shlex
import socket
import sys
from contextlib import redirect_stdout
from typing import NoReturn
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import FOREIGN, PROPERTY, SITUATIONS, asked, world

from check_starttls_cert import __version__, cli
from check_starttls_cert.options import NAME_CHECKS, OPTIONS, STATES, TLS_VERSIONS
from check_starttls_cert.outputs import DEFAULT_OUTPUT, OUTPUTS, renderer
from check_starttls_cert.questions import SETTABLE
from check_starttls_cert.run import World
from check_starttls_cert.settings import Job, Policy, Target, thresholds
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import State
from check_starttls_cert.thresholds import parse_threshold
from check_starttls_cert.trust_store import trust_store

HOST = ("-H", "mta.example.com")

PRTG = [
    ("-o", "prtg"),
    ("-oprtg",),
    ("-o=prtg",),
    ("-vo=prtg",),
    ("-o", "PRTG"),
    ("--output=prtg",),
    ("--output", "prtg"),
    ("-vo", "prtg"),
    ("-voprtg",),
    ("-vvo", "prtg"),
    ("-4oprtg",),
    ("-4o", "prtg"),
    ("-o", "nagios", "-o", "prtg"),
]
"""Spellings of the same wish."""


def nobody(job: Job) -> NoReturn:
    """Let a bad argument that is taken for a good one fail here, and not at some server."""
    trust_store(job.policy.ca_file, job.policy.ca_dir)
    raise AssertionError("a service was probed")


NOWHERE = World(observe=nobody)


def main(*arguments: str, world: World = NOWHERE) -> tuple[int, str]:
    """Return exit code and output of the command line, without its line end."""
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        exit_code = cli.main(arguments, world)
    assert stdout.getvalue().endswith("\n")
    return exit_code, stdout.getvalue()[:-1]


def wanted(*arguments: str) -> Job:
    """Return the job that the arguments ask for."""
    return asked(cli.answer, list(arguments))


def test_a_host_alone_is_enough() -> None:
    target = Target("mta.example.com", "smtp", 25, "mta.example.com", socket.AF_UNSPEC)
    assert wanted(*HOST) == Job(target, Policy(thresholds(None, None), ("mta.example.com",), name_is_host=True))


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (("-P", "ldap"), "protocol", "ldap"),
        (("--protocol", "LMTP"), "protocol", "lmtp"),
        (("-P", "ldap"), "port", 389),
        (("-p", "2525"), "port", 2525),
        (("--port=2525",), "port", 2525),
        (("-n", "Other.Example.com"), "name", "other.example.com"),
        (("-n", "a.test", "-n", "b.test"), "name", "a.test"),
        (("--sni", "Virtual.Example.com"), "sni", "virtual.example.com"),
        (("-n", "a.test"), "sni", None),
        (("--name", "192.0.2.1"), "name", "192.0.2.1"),
        (("-4",), "family", socket.AF_INET),
        (("--ipv4",), "family", socket.AF_INET),
        (("-6",), "family", socket.AF_INET6),
        (("--ipv6",), "family", socket.AF_INET6),
        (("--hostname", "last.example.com"), "host", "last.example.com"),
        (("--host=2001:db8::1",), "host", "2001:db8::1"),
    ],
)
def test_what_an_option_says_of_the_target(arguments, field, value) -> None:
    assert getattr(wanted(*HOST, *arguments).target, field) == value


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (("--name-check", "none"), "name_check", "none"),
        (("--name-check", "CN"), "name_check", "cn"),
        (("--name-check", "cn_san"), "name_check", "cn_san"),
        (("--name-check", "SAN"), "name_check", "san"),
        (("-n", "a.test", "--name", "b.test"), "names", ("a.test", "b.test")),
        (("-n", "a.test,b.test c.test"), "names", ("a.test", "b.test", "c.test")),
        (("-w", "20"), "thresholds", thresholds(parse_threshold("20"), None)),
        (("--warning", "28d,30%"), "thresholds", thresholds(parse_threshold("28d,30%"), None)),
        (("-w", "30D"), "thresholds", thresholds(parse_threshold("30d"), None)),
        (("-c", "36h"), "thresholds", thresholds(None, parse_threshold("36h"))),
        (("--critical=7:",), "thresholds", thresholds(None, parse_threshold("7"))),
        (("-c", "@0:7"), "thresholds", thresholds(None, parse_threshold("@0:7"))),
        (("--ca-file", "ca.pem"), "ca_file", "ca.pem"),
        (("--ca-dir", "/etc/ssl"), "ca_dir", "/etc/ssl"),
        (("--allow-self-signed",), "allow_self_signed", True),
        (("--untrusted", "warning"), "states", {"trust": State.WARNING}),
        (("--unreachable", "OK"), "states", {"connection": State.OK}),
        (("--unreachable", "unknown"), "states", {"connection": State.UNKNOWN}),
        (("--state", "trust=crit,chain=warn"), "states", {"trust": State.CRITICAL, "chain": State.WARNING}),
        (("--state", "chain=WARNING"), "states", {"chain": State.WARNING}),
        (("--state", "chain=ok,tls=warning", "--state", "tls=ok"), "states", {"chain": State.OK, "tls": State.OK}),
        (("--untrusted", "ok", "--state", "trust=warning"), "states", {"trust": State.WARNING}),
        (("--min-rsa-bits", "3072"), "min_rsa_bits", (3072, 1024)),
        (("--min-rsa-bits", "4096,3072"), "min_rsa_bits", (4096, 3072)),
        (("--min-rsa-bits", "512"), "min_rsa_bits", (512, 512)),
        (("--min-ec-bits", "384"), "min_ec_bits", (384, 192)),
        (("--min-tls", "1.2"), "min_tls", "1.2"),
        (("--min-tls", "TLSv1.2"), "min_tls", "1.2"),
        (("--issuer", "R11, R12", "--issuer", "Lab"), "issuers", ("R11, R12", "Lab")),
        (("--fingerprint", "00" * 32), "fingerprints", (bytes(32),)),
        (("--spki-pin", "A" * 43 + "=", "--spki-pin", "FF" * 32), "spki_pins", (bytes(32), b"\xff" * 32)),
        (("--max-lifetime", "398"), "max_lifetime", 398),
        (("--max-lifetime", "90d"), "max_lifetime", 90),
        (("--max-lifetime", "Public"), "max_lifetime", "public"),
        (("--prtg-schema", "3"), "prtg_schema", 3),
        (("-t", "2.5"), "timeout", 2.5),
        (("--timeout", "60"), "timeout", 60),
        (("-t", "10s"), "timeout", 10),
        (("-o", "prtg"), "output", "prtg"),
        (("--output", "Nagios"), "output", "nagios"),
        (("-v",), "verbose", 1),
        (("-vv",), "verbose", 2),
        (("--verbose", "-v", "-v"), "verbose", 3),
    ],
)
def test_what_an_option_says_of_the_run(arguments, field, value) -> None:
    job = wanted(*HOST, *arguments)
    assert {**job.policy._asdict(), **job._asdict()}[field] == value


def test_every_option_of_the_table_is_an_option_of_the_command_line() -> None:
    flags = {flag for action in cli.parser()._actions for flag in action.option_strings}
    own = {"-o", "--output", "-v", "--verbose", "-V", "--version", "--demo", "-h", "--help", "--prtg-schema"}
    assert flags == own | {flag for option in OPTIONS for flag in option.flags}


@pytest.mark.parametrize("row", [row for row in cli.ROWS if row.choices], ids=lambda row: row.key)
def test_the_choices_of_a_row_are_all_that_its_grammar_takes(row) -> None:
    values = [row.parse(choice) for choice in row.choices]
    assert len({str(value) for value in values}) == len(row.choices)
    for choice in row.choices:
        with pytest.raises(ValueError, match=r"; (choose|give) "):
            row.parse(choice + "x")


def test_every_word_of_a_list_is_a_choice() -> None:
    having = {row.key for row in cli.ROWS if row.choices}
    states = {"state", "untrusted", "unreachable"}
    assert having == states | {"protocol", "name_check", "channel_names", "min_tls", "output", "prtg_schema"}


BAD = [
    ((), "-H/--host is missing", ""),
    (("-p", "25"), "-H/--host is missing", ""),
    (("-H",), "-H/--host", "expected one argument"),
    (("-H", "mta", "-w--"), '--warning: "--" is no ', "allowed"),
    (("-H", "mta", "--name=--"), '--name: "--" is no value', "--help"),
    (("-H", ""), '"" is no host name', "mta.example.com"),
    (("-H", "a b"), '"a b" is no host name', "mta.example.com"),
    (("-H", "mta:25"), '-H takes a host alone, not "mta:25"', "-H mta -p 25 -P smtp"),
    (("mta.test",), '"mta.test" belongs behind -H', "-H mta.test"),
    (("-H", "\udcff"), '"\\udcff" is no host name', "mta.example.com"),
    (("-H", "a\nb|c"), '"a\\nb\\x7cc" is no host name', "mta.example.com"),
    ((*HOST, "-n", "a/b"), "-n/--name", "mta.example.com"),
    ((*HOST, "-P", "gopher"), '-P/--protocol: "gopher" is no protocol', ", ".join(PROTOCOLS)),
    ((*HOST, "-p", "smtp"), '-p/--port: "smtp" is no port', "1 to 65535"),
    ((*HOST, "-p", "0"), '"0" is no port', "1 to 65535"),
    ((*HOST, "-p", "65536"), '"65536" is no port', "1 to 65535"),
    ((*HOST, "-p"), "-p/--port", "expected one argument"),
    ((*HOST, "--name-check", "dns"), '--name-check: "dns" is not allowed', "none, cn, cn_san, san"),
    ((*HOST, "-w", "soon"), '-w/--warning: "soon" is no threshold', "days (28 or 28d), hours"),
    ((*HOST, "-w", "x" * 100_000), "is no threshold", "days (28 or 28d), hours"),
    ((*HOST, "-w", "150%"), '"150%" is no threshold', "percent of the lifetime"),
    ((*HOST, "-c", "9:1"), '-c/--critical: "9:1" is no threshold', "a Nagios range"),
    ((*HOST, "-w", "5", "-c", "10"), "threshold 10d is reached before the warning threshold 5d", "allowed are"),
    ((*HOST, "-w", "36h", "-c", "2"), "threshold 2d is reached before the warning threshold 36h", "allowed are"),
    ((*HOST, "-w", "10%", "-c", "20%"), "threshold 20% is reached before the warning threshold 10%", "allowed are"),
    ((*HOST, "-w", "7:400", "-c", "3:300"), "critical threshold 3:300 is reached before the warning", "allowed are"),
    ((*HOST, "-w", "20d,10%", "-c", "30d,20%"), "is reached before the warning threshold", "allowed are"),
    ((*HOST, "-w", "5:400", "-c", "10:400"), "threshold 10:400 is reached before", "allowed are"),
    ((*HOST, "-w", "-5"), '-w/--warning: "-5" is no threshold', "days (28 or 28d)"),
    ((*HOST, "--state", "chain"), '--state: "chain" is not allowed', ", ".join(SETTABLE)),
    ((*HOST, "--state", "colour=ok"), '--state: "colour=ok" is not allowed', ", ".join(SETTABLE)),
    ((*HOST, "--state", "expiry=ok"), '--state: "expiry=ok" is not allowed', ", ".join(SETTABLE)),
    ((*HOST, "--state", "chain=red"), '--state: "chain=red" is not allowed', "ok, warning, critical"),
    ((*HOST, "--state", "chain=ok,tls"), '--state: "tls" is not allowed', "ok, warning, critical"),
    ((*HOST, "--state", ""), '--state: "" is not allowed', ", ".join(SETTABLE)),
    ((*HOST, "--min-rsa-bits", "1024,2048"), '--min-rsa-bits: "1024,2048" is no minimum', "3072,2048"),
    ((*HOST, "--min-ec-bits", "P-384"), '--min-ec-bits: "P-384" is no minimum', "3072,2048"),
    ((*HOST, "--min-tls", "1.4"), '--min-tls: "1.4" is not allowed', "1.0, 1.1, 1.2, 1.3"),
    ((*HOST, "--issuer", " "), "--issuer: an empty text is not allowed", "match everything"),
    ((*HOST, "--fingerprint", "5A" * 20), "is no SHA-256 digest", "64 hexadecimal digits"),
    ((*HOST, "--spki-pin", "sha256//abc|"), '"sha256//abc\\x7c" is no SHA-256 digest', "44 characters of Base64"),
    ((*HOST, "--max-lifetime", "0"), '--max-lifetime: "0" is no lifetime', "public"),
    ((*HOST, "--max-lifetime", "a year"), '--max-lifetime: "a year" is no lifetime', "like 398 or 398d"),
    ((*HOST, "--sni", "a/b"), '--sni: "a/b" is no host name', "mta.example.com"),
    ((*HOST, "--ca-file", ""), "--ca-file", ""),
    ((*HOST, "--ca-file", "missing.pem"), 'there is no file "missing.pem"', ""),
    ((*HOST, "--ca-file", "a|b.pem"), 'there is no file "a\\x7cb.pem"', ""),
    ((*HOST, "--ca-file", "x" * 3000), "there is no file", ""),
    ((*HOST, "--ca-dir", "missing|dir"), '"missing\\x7cdir" is not a directory', "openssl rehash"),
    ((*HOST, "--untrusted", "none"), '--untrusted: "none" is not allowed', "ok, warning, critical, unknown"),
    ((*HOST, "--unreachable", "2"), '--unreachable: "2" is not allowed', "ok, warning, critical"),
    ((*HOST, "-t", "0"), '-t/--timeout: "0" is no timeout', "above 0, up to 3600"),
    ((*HOST, "-t", "1e9"), '"1e9" is no timeout', "above 0, up to 3600"),
    ((*HOST, "-4", "-6"), "do not go together", "one of them"),
    (("-H", "::1", "-4"), "::1 is an IPv6 address, and IPv4 only is asked for", "one of them"),
    ((*HOST, "--no-such"), "unrecognized arguments: --no-such", ""),
    ((*HOST, "--warn", "20"), "--warn is no option, the nearest is --warning", "-H mta.example.com --warning 20"),
    ((*HOST, "--warn", "soon"), "--warn is no option, the nearest is --warning", '"soon" is no threshold'),
    ((*HOST, "-S", "-D", "30,14"), "-S, -D are options of other plugins", "-H mta.example.com -w 30 -c 14"),
    ((*HOST, "-x"), "unrecognized arguments: -x", ""),
    ((*HOST, "stray\x1b[31m|"), "unrecognized arguments: stray\\x1b[31m\\x7c", ""),
    ((*HOST, "--allow-self-signed=yes"), "--allow-self-signed", ""),
]  # fmt: skip

UNREADABLE_ON_THIS_OUTPUT = [
    ((*HOST, "-o", "xml"), '-o/--output: "xml" is not allowed', ", ".join(OUTPUTS)),
    ((*HOST, "-o"), "-o/--output", "expected one argument"),
]


@pytest.mark.parametrize(("arguments", "said", "allowed"), BAD + UNREADABLE_ON_THIS_OUTPUT)
def test_bad_input_is_one_line_that_says_what_is_wrong_and_what_is_allowed(arguments, said, allowed) -> None:
    exit_code, text = main(*arguments)
    assert exit_code == 3
    assert text.startswith("STARTTLS_CERT UNKNOWN - ")
    assert said in text
    assert allowed in text
    assert text.isprintable()
    assert "|" not in text
    assert len(text) < 1000


@pytest.mark.parametrize("spelling", PRTG, ids=" ".join)
@pytest.mark.parametrize("first", [True, False])
def test_bad_input_is_a_document_however_prtgs_output_is_asked_for(spelling, first) -> None:
    for wrong in (("-p", "smtp"), ("--no-such",), ("-H", "a b"), ("-4", "-6", *HOST), ()):
        exit_code, text = main(*((*spelling, *wrong) if first else (*wrong, *spelling)))
        assert exit_code == 0
        assert list(json.loads(text)) == ["prtg"]
        assert json.loads(text)["prtg"]["error"] == 1


@pytest.mark.parametrize(("arguments", "said", "allowed"), BAD)
def test_the_document_says_the_same(arguments, said, allowed) -> None:
    exit_code, text = main("-o", "prtg", *arguments)
    document = json.loads(text)["prtg"]
    assert (exit_code, document["error"]) == (0, 1)
    assert said in document["text"]
    assert allowed in document["text"]


@pytest.mark.parametrize("flag", ["-h", "--help", "-V", "--version", "--demo"])
@pytest.mark.parametrize("spelling", PRTG, ids=" ".join)
def test_even_help_is_a_document_where_only_documents_are_read(flag, spelling) -> None:
    exit_code, text = main(flag, *spelling)
    assert exit_code == 0
    assert json.loads(text)["prtg"]["error"] == 1


@pytest.mark.parametrize(
    "arguments",
    [("-P", "prtg", "-n", "o"), ("-o", "prtg", "-o", "nagios"), ("-Poprtg",)],
)
def test_what_only_looks_like_prtgs_output_is_not(arguments) -> None:
    exit_code, text = main(*arguments)
    assert exit_code == 3
    assert text.startswith("STARTTLS_CERT UNKNOWN - ")


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_printed(flag) -> None:
    assert main(flag) == (3, f"check_starttls_cert {__version__}")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_names_every_option_and_every_choice(flag, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    exit_code, text = main(flag)
    assert exit_code == 3
    for option in OPTIONS:
        assert all(flag in text for flag in option.flags)
        assert option.help.replace("%%", "%") in text
    for choices in (PROTOCOLS, OUTPUTS, NAME_CHECKS, TLS_VERSIONS):
        assert f"{', '.join(choices)} (default" in text
    for choices in (SETTABLE, STATES):
        assert ", ".join(choices) in text


def test_the_help_fits_a_terminal_of_80_columns(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, text = main("--help")
    assert max(map(len, text.splitlines())) <= 80


def test_the_help_has_every_option_in_the_group_of_its_row() -> None:
    _, text = main("--help")
    parts = dict(part.split(":\n", 1) for part in text.split("\n\n") if ":\n" in part)
    for row in cli.ROWS:
        assert re.search(rf"^  {re.escape(row.flags[0])}\b", parts[row.group], re.MULTILINE)


EXAMPLES = re.findall(rf"^  {cli.PROGRAM} (.*)$", cli.EPILOG, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_help_is_a_command_that_is_carried_out(example) -> None:
    with mock.patch("check_starttls_cert.demo.demo", return_value="demo"):
        exit_code, text = main(*shlex.split(example), world=world(SITUATIONS["fine"]))
    assert exit_code in {0, 2}  # the certificate at hand is not of every example's name
    assert "UNKNOWN" not in text


def test_the_help_has_five_examples() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("flag", ["-h", "--help", "-V", "--version"])
def test_help_and_version_are_unknown_to_json_too(flag) -> None:
    exit_code, text = main(flag, "-o", "json")
    assert (exit_code, json.loads(text)["exit_code"]) == (3, 3)


@pytest.mark.parametrize(
    ("situation", "arguments", "exit_code", "state"),
    [
        ("unreachable", ("--unreachable", "unknown"), 3, "UNKNOWN"),
        ("untrusted", ("--state", "trust=unknown"), 3, "UNKNOWN"),
        ("untrusted", ("--state", "trust=unknown", "-w", "80"), 1, "WARNING"),
        ("untrusted", ("--state", "trust=unknown", "-n", "other.test"), 2, "CRITICAL"),
        ("fine", ("--state", "trust=unknown"), 0, "OK"),
    ],
)
def test_what_a_user_makes_unknown_is_unknown_unless_something_is_worse(situation, arguments, exit_code, state) -> None:
    found, text = main(*HOST, *arguments, world=world(SITUATIONS[situation]))
    assert (found, text.split(" - ")[0]) == (exit_code, f"STARTTLS_CERT {state}")


@pytest.mark.parametrize("output", [output for output in OUTPUTS if output != DEFAULT_OUTPUT])
def test_the_demo_is_wrong_usage_where_a_program_reads_the_output(output) -> None:
    said = f'--demo prints text, not {output}; at a shell, "check_starttls_cert --demo" does'
    assert main("--demo", "-o", output) == (OUTPUTS[output].exit_code, renderer(output).failure(said).text)


def test_the_demo_runs_on_request() -> None:
    with mock.patch("check_starttls_cert.demo.demo", return_value="what it showed"):
        assert main("--demo") == (0, "what it showed")


def test_without_arguments_the_process_own_are_taken() -> None:
    stdout = io.StringIO()
    with mock.patch.object(sys, "argv", ["check_starttls_cert", "--version"]), redirect_stdout(stdout):
        assert cli.main() == 3
    assert stdout.getvalue() == f"check_starttls_cert {__version__}\n"


FLAGS = sorted({flag for action in cli.parser()._actions for flag in action.option_strings} - {"--demo"})
VALUES = [
    "mta.example.com",
    "2001:db8::1",
    "25",
    "28d,30%",
    "ldap",
    "cn",
    "ok",
    "2.5",
    "-1",
    "--",
    "-",
    "=",
    "-vo",
    "prtg",
]
ARGUMENTS = st.lists(st.sampled_from(FLAGS) | st.sampled_from(VALUES) | FOREIGN, max_size=8)


@PROPERTY
@given(ARGUMENTS)
def test_any_arguments_are_answered(arguments) -> None:
    exit_code, text = main(*arguments, world=world(SITUATIONS["fine"]))
    if text.startswith("STARTTLS_CERT UNKNOWN"):
        assert exit_code == 3
        assert "\n" not in text
        assert "|" not in text
        assert text.isprintable()
    else:
        # The one host among the values that the certificate does not cover.
        told = text.startswith(("usage: ", "check_starttls_cert "))
        assert exit_code == (3 if told else 2 if "2001:db8::1" in text else 0)


@PROPERTY
@given(ARGUMENTS, st.sampled_from(PRTG), ARGUMENTS)
def test_any_arguments_are_answered_with_a_document_if_prtgs_output_is_the_last_asked_for(
    before, spelling, after
) -> None:
    after = [argument for argument in after if "o" not in argument]
    # "-o" before would take the next argument as its value.
    exit_code, text = main(*before, "-v", *spelling, *after, world=world(SITUATIONS["fine"]))
    assert exit_code == 0
    assert list(json.loads(text)) == ["prtg"]
