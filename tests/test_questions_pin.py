"""Pins: certificate, key and issuer."""

from __future__ import annotations

import pytest
from observations import (
    facts,
    seen,
    verdict,
)

from check_starttls_cert.words import base64_text

DIGESTS = {"fingerprint": bytes.fromhex(facts().sha256), "spki_pin": facts().spki_sha256}
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
        f"pin: fingerprint {facts().sha256} is not one of the expected / "
        f"pin: public key {base64_text(facts().spki_sha256)} is not one of the expected / "
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
    assert verdict("pin", seen(facts(spki=b"")), spki_pin=(bytes(32),))[0] == "critical"
