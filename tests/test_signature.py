"""Did this key make that signature? RFC 5280 section 6.1.3 (a) (1), and what cannot be told."""

from __future__ import annotations

import base64
import hashlib

import pytest
from certificates import ECDSA_SHA256, SIGNER, assemble, authority, key_info, make
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519

from check_starttls_cert import certificate
from check_starttls_cert.ber import encode
from check_starttls_cert.certificate import read
from check_starttls_cert.signature import verifies

# openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=x -days 36500 -ripemd160
RIPEMD160 = base64.b64decode(
    """
MIIB8DCCAVygAwIBAgIUXyJFrL2Nlc6G5xvj9uzCTnjPycIwCgYGKyQDAwECBQAwDDEKMAgGA1UEAwwBeDAgFw0yNjExMjUwMDQxMDFaGA8yMT
I2MTEwMTAwNDEwMVowDDEKMAgGA1UEAwwBeDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA1yw2OIwPls+u2B0AyL6J+kE05purXeh3+Fkh
eJe+7W0xxqSvgWJqn3hqcUyEv5u3ZvDHqwyHuXtIj6SoCMfLmfB3KLDnO2B6Rxn6WbnO38TbIiwmbinmw0oQt0aShzBXGwRnkBsBbsQXIbdBrw
E7BtKgL3OhhheAVF/WA6v2udMCAwEAAaNTMFEwHQYDVR0OBBYEFCl9WmDJssHp/Mq7K4UiRTdP2K36MB8GA1UdIwQYMBaAFCl9WmDJssHp/Mq7
K4UiRTdP2K36MA8GA1UdEwEB/wQFMAMBAf8wCgYGKyQDAwECBQADgYEAE+Vme0B1rk263VvWvTzDvK3jVXefSifU8Hla+MUconrkmxOesA3EKq
JqgzubQ+ehlo3yqhhRFZ+9rPzkEx99jET1X7FvmIHVWxZoAkdN+3pqwLT6bMGaJv515TBLHc5Gwfd3GHm1hHw3fHpkOfGMCE/t5Sl+2D1l/oNA
aBF0K/I=
"""
)

# … -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:11 -sigopt rsa_mgf1_md:sha1
PSS = base64.b64decode(
    """
MIICIjCCAXWgAwIBAgIUaLzCBrfh8wEh/H5q88wNPCkLWI0wIwYJKoZIhvcNAQEKMBagDzANBglghkgBZQMEAgMFAKIDAgELMAwxCjAIBgNVBA
MMAXgwIBcNMjYxMTI1MDA0MTAxWhgPMjEyNjExMDEwMDQxMDFaMAwxCjAIBgNVBAMMAXgwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMzv
o3+xq2D3bNyavgg8kvQUXOj0X6a6uynemhgeShkwx1x6AGA25UU8wV1fk3q9/dN+SBZwe9WsZHhGkyEB7vYDUpwKl0XqdLrQ7hRK3HcUK6z/Np
fZi7YkkFYD/LckmsmqDmhgebB4frGCPJ4S7QhpLcU9t0h6pDlzw6KKVPeTAgMBAAGjUzBRMB0GA1UdDgQWBBT/Me3a5AeWPFxi7zUnaHjB3OcA
pjAfBgNVHSMEGDAWgBT/Me3a5AeWPFxi7zUnaHjB3OcApjAPBgNVHRMBAf8EBTADAQH/MCMGCSqGSIb3DQEBCjAWoA8wDQYJYIZIAWUDBAIDBQ
CiAwIBCwOBgQCuvQ42aAZqz/3OgumlagfMcs5tysU4i+jykqsFr23rLAvpZuiuQFOPLfRnhg+AQyjYEgVB1yUXuz6u1QMkLs5Ek5hd44MGYuMV
8FHyDeZn9ntg460Jv2SYJyt4WYSZdk/e78n73LhKIeyWB5+9QiVkI5eh4GJ4FoGqNBmSI2perA==
"""
)

# openssl req -x509 -newkey rsa-pss -pkeyopt rsa_keygen_bits:1024 -nodes -subj /CN=x -days 36500 -sha256
PSS_ALONE = base64.b64decode(
    """
MIICXDCCAZGgAwIBAgIUWo//aD7r0RIeBnpMPwoOc9N1bmEwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCD
ANBglghkgBZQMEAgEFAKIDAgFeMAwxCjAIBgNVBAMMAXgwIBcNMjYxMTI1MDA0MTAxWhgPMjEyNjExMDEwMDQxMDFaMAwxCjAIBgNVBAMMAXgw
gZ0wCwYJKoZIhvcNAQEKA4GNADCBiQKBgQC1ujKRdGO6dXqSAUNq+05AviM/vWO55MWCE/UAsKIyheF/M7TWs/F7X3ZTxcfI+NSu2K1G93SvwZ
fpsOEX+qLw9QV7lZFhn++JryiztFwjfEUXtk1z5V18t1XrKjDNtBFQxpFzsv3q1cUxGhK7aUvDRXJyZCp2r6ArwC/z4RrLhwIDAQABo1MwUTAd
BgNVHQ4EFgQUNQh1sxwN6XF1S7b5GdD9XR2T8ugwHwYDVR0jBBgwFoAUNQh1sxwN6XF1S7b5GdD9XR2T8ugwDwYDVR0TAQH/BAUwAwEB/zBBBg
kqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCAV4DgYEAiUJNJPAWaj1zANKbP76G
pYnO8uHTQMpuX/iWJX3uqw1w6U4+yreNC77ANMjunkTSFJ3vCuaCCWEk3mC2T71rsilOPUMC6ZQPlrsdbFrmli3BS53QbdbKxVCZKbwMJyAm4O
vUYKDXqebSofuJHqLL+4bzz8aauhLSU1FdZcPda2g=
"""
)


def itself(der):
    """Return whether the certificate's own key signed it."""
    facts = read(der)
    return verifies(facts, facts)


def altered(der):
    """Return the certificate with another signature."""
    return der[:-1] + bytes([der[-1] ^ 1])


KEYS = {
    "RSA": rsa.generate_private_key(65537, 1024),
    "DSA": dsa.generate_private_key(1024),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "secp256k1": ec.generate_private_key(ec.SECP256K1()),
    "brainpoolP384r1": ec.generate_private_key(ec.BrainpoolP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_verifies_its_own_signatures_and_no_others(kind):
    own = make(key=KEYS[kind])
    assert itself(own.der) is True
    assert itself(altered(own.der)) is False
    leaf = read(make("leaf.example", issuer=own).der)
    assert verifies(leaf, read(own.der)) is True
    assert verifies(leaf, leaf) is False
    for other, key in KEYS.items():
        if other != kind:
            assert verifies(leaf, read(make(key=key).der)) is False, other


@pytest.mark.parametrize(
    "algorithm",
    [hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256()],
    ids=lambda each: each.name,
)
@pytest.mark.parametrize("kind", ["RSA", "P-256"])
def test_every_usual_hash_is_verified(kind, algorithm):
    der = make(key=KEYS[kind], algorithm=algorithm).der
    assert itself(der) is True
    assert itself(altered(der)) is False


def test_names_are_not_asked():
    root = authority("Root")
    assert verifies(read(make(issuer=root).der), read(authority("Other", key=root.key).der)) is True


@pytest.mark.parametrize("der", [PSS, PSS_ALONE], ids=["PSS", "a key for PSS alone"])
def test_an_rsa_pss_signature_is_verified_with_its_own_parameters(der):
    assert itself(der) is True
    assert itself(altered(der)) is False


def test_ripemd_160_is_verified_where_python_has_it():
    facts = read(RIPEMD160)
    assert facts.signature_algorithm == "RSA with RIPEMD-160"
    if "ripemd160" in hashlib.algorithms_available:
        assert itself(RIPEMD160) is True
        assert itself(altered(RIPEMD160)) is False
    else:
        assert itself(RIPEMD160) is None


@pytest.mark.parametrize(
    "der",
    [
        assemble(algorithm=encode(0x30, ECDSA_SHA256[2:], b"\5\0")),
        assemble(version=b"\xa0\3\2\1\7"),
        assemble(subject=b"\x30\x80\0\0"),
    ],
    ids=["NULL parameters", "version 8", "indefinite length"],
)
def test_what_the_library_does_not_read_is_verified_all_the_same(der):
    assert itself(der) is True


def test_a_key_that_signed_did_so_whatever_the_certificate_says_inside():
    assert itself(assemble(outer=encode(0x30, ECDSA_SHA256[2:], b"\5\0"))) is True


def test_without_a_signature_nobody_signed():
    facts = read(assemble())
    unsigned = read(encode(0x30, certificate.signed(facts).octets))
    assert verifies(unsigned, facts) is False


UNKNOWN = encode(0x30, encode(6, bytes.fromhex("883703")))  # 2.999.3
SM2_WITH_SM3 = encode(0x30, encode(6, bytes.fromhex("2a811ccf55018375")))
MD2 = encode(0x30, encode(6, bytes.fromhex("2a864886f70d010102")), b"\5\0")
PSS_WITH_UNKNOWN_HASH = encode(
    0x30, encode(6, bytes.fromhex("2a864886f70d01010a")), encode(0x30, encode(0xA0, UNKNOWN))
)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        (UNKNOWN, key_info(SIGNER)),
        (MD2, key_info(KEYS["RSA"])),
        (PSS_WITH_UNKNOWN_HASH, key_info(KEYS["RSA"])),
        (ECDSA_SHA256, encode(0x30, UNKNOWN, encode(3, b"\0x"))),
        (
            ECDSA_SHA256,
            encode(0x30, encode(0x30, encode(6, bytes.fromhex("2a8648ce3d0201")), UNKNOWN[2:]), encode(3, b"\0x")),
        ),
        (ECDSA_SHA256, b"\5\0"),
    ],
    ids=["algorithm", "MD2", "PSS with a hash", "key", "curve", "no key"],
)
def test_what_is_unknown_cannot_be_told(algorithm, key):
    assert itself(assemble(algorithm=algorithm, key=key)) is None


def test_a_key_that_cannot_sign_did_not():
    assert itself(assemble(key=key_info(x25519.X25519PrivateKey.generate()))) is False


# RFC 2409 section 6.2
OAKLEY_GROUP_2 = bytes.fromhex(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"
)


def test_a_key_of_a_kind_that_we_have_no_word_for_is_not_blamed():
    # RFC 3279 section 2.3.3 and PKCS #3: Diffie-Hellman, of which the library may still load keys
    group = encode(0x30, encode(2, b"\0", OAKLEY_GROUP_2), b"\2\1\2")
    kind = encode(0x30, encode(6, bytes.fromhex("2a864886f70d010301")), group)
    assert itself(assemble(key=encode(0x30, kind, encode(3, b"\0\2\1\7")))) is None


def test_verifying_warns_of_nothing(recwarn):
    for key in KEYS.values():
        itself(make(key=key).der)
    itself(assemble(serial=b"\2\1\x87"))
    assert not recwarn.list
