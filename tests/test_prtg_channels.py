"""PRTG's channels: every value is defined in the lookup it names, and means there what we mean."""

from __future__ import annotations

import prtg_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    INTERMEDIATE,
    NO_ISSUER,
    PROPERTY,
    REFUSED,
    SELF_SIGNED,
    SITUATIONS,
    authority,
    evaluated,
    facts,
    named,
    seen,
    self_signed,
    unseen,
    verdict,
)
from prtg_rules import ERROR, NONE, OK, WARNING, lookup_state

from check_starttls_cert.certificate import Key
from check_starttls_cert.observation import Session
from check_starttls_cert.options import CHANNEL_NAMES, NAME_CHECKS
from check_starttls_cert.prtg.channels import LOOKUP, NAME_VALUES, SHOWN, Channel, channels, message, whole_days
from check_starttls_cert.questions import QUESTIONS
from check_starttls_cert.thresholds import parse_threshold

KEYS = [
    *(Key("RSA", bits) for bits in (512, 768, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 4096, 8192, 16384)),
    *(Key("DSA", bits) for bits in (512, 1024, 2048, 3072)),
    *(Key("EC", bits) for bits in (112, 127, 128, 160, 163, 192, 193, 224, 255, 256, 320, 384, 512, 521, 571)),
    Key("Ed25519", 256),
    Key("Ed448", 456),
    Key("unknown key type", -1),
]


def by_name(observation, **values) -> dict[str, Channel]:
    return {channel.name: channel for channel in channels(evaluated(observation, **values))}


def state(channel: Channel) -> str:
    """Return the state in which PRTG shows a channel that it has created just now."""
    if channel.lookup is not None:
        return lookup_state(LOOKUP + channel.lookup, channel.value)
    return prtg_rules.limit_state(channel.value, channel.lower, channel.upper)


@pytest.mark.parametrize("situation", [name for name, observation in SITUATIONS.items() if observation.presented])
@pytest.mark.parametrize("name_check", NAME_CHECKS)
@pytest.mark.parametrize("asked", [{}, {"state": (("chain", "warning"),), "min_tls": "1.3", "issuer": ("R11",)}])
def test_every_value_is_defined_where_prtg_looks_it_up(situation, name_check, asked) -> None:
    for channel in channels(evaluated(SITUATIONS[situation], name_check=name_check, **asked)):
        assert state(channel) in prtg_rules.STATES
        has_limits = (*channel.lower, *channel.upper) != (None,) * 4
        assert (channel.lookup is None) == has_limits


@pytest.mark.parametrize("name_check", NAME_CHECKS)
def test_the_lookup_agrees_with_every_answer_about_the_name(name_check) -> None:
    matches, differs = NAME_VALUES[name_check]
    assert lookup_state(f"{LOOKUP}cncheck", matches) == OK
    assert lookup_state(f"{LOOKUP}cncheck", differs) == (OK if name_check == "none" else ERROR)
    for observation, value in ((seen(), matches), (seen(named("other.test")), differs)):
        channel = by_name(observation, name_check=name_check)["Common Name Check"]
        assert (channel.lookup, channel.value) == ("cncheck", value)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_lookup_of_a_key_is_never_worse_than_the_verdict(key) -> None:
    judged = verdict("key-size", seen(facts(key=key)))[0]
    alarm = {"ok": OK, "warning": WARNING, "critical": ERROR, "unknown": WARNING}[judged]
    shown = state(by_name(seen(facts(key=key)))["Public Key Size"])
    # What PRTG's lookups do not know: RSA of 1025 to 2047 bits and curves of 128 to 255 bits are too short.
    softer = {WARNING: (OK, NONE), ERROR: (OK,)} if key.algorithm != "RSA" or 1024 < key.bits < 2048 else {}
    assert shown == alarm or shown in softer.get(alarm, ())
    assert prtg_rules.STATES.index(shown) <= prtg_rules.STATES.index(alarm)


@PROPERTY
@given(st.sampled_from(["RSA", "DSA", "EC"]), st.integers(0, 999999))
def test_the_lookups_define_a_key_of_any_size(algorithm, bits) -> None:
    assert state(by_name(seen(facts(key=Key(algorithm, bits))))["Public Key Size"]) in (OK, WARNING, ERROR)


@pytest.mark.parametrize(
    ("observation", "trusted", "own"),
    [
        (seen(), (0, OK), (0, OK)),
        (seen(trust=NO_ISSUER), (1, WARNING), (0, OK)),
        (seen(self_signed(), SELF_SIGNED), (1, WARNING), (1, OK)),
        (seen(self_signed()), (0, OK), (1, OK)),
    ],
)
def test_trust_and_self_signed_are_told_apart(observation, trusted, own) -> None:
    found = by_name(observation)
    for name, expected in (("Root Authority Trusted", trusted), ("Self-Signed", own)):
        assert (found[name].value, state(found[name])) == expected


CHAIN = {"above": (authority("R11", "ISRG Root X1", remaining=5 * DAY),)}

ASKED = {question.key: question.channel for question in QUESTIONS if question.channel and question.key not in SHOWN}
"""Questions that have a channel only when the user asked them."""

BAD_ANSWERS = {
    "chain": (seen(**CHAIN), {}),
    "signature": (seen(facts(signature_hash="sha1")), {}),
    "pin": (seen(), {"issuer": ("nobody",)}),
    "lifetime": (seen(), {"max_lifetime": 47.0}),
    "tls": (seen(session=Session("TLSv1", "AES")), {"min_tls": "1.2"}),
}
"""For each question with a channel of its own, an observation that answers it badly, and how it is asked."""


def test_there_is_a_bad_answer_for_each_question_that_has_a_channel_when_it_is_asked() -> None:
    assert set(BAD_ANSWERS) == set(ASKED)


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("severity", ["ok", "warning", "critical"])
def test_the_state_of_an_asked_question_is_the_user_s(question, severity) -> None:
    observation, values = BAD_ANSWERS[question]
    id_, name = ASKED[question]
    channel = by_name(observation, **values, state=((question, severity),))[name]
    assert channel.id == id_
    assert state(channel) == {"ok": OK, "warning": WARNING, "critical": ERROR}[severity]
    assert channel.value == {"ok": 0, "warning": 2, "critical": 3}[severity]


@pytest.mark.parametrize("question", ASKED)
def test_a_good_answer_to_an_asked_question_is_fine(question) -> None:
    good = {"pin": {"issuer": ("R11",)}, "lifetime": {"max_lifetime": 398.0}, "tls": {"min_tls": "1.2"}}
    asked = good.get(question, {"state": ((question, "critical"),)})
    channel = by_name(seen(), **asked)[ASKED[question][1]]
    assert (channel.value, state(channel)) == (0, OK)


@pytest.mark.parametrize("question", ["chain", "signature"])
def test_a_question_that_is_not_asked_has_no_channel_and_is_in_the_message(question) -> None:
    observation, _ = BAD_ANSWERS[question]
    check = evaluated(observation)
    assert len(channels(check)) == 5
    assert message(check).startswith(f"CRITICAL. {question}: ")


def test_ids_and_names_are_unique() -> None:
    asked = {"state": (("chain", "ok"), ("signature", "ok")), "issuer": ("a",), "max_lifetime": 1.0, "min_tls": "1.0"}
    found = channels(evaluated(seen(), **asked))
    assert len(found) == 5 + len(ASKED)
    assert len({channel.id for channel in found}) == len({channel.name for channel in found}) == len(found)
    assert all(channel.id >= 20 for channel in found[5:])


def test_thresholds_in_percent_follow_the_certificate_not_the_sensor() -> None:
    for lifetime, limits in ((365, (28, 7)), (90, (27, 7)), (47, (15, 5)), (6, (2, 1))):
        observation = seen(facts(5 * DAY, lifetime=lifetime * DAY))
        assert by_name(observation)["Days until Expiration"].lower == limits


def test_an_expired_certificate_is_an_error_whatever_the_thresholds() -> None:
    thresholds = {"warning": parse_threshold("~:400"), "critical": parse_threshold("~:500")}
    days = channels(evaluated(seen(facts(5 * DAY, lifetime=365 * DAY)), **thresholds))[0]
    assert (days.value, days.lower, days.upper) == (5, (None, 0), (399, 499))


def test_the_days_have_their_unit_and_nothing_else_has_one() -> None:
    found = channels(evaluated(seen(), state=(("chain", "ok"),)))
    assert [channel.unit for channel in found] == ["days", *[""] * 5]


def test_the_original_s_names_are_given_to_a_sensor_that_asks_for_them() -> None:
    asked = {"state": (("chain", "ok"),)}
    ours, theirs = (channels(evaluated(seen(), channel_names=names, **asked)) for names in CHANNEL_NAMES)
    changed = {a.name: b.name for a, b in zip(ours, theirs) if a.name != b.name}
    assert changed == {"Days until Expiration": "Days to Expiration", "Public Key Size": "Public Key Length"}
    assert [channel._replace(name="") for channel in ours] == [channel._replace(name="") for channel in theirs]


def test_whole_days_compare_as_days_do_with_limits_in_the_same_day() -> None:
    limits = {1.2, 1.5, 1.9, 2.0}
    for days in (0.5, 1.1, 1.2, 1.3, 1.5, 1.6, 1.9, 1.95, 2.0, 2.1, 3.0):
        whole, steps = whole_days(days, limits)
        assert {limit: whole >= step for limit, step in steps.items()} == {limit: days > limit for limit in limits}


def test_the_message_tells_the_truth_whatever_limits_prtg_has_frozen() -> None:
    # A channel created for a certificate of a year has the limits 28 and 7, for ever. The next certificate lives
    # for 6 days: with 4 days left PRTG's limits alarm, the message says why they need not.
    healthy = evaluated(seen(facts(4 * DAY, lifetime=6 * DAY)))
    assert prtg_rules.limit_state(channels(healthy)[0].value, (28, 7)) == ERROR
    assert message(healthy).startswith("OK. ")
    # And the other way round: the limits of the short one, 2 and 1, are silent while a yearly one runs out.
    due = evaluated(seen(facts(6.5 * DAY)))
    assert prtg_rules.limit_state(channels(due)[0].value, (2, 1)) == OK
    assert message(due).startswith("CRITICAL. ")


def test_the_message_names_the_certificate_in_the_original_sensor_s_words() -> None:
    text = message(evaluated(seen(above=(INTERMEDIATE,))))
    assert text == (
        "OK. Certificate Common Name: mta.example.com - "
        f"Certificate Thumbprint: {facts().sha1} - STARTTLS Protocol: SMTP"
    )


def test_the_message_of_a_service_that_was_not_read_names_it_and_says_why() -> None:
    said = message(evaluated(unseen(REFUSED)))
    assert said.startswith("smtp mta.example.com:25: cannot connect to 192.0.2.25: connection refused")
