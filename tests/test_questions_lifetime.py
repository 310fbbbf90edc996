"""Lifetimes: the limit of a number of days, and that of public authorities."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from observations import (
    DAY,
    NO_ISSUER,
    STORE,
    TRUSTED,
    facts,
    seen,
    unread,
    verdict,
)

from check_starttls_cert.settings import PUBLIC


def lifetime(
    days: float, start: str, limit: float | str = PUBLIC, private: bool = False, trust=TRUSTED
) -> tuple[str, str]:
    """Return the verdict on a certificate of so many days, issued at midnight of that day, UTC."""
    not_before = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    certificate = facts(not_before=not_before, not_after=not_before + days * DAY)
    store = STORE._replace(private=private)
    return verdict("lifetime", seen(certificate, trust, store=store), max_lifetime=limit)


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
