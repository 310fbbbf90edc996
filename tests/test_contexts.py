"""The judgement: each question's states and words, at and around every boundary."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from unittest import mock

import observations
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    EXPIRED,
    HOUR,
    INTERMEDIATE,
    NO_ISSUER,
    NOT_YET_VALID,
    NOW,
    PROPERTY,
    REFUSED,
    ROOT,
    SECOND,
    SELF_SIGNED,
    STORE,
    TRUSTED,
    authority,
    evaluated,
    facts,
    named,
    seen,
    self_signed,
    unseen,
    verdict,
)

from check_starttls_cert import settings
from check_starttls_cert.certificate import Facts, Key
from check_starttls_cert.chain import Chain
from check_starttls_cert.contexts import span
from check_starttls_cert.probe import Trust
from check_starttls_cert.settings import PUBLIC, QUESTIONS
from check_starttls_cert.summary import label, worst
from check_starttls_cert.thresholds import parse_threshold
from check_starttls_cert.tls import Session

IPV4, IPV6 = bytes([192, 0, 2, 25]), bytes.fromhex("20010db8000000000000000000000001")


def expiry(remaining: timedelta, lifetime: timedelta = 365 * DAY, **values) -> str:
    return verdict("days_until_expiration", seen(facts(remaining, lifetime)), **values)[0]


def thresholds(**texts: str) -> dict:
    return {name: parse_threshold(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [(6, 1.8, 0.6), (47, 14.1, 4.7), (90, 27, 7), (200, 28, 7), (398, 28, 7)],
)
def test_the_default_thresholds_hold_to_the_second(lifetime, warning, critical) -> None:
    lifetime = lifetime * DAY
    assert expiry(warning * DAY + SECOND, lifetime) == "ok"
    assert expiry(warning * DAY, lifetime) == "warning"
    assert expiry(warning * DAY - SECOND, lifetime) == "warning"
    assert expiry(critical * DAY + SECOND, lifetime) == "warning"
    assert expiry(critical * DAY, lifetime) == "critical"
    assert expiry(critical * DAY - SECOND, lifetime) == "critical"


@pytest.mark.parametrize(
    ("warning", "boundary"), [("20", 20), ("20d", 20), ("36h", 1.5), ("10%", 36.5), ("20:", 20), ("50,20d,10%", 20)]
)
def test_given_thresholds_hold_to_the_second(warning, boundary) -> None:
    values = thresholds(warning=warning, critical="0")
    assert expiry(boundary * DAY + SECOND, **values) == "ok"
    assert expiry(boundary * DAY, **values) == "warning"
    assert expiry(boundary * DAY, **thresholds(warning=warning, critical=warning)) == "critical"


def test_a_range_alarms_outside_of_it() -> None:
    values = thresholds(warning="20:400", critical="0")
    assert [expiry(days * DAY, 500 * DAY, **values) for days in (20, 20.1, 400, 400.1)] == [
        "warning",
        "ok",
        "ok",
        "warning",
    ]


def test_an_inverted_range_alarms_inside_of_it() -> None:
    values = thresholds(warning="@10:20", critical="0")
    assert [expiry(days * DAY, **values) for days in (9.9, 10, 20, 20.1)] == ["ok", "warning", "warning", "ok"]


def test_a_warning_threshold_below_the_default_critical_one_takes_that_with_it() -> None:
    values = thresholds(warning="5")
    assert expiry(5 * DAY + SECOND, **values) == "ok"
    assert expiry(5 * DAY, **values) == "warning"
    assert expiry(1.25 * DAY + SECOND, **values) == "warning"
    assert expiry(1.25 * DAY, **values) == "critical"


def test_the_last_second_is_valid_and_the_next_is_not() -> None:
    tolerant = thresholds(warning="@900:900", critical="@900:900")
    assert verdict("days_until_expiration", seen(facts(timedelta(0))), **tolerant) == (
        "ok",
        "expires in 1 minute (2026-11-23 14:24 UTC)",
    )
    assert verdict("days_until_expiration", seen(facts(-SECOND)), **tolerant) == (
        "critical",
        "expired 1 minute ago (2026-11-23 14:23 UTC)",
    )


@pytest.mark.parametrize("ago", [SECOND, HOUR, DAY, 40 * DAY, 4000 * DAY])
@pytest.mark.parametrize("threshold", ["0", "@900:900"])
def test_expired_is_critical_whatever_the_thresholds(ago, threshold) -> None:
    assert expiry(-ago, **thresholds(warning=threshold, critical=threshold)) == "critical"


def test_not_yet_valid_is_critical_until_the_second_it_is_valid() -> None:
    assert expiry(90 * DAY + SECOND, 90 * DAY) == "critical"
    assert expiry(90 * DAY, 90 * DAY) == "ok"


def test_a_certificate_that_ends_before_it_begins_is_critical() -> None:
    assert expiry(5 * DAY, -10 * DAY) == "critical"
    assert expiry(-5 * DAY, -10 * DAY) == "critical"


@pytest.mark.parametrize(
    ("remaining", "words"),
    [
        (59.4 * DAY, "expires in 59 days (2027-01-22)"),
        (28 * DAY - SECOND, "expires in 28 days (2026-12-21)"),
        (2 * DAY, "expires in 2 days (2026-11-25)"),
        (1.5 * DAY, "expires in 1 day (2026-11-25 02:24 UTC)"),
        (5.5 * HOUR, "expires in 5 hours (2026-11-23 19:54 UTC)"),
        (60 * SECOND, "expires in 1 minute (2026-11-23 14:25 UTC)"),
        (-HOUR, "expired 1 hour ago (2026-11-23 13:24 UTC)"),
        (-3 * DAY, "expired 3 days ago (2026-11-20)"),
    ],
)
def test_expiry_is_told_as_a_span_and_a_date(remaining, words) -> None:
    assert verdict("days_until_expiration", seen(facts(remaining)))[1] == words


def test_a_future_certificate_says_from_when_it_is_valid() -> None:
    observed = seen(facts(100 * DAY, lifetime=90 * DAY), NOT_YET_VALID)
    assert verdict("days_until_expiration", observed)[1] == "not valid before 2026-12-03, in 10 days"


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (SECOND, "1 minute"),
        (100 * SECOND, "2 minutes"),
        (59 * 60 * SECOND, "59 minutes"),
        (HOUR, "1 hour"),
        (23 * HOUR, "23 hours"),
        (DAY, "1 day"),
        (2 * DAY - HOUR, "1 day"),
        (3000 * DAY, "3000 days"),
    ],
)
def test_a_span_is_in_its_largest_unit(duration, words) -> None:
    assert span(duration) == words


def name(reference: str, name_check: str = "cn_san", **changes) -> str:
    return verdict("name", seen(facts(**changes)), name=(reference,), name_check=name_check)[0]


@pytest.mark.parametrize(
    ("reference", "common_names", "dns_names", "cn", "cn_san"),
    [
        ("a.test", ("a.test",), ("a.test",), "ok", "ok"),
        ("a.test", ("a.test",), (), "ok", "ok"),
        ("a.test", (), ("a.test",), "critical", "ok"),
        ("a.test", ("b.test",), ("c.test", "a.test"), "critical", "ok"),
        ("a.test", ("b.test", "a.test"), (), "ok", "ok"),
        ("a.test", ("A.TEST",), (), "ok", "ok"),
        ("mx.a.test", ("*.a.test",), (), "ok", "ok"),
        ("a.test", ("*.a.test",), ("*.a.test",), "critical", "critical"),
        ("a.test", (), (), "critical", "critical"),
    ],
)
def test_where_a_name_is_looked_for(reference, common_names, dns_names, cn, cn_san) -> None:
    names = {"common_names": common_names, "dns_names": dns_names}
    assert name(reference, "cn", **names) == cn
    assert name(reference, "cn_san", **names) == cn_san
    assert name(reference, "none", **names) == "ok"


@pytest.mark.parametrize(
    ("reference", "changes", "cn", "cn_san"),
    [
        ("192.0.2.25", {"ip_addresses": (IPV4,)}, "critical", "ok"),
        ("2001:db8::1", {"ip_addresses": (IPV4, IPV6)}, "critical", "ok"),
        ("2001:0DB8:0::0001", {"ip_addresses": (IPV6,)}, "critical", "ok"),
        ("2001:db8::1%eth0", {"ip_addresses": (IPV6,)}, "critical", "ok"),
        ("192.0.2.26", {"ip_addresses": (IPV4,)}, "critical", "critical"),
        ("192.0.2.25", {"common_names": ("192.0.2.25",)}, "ok", "ok"),
        ("192.0.2.25", {"dns_names": ("192.0.2.25",)}, "critical", "critical"),
        ("192.0.2.25", {"dns_names": ("*.0.2.25",)}, "critical", "critical"),
        ("192.0.2.25", {"ip_addresses": (IPV4 + b"\0",)}, "critical", "critical"),
    ],
)
def test_an_address_is_compared_with_addresses(reference, changes, cn, cn_san) -> None:
    names = {"common_names": (), "dns_names": (), **changes}
    assert name(reference, "cn", **names) == cn
    assert name(reference, "cn_san", **names) == cn_san
    assert name(reference, "none", **names) == "ok"


def test_a_mismatch_lists_the_names_without_repeating_any() -> None:
    observed = seen(
        facts(common_names=("b.test",), dns_names=("b.test", "*.c.test"), ip_addresses=(IPV4, IPV6, b"\x01"))
    )
    assert verdict("name", observed, name=("a.test",))[1] == (
        'name: a.test not covered by "b.test", "*.c.test", "192.0.2.25", "2001:db8::1", "01"'
    )


def test_a_mismatch_lists_five_names_at_most() -> None:
    names = tuple(f"{letter}.test" for letter in "bcdefgh")
    assert verdict("name", seen(facts(common_names=(), dns_names=names)), name=("a.test",))[1] == (
        'name: a.test not covered by "b.test", "c.test", "d.test", "e.test", "f.test" and 2 more'
    )


def test_a_check_of_the_common_name_does_not_list_alternative_names() -> None:
    observed = seen(facts(common_names=("b.test",), dns_names=("c.test",), ip_addresses=(IPV4,)))
    assert verdict("name", observed, name=("a.test",), name_check="cn")[1] == 'name: a.test not covered by "b.test"'


def test_a_disabled_check_says_so() -> None:
    assert verdict("name", seen(named("b.test")), name=("a.test",), name_check="none") == ("ok", "name not checked")


def test_a_name_that_matches_goes_without_saying() -> None:
    assert verdict("name", seen()) == ("ok", "")


def test_a_trusted_chain_is_told() -> None:
    assert verdict("trust", seen()) == ("ok", "trusted")


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_an_untrusted_chain_has_the_state_that_the_user_gave_it(state) -> None:
    told, words = verdict("trust", seen(trust=NO_ISSUER), untrusted=state)
    assert told == state
    assert words.startswith("not trusted: unable to get local issuer certificate")


def test_an_untrusted_chain_is_critical_by_default() -> None:
    assert verdict("trust", seen(trust=NO_ISSUER))[0] == "critical"


@pytest.mark.parametrize(
    ("remaining", "lifetime", "trust"),
    [(-SECOND, 90 * DAY, EXPIRED), (90 * DAY + SECOND, 90 * DAY, NOT_YET_VALID)],
)
def test_the_certificates_own_dates_are_not_told_twice(remaining, lifetime, trust) -> None:
    assert verdict("trust", seen(facts(remaining, lifetime), trust)) == ("ok", "")


@pytest.mark.parametrize("trust", [EXPIRED, NOT_YET_VALID])
@pytest.mark.parametrize("remaining", [timedelta(0), 50 * DAY, 90 * DAY])
def test_dates_of_the_certificates_above_are_a_matter_of_trust(trust, remaining) -> None:
    state, words = verdict("trust", seen(facts(remaining, 90 * DAY), trust))
    assert state == "critical"
    assert words.startswith(f"not trusted: {trust.reason}: one above those that the server sends")


def test_an_expired_certificate_without_an_issuer_is_both() -> None:
    observed = seen(facts(-DAY), NO_ISSUER)
    assert verdict("trust", observed)[0] == verdict("days_until_expiration", observed)[0] == "critical"


@pytest.mark.parametrize(
    ("is_self_signed", "allowed", "trust", "self_signed_state", "trust_state"),
    [
        (False, False, TRUSTED, "ok", "ok"),
        (False, False, NO_ISSUER, "ok", "critical"),
        (False, True, NO_ISSUER, "ok", "critical"),
        (True, False, SELF_SIGNED, "critical", None),
        (True, False, TRUSTED, "ok", "ok"),
        (True, True, SELF_SIGNED, "ok", "ok"),
        (True, True, TRUSTED, "ok", "ok"),
        (True, True, Trust(verified=False, code=66, reason="EE certificate key too weak"), "ok", "ok"),
    ],
)
def test_self_signed_is_critical_unless_allowed_or_a_trust_anchor(
    is_self_signed, allowed, trust, self_signed_state, trust_state
) -> None:
    observed = seen(self_signed() if is_self_signed else facts(), trust)
    assert verdict("self-signed", observed, allow_self_signed=allowed)[0] == self_signed_state
    if trust_state:
        assert verdict("trust", observed, allow_self_signed=allowed)[0] == trust_state


def test_self_signed_is_told_and_its_absence_is_not() -> None:
    assert verdict("self-signed", seen(self_signed(), SELF_SIGNED))[1] == (
        "self-signed: name it with --ca-file, or allow it with --allow-self-signed"
    )
    assert verdict("self-signed", seen(self_signed()))[1] == "self-signed"
    assert verdict("self-signed", seen())[1] == ""


def test_a_self_issued_certificate_is_not_self_signed() -> None:
    assert verdict("self-signed", seen(facts(self_issued=True)))[0] == "ok"


@pytest.mark.parametrize(
    ("algorithm", "bits", "state"),
    [
        ("RSA", 0, "critical"),
        ("RSA", 1023, "critical"),
        ("RSA", 1024, "warning"),
        ("RSA", 2047, "warning"),
        ("RSA", 2048, "ok"),
        ("RSA", 16384, "ok"),
        ("DSA", 1023, "critical"),
        ("DSA", 1024, "warning"),
        ("DSA", 2047, "warning"),
        ("DSA", 2048, "ok"),
        ("EC", 191, "critical"),
        ("EC", 192, "warning"),
        ("EC", 255, "warning"),
        ("EC", 256, "ok"),
        ("Ed25519", 256, "ok"),
        ("Ed448", 456, "ok"),
        ("unknown key type", -1, "unknown"),
    ],
)
def test_a_key_is_judged_by_its_own_algorithms_sizes(algorithm, bits, state) -> None:
    assert verdict("public_key_size", seen(facts(key=Key(algorithm, bits))))[0] == state


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Key("RSA", 1024), "RSA 1024 is too short, 2048 bits are the minimum"),
        (Key("EC", 160), "EC 160 is too short, 256 bits are the minimum"),
        (Key("Ed25519", 256), "Ed25519 256"),
        (Key("unknown key type", -1), "unknown key type: its size cannot be judged"),
    ],
)
def test_a_key_is_told_with_its_size(key, words) -> None:
    assert verdict("public_key_size", seen(facts(key=key)))[1] == words


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_an_unreachable_service_has_the_state_that_the_user_gave_it(state) -> None:
    assert verdict("connection", unseen(REFUSED), unreachable=state) == (state, str(REFUSED))


def test_an_unreachable_service_is_critical_by_default() -> None:
    assert verdict("connection", unseen(REFUSED))[0] == "critical"


def test_a_connection_that_works_goes_without_saying() -> None:
    assert verdict("connection", seen()) == ("ok", "")


def test_what_is_known_to_be_broken_does_not_hide_behind_what_is_not_known() -> None:
    unknown_key = {"key": Key("unknown key type", -1)}
    assert label(worst(evaluated(seen(facts(**unknown_key))).results)) == "UNKNOWN"
    assert label(worst(evaluated(seen(facts(20 * DAY, **unknown_key))).results)) == "WARNING"
    assert label(worst(evaluated(seen(facts(-DAY, **unknown_key))).results)) == "CRITICAL"


def performance(observation, **values) -> list[str]:
    return evaluated(observation, **values).perfdata


def days(observation, **values) -> str:
    """Return the performance data of the server's own certificate."""
    (found,) = [datum for datum in performance(observation, **values) if datum.startswith("days_until_expiration=")]
    return found.partition("=")[2]


def test_performance_data_carry_the_thresholds_in_force() -> None:
    above = authority("R11", "ISRG Root X1", remaining=300 * DAY, lifetime=1000 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=47 * DAY), above=(above,))) == [
        "days_until_chain_expiration=300;28:;7:",
        "days_until_expiration=20;14.1:;4.7:",
        "public_key_size=2048",
        "time=0.031s;;;0",
    ]


@pytest.mark.parametrize(
    ("lifetime", "limits"), [(6, "1.8:;0.6:"), (47, "14.1:;4.7:"), (90, "27:;7:"), (200, "28:;7:"), (398, "28:;7:")]
)
def test_performance_data_carry_the_default_limits_of_each_lifetime(lifetime, limits) -> None:
    assert days(seen(facts(5 * DAY, lifetime=lifetime * DAY))) == f"5;{limits}"


def test_a_threshold_in_percent_is_one_of_each_certificates_own_lifetime() -> None:
    above = authority("R11", "ISRG Root X1", remaining=300 * DAY, lifetime=1000 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=50 * DAY), above=(above,)), **thresholds(warning="20%"))[:2] == [
        "days_until_chain_expiration=300;200:;7:",
        "days_until_expiration=20;10:;2.5:",
    ]


def test_the_chain_has_no_days_where_nothing_is_above_the_certificate() -> None:
    assert performance(seen(self_signed()))[0].startswith("days_until_expiration=")
    assert performance(seen(trust=NO_ISSUER, above=()))[0].startswith("days_until_expiration=")


@pytest.mark.parametrize(
    ("remaining", "shown"),
    [
        (59.4 * DAY, "59.4"),
        (20 * DAY, "20"),
        (100 * DAY, "100"),
        (timedelta(0), "0"),
        (SECOND, "0"),
        (-SECOND, "-0.01"),
        (-HOUR, "-0.04"),
        (-3 * DAY, "-3"),
        (2_900_000 * DAY, "2900000"),
    ],
)
def test_days_have_two_decimals_and_are_below_zero_once_expired(remaining, shown) -> None:
    assert days(seen(facts(remaining))) == f"{shown};28:;7:"


@pytest.mark.parametrize(
    ("threshold", "shown"), [("~:400", "~:400"), ("@7:400", "@7:400"), ("36h", "1.5:"), ("0.5", "0.5:"), ("0", "0:")]
)
def test_performance_data_have_thresholds_as_ranges(threshold, shown) -> None:
    values = thresholds(warning=threshold, critical=threshold)
    assert days(seen(), **values) == f"59.4;{shown};{shown}"


def test_a_key_of_unknown_size_and_an_unread_certificate_have_no_performance_data() -> None:
    unknown = performance(seen(facts(key=Key("unknown key type", -1))))
    assert [datum.partition("=")[0] for datum in unknown] == [
        "days_until_chain_expiration",
        "days_until_expiration",
        "time",
    ]
    assert performance(unseen(REFUSED)) == ["time=0.031s;;;0"]


def test_the_moment_of_the_run_decides() -> None:
    later = NOW + 40 * DAY
    assert verdict("days_until_expiration", seen(), NOW)[0] == "ok"
    assert verdict("days_until_expiration", seen(), later)[0] == "warning"


# Severity is the user's

BAD = {
    "connection": unseen(REFUSED),
    "name": seen(named("other.test")),
    "chain": seen(sent=()),
    "self-signed": seen(self_signed(), SELF_SIGNED),
    "trust": seen(trust=NO_ISSUER),
    "key-size": seen(facts(key=Key("RSA", 512))),
    "signature": seen(facts(signature_hash="md5")),
    "pin": seen(facts(issuer_attributes=("CN=Somebody",))),
    "lifetime": seen(facts(lifetime=500 * DAY)),
    "tls": seen(session=Session("TLSv1", "ECDHE-RSA-AES256-SHA", (b"leaf",))),
}
"""An observation for each question, to which the answer is bad."""

ASKING = {"pin": {"issuer": ("R11",)}, "lifetime": {"max_lifetime": 398.0}, "tls": {"min_tls": "1.2"}}
"""The option without which a question is not asked."""

DEFAULT_STATES = {"chain": "warning", "lifetime": "warning"}
"""Of bad answers; all others are critical."""


def state_of(question: str, **values) -> tuple[str, str]:
    """Return the state and words of the one bad answer."""
    (result,) = [
        result
        for result in evaluated(BAD[question], **ASKING.get(question, {}), **values).results.results
        if result.context.name == question
    ]
    return str(result.state), result.hint


def test_there_is_a_bad_answer_to_every_question() -> None:
    assert set(BAD) == set(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_bad_answer_has_its_default_state_and_says_why(question) -> None:
    state, words = state_of(question)
    assert state == DEFAULT_STATES.get(question, "critical")
    assert words


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_user_sets_the_state_of_any_question_and_its_words_stay(question, state) -> None:
    words = state_of(question)[1]
    assert state_of(question, state=((question, state),)) == (state, words)


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
@pytest.mark.parametrize(("question", "short"), [("trust", "untrusted"), ("connection", "unreachable")])
def test_the_short_forms_mean_the_same(question, short, state) -> None:
    assert state_of(question, **{short: state}) == state_of(question, state=((question, state),))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("state", ["warning", "critical"])
def test_a_good_answer_is_ok_whatever_the_state_of_a_bad_one(question, state) -> None:
    results = evaluated(seen(), state=((question, state),)).results.results
    assert {str(result.state) for result in results} == {"ok"}


def test_the_state_of_a_key_of_unknown_size_is_the_users_too() -> None:
    observed = seen(facts(key=Key("unknown key type", -1)))
    assert verdict("public_key_size", observed, state=(("key-size", "ok"),))[0] == "ok"


# Chain


def chain(observation, **values) -> tuple[str, str]:
    return verdict("days_until_chain_expiration", observation, **values)


def above(remaining: timedelta, **changes):
    return (authority("Issuing CA 2", "ISRG Root X1", remaining=remaining, **changes),)


@pytest.mark.parametrize(
    ("remaining", "state", "words"),
    [
        (28 * DAY + SECOND, "ok", ""),
        (28 * DAY, "warning", 'chain: "Issuing CA 2" expires in 28 days (2026-12-21)'),
        (7 * DAY + SECOND, "warning", 'chain: "Issuing CA 2" expires in 7 days (2026-11-30)'),
        (7 * DAY, "critical", 'chain: "Issuing CA 2" expires in 7 days (2026-11-30)'),
        (5.5 * DAY, "critical", 'chain: "Issuing CA 2" expires in 5 days (2026-11-29)'),
        (-DAY, "critical", 'chain: "Issuing CA 2" expired 1 day ago (2026-11-22 14:24 UTC)'),
    ],
)
def test_an_intermediate_that_expires_first_has_the_same_thresholds_and_is_named(remaining, state, words) -> None:
    assert chain(seen(above=above(remaining))) == (state, words)
    assert chain(seen(trust=NO_ISSUER, above=above(remaining))) == (state, words)


def test_given_thresholds_hold_for_the_chain_too() -> None:
    assert chain(seen(above=above(5.5 * DAY)), **thresholds(warning="5", critical="2"))[0] == "ok"
    assert chain(seen(above=above(5.5 * DAY)), **thresholds(warning="6", critical="2"))[0] == "warning"


def test_an_intermediate_that_outlives_the_certificate_is_not_told_again() -> None:
    certificate = facts(5 * DAY)
    assert chain(seen(certificate, above=above(5 * DAY))) == ("ok", "")
    assert chain(seen(certificate, above=above(6 * DAY))) == ("ok", "")
    assert chain(seen(certificate, above=above(5 * DAY - SECOND)))[0] == "critical"


def test_an_intermediate_that_is_not_yet_valid_is_critical_though_it_outlives_the_certificate() -> None:
    state, words = chain(seen(above=above(100 * DAY, lifetime=90 * DAY)))
    assert (state, words) == ("critical", 'chain: "Issuing CA 2" not valid before 2026-12-03, in 10 days')


def test_a_root_that_expires_first_is_part_of_the_path() -> None:
    root = authority("Old root", remaining=3 * DAY)
    assert chain(seen(root=root)) == ("critical", 'chain: "Old root" expires in 3 days (2026-11-26)')
    assert performance(seen(root=root))[0] == "days_until_chain_expiration=3;28:;7:"


def test_an_expired_certificate_that_is_not_on_the_path_alarms_nobody() -> None:
    crossed = authority("ISRG Root X1", "DST Root CA X3", remaining=-100 * DAY)
    observed = seen(sent=(INTERMEDIATE, crossed))
    assert chain(observed) == ("ok", "")
    assert performance(observed)[0] == "days_until_chain_expiration=2000;28:;7:"


def test_the_days_of_the_chain_are_those_of_its_first_end() -> None:
    path = (authority("R11", "R1", remaining=300 * DAY), authority("R1", "ISRG Root X1", remaining=100.5 * DAY))
    assert performance(seen(above=path))[0] == "days_until_chain_expiration=100.5;28:;7:"


INCOMPLETE = 'chain incomplete: the server does not send "R11", issuer of "mta.example.com"'


def test_a_missing_intermediate_is_named_even_where_the_certificate_is_trusted() -> None:
    assert chain(seen(sent=())) == ("warning", INCOMPLETE)
    assert chain(seen(trust=NO_ISSUER, above=())) == ("critical", INCOMPLETE)


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_a_gap_below_an_unknown_anchor_is_as_bad_as_the_user_says_distrust_is(state) -> None:
    observed = seen(trust=NO_ISSUER, above=())
    assert chain(observed, untrusted=state) == (state, INCOMPLETE)
    assert chain(observed, untrusted="ok", state=(("chain", state),)) == (state, INCOMPLETE)


def test_an_allowed_self_signed_certificate_has_no_chain_to_complete() -> None:
    assert chain(seen(self_signed(), SELF_SIGNED), allow_self_signed=True) == ("ok", "")


def test_several_problems_of_the_chain_are_one_answer_in_the_worst_state() -> None:
    assert chain(seen(above=above(20 * DAY), sent=())) == (
        "warning",
        f'chain: "Issuing CA 2" expires in 20 days (2026-12-13); {INCOMPLETE}',
    )
    assert chain(seen(above=above(5 * DAY), sent=()))[0] == "critical"


def test_oddities_are_problems_only_on_request() -> None:
    observed = seen(sent=(INTERMEDIATE, INTERMEDIATE, ROOT))
    assert chain(observed) == ("ok", "")
    assert chain(observed, state=(("chain", "warning"),)) == (
        "warning",
        'chain: "R11" is sent more than once; chain: the root "ISRG Root X1" is sent though clients must have it',
    )


def unread(certificate: Facts) -> Chain:
    """Return what Python 3.9 sees: the server's own certificate, and no path."""
    return Chain((certificate,), (certificate,), verified=False, readable=False)


def test_where_the_chain_cannot_be_read_the_question_is_silent_and_v_says_so_once() -> None:
    own = facts()
    for trust in (TRUSTED, NO_ISSUER):
        observed = seen(own, trust, chain=unread(own))
        assert chain(observed) == ("ok", "")
        assert chain(observed, state=(("chain", "critical"),)) == ("ok", "")
        assert performance(observed)[0].startswith("days_until_expiration=")
        assert "chain" not in evaluated(observed).summary_str
        told = [line for line in evaluated(observed, verbose=1).verbose_str if line.startswith("chain")]
        assert len(told) == 1
        assert "this Python tells the server's own certificate only" in told[0]


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_is_missing() -> None:
    own = facts()
    words = verdict("trust", seen(own, NO_ISSUER, chain=unread(own)))[1]
    assert words.endswith(
        ': "R11" is not sent, or the root above it is unknown; name that with --ca-file if it is yours'
    )


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_has_expired() -> None:
    own = facts()
    words = verdict("trust", seen(own, EXPIRED, chain=unread(own)))[1]
    assert words == "not trusted: certificate has expired: one above the server's own"


# Signatures


@pytest.mark.parametrize(("name", "shown"), [("md2", "MD2"), ("md4", "MD4"), ("md5", "MD5"), ("sha1", "SHA-1")])
def test_a_broken_hash_anywhere_below_the_root_is_critical(name, shown) -> None:
    own = verdict("signature", seen(facts(signature_hash=name)))
    assert own == ("critical", f'signature: "mta.example.com" is signed with {shown}')
    over = verdict("signature", seen(above=above(900 * DAY, signature_hash=name)))
    assert over == ("critical", f'signature: "Issuing CA 2" is signed with {shown}')


@pytest.mark.parametrize("name", ["sha224", "sha256", "sha384", "sha512", "sha3-256", "sm3", ""])
def test_every_other_hash_and_none_are_fine(name) -> None:
    assert verdict("signature", seen(facts(signature_hash=name))) == ("ok", "")


def test_every_broken_signature_is_told() -> None:
    observed = seen(facts(signature_hash="sha1"), above=above(900 * DAY, signature_hash="md5"))
    assert verdict("signature", observed)[1] == (
        'signature: "mta.example.com" is signed with SHA-1, "Issuing CA 2" is signed with MD5'
    )


def test_the_roots_own_signature_is_nobodys_business() -> None:
    root = authority("Old root", signature_hash="sha1")
    assert verdict("signature", seen(root=root)) == ("ok", "")
    assert verdict("signature", seen(root=root, sent=(INTERMEDIATE, root))) == ("ok", "")
    assert verdict("signature", seen(self_signed(signature_hash="sha1"), SELF_SIGNED)) == ("ok", "")


def test_a_broken_signature_that_is_not_on_the_path_is_nobodys_business() -> None:
    stray = authority("Stray", "Old root", signature_hash="md5")
    assert verdict("signature", seen(sent=(INTERMEDIATE, stray))) == ("ok", "")


# Strength


@pytest.mark.parametrize(
    ("option", "sizes", "key", "state"),
    [
        ("min_rsa_bits", (3072,), Key("RSA", 3072), "ok"),
        ("min_rsa_bits", (3072,), Key("RSA", 3071), "warning"),
        ("min_rsa_bits", (3072,), Key("RSA", 1023), "critical"),
        ("min_rsa_bits", (3072, 2048), Key("RSA", 2048), "warning"),
        ("min_rsa_bits", (3072, 2048), Key("RSA", 2047), "critical"),
        ("min_rsa_bits", (3072, 3072), Key("DSA", 3071), "critical"),
        ("min_rsa_bits", (1000,), Key("RSA", 1000), "ok"),
        ("min_rsa_bits", (1000,), Key("RSA", 999), "critical"),
        ("min_rsa_bits", (4096,), Key("EC", 256), "ok"),
        ("min_ec_bits", (384,), Key("EC", 256), "warning"),
        ("min_ec_bits", (384, 384), Key("EC", 256), "critical"),
        ("min_ec_bits", (521, 384), Key("EC", 384), "warning"),
        ("min_ec_bits", (521, 384), Key("RSA", 2048), "ok"),
        ("min_ec_bits", (521, 521), Key("Ed25519", 256), "ok"),
        ("min_ec_bits", (160,), Key("EC", 160), "ok"),
    ],
)
def test_minimum_sizes_are_the_users(option, sizes, key, state) -> None:
    assert verdict("public_key_size", seen(facts(key=key)), **{option: sizes})[0] == state


@pytest.mark.parametrize(
    ("key", "sizes", "words"),
    [
        (Key("RSA", 2048), (3072, 1024), "RSA 2048 is too short, 3072 bits are the minimum"),
        (Key("RSA", 2048), (4096, 3072), "RSA 2048 is too short, 4096 bits are the minimum"),
    ],
)
def test_a_short_key_is_told_with_what_would_be_enough(key, sizes, words) -> None:
    assert verdict("public_key_size", seen(facts(key=key)), min_rsa_bits=sizes)[1] == words


@pytest.mark.parametrize(
    ("version", "minimum", "state"),
    [
        ("SSLv3", "1.0", "critical"),
        ("TLSv1", "1.0", "ok"),
        ("TLSv1", "1.1", "critical"),
        ("TLSv1.1", "1.0", "ok"),
        ("TLSv1.1", "1.2", "critical"),
        ("TLSv1.2", "1.2", "ok"),
        ("TLSv1.2", "1.3", "critical"),
        ("TLSv1.3", "1.3", "ok"),
        ("TLSv1.3", "1.0", "ok"),
    ],
)
def test_an_older_tls_version_than_the_minimum_is_critical(version, minimum, state) -> None:
    observed = seen(session=Session(version, "SOME-CIPHER", (b"leaf",)))
    words = "" if state == "ok" else f"tls: {version} was negotiated, {minimum} is the minimum"
    assert verdict("tls", observed, min_tls=minimum) == (state, words)
    assert verdict("tls", observed) == ("ok", "")


# Names


def test_every_name_must_be_covered_and_those_that_are_not_are_named() -> None:
    observed = seen(facts(common_names=(), dns_names=("a.test", "*.b.test")))
    assert verdict("name", observed, name=("a.test", "x.b.test"))[0] == "ok"
    assert verdict("name", observed, name=("a.test", "b.test", "x.b.test", "c.test")) == (
        "critical",
        'name: b.test, c.test not covered by "a.test", "*.b.test"',
    )


@pytest.mark.parametrize(
    ("common_names", "dns_names", "state"),
    [(("a.test",), (), "critical"), (("b.test",), ("a.test",), "ok"), ((), ("*.test",), "ok")],
)
def test_san_looks_where_browsers_look(common_names, dns_names, state) -> None:
    assert name("a.test", "san", common_names=common_names, dns_names=dns_names) == state


def test_san_takes_addresses_from_the_alternative_names_only() -> None:
    assert name("192.0.2.25", "san", common_names=("192.0.2.25",), dns_names=()) == "critical"
    assert name("192.0.2.25", "san", common_names=(), dns_names=(), ip_addresses=(IPV4,)) == "ok"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("san", "name: a.test not covered, there is no subject alternative name"),
        ("cn", 'name: a.test not covered by "b.test"'),
        ("cn_san", 'name: a.test not covered by "b.test"'),
    ],
)
def test_a_mismatch_lists_only_what_was_asked(check, words) -> None:
    observed = seen(facts(common_names=("b.test",), dns_names=()))
    assert verdict("name", observed, name=("a.test",), name_check=check)[1] == words


def test_an_address_that_is_listed_and_not_covered_says_why() -> None:
    observed = seen(facts(common_names=(), dns_names=("192.0.2.25",)))
    assert verdict("name", observed, name=("192.0.2.25",))[1] == (
        'name: 192.0.2.25 not covered by "192.0.2.25" (an address takes an iPAddress entry, a dNSName is none)'
    )


# Pins

DIGESTS = {"fingerprint": bytes.fromhex("C3" * 32), "spki_pin": bytes(range(32))}
"""Of the certificate in ``facts``."""


@pytest.mark.parametrize("option", DIGESTS)
def test_a_pin_is_one_of_the_expected(option) -> None:
    right, wrong = DIGESTS[option], bytes(32)
    assert verdict("pin", seen(), **{option: (right,)}) == ("ok", "")
    assert verdict("pin", seen(), **{option: (wrong, right)}) == ("ok", "")
    assert verdict("pin", seen(), **{option: (wrong,)})[0] == "critical"


def test_a_wrong_pin_says_what_the_right_one_would_be() -> None:
    words = verdict("pin", seen(), fingerprint=(bytes(32),), spki_pin=(bytes(32),), issuer=("Lab",))[1]
    assert words == (
        f"pin: fingerprint {'C3' * 32} is not one of the expected; "
        "pin: public key AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= is not one of the expected; "
        'pin: issuer "CN=R11,O=Let\'s Encrypt,C=US" is not one of the expected'
    )


@pytest.mark.parametrize("text", ["R11", "r11", "CN=R11", "Let's Encrypt", "encrypt", "O=Let", "C=US", "US"])
def test_an_issuer_is_a_part_of_an_attribute_in_any_case(text) -> None:
    assert verdict("pin", seen(), issuer=(text,))[0] == "ok"
    assert verdict("pin", seen(), issuer=("nobody", text))[0] == "ok"


@pytest.mark.parametrize("text", ["R12", "R11,O=Let's Encrypt", "CN=Let's Encrypt"])
def test_an_issuer_is_not_a_part_of_the_whole_name(text) -> None:
    assert verdict("pin", seen(), issuer=(text,))[0] == "critical"


def test_a_certificate_whose_key_cannot_be_found_has_no_right_pin() -> None:
    assert verdict("pin", seen(facts(spki_sha256=b"")), spki_pin=(bytes(32),))[0] == "critical"


# Lifetime


def lifetime(days: float, start: str, limit: float = PUBLIC, private: bool = False, trust=TRUSTED) -> tuple[str, str]:
    """Return the verdict on a certificate of so many days, issued at midnight of that day, UTC."""
    not_before = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    certificate = facts(not_before=not_before, not_after=not_before + days * DAY)
    with mock.patch.object(observations, "STORE", STORE._replace(private=private)):
        return verdict("lifetime", seen(certificate, trust), max_lifetime=limit)


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        ("2025-01-01", 398),
        ("2026-03-14T23:59:59", 398),
        ("2026-03-15", 200),
        ("2027-03-14T23:59:59", 200),
        ("2027-03-15", 100),
        ("2029-03-14T23:59:59", 100),
        ("2029-03-15", 47),
        ("2035-01-01", 47),
    ],
)
def test_the_limit_of_public_certificates_is_that_of_the_day_of_issue(start, limit) -> None:
    assert lifetime(limit, start) == ("ok", "")
    assert lifetime(limit + 0.01, start) == (
        "warning",
        f"lifetime: {limit}.01 days, {limit} are allowed for public certificates issued on {start[:10]}",
    )


def test_the_limit_of_public_certificates_is_none_of_private_ones() -> None:
    assert lifetime(3650, "2026-05-01", private=True) == ("ok", "")
    assert lifetime(3650, "2026-05-01", trust=NO_ISSUER) == ("ok", "")
    assert lifetime(3650, "2026-05-01")[0] == "warning"


@pytest.mark.parametrize(("days", "state"), [(397.99, "ok"), (398, "ok"), (398.01, "warning")])
def test_a_limit_in_days_is_for_every_certificate(days, state) -> None:
    for private in (True, False):
        for trust in (TRUSTED, NO_ISSUER):
            assert lifetime(days, "2026-05-01", 398, private, trust)[0] == state


def test_without_a_limit_every_lifetime_is_fine() -> None:
    assert verdict("lifetime", seen(facts(lifetime=36500 * DAY))) == ("ok", "")


def test_the_limit_of_public_certificates_holds_where_the_chain_cannot_be_read() -> None:
    own = facts(lifetime=500 * DAY)
    observed = seen(own, chain=unread(own))
    assert verdict("lifetime", observed, max_lifetime=PUBLIC)[0] == "warning"


# Trust in words


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (7, "certificate signature failure", "certificates that do not belong together"),
        (23, "certificate revoked", "replace it"),
        (24, "invalid CA certificate", "issued by a real certification authority"),
        (79, "invalid CA certificate", "issued by a real certification authority"),
        (25, "path length constraint exceeded", "an issuer does not allow a chain this long"),
        (26, "unsuitable certificate purpose", "serverAuth"),
        (47, "permitted subtree violation", "not allowed to certify a name that it has"),
        (48, "excluded subtree violation", "not allowed to certify a name that it has"),
        (66, "EE certificate key too weak", "longer key"),
        (67, "CA certificate key too weak", "another authority"),
        (68, "CA signature digest algorithm too weak", "issued anew"),
    ],
)
def test_openssls_verdict_becomes_a_sentence_that_says_what_to_do(code, reason, advice) -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=code, reason=reason)))[1]
    assert words.startswith(f"not trusted: {reason}: ")
    assert advice in words


def test_a_verdict_that_nobody_foresaw_is_openssls_own_words() -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=44, reason="different CRL scope")))[1]
    assert words == "not trusted: different CRL scope"


@pytest.mark.parametrize("code", [2, 20, 21])
def test_an_unknown_root_is_named(code) -> None:
    trust = Trust(verified=False, code=code, reason="unable to get local issuer certificate")
    assert verdict("trust", seen(trust=trust))[1].endswith(
        ': unknown root "ISRG Root X1", name it with --ca-file if it is yours'
    )


def test_an_unknown_root_that_is_sent_is_named() -> None:
    trust = Trust(verified=False, code=19, reason="self-signed certificate in certificate chain")
    assert verdict("trust", seen(trust=trust, above=(INTERMEDIATE, ROOT)))[1].endswith(
        ': unknown root "ISRG Root X1", name it with --ca-file if it is yours'
    )


def test_an_incomplete_chain_may_be_one_below_a_private_root() -> None:
    assert verdict("trust", seen(trust=NO_ISSUER, above=()))[1].endswith(
        ': if "R11" is your own root, name it with --ca-file'
    )


def test_a_self_signed_certificate_is_told_what_to_do_once() -> None:
    line = evaluated(seen(self_signed(), SELF_SIGNED)).summary_str
    assert line.count("--ca-file") == 1
    assert line.endswith("not trusted: self-signed certificate")


@pytest.mark.parametrize(
    ("path", "depth", "ago"),
    [
        (above(-5 * DAY), '"Issuing CA 2" at depth 1', "5 days ago"),
        ((INTERMEDIATE, *above(-2 * HOUR)), '"Issuing CA 2" at depth 2', "2 hours ago"),
    ],
)
def test_what_has_expired_is_told_with_its_depth(path, depth, ago) -> None:
    words = verdict("trust", seen(trust=EXPIRED, above=path))[1]
    assert words == f"not trusted: certificate has expired: {depth}, {ago}"


def test_what_is_not_yet_valid_is_told_with_its_depth() -> None:
    words = verdict("trust", seen(trust=NOT_YET_VALID, above=above(100 * DAY, lifetime=90 * DAY)))[1]
    assert words == 'not trusted: certificate is not yet valid: "Issuing CA 2" at depth 1, for 10 days'


# The days that are left


@PROPERTY
@given(
    st.sampled_from([6, 47, 90, 200, 398]),
    st.lists(st.integers(-10 * 86400, 398 * 86400), min_size=2, max_size=6),
    st.one_of(st.none(), st.sampled_from(["28", "5", "36h", "30%", "28d,30%", "90%", "0"])),
    st.one_of(st.none(), st.sampled_from(["7", "1", "12h", "10%", "7d,10%", "0"])),
)
def test_the_less_is_left_the_worse_is_the_verdict(days, moments, warning, critical) -> None:
    texts = {name: text for name, text in (("warning", warning), ("critical", critical)) if text}
    try:
        settings_thresholds = thresholds(**texts)
        settings.thresholds(settings_thresholds.get("warning"), settings_thresholds.get("critical"))
    except ValueError:
        return  # they contradict each other
    # Nothing here is "not yet valid": that is another question.
    left = sorted((min(moment, days * 86400) * SECOND for moment in moments), reverse=True)
    ranks = ["ok", "warning", "critical"]
    states = [ranks.index(expiry(remaining, days * DAY, **settings_thresholds)) for remaining in left]
    assert states == sorted(states)


@PROPERTY
@given(st.integers(0, 400 * 86400), st.sampled_from([6, 47, 90, 200, 398]), st.integers(1, 60))
def test_the_stricter_threshold_never_gives_the_milder_verdict(seconds, lifetime_days, low) -> None:
    ranks = ["ok", "warning", "critical"]
    remaining = min(seconds, lifetime_days * 86400) * SECOND
    states = [
        ranks.index(expiry(remaining, lifetime_days * DAY, **thresholds(warning=str(days), critical="0")))
        for days in (low, low * 2)
    ]
    assert states == sorted(states)
