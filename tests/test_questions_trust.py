"""Trust: OpenSSL's verdict, and what to do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from observations import (
    DAY,
    EXPIRED,
    NO_ISSUER,
    NOT_YET_VALID,
    SECOND,
    SELF_SIGNED,
    facts,
    seen,
    self_signed,
    verdict,
)


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
    assert verdict("trust", observed)[0] == verdict("expiry", observed)[0] == "critical"


def test_a_self_signed_certificate_that_is_allowed_is_no_matter_of_trust() -> None:
    observed = seen(self_signed(), SELF_SIGNED)
    assert verdict("trust", observed, allow_self_signed=True) == ("ok", "")
    assert verdict("trust", observed)[0] == "critical"
