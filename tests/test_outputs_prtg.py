"""PRTG's advanced JSON: the golden files, PRTG's rules, and what no text may ever do to it."""

from __future__ import annotations

import json
import math

import prtg_rules
import pytest
from hypothesis import given, settings
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
)

from check_starttls_cert.certificate import Key
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import prtg, prtg_v2
from check_starttls_cert.settings import thresholds
from check_starttls_cert.state import State
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
        (28.5 * DAY, 28),
        (40 * DAY, 40),
        (40 * DAY - SECOND, 39),
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
        "unit": "Custom",
        "customunit": "days",
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
        ("@3:9", "@3:9", {"limitminerror": "0"}),
        ("~:400.5", "~:500", {"limitmaxwarning": "400", "limitmaxerror": "499", "limitminerror": "0"}),
        ("36h", "30h", {"limitminwarning": "3", "limitminerror": "2"}),
    ],
)
def test_limits_are_whole_days_and_an_expired_certificate_is_below_one(warning, critical, limits) -> None:
    days = channel(0, seen(), warning=parse_threshold(warning), critical=parse_threshold(critical))
    assert {key: limit for key, limit in days.items() if key.startswith(("limitmin", "limitmax"))} == limits


# Whole days agree with the verdict, wherever a threshold lies and however little is missing

STATES = {State.OK: prtg_rules.OK, State.WARNING: prtg_rules.WARNING, State.CRITICAL: prtg_rules.ERROR}


def agrees(seconds: float, lifetime: float, **values) -> int:
    """Assert that PRTG's state of the days is the verdict on the expiry; return what it shows."""
    observed = seen(facts(seconds * SECOND, lifetime=lifetime * DAY))
    check = evaluated(observed, prtg_schema=3, **values)
    verdict = next(judgement.state for judgement in check.judgements if judgement.question.key == "expiry")
    old = prtg_rules.advanced(prtg.render(check).text)["result"][0]
    new = prtg_rules.script_v2(prtg_v2.render(check).text)["channels"][0]
    assert prtg_rules.channel_state(old) == prtg_rules.channel_state(new) == STATES[verdict]
    assert old["value"] == new["value"]
    return old["value"]


def test_at_26_9_of_89_25_days_all_is_well_in_every_place() -> None:
    assert agrees(26.9 * 86400, 89.25) == 27
    assert document(seen(facts(26.9 * DAY, lifetime=89.25 * DAY)))["text"].startswith("OK. ")
    assert agrees(26.7 * 86400, 89.25) == 26


BOUND = st.one_of(
    st.builds("{}d".format, st.integers(0, 40)),
    st.builds("{:.2f}d".format, st.floats(0, 40)),
    st.builds("{}h".format, st.integers(0, 400)),
    st.builds("{:.1f}%".format, st.floats(0, 100)),
)
RANGE = st.builds(
    lambda low, more: f"{'~' if low is None else low}:{'' if more is None else round((low or 0) + more, 2)}",
    st.one_of(st.none(), st.floats(0, 40).map(lambda low: round(low, 2))),
    st.one_of(st.none(), st.integers(0, 300)),
).filter(lambda text: text != "~:")
DAYS_FROM_A_LIMIT = st.sampled_from([0, 1e-9, -1e-9, 1 / 86400, -1 / 86400, 0.3, -0.3, 0.9, -0.9, 1, -1])


@settings(PROPERTY, max_examples=500)
@given(st.data(), st.sampled_from([1, 3, 6, 47, 89.25, 90, 200, 365, 398]))
def test_prtg_s_limits_and_the_verdict_agree_for_every_remaining_validity_and_threshold(data, lifetime) -> None:
    texts = {key: data.draw(st.one_of(st.none(), BOUND, RANGE)) for key in ("warning", "critical")}
    values = {key: parse_threshold(text) for key, text in texts.items() if text is not None}
    try:
        warning, critical = thresholds(values.get("warning"), values.get("critical")).limits(lifetime)
    except ValueError:
        return  # they contradict each other
    ends = [0, *filter(None, (*warning[:2], *critical[:2]))]
    around = st.builds(lambda end, more: end + more, st.sampled_from(ends), DAYS_FROM_A_LIMIT)
    days = round(min(data.draw(st.one_of(around, st.floats(-5, lifetime))), lifetime), 9)
    value = agrees(days * 86400, lifetime, **values)
    # Limits that lie in one day push the number on, by one each; they do not push it across the end.
    assert abs(value - math.floor(days)) <= len(ends)
    assert (value < 0) == (days < 0) or days == 0


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
