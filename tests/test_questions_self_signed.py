"""Self-signed: bad, unless it is what the administrator wanted."""

from __future__ import annotations

import pytest
from observations import (
    NO_ISSUER,
    SELF_SIGNED,
    TRUSTED,
    facts,
    seen,
    self_signed,
    verdict,
)

from check_starttls_cert.openssl import Trust


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
