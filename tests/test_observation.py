"""What was presented, and what that means for those who ask."""

from __future__ import annotations

import pytest
from observations import (
    EXPIRED,
    NO_ISSUER,
    REFUSED,
    SELF_SIGNED,
    TRUSTED,
    authority,
    facts,
    seen,
    self_signed,
    unseen,
)

from check_starttls_cert.openssl import Trust

UNKNOWN_ROOT = Trust(verified=False, code=19, reason="self-signed certificate in certificate chain")


def test_the_first_certificate_that_was_sent_is_the_servers_own() -> None:
    own = facts()
    assert seen(own).shown.leaf is own


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (facts(), False),
        (self_signed(), True),
        (self_signed(self_signed=None), True),
        (self_signed(self_signed=False), False),
        (authority("A", "B", self_signed=None), False),
    ],
)
def test_a_certificate_of_its_own_issuer_is_self_signed_unless_its_key_says_otherwise(certificate, expected) -> None:
    assert seen(certificate).shown.self_signed is expected


@pytest.mark.parametrize(
    ("trust", "expected"),
    [(TRUSTED, True), (EXPIRED, True), (NO_ISSUER, False), (SELF_SIGNED, False), (UNKNOWN_ROOT, False)],
)
def test_openssl_found_the_anchor_where_it_minds_something_else(trust, expected) -> None:
    assert seen(trust=trust).shown.anchored is expected


def test_nothing_is_shown_of_a_service_that_was_not_read() -> None:
    with pytest.raises(AssertionError):
        _ = unseen(REFUSED).shown
