"""The reader against others that read certificates: the library where it reads, OpenSSL where it does or only it does.

The certificates are those of ``cryptography_vectors``, of the system's trust store, and odd ones made here.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import os
import re
import ssl
from datetime import datetime, timezone

import pytest
from certificates import (
    BMP,
    ECDSA_SHA256,
    IA5,
    KEY_USAGE,
    LIBRARY_KEEPS_ORDER,
    MTA,
    MTA_SAN,
    NUMERIC,
    ORGANIZATION,
    PRINTABLE,
    SAN,
    T61,
    UNIVERSAL,
    VISIBLE,
    alternative_names,
    assemble,
    attribute,
    distinguished,
    extension,
    key_info,
    make,
    with_extensions,
)
from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from openssl_command import openssl

from check_starttls_cert import certificate, oids
from check_starttls_cert.ber import encode
from check_starttls_cert.errors import CertificateError

pytestmark = pytest.mark.filterwarnings("ignore")  # the library warns of serial numbers, of names and of dates

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


@functools.cache
def vectors():
    """Return the certificates of the library's own tests, by their files."""
    package = pytest.importorskip("cryptography_vectors", reason="the extra dev brings it")
    found = {}
    for folder, _, files in os.walk(os.path.join(os.path.dirname(package.__file__), "x509")):
        for file in files:
            with open(os.path.join(folder, file), "rb") as opened:
                octets = opened.read()
            if file.endswith((".der", ".crt")) and octets[:1] == b"\x30":
                found[file] = octets
            for number, block in enumerate(PEM.findall(octets)):
                found[f"{file} {number}"] = ssl.PEM_cert_to_DER_cert(block.decode())
    return found


@functools.cache
def store():
    """Return the system's trust anchors, by their places."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    path = ssl.get_default_verify_paths()
    for file in (path.cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if file and os.path.exists(file):
            context.load_verify_locations(file)
            break
    else:
        pytest.skip("this system has no trust store in a file")
    return {f"anchor {number}": der for number, der in enumerate(context.get_ca_certs(binary_form=True))}


def named(*attributes):
    """Return parts with this subject."""
    return {"subject": distinguished(*attributes)}


def extended(*extensions):
    """Return parts with these extensions beside the usual one."""
    return {"extensions": encode(0xA3, encode(0x30, *extensions, MTA_SAN))}


def timed(not_before, not_after, tag=0x17):
    """Return parts with this validity period."""
    return {"not_before": encode(tag, not_before), "not_after": encode(tag, not_after)}


NULL = b"\5\0"
ECDSA_NULL = encode(0x30, ECDSA_SHA256[2:], NULL)
CN = attribute(b"mta.example.com")

ODD = {
    "plain": {},
    "NULL parameters": {"algorithm": ECDSA_NULL},
    "NULL parameters outside": {"outer": ECDSA_NULL},
    "version 1 with extensions": {"version": b""},
    "version 1": {"version": b"", "extensions": None},
    "version 1 written out": {"version": b"\xa0\3\2\1\0"},
    "version 2": {"version": b"\xa0\3\2\1\1"},
    "version 8": {"version": b"\xa0\3\2\1\7"},
    "serial negative": {"serial": b"\2\1\x87"},
    "serial zero": {"serial": b"\2\1\0"},
    "serial of 40 octets": {"serial": encode(2, b"\1" * 40)},
    "year 0": timed(b"00000101000000Z", b"20300101000000Z", 0x18),
    "year 1": timed(b"00010101000000Z", b"20300101000000Z", 0x18),
    "year 9999": timed(b"20000101000000Z", b"99991231235959Z", 0x18),
    "year 1950": timed(b"500101000000Z", b"491231235959Z"),
    "no seconds": timed(b"0001010000Z", b"3001010000Z"),
    "offset": timed(b"000101013000+0130", b"300101000000-0030"),
    "fraction": timed(b"20000101000000.5Z", b"20300101000000.25Z", 0x18),
    "T61String": named(attribute(b"M\xfcller", T61, ORGANIZATION), CN),
    "PrintableString with an umlaut": named(attribute(b"M\xfcller", PRINTABLE, ORGANIZATION), CN),
    "IA5String with an umlaut": named(attribute(b"M\xfcller", IA5, ORGANIZATION), CN),
    "VisibleString with an umlaut": named(attribute(b"M\xfcller", VISIBLE, ORGANIZATION), CN),
    "NumericString of letters": named(attribute(b"Lab 7", NUMERIC, ORGANIZATION), CN),
    "BMPString": named(attribute("Müller".encode("utf-16-be"), BMP, ORGANIZATION), CN),
    "UniversalString": named(attribute("Müller".encode("utf-32-be"), UNIVERSAL, ORGANIZATION), CN),
    "PrintableString with a star": named(attribute(b"*.example.com", PRINTABLE)),
    "SEQUENCE": named(attribute(b"\x0c\1x", 0x30, ORGANIZATION), CN),
    "empty attribute": named(attribute(b"", kind=ORGANIZATION), CN),
    "long attribute": named(attribute(b"x" * 5000)),
    "string in pieces": named(attribute(encode(12, b"mta.") + encode(12, b"example.com"), 0x2C)),
    "spaces and case": named(attribute(b"  MTA \t Example  ", PRINTABLE)),
    "empty part": {"subject": encode(0x30, encode(0x31), encode(0x31, CN))},
    "unsorted part": {"subject": encode(0x30, encode(0x31, CN, attribute(b"a", kind=ORGANIZATION)))},
    "sorted part": {"subject": encode(0x30, encode(0x31, attribute(b"a", kind=ORGANIZATION), CN))},
    "no subject": named(),
    "long lengths": {"subject": b"\x30\x84\0\0\0" + MTA[1:]},
    "indefinite length": {"subject": b"\x30\x80" + MTA[2:] + b"\0\0"},
    "unique identifiers": {"unique_ids": b"\x81\2\0\1\x82\2\0\1"},
    "critical FALSE": {"extensions": encode(0xA3, encode(0x30, extension(SAN, MTA_SAN[7 + 2 :], critical=b"\1\1\0")))},
    "critical TRUE as 01": extended(extension("551d13", b"\x30\0", critical=b"\1\1\1")),
    "no CA written out": extended(extension("551d13", b"\x30\3\1\1\0")),
    "unknown extension twice": extended(extension("883703", NULL), extension("883703", NULL)),
    "broken key usage": extended(extension(KEY_USAGE, b"junk")),
    "empty key usage": extended(extension(KEY_USAGE, b"\3\1\0")),
    "broken policies": extended(extension("551d20", b"\x30\3\2\1\7")),
    "secp256k1": {"key": key_info(ec.generate_private_key(ec.SECP256K1()))},
    "brainpool": {"key": key_info(ec.generate_private_key(ec.BrainpoolP384R1()))},
    "P-192": {"key": key_info(ec.generate_private_key(ec.SECP192R1()))},
    "RSA": {"key": key_info(rsa.generate_private_key(3, 1024))},
}
"""What ``assemble`` makes of these parts."""

ODD_EXTENSION = {
    "addresses": [(0x87, b"\xc0\0\2\1"), (0x87, bytes(15) + b"\1")],
    "umlauts": [(0x82, b"m\xfcller"), (0x82, "müller".encode())],
    "others": [(0x81, b"a@b"), (0x86, b"http://a/"), (0x88, b"\x2a"), (0x82, b"mta.example.com")],
}
"""Alternative names."""


def odd():
    """Return the odd certificates by their names."""
    found = {name: assemble(**parts) for name, parts in ODD.items()}
    for name, entries in ODD_EXTENSION.items():
        names = encode(0x30, *(encode(tag, octets) for tag, octets in entries))
        found[name] = with_extensions(extension(SAN, names))
    return found


# The library

OPENSSL_ALONE_MINDS = {"keyUsage is empty", "the signature algorithm inside is not the one outside"}


UNREADABLE = (ValueError, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm, InternalError, KeyError)
"""How the library says that it cannot read a fact. The last two are those of its old versions, up to 37 at least: for a
key that OpenSSL does not load, and for a string of a type that it does not know."""


def facts_of_library(der):
    """Yield the name in ``Facts`` and the value of each fact that the library can read."""
    loaded = x509.load_der_x509_certificate(der)
    questions = {
        "subject": lambda: x509.Name.rfc4514_string(loaded.subject),
        "issuer": lambda: x509.Name.rfc4514_string(loaded.issuer),
        "common_names": lambda: tuple(
            each.value for each in loaded.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        ),
        "serial": lambda: loaded.serial_number,
        "not_before": lambda: loaded.not_valid_before.replace(tzinfo=timezone.utc),
        "not_after": lambda: loaded.not_valid_after.replace(tzinfo=timezone.utc),
        "signature_hash": lambda: loaded.signature_hash_algorithm.name if loaded.signature_hash_algorithm else "",
        "key": lambda: size(loaded.public_key()),
    }
    for name, ask in questions.items():
        try:
            value = ask()
        except UNREADABLE:
            continue
        yield name, value
    try:
        extensions = {each.oid.dotted_string: each.value for each in loaded.extensions}
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return
    if not OPENSSL_ALONE_MINDS & set(certificate.read(der).malformed):
        yield "malformed", ()
    yield from facts_of_extensions(extensions)


def size(key):
    """Return the bits of a key; 0 where the library does not count them."""
    return key.curve.key_size if isinstance(key, ec.EllipticCurvePublicKey) else getattr(key, "key_size", 0)


def facts_of_extensions(found):
    """Yield the facts that come from extensions, those that are not there too."""
    names = found.get(oids.ALTERNATIVE_NAMES)
    yield "dns_names", tuple(names.get_values_for_type(x509.DNSName)) if names else ()
    addresses = names.get_values_for_type(x509.IPAddress) if names else ()
    if all(hasattr(address, "packed") for address in addresses):  # networks are for name constraints
        yield "ip_addresses", tuple(address.packed for address in addresses)
    constraints = found.get(oids.BASIC_CONSTRAINTS)
    yield "is_ca", constraints.ca if constraints else None
    yield "path_length", constraints.path_length if constraints else None
    usage = found.get(oids.KEY_USAGE)
    yield "key_usage", usages(usage) if usage else None
    extended_usage = found.get(oids.EXTENDED_KEY_USAGE)
    numbers = [each.dotted_string for each in extended_usage] if extended_usage else []
    named_usages = tuple(oids.EXTENDED_KEY_USAGES.get(number, number) for number in numbers)
    yield "extended_key_usage", named_usages if extended_usage else None
    identifier = found.get(oids.SUBJECT_KEY_ID)
    yield "subject_key_id", identifier.digest if identifier else None
    authority = found.get(oids.AUTHORITY_KEY_ID)
    yield "authority_key_id", authority.key_identifier if authority else None
    access = found.get(oids.AUTHORITY_INFORMATION) or ()
    for fact, method in (("ocsp_urls", oids.OCSP), ("issuer_urls", oids.CA_ISSUERS)):
        yield fact, urls(each.access_location for each in access if each.access_method.dotted_string == method)
    points = found.get(oids.CRL_DISTRIBUTION_POINTS) or ()
    yield "crl_urls", urls(each for point in points for each in point.full_name or ())


def urls(names):
    """Return the URLs among general names."""
    return tuple(each.value for each in names if isinstance(each, x509.UniformResourceIdentifier))


def usages(usage):
    """Return the names of a keyUsage extension's bits."""
    ours = dict(zip(USAGES, oids.KEY_USAGES))
    bits = [each for each in USAGES if not (each.endswith("cipher_only") and not usage.key_agreement)]
    return frozenset(ours[each] for each in bits if getattr(usage, each))


USAGES = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
USAGES += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]


def differences(name, der):
    """Yield what the library reads otherwise."""
    facts = certificate.read(der)
    for fact, theirs in facts_of_library(der):
        ours = getattr(facts, fact)
        if fact == "key":
            ours = ours.bits if theirs else 0
        if fact in ("subject", "issuer") and "+" in theirs and not LIBRARY_KEEPS_ORDER:
            continue
        if fact in ("subject", "issuer") and "2.5.4.45=#" in theirs:
            continue  # a BIT STRING: RFC 4514 section 2.4 wants the whole element in hexadecimal, not its contents
        if ours != theirs:
            yield f"{name}: {fact} is {ours!r}, not {theirs!r}"


def is_read_by_library(der):
    """Return whether the library takes the octets for a certificate with dates."""
    try:
        return bool(x509.load_der_x509_certificate(der).not_valid_after)
    except (ValueError, x509.InvalidVersion):
        return False


@pytest.mark.slow
@pytest.mark.parametrize(("source", "at_least"), [(vectors, 500), (store, 50)], ids=["vectors", "store"])
def test_the_reader_and_the_library_agree_where_both_read(source, at_least):
    both = {name: der for name, der in source().items() if is_read_by_library(der)}
    assert len(both) >= at_least
    assert [difference for name, der in both.items() for difference in differences(name, der)] == []


def test_the_reader_and_the_library_agree_on_odd_certificates_where_both_read():
    both = {name: der for name, der in odd().items() if is_read_by_library(der)}
    assert len(both) >= 15
    assert [difference for name, der in both.items() for difference in differences(name, der)] == []


# OpenSSL


def told_by_openssl(der, *options):
    """Return what OpenSSL says about a certificate; empty when it does not read it."""
    run = openssl("x509", "-inform", "DER", "-noout", *options, input=der, check=False)
    return run.stdout.decode("utf-8", "backslashreplace") if run.returncode == 0 else ""


def value(text, label):
    """Return what stands after a label."""
    found = re.search(rf"^{label} ?=(.*)$", text, re.MULTILINE)
    assert found, (label, text)
    return found[1].strip()


def date(text):
    """Return a moment, which OpenSSL writes as 2000-01-01 00:00:00Z; before the year 1 there is none."""
    text = re.sub(r"\.\d+", "", text).zfill(len("2000-01-01 00:00:00Z"))
    if text.startswith("0000"):
        return datetime.min.replace(tzinfo=timezone.utc)
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=timezone.utc)


def name_hash(canonical):
    """Return OpenSSL's hash of a name: what ``openssl rehash`` calls the files of a store."""
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


QUESTIONS = (
    "-subject",
    "-issuer",
    "-dates",
    "-dateopt",
    "iso_8601",
    "-serial",
    "-subject_hash",
    "-issuer_hash",
    "-text",
)
NAMES = ("-nameopt", "RFC2253,-esc_msb,-esc_ctrl,utf8", "-certopt", "no_header")


def differences_from_openssl(name, der):
    """Yield what OpenSSL reads otherwise; nothing when it does not read the certificate."""
    printed = told_by_openssl(der, *NAMES, *QUESTIONS).replace("\\\n", "")  # long numbers are broken into lines
    if not printed or "Bad time value" in printed:
        return
    facts = certificate.read(der)
    hashes = re.findall("^[0-9a-f]{8}$", printed, re.MULTILINE)
    size_printed = re.search(r"Public-Key: \((\d+) bit\)", printed)
    pairs = {
        "not_before": (facts.not_before, date(value(printed, "notBefore"))),
        "not_after": (facts.not_after, date(value(printed, "notAfter"))),
        "serial": (facts.serial, int(value(printed, "serial"), 16)),
        "hashes": ([name_hash(facts.canonical_subject), name_hash(facts.canonical_issuer)], hashes),
        "self-issued": (facts.self_issued, hashes[0] == hashes[1] and facts.canonical_subject != b""),
    }
    # OpenSSL has more short names and other escapes, and turns the order within a part round.
    if not re.search(r"[\0-\x1f\\+]|emailAddress|[0-9.]+=", facts.subject + value(printed, "subject")):
        pairs["subject"] = (facts.subject.upper(), value(printed, "subject").upper())
    if size_printed and facts.key.algorithm in ("RSA", "DSA", "EC"):
        pairs["key"] = (facts.key.bits, int(size_printed[1]))
    alternative = "".join(re.findall(r"Subject Alternative Name:[^\n]*\n *(.*)", printed))
    if "DNS:" in alternative and alternative.isascii() and "\\" not in alternative and "<" not in alternative:
        pairs["dns_names"] = (list(facts.dns_names), re.findall(r"DNS:([^, \n]*)", alternative))
        addresses = [ipaddress.ip_address(text).packed for text in re.findall(r"IP Address:([^, \n]*)", alternative)]
        pairs["ip_addresses"] = (list(facts.ip_addresses), addresses)
    for fact, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{name}: {fact} is {ours!r}, not {theirs!r}"


@pytest.mark.slow
def test_the_reader_and_openssl_agree_on_odd_certificates():
    certificates = odd()
    assert sum(bool(told_by_openssl(der, "-subject")) for der in certificates.values()) >= len(certificates) - 2
    assert [each for name, der in certificates.items() for each in differences_from_openssl(name, der)] == []


@pytest.mark.slow
@pytest.mark.parametrize("source", [vectors, store], ids=["vectors", "store"])
def test_the_reader_and_openssl_agree(source):
    """Of what the library reads too, a part will do: a process for each takes time."""
    chosen = [
        (name, der)
        for number, (name, der) in enumerate(sorted(source().items()))
        if number % 6 == 0 or not is_read_by_library(der)
    ]
    assert [each for name, der in chosen for each in differences_from_openssl(name, der)] == []


@pytest.mark.slow
def test_what_openssl_reads_the_reader_reads():
    unread = []
    for name, der in vectors().items():
        try:
            certificate.read(der)
        except CertificateError:
            # OpenSSL loads it too, and then finds no time where the reader finds none.
            dates = told_by_openssl(der, "-dates", "-dateopt", "iso_8601")
            if "Bad time value" not in dates and told_by_openssl(der, "-subject"):
                unread.append(name)
    assert unread == []


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_fingerprints_are_those_of_openssl(digest):
    der = make(extensions=(alternative_names("mta.example.com"),)).der
    fingerprint = told_by_openssl(der, "-fingerprint", f"-{digest}").strip().partition("=")[2].replace(":", "")
    assert getattr(certificate.read(der), digest) == fingerprint
