"""Self-signed: bad, unless it is what the administrator wanted."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    EXPIRED,
    NO_ISSUER,
    SELF_SIGNED,
    STORE,
    TRUSTED,
    evaluated,
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


def test_what_cannot_be_told_is_not_denied() -> None:
    unknown = self_signed(self_signed=None, signature_algorithm="RSA with RIPEMD-160")
    state, words = verdict("self-signed", seen(unknown, SELF_SIGNED))
    assert state == "critical"
    assert words.startswith("self-signed by its names, its signature (RSA with RIPEMD-160) cannot be checked here: ")
    assert verdict("self-signed", seen(unknown, SELF_SIGNED), allow_self_signed=True)[0] == "ok"
    assert verdict("trust", seen(unknown, SELF_SIGNED), allow_self_signed=True)[0] == "ok"


def test_an_expired_anchor_is_not_told_to_be_named() -> None:
    observed = seen(self_signed(remaining=-DAY), EXPIRED)
    assert verdict("self-signed", observed) == ("ok", "self-signed")
    assert verdict("trust", observed) == ("ok", "")
    assert evaluated(observed).problems == ["expired 1 day ago (2026-11-22 14:24 UTC)"]


def test_who_named_anchors_is_told_to_add_it_there() -> None:
    observed = seen(self_signed(), SELF_SIGNED, store=STORE._replace(private=True))
    assert verdict("self-signed", observed)[1].startswith("self-signed: add it to the anchors, or allow it")
