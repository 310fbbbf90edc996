"""The JSON output: every document keeps to the schema in the package, and says what the other outputs say."""

from __future__ import annotations

import importlib.resources
import io
import json
import re
import socket
from contextlib import redirect_stdout
from datetime import datetime, timedelta, timezone

import jsonschema
import metrics_format
import pytest
from certificates import START, authority, make, name
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    FOREIGN,
    NO_ISSUER,
    NOW,
    PROPERTY,
    SCHEMA,
    SITUATIONS,
    TRUSTED,
    evaluated,
    facts,
    seen,
    thresholds,
    unseen,
)

from check_starttls_cert import certificate as reader
from check_starttls_cert import cli, summary
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import OUTPUTS, Rendered, renderer
from check_starttls_cert.outputs import json as json_output
from check_starttls_cert.questions import QUESTIONS, SETTABLE
from check_starttls_cert.run import WORLD

VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# RFC 3339 section 5.6, in UTC
MOMENT = re.compile(r"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")


def document(observation, **values) -> dict:
    text, exit_code = json_output.render(evaluated(observation, **values))
    found = json.loads(text)
    VALIDATOR.validate(found)
    assert found["exit_code"] == exit_code
    return found


def printed(*arguments: str, observe=WORLD.observe) -> dict:
    """Return the document that a command line prints, after it has been held against the schema."""
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        exit_code = cli.main(arguments, WORLD._replace(observe=observe))
    found = json.loads(stdout.getvalue())
    VALIDATOR.validate(found)
    assert found["exit_code"] == exit_code
    return found


# The schema


def test_the_schema_is_a_schema_and_part_of_the_package() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    folder = importlib.resources.files("check_starttls_cert.outputs")
    assert {"json_schema.json"} <= {file.name for file in folder.iterdir()}


def test_the_schema_knows_every_question_and_no_other() -> None:
    judgement = SCHEMA["$defs"]["verdict"]["properties"]["judgements"]["items"]
    assert set(judgement["properties"]["question"]["enum"]) == {question.key for question in QUESTIONS}


def test_the_schema_allows_nothing_that_it_does_not_describe() -> None:
    found = document(SITUATIONS["fine"])
    for changed in (
        {**found, "surprise": 1},
        {**found, "schema": 2},
        {**found, "state": "GOOD"},
        {**found, "time": "2026-11-23 14:24"},
        {**found, "certificate": {**found["certificate"], "sha256": "AB:CD"}},
        {key: value for key, value in found.items() if key != "trust"},
    ):
        assert not VALIDATOR.is_valid(changed)


# What is in the document


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"untrusted": "ok", "unreachable": "warning", "allow_self_signed": True, "name_check": "none"},
        {"state": tuple((question, "warning") for question in SETTABLE), "verbose": 2},
        {"min_tls": "1.3", "issuer": ("Lab",), "spki_pin": (bytes(32),), "max_lifetime": "public"},
    ],
)
def test_every_situation_has_a_document_that_keeps_to_the_schema(situation, values) -> None:
    check = evaluated(SITUATIONS[situation], **values)
    found = document(SITUATIONS[situation], **values)
    assert found["message"] == summary.line(check)
    assert found["exit_code"] == renderer("nagios").render(check).exit_code
    assert found["exit_code"] == ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(found["state"])


def test_every_question_has_one_judgement() -> None:
    asked = [judgement["question"] for judgement in document(SITUATIONS["everything_wrong"])["judgements"]]
    assert asked == [question.key for question in QUESTIONS]
    assert [judgement["question"] for judgement in document(SITUATIONS["unreachable"])["judgements"]] == ["connection"]


def test_every_problem_of_the_message_is_a_judgement() -> None:
    found = document(SITUATIONS["everything_wrong"], min_tls="1.2", max_lifetime=90.0)
    told = [judgement["text"] for judgement in found["judgements"] if judgement["state"] != "OK"]
    assert len(told) == 8
    for text in told:
        assert text in found["message"]


def judgement(question: str, observation, **values) -> dict:
    return next(each for each in document(observation, **values)["judgements"] if each["question"] == question)


def test_the_days_left_are_a_number_with_the_limits_in_force() -> None:
    found = judgement("expiry", seen(facts(20.5 * DAY, lifetime=80 * DAY)))
    assert (found["value"], found["unit"]) == (20.5, "days")
    assert found["limits"] == {
        "warning": {"low": 24.0, "high": None, "inside": False},
        "critical": {"low": 7.0, "high": None, "inside": False},
    }


def test_a_range_is_told_with_both_ends() -> None:
    found = judgement("expiry", SITUATIONS["fine"], **thresholds(warning="~:400", critical="@0:7"))
    assert found["limits"] == {
        "warning": {"low": None, "high": 400.0, "inside": False},
        "critical": {"low": 0.0, "high": 7.0, "inside": True},
    }


def test_the_chain_has_the_days_of_the_certificate_above_that_ends_first() -> None:
    found = judgement("chain", SITUATIONS["intermediate_expires"])
    assert (found["value"], found["unit"]) == (5.5, "days")


def test_the_value_is_what_was_judged_and_is_not_rounded_to_a_limit() -> None:
    found = judgement("expiry", seen(facts(28 * DAY + timedelta(seconds=10))))
    assert found["state"] == "OK"
    assert found["value"] > found["limits"]["warning"]["low"]


def test_the_key_has_its_bits_and_no_limits() -> None:
    found = judgement("key-size", SITUATIONS["fine"])
    assert (found["value"], found["unit"], found["limits"]) == (2048, "bits", None)


@pytest.mark.parametrize(
    ("question", "situation"),
    [("name", "everything_wrong"), ("trust", "fine"), ("chain", "self_signed"), ("key-size", "unknown_key")],
)
def test_what_is_no_number_or_is_not_known_is_null(question, situation) -> None:
    found = judgement(question, SITUATIONS[situation])
    assert [found[key] for key in ("value", "unit", "limits")] == [None] * 3


def test_times_are_rfc_3339_in_utc() -> None:
    found = document(SITUATIONS["expired_3_days"])
    assert found["time"] == "2026-11-23T14:24:00Z"
    for one in (found["certificate"], *found["chain"]):
        assert MOMENT.fullmatch(one["not_before"])
        assert MOMENT.fullmatch(one["not_after"])
    assert found["certificate"]["not_after"] == "2026-11-20T14:24:00Z"


@pytest.mark.parametrize("year", [1, 950, 1950, 2049, 2050, 9999])
def test_years_have_four_digits(year) -> None:
    # RFC 5280 section 4.1.2.5: generalizedTime begins at year 0
    moment = datetime(year, 3, 1, tzinfo=timezone.utc)
    observed = seen(facts(not_before=moment, not_after=moment + timedelta(hours=1)))
    assert document(observed)["certificate"]["not_before"] == f"{year:04}-03-01T00:00:00Z"


def test_a_moment_between_two_seconds_is_told_in_whole_ones() -> None:
    check = evaluated(seen(), NOW + timedelta(microseconds=999_999))
    assert json.loads(json_output.render(check).text)["time"] == "2026-11-23T14:24:00Z"


def test_the_document_names_target_and_address() -> None:
    found = document(
        seen(address=Address(socket.AF_INET6, ("2001:db8::25", 26, 0, 0))),
        host="mta.example.com",
        protocol="lmtp",
        port=26,
        name=("a.test", "b.test"),
    )
    assert found["target"] == {
        "host": "mta.example.com",
        "protocol": "lmtp",
        "port": 26,
        "names": ["a.test", "b.test"],
        "sni": "mta.example.com",
        "address": "2001:db8::25",
    }


def test_a_name_that_is_not_sent_is_no_server_name_indication() -> None:
    # RFC 6066 section 3: literal addresses are not permitted.
    assert document(seen(sni=None))["target"]["sni"] is None


def test_trust_is_told_with_openssls_code_and_words() -> None:
    assert document(seen())["trust"] == {"verified": True, "code": 0, "reason": "", "store": "/etc/ssl/certs"}
    assert document(seen(trust=NO_ISSUER))["trust"] == {
        "verified": False,
        "code": 20,
        "reason": "unable to get local issuer certificate",
        "store": "/etc/ssl/certs",
    }


def test_the_chain_is_what_is_sent_and_the_path_what_it_leads_to() -> None:
    found = document(SITUATIONS["incomplete_but_trusted"])
    assert [one["subject"] for one in found["chain"]] == ["CN=mta.example.com"]
    assert found["chain"][0] == found["certificate"]
    assert [one["name"] for one in found["path"]] == ["mta.example.com", "R11", "ISRG Root X1"]


def test_a_service_that_cannot_be_read_has_an_error_and_no_certificate() -> None:
    found = document(SITUATIONS["unreachable"])
    assert found["error"] == {"kind": "ConnectError", "text": str(SITUATIONS["unreachable"].error)}
    assert [found[key] for key in ("certificate", "chain", "path", "tls", "trust")] == [None] * 5
    assert document(SITUATIONS["fine"])["error"] is None


def test_timings_are_told_in_seconds() -> None:
    assert list(document(SITUATIONS["fine"])["timings"]) == ["resolve", "connect", "starttls", "handshake"]
    assert document(SITUATIONS["unreachable"])["timings"] == {}
    assert document(SITUATIONS["fine"])["elapsed"] == 0.0314


# Runs without a verdict


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-H",),
        ("-H", "a b"),
        ("-H", "a\nb|c\udcff"),
        ("-H", "h", "-P", "gopher"),
        ("-H", "h", "-w", "5", "-c", "10"),
        ("-H", "h", "--state", "colour=red"),
        ("-H", "h", "-4", "-6"),
        ("-H", "h", "--ca-file", "there/is/no/such/file.pem"),
        ("--no-such-option",),
        ("--help",),
        ("--version",),
    ],
)
@pytest.mark.parametrize("output", [("-o", "json"), ("--output=JSON",), ("-vvojson",)])
def test_a_run_without_a_verdict_is_a_document_too(arguments, output) -> None:
    found = printed(*output, *arguments)
    assert (found["state"], found["exit_code"]) == ("UNKNOWN", 3)
    assert list(found) == ["schema", "version", "state", "exit_code", "message"]


def test_a_bug_is_a_document_too() -> None:
    def observe(_):
        raise ZeroDivisionError

    assert "internal error" in printed("-H", "mta.example.com", "-o", "json", observe=observe)["message"]


@PROPERTY
@given(FOREIGN)
def test_no_message_breaks_the_document(message) -> None:
    text, exit_code = json_output.failure(message)
    assert (json.loads(text)["message"], exit_code) == (message, 3)
    assert text.isascii()


@PROPERTY
@given(FOREIGN, FOREIGN, st.lists(FOREIGN, max_size=5), st.binary(max_size=20))
def test_no_certificate_and_no_server_breaks_the_document(subject, issuer, names, address) -> None:
    certificate = facts(
        subject=subject,
        issuer=issuer,
        common_names=tuple(names),
        dns_names=tuple(names),
        ip_addresses=(address,),
        issuer_attributes=(issuer,),
    )
    for trust in (TRUSTED, NO_ISSUER):
        found = document(seen(certificate, trust), name=("192.0.2.1",))
        assert found["certificate"]["subject"] == subject
        assert found["certificate"]["dns_names"] == names
    assert document(unseen(ProbeError("no", quote=subject)))["error"]["text"]


# Whatever cryptography can parse has a verdict in every output

KEY = ec.generate_private_key(ec.SECP256R1())
CA = authority("Odd CA")

LABELS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=70)

GENERAL_NAMES = st.one_of(
    LABELS.map(x509.DNSName),
    st.sampled_from(["192.0.2.1", "::1", "*", "*.*.test", "a..b", ".", "-", "xn--", "*.192.0.2.1"]).map(x509.DNSName),
    LABELS.map(x509.UniformResourceIdentifier),
    st.sampled_from(["https://mta.example.com/", "sip:mta.example.com", "urn:x", ""]).map(
        x509.UniformResourceIdentifier
    ),
    st.sampled_from(["postmaster@mta.example.com", "mta.example.com"]).map(x509.RFC822Name),
    st.ip_addresses().map(x509.IPAddress),
    st.sampled_from([name("a"), x509.Name([])]).map(x509.DirectoryName),
    st.just(x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4"))),
    st.just(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a")),
)

SUBJECTS = st.lists(
    st.builds(
        x509.NameAttribute,
        st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.EMAIL_ADDRESS, NameOID.USER_ID]),
        # No longer than cryptography writes them: 64 octets.
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
            lambda text: len(text.encode("utf-8")) <= 64
        ),
    ),
    max_size=4,
).map(x509.Name)

SERIALS = st.sampled_from(["02021234", "02029234", "02028000"])
"""DER: the one that ``make`` writes, and two negative ones, against RFC 5280 section 4.1.2.2."""


@PROPERTY
@given(
    SUBJECTS,
    SUBJECTS,
    st.one_of(st.none(), st.lists(GENERAL_NAMES, max_size=6)),
    SERIALS,
    st.sampled_from([START, datetime(1950, 1, 1, tzinfo=timezone.utc)]),
    st.sampled_from([timedelta(0), timedelta(seconds=1), 6 * DAY, 40000 * DAY]),
    st.sampled_from(["mta.example.com", "192.0.2.1", "::1"]),
)
def test_any_certificate_that_can_be_parsed_has_a_verdict_in_every_output(  # noqa: PLR0913, PLR0917 - one field each
    subject, issuer, names, serial, start, lifetime, reference
) -> None:
    extensions = () if names is None else (x509.SubjectAlternativeName(names),)
    made = make(
        subject, issuer=CA, issuer_name=issuer, key=KEY, start=start, end=start + lifetime, extensions=extensions
    )
    der = made.der.replace(bytes.fromhex("02021234"), bytes.fromhex(serial), 1)
    read = reader.read(der)
    observed = seen(read)
    assert observed.shown.leaf.lifetime == lifetime
    for trust in (TRUSTED, NO_ISSUER):
        for output in OUTPUTS:
            for name_check in ("cn_san", "san"):
                check = evaluated(seen(read, trust), name=(reference,), name_check=name_check, verbose=2)
                text, exit_code = renderer(output).render(check)
                assert exit_code in (range(3) if output in ("nagios", "json") else (0,))
                assert text
                if output == "nagios":
                    assert all(line.isprintable() for line in text.split("\n"))
                elif output == "openmetrics":
                    metrics_format.parse(f"{text}\n")
                else:
                    assert json.loads(text)
                if output == "json":
                    VALIDATOR.validate(json.loads(text))


def test_the_failure_document_is_short() -> None:
    assert json_output.failure("what is wrong") == Rendered(
        json.dumps(
            {
                "schema": 1,
                "version": json_output.__version__,
                "state": "UNKNOWN",
                "exit_code": 3,
                "message": "what is wrong",
            },
            indent=2,
        ),
        3,
    )
