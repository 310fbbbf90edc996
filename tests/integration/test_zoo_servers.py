"""Every certificate of the zoo, behind every server, in every dialect."""

from __future__ import annotations

import json
import re

import pytest
import zoo
from conftest import EXIT_CODES, Program, Zoo
from servers.process import Server

LOOKUP = "prtg.standardlookups.sslcertificatesensor."

NUMBER = r"-?[0-9]+(\.[0-9]+)?"
RANGE = rf"@?(~|{NUMBER})?:?({NUMBER})?"
PERFORMANCE_DATA = rf"[a-z_]+={NUMBER}s?(;{RANGE}){{0,2}}(;({NUMBER})?){{0,2}}"


@pytest.fixture(params=zoo.CASES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_case_is_judged_rightly_in_every_dialect(
    check: Program, certificates: Zoo, name: str, server: Server, folder: str
):
    case, arguments = certificates.cases[name], certificates.command(name, server)
    plain, verbose, prtg = check.together(
        arguments,
        (*arguments, "-vv"),
        (*arguments, "-o", "prtg"),
        # Where a case brings no anchors, this system has none.
        SSL_CERT_FILE=f"{folder}/none",
        SSL_CERT_DIR=f"{folder}/none",
    )

    assert plain.stderr == verbose.stderr == prtg.stderr == ""
    assert len(plain.lines) == 1
    assert_status_line(plain.lines[0], case, f"{server.protocol} 127.0.0.1:{server.ports[name]}")
    assert plain.exit_code == verbose.exit_code == EXIT_CODES[case.state]

    assert_status_line(verbose.lines[0], case, f"{server.protocol} 127.0.0.1:{server.ports[name]}")
    assert len(verbose.lines) > 10
    for line in verbose.lines[1:]:
        assert line.isprintable()
        assert "|" not in line

    assert prtg.exit_code == 0
    assert_document(prtg.stdout, case, server.protocol)


def assert_status_line(line: str, case: zoo.Case, service: str) -> None:
    """Assert the state, the service, every word that must be there and none that must not, and performance data."""
    words, bar, numbers = line.partition(" | ")
    assert re.match(rf"STARTTLS_CERT {case.state} - {re.escape(service)}( \(.*\))?: ", words), line
    for word in case.says:
        assert word in words
    for word in case.never:
        assert word not in words
    assert line.isprintable()
    assert line.count("|") == len(bar.strip()) == 1
    for item in numbers.split(" "):
        assert re.fullmatch(PERFORMANCE_DATA, item), item
    values = {item.partition("=")[0]: item.partition("=")[2].split(";") for item in numbers.split(" ")}
    always = ["days_until_expiration", "time", "public_key_size"]
    assert list(values) in (always, [*always, "days_until_chain_expiration"])
    # The hour to spare is 0.04 days.
    assert case.days < float(values["days_until_expiration"][0]) < case.days + 1
    assert values["public_key_size"] == [str(case.key_size[0])]
    assert values["time"][0].endswith("s")


def assert_document(text: str, case: zoo.Case, protocol: str) -> None:
    """Assert one JSON document with the message and the five channels, in the original sensor's words."""
    document = json.loads(text)["prtg"]
    assert sorted(document) == ["result", "text"]
    said = document["text"]
    assert said.isprintable()
    assert said.startswith(case.state)
    assert re.search(r"Certificate Thumbprint: [0-9A-F]{40} - ", said)
    assert said.endswith(f"STARTTLS Protocol: {protocol.upper()}")
    if case.common_name.isprintable() and "|" not in case.common_name:
        assert f"Certificate Common Name: {case.common_name} - " in said

    days, *others = document["result"]
    assert (days["channel"], days["value"], days["customunit"]) == ("Days until Expiration", case.days, "days")
    assert days["limitmode"] == 1
    size, kind = case.key_size
    expected = {
        "Common Name Check": (case.name_check, "cncheck"),
        "Public Key Size": (size, kind),
        "Root Authority Trusted": (0 if case.trusted else 1, "trustedroot"),
        "Self-Signed": (1 if case.self_signed else 0, "selfsigned"),
    }
    assert others[: len(expected)] == [
        {"channel": channel, "value": value, "unit": "Custom", "valuelookup": LOOKUP + lookup}
        for channel, (value, lookup) in expected.items()
    ]
    assert tuple((channel["channel"], channel["value"]) for channel in others[len(expected) :]) == case.channels
