"""PRTG's advanced JSON: the golden files, PRTG's rules, and what no text may ever do to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from observations import (
    DAY,
    FOREIGN,
    HOSTILE,
    NO_ISSUER,
    PROPERTY,
    SECOND,
    SITUATIONS,
    authority,
    evaluated,
    facts,
    golden,
    named,
    printed,
    seen,
    self_signed,
    unseen,
    verdict,
)

from check_starttls_cert.certificate import Key
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import prtg
from check_starttls_cert.thresholds import parse_threshold

CASES = [case for case in golden() if "-o prtg" in case[1]]

CHANNELS = ["Days until Expiration", "Common Name Check", "Public Key Size", "Root Authority Trusted", "Self-Signed"]


@pytest.mark.parametrize(("situation", "command", "expected"), CASES, ids=[f"{case[0]}:{case[1]}" for case in CASES])
def test_a_user_sees_what_the_golden_file_shows(situation, command, expected) -> None:
    assert printed(situation, command) == expected


def test_every_situation_has_a_golden_file_with_this_output() -> None:
    assert {situation for situation, _, _ in CASES} == set(SITUATIONS)


def document(observation, **values) -> dict:
    text, exit_code = prtg.render(evaluated(observation, **values))
    assert exit_code == 0
    assert text.isascii()
    parsed = json.loads(text)
    assert list(parsed) == ["prtg"]
    assert 0 < len(parsed["prtg"]["text"]) <= 2000
    return parsed["prtg"]


def channel(number: int, observation, **values) -> dict:
    return document(observation, **values)["result"][number]


def value(number: int, observation, **values) -> tuple[int, str]:
    found = channel(number, observation, **values)
    return found["value"], found["valuelookup"].rpartition(".")[2]


def test_the_channels_are_those_of_the_original_sensor_the_days_first() -> None:
    assert [found["channel"] for found in document(SITUATIONS["fine"])["result"]] == CHANNELS


@pytest.mark.parametrize(
    ("remaining", "days"),
    [
        (59.4 * DAY, 59),
        (28 * DAY, 28),
        (28 * DAY - SECOND, 27),
        (5 * 3600 * SECOND, 0),
        (-SECOND, -1),
        (-DAY, -1),
        (-1.5 * DAY, -2),
    ],
)
def test_a_day_that_has_begun_to_run_out_is_not_counted(remaining, days) -> None:
    assert channel(0, seen(facts(remaining)))["value"] == days


def test_the_days_have_the_thresholds_as_limits() -> None:
    assert channel(0, seen()) == {
        "channel": "Days until Expiration",
        "value": 59,
        "unit": "Count",
        "limitmode": 1,
        "limitminwarning": "28",
        "limitminerror": "7",
    }


@pytest.mark.parametrize(
    ("warning", "critical", "limits"),
    [
        ("20", "10", {"limitminwarning": "20", "limitminerror": "10"}),
        ("36h", "5%", {"limitminwarning": "2", "limitminerror": "19"}),
        ("@3:9", "4", {"limitminerror": "4"}),
        ("@3:9", "@3:9", {}),
    ],
)
def test_limits_are_whole_days_rounded_to_the_side_that_alarms_earlier(warning, critical, limits) -> None:
    days = channel(0, seen(), warning=parse_threshold(warning), critical=parse_threshold(critical))
    assert {key: limit for key, limit in days.items() if key.startswith(("limitmin", "limitmax"))} == limits


def alarm(days: dict) -> int:
    """Return the state that PRTG gives a channel with limits: a value equal to a limit is within it."""
    for state, severity in ((2, "error"), (1, "warning")):
        if days["value"] < float(days.get(f"limitmin{severity}", "-inf")):
            return state
        if days["value"] > float(days.get(f"limitmax{severity}", "inf")):
            return state
    return 0


EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2}


@PROPERTY
@given(st.integers(-5 * 86400, 400 * 86400), st.sampled_from([6, 47, 90, 200, 398]))
@example(28 * 86400, 398)
@example(7 * 86400, 90)
def test_prtg_alarms_whenever_nagios_does(seconds, lifetime) -> None:
    # Half a second keeps off the one moment that whole days cannot express: exactly at a limit.
    observed = seen(facts(min(seconds * SECOND, lifetime * DAY) - SECOND / 2, lifetime=lifetime * DAY))
    state = verdict("expiry", observed)[0]
    assert alarm(channel(0, observed)) >= EXIT_CODES[state]


@pytest.mark.parametrize("warning", ["7:400", "~:400", "~:400.5"])
def test_prtg_alarms_above_an_upper_limit_whenever_nagios_does(warning) -> None:
    limits = {"warning": parse_threshold(warning), "critical": parse_threshold("0")}
    for days in (399.9, 400.1, 400.4, 400.6, 401.5):
        observed = seen(facts(days * DAY, lifetime=500 * DAY))
        state = verdict("expiry", observed, **limits)[0]
        assert alarm(channel(0, observed, **limits)) >= EXIT_CODES[state]


@pytest.mark.parametrize(("name_check", "matching", "differing"), [("none", 2, 2), ("cn", 0, 1), ("cn_san", 5, 6)])
def test_the_name_check_speaks_the_lookups_language(name_check, matching, differing) -> None:
    assert value(1, seen(), name_check=name_check) == (matching, "cncheck")
    assert value(1, seen(named("other.test")), name_check=name_check) == (differing, "cncheck")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key("RSA", 1024), (1024, "publickey")),
        (Key("DSA", 3072), (3072, "publickey")),
        (Key("EC", 256), (256, "publickeyecc")),
        (Key("Ed25519", 256), (256, "publickeyecc")),
        (Key("Ed448", 456), (456, "publickeyecc")),
        (Key("unknown key type", -1), (-1, "publickeyecc")),
    ],
)
def test_a_keys_size_has_the_lookup_of_its_algorithm(key, expected) -> None:
    assert value(2, seen(facts(key=key))) == expected


def test_trust_and_self_signed_speak_the_lookups_language() -> None:
    assert value(3, seen()) == (0, "trustedroot")
    assert value(3, seen(trust=NO_ISSUER)) == (1, "trustedroot")
    assert value(4, seen()) == (0, "selfsigned")
    assert value(4, seen(self_signed())) == (1, "selfsigned")


def test_every_other_channel_has_a_lookup_which_needs_the_unit_custom_and_no_limits() -> None:
    for found in document(SITUATIONS["everything_wrong"])["result"][1:]:
        assert set(found) == {"channel", "value", "unit", "valuelookup"}
        assert found["unit"] == "Custom"
        assert found["valuelookup"].startswith("prtg.standardlookups.sslcertificatesensor.")


def test_the_text_is_the_original_sensors() -> None:
    assert document(SITUATIONS["fine"])["text"] == (
        "OK. Certificate Common Name: mta.example.com - "
        f"Certificate Thumbprint: {facts().sha1} - STARTTLS Protocol: SMTP"
    )


def test_the_text_begins_with_the_state_and_every_problem() -> None:
    text = document(SITUATIONS["everything_wrong"])["text"]
    assert text.startswith('CRITICAL. name: mta.example.com not covered by "old.example.net" / ')
    assert "RSA 1024 is too short" in text


def test_a_service_that_cannot_be_read_is_an_error_without_channels() -> None:
    assert document(SITUATIONS["unreachable"]) == {
        "error": 1,
        "text": f"smtp mta.example.com:25: {SITUATIONS['unreachable'].error}",
    }


def test_a_run_without_a_verdict_is_an_error() -> None:
    assert prtg.failure("what is wrong") == ('{"prtg": {"error": 1, "text": "what is wrong"}}', 0)


def test_a_long_text_is_cut_where_prtg_would_refuse_it() -> None:
    assert len(json.loads(prtg.failure("x" * 5000).text)["prtg"]["text"]) == 2000
    many = tuple(authority(HOSTILE, f"R{number}", remaining=DAY) for number in range(30))
    text = document(seen(facts(common_names=(HOSTILE,) * 200), above=many))["text"]
    assert len(text) == 2000
    assert text.endswith(" - STARTTLS Protocol: SMTP")


@PROPERTY
@given(
    FOREIGN, st.lists(FOREIGN, max_size=40), st.lists(FOREIGN, max_size=8), st.sampled_from(["cn", "cn_san", "none"])
)
def test_no_certificate_breaks_the_document(subject, cns, names, name_check) -> None:
    observed = seen(facts(subject=subject, common_names=tuple(cns), dns_names=tuple(names)))
    answered = document(observed, name_check=name_check)
    assert answered["text"].isprintable()
    assert [found["channel"] for found in answered["result"]] == CHANNELS


@PROPERTY
@given(FOREIGN)
def test_no_server_breaks_the_document(quote) -> None:
    answered = document(unseen(ProbeError("the server refuses STARTTLS", quote=quote)))
    assert answered["error"] == 1
    assert answered["text"].isprintable()


@PROPERTY
@given(FOREIGN)
def test_no_error_breaks_the_document(message) -> None:
    text, exit_code = prtg.failure(message)
    assert exit_code == 0
    assert json.loads(text) == {"prtg": {"error": 1, "text": message}}
