"""The tables of numbers, held against those of OpenSSL and of the library."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier, SignatureAlgorithmOID
from openssl_command import openssl

from check_starttls_cert import der, oids, public_key
from check_starttls_cert.ber import encode


def name_of(number):
    """Return what OpenSSL calls a number; the number itself when it has no name."""
    printed = openssl("asn1parse", "-genstr", f"OID:{number}").stdout.decode()
    return printed.strip().rpartition(":")[2]


@pytest.mark.parametrize(
    "curve", ["secp112r1", "secp160r2", "prime192v1", "prime239v3", "secp256k1", "sect283r1", "brainpoolP320t1", "SM2"]
)
def test_a_curve_that_openssl_writes_out_has_the_bits_of_its_number(curve):
    sizes = []
    for form in ("named_curve", "explicit"):
        parameters = openssl("ecparam", "-name", curve, "-param_enc", form, "-outform", "DER").stdout
        info = encode(0x30, encode(0x30, encode(6, bytes.fromhex("2a8648ce3d0201")), parameters), b"\3\1\0")
        sizes.append(public_key.read(der.single(memoryview(info))).bits)
    assert sizes[0] == sizes[1] > 0


@pytest.mark.parametrize(("number", "bits"), sorted(oids.CURVES.items()))
def test_the_name_of_a_curve_has_its_bits(number, bits):
    name = name_of(number)
    assert name == "sm2" or str(bits) in name


def test_curves_of_the_library_have_its_sizes():
    seen = 0
    for attribute, number in vars(ec.EllipticCurveOID).items():
        if isinstance(number, ObjectIdentifier):
            size = int("".join(filter(str.isdigit, attribute))[:3])
            assert oids.CURVES[number.dotted_string] == size, attribute
            seen += 1
    assert seen >= 8


def plain(words):
    """Return words without what different people write differently."""
    return words.lower().replace("-", "").replace("_", "").replace("/", "").replace(" ", "")


@pytest.mark.parametrize(("number", "signature"), sorted(oids.SIGNATURES.items()))
def test_signature_algorithms_are_those_of_openssl(number, signature):
    name = plain(name_of(number))
    if name == plain(number):
        pytest.skip("this OpenSSL does not know it")
    # OpenSSL's names: sha256WithRSAEncryption, ecdsa-with-SHA256, dsa_with_SHA224, RSA-SHA3-256, ED25519
    key = {"EC": "ecdsa", "GOST R 34.10-2012": "gost"}.get(signature.key, plain(signature.key))
    assert key in name
    assert plain(signature.hash) in name


@pytest.mark.parametrize(("number", "hash_name"), sorted(oids.HASHES.items()))
def test_hashes_are_those_of_openssl(number, hash_name):
    assert plain(name_of(number)) == plain(hash_name)
    assert plain(oids.HASH_WORDS[hash_name]) == plain(hash_name)


@pytest.mark.parametrize(("number", "key"), sorted(oids.KEYS.items()))
def test_kinds_of_keys_are_those_of_openssl(number, key):
    name = plain(name_of(number))
    assert name == plain(number) or plain(key[0]) in name or name.startswith("gost")


def test_signature_algorithms_of_the_library_are_known():
    for attribute, number in vars(SignatureAlgorithmOID).items():
        # PSS has its hash in its parameters; RFC 9925's number says that there is no signature.
        if isinstance(number, ObjectIdentifier) and not attribute.startswith(("GOST", "RSASSA_PSS", "UNSIGNED")):
            assert number.dotted_string in oids.SIGNATURES, attribute


def test_attributes_are_those_of_the_library():
    assert {
        number: name
        for number, name in oids.ATTRIBUTES.items()
        if ObjectIdentifier(number)
        in (
            NameOID.COMMON_NAME,
            NameOID.COUNTRY_NAME,
            NameOID.LOCALITY_NAME,
            NameOID.STATE_OR_PROVINCE_NAME,
            NameOID.STREET_ADDRESS,
            NameOID.ORGANIZATION_NAME,
            NameOID.ORGANIZATIONAL_UNIT_NAME,
            NameOID.USER_ID,
            NameOID.DOMAIN_COMPONENT,
        )
    } == oids.ATTRIBUTES


@pytest.mark.parametrize(("number", "name"), sorted(oids.EXTENDED_KEY_USAGES.items()))
def test_usages_are_those_of_openssl(number, name):
    printed = openssl("asn1parse", "-genstr", f"OID:{number}").stdout.decode()
    words = {
        "serverAuth": "TLS Web Server Authentication",
        "clientAuth": "TLS Web Client Authentication",
        "codeSigning": "Code Signing",
        "emailProtection": "E-mail Protection",
        "timeStamping": "Time Stamping",
        "OCSPSigning": "OCSP Signing",
        "anyExtendedKeyUsage": "Any Extended Key Usage",
        "msSGC": "Microsoft Server Gated Crypto",
        "nsSGC": "Netscape Server Gated Crypto",
    }
    assert words[name] in printed


def test_extensions_are_those_of_the_library():
    assert [
        number.dotted_string
        for number in (
            ExtensionOID.BASIC_CONSTRAINTS,
            ExtensionOID.KEY_USAGE,
            ExtensionOID.EXTENDED_KEY_USAGE,
            ExtensionOID.SUBJECT_KEY_IDENTIFIER,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
            ExtensionOID.CRL_DISTRIBUTION_POINTS,
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
            ExtendedKeyUsageOID.SERVER_AUTH,
        )
    ] == [
        oids.BASIC_CONSTRAINTS,
        oids.KEY_USAGE,
        oids.EXTENDED_KEY_USAGE,
        oids.SUBJECT_KEY_ID,
        oids.AUTHORITY_KEY_ID,
        oids.ALTERNATIVE_NAMES,
        oids.CRL_DISTRIBUTION_POINTS,
        oids.AUTHORITY_INFORMATION,
        "1.3.6.1.5.5.7.3.1",
    ]
