"""AlgorithmIdentifiers: which signature algorithm, with which hash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import algorithm, der
from check_starttls_cert.ber import encode
from check_starttls_cert.der import DERError


def element(octets):
    """Return the element in these octets."""
    return der.single(memoryview(octets))


NULL = b"\x05\0"
ECDSA = encode(6, bytes.fromhex("2a8648ce3d040302"))
PSS = encode(6, bytes.fromhex("2a864886f70d01010a"))
SHA256 = encode(0x30, encode(6, bytes.fromhex("608648016503040201")), NULL)
MGF1_SHA512 = encode(
    0x30, encode(6, bytes.fromhex("2a864886f70d010108")), encode(0x30, encode(6, bytes.fromhex("608648016503040203")))
)


@pytest.mark.parametrize("parameters", [b"", NULL])
def test_ecdsa_is_itself_with_null_parameters_too(parameters):
    assert algorithm.signature(element(encode(0x30, ECDSA, parameters))) == ("ECDSA with SHA-256", "sha256")


@pytest.mark.parametrize(
    ("oid", "words"),
    [
        ("2a864886f70d01010b", ("RSA with SHA-256", "sha256")),
        ("2b24030301 02".replace(" ", ""), ("RSA with RIPEMD-160", "ripemd160")),
        ("2a8648ce380403", ("DSA with SHA-1", "sha1")),
        ("2b6570", ("Ed25519", "")),
        ("883703", ("2.999.3", "")),
    ],
)
def test_algorithms_are_named_in_words_and_unknown_ones_in_numbers(oid, words):
    assert algorithm.signature(element(encode(0x30, encode(6, bytes.fromhex(oid))))) == words


@pytest.mark.parametrize(
    "octets", [b"\x05\0", b"\x30\0", b"\x30\x02\x05\0", b"\x31\x03\x06\x01\x2a", b"\x30\x02\x06\x05"]
)
def test_what_is_no_algorithm_has_no_name(octets):
    assert algorithm.signature(element(octets)) == ("", "")
    with pytest.raises(DERError):
        algorithm.identifier(element(octets))


@pytest.mark.parametrize(
    ("parameters", "read", "words"),
    [
        (b"", ("sha1", "sha1", 20), "RSA-PSS with SHA-1"),
        (encode(0x30), ("sha1", "sha1", 20), "RSA-PSS with SHA-1"),
        (encode(0x30, encode(0xA0, SHA256)), ("sha256", "sha1", 20), "RSA-PSS with SHA-256"),
        (
            encode(
                0x30,
                encode(0xA0, SHA256),
                encode(0xA1, MGF1_SHA512),
                encode(0xA2, b"\2\1\x20"),
                encode(0xA3, b"\2\1\1"),
            ),
            ("sha256", "sha512", 32),
            "RSA-PSS with SHA-256",
        ),
        (encode(0x30, encode(0xA0, encode(0x30, ECDSA))), ("", "sha1", 20), "RSA-PSS"),
        (encode(0x30, encode(0xA1, encode(0x30, ECDSA))), ("sha1", "", 20), "RSA-PSS with SHA-1"),
    ],
)
def test_pss_says_its_hash_in_its_parameters_which_have_defaults(parameters, read, words):
    # RFC 4055 section 3.1
    assert algorithm.pss(memoryview(parameters)) == read
    assert algorithm.signature(element(encode(0x30, PSS, parameters)))[0] == words


def test_broken_pss_parameters_leave_no_name():
    assert algorithm.signature(element(encode(0x30, PSS, NULL))) == ("", "")


@given(st.binary(max_size=60))
def test_no_octets_make_it_fail(garbage):
    for octets in (encode(0x30, garbage), encode(0x30, PSS, encode(0x30, garbage))):
        words, hash_name = algorithm.signature(element(octets))
        assert hash_name == "" or " with " in words
