"""Public keys: kind and size of every kind that certificates have."""

from __future__ import annotations

import contextlib

import pytest
from certificates import key_info
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import der, public_key
from check_starttls_cert.ber import encode
from check_starttls_cert.der import DERError
from check_starttls_cert.public_key import Key


def read(octets):
    """Return the key in these octets."""
    return public_key.read(der.single(memoryview(octets)))


@pytest.mark.parametrize(
    ("generate", "key", "text"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), Key("RSA", 1024), "RSA 1024"),
        (lambda: rsa.generate_private_key(3, 2048), Key("RSA", 2048), "RSA 2048"),
        (lambda: dsa.generate_private_key(1024), Key("DSA", 1024), "DSA 1024"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), Key("EC", 256), "EC 256"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), Key("EC", 256), "EC 256"),
        (lambda: ec.generate_private_key(ec.BrainpoolP384R1()), Key("EC", 384), "EC 384"),
        (lambda: ec.generate_private_key(ec.SECP192R1()), Key("EC", 192), "EC 192"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), Key("EC", 521), "EC 521"),
        (ed25519.Ed25519PrivateKey.generate, Key("Ed25519", 256), "Ed25519 256"),
        (ed448.Ed448PrivateKey.generate, Key("Ed448", 456), "Ed448 456"),
        (x25519.X25519PrivateKey.generate, Key("X25519", 256), "X25519 256"),
        (x448.X448PrivateKey.generate, Key("X448", 448), "X448 448"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_key_has_its_size(generate, key, text):
    seen = read(key_info(generate()))
    assert seen == key
    assert str(seen) == text


RSA, PSS = (encode(6, bytes.fromhex(f"2a864886f70d0101{last}")) for last in ("01", "0a"))
EC, DSA = encode(6, bytes.fromhex("2a8648ce3d0201")), encode(6, bytes.fromhex("2a8648ce380401"))
PRIME, BINARY = (encode(6, bytes.fromhex(f"2a8648ce3d01{last}")) for last in ("01", "02"))


def made(algorithm, *parameters, key=b""):
    """Return a SubjectPublicKeyInfo."""
    return encode(0x30, encode(0x30, algorithm, *parameters), encode(3, b"\0", key))


@pytest.mark.parametrize("algorithm", [RSA, PSS])
@pytest.mark.parametrize(("modulus", "bits"), [("00ff", 8), ("ff", 8), ("0000ff", 8), ("7f", 7), ("00", 0)])
def test_a_modulus_is_positive_whatever_its_first_bit(algorithm, modulus, bits):
    key = encode(0x30, encode(2, bytes.fromhex(modulus)), encode(2, b"\3"))
    assert read(made(algorithm, b"\x05\0", key=key)) == Key("RSA", bits)


def explicit(*field):
    """Return the parameters of a curve that is written out: RFC 3279 section 2.3.5."""
    return encode(0x30, b"\2\1\1", encode(0x30, *field), encode(0x30))


@pytest.mark.parametrize(
    ("parameters", "bits"),
    [
        (explicit(PRIME, encode(2, b"\0" + b"\xff" * 32)), 256),
        (explicit(BINARY, encode(0x30, encode(2, b"\1\x1b"))), 283),
        (explicit(RSA, encode(2, b"\1")), -1),
        (explicit(PRIME), -1),
        (encode(6, bytes.fromhex("883703")), -1),
        (b"\x05\0", -1),
        (b"", -1),
    ],
)
def test_a_curve_may_be_written_out_or_unknown(parameters, bits):
    assert read(made(EC, parameters)) == Key("EC", bits)


def test_dsa_without_parameters_has_those_of_its_issuer():
    assert read(made(DSA)) == read(made(DSA, b"\x05\0")) == Key("DSA", -1)
    assert str(read(made(DSA))) == "DSA"


def test_a_key_of_an_unknown_kind_is_known_by_its_number():
    seen = read(made(encode(6, bytes.fromhex("883703"))))
    assert (str(seen), seen.bits) == ("unknown key type 2.999.3", -1)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x05\0",
        b"\x30\0",
        encode(0x30, encode(0x30, RSA)),
        made(RSA),
        made(RSA, key=b"\x30\0"),
        made(RSA, key=b"\x30\x02\x04\0"),
        made(DSA, b"\x30\0"),
        made(EC, b"\x30\0"),
    ],
)
def test_a_broken_key_is_an_error(octets):
    with pytest.raises(DERError):
        read(octets)


@given(st.sampled_from([RSA, PSS, EC, DSA]), st.binary(max_size=40), st.binary(max_size=40))
def test_no_octets_make_it_fail_otherwise(algorithm, parameters, key):
    with contextlib.suppress(DERError):
        assert isinstance(read(made(algorithm, parameters, key=key)).bits, int)
