"""Names against OpenSSL: thousands of pairs through ``X509_check_host`` and ``X509_check_ip``.

``openssl verify -verify_hostname`` asks one reference of many certificates in one process, with the code behind
``openssl x509 -checkhost``. Where the answers differ, the pair belongs to a class that is named here with the
reason why ours is right.
"""

from __future__ import annotations

import ipaddress
import random
import ssl

import pytest
from certificates import SAN, assemble, distinguished, extension
from openssl_command import openssl

from check_starttls_cert.ber import encode
from check_starttls_cert.certificate import read
from check_starttls_cert.names import covers, ip_address

pytestmark = pytest.mark.slow

LABELS = ("a", "A", "mta", "MTA", "example", "com", "xn--bcher-kva", "x-y", "1", "_tcp", "*", "a*", "**", "")

HAND_MADE = (
    "mta.example.com",
    "MTA.Example.COM",
    "example.com",
    "*.example.com",
    "*.EXAMPLE.com",
    "*.com",
    "*",
    "*.",
    "*.*.com",
    "*.*",
    "m*.example.com",
    "*a.example.com",
    "mta.*.com",
    "mta.example.com.",
    "*.example.com.",
    ".example.com",
    "mta..com",
    "*..com",
    "mta.example.com\0.evil.test",
    "mta.example.com ",
    "\u212aelvin.example.com",
    "m\xfcller.example.com",
    "\uff4dta.example.com",
    "xn--bcher-kva.example.com",
    "xn--*.example.com",
    "*.xn--bcher-kva.com",
    "a_b.example.com",
    "*.a_b.com",
    "-a.example.com",
    "*.-a.com",
    "192.0.2.1",
    "*.0.2.1",
    "2001:db8::1",
)

REFERENCES = (
    "mta.example.com",
    "MTA.example.com",
    "example.com",
    "a.example.com",
    "kelvin.example.com",
    "a.b.example.com",
    "xn--bcher-kva.example.com",
    "xn--mller-kva.example.com",
    "a.xn--bcher-kva.com",
    "a_b.example.com",
    "_tcp.example.com",
    "x.a_b.com",
    "-a.example.com",
    "x.-a.com",
    "x-y.example.com",
    "com",
    "a",
    "x.y.1",
    "evil.test",
    "mta.example.com.",
    "a.example.com.",
)


def random_names(seed, count):
    """Return names that often nearly match each other."""
    chance = random.Random(seed)
    return [".".join(chance.choice(LABELS) for _ in range(chance.randint(1, 4))) for _ in range(count)]


def usable(reference):
    """Return whether the command line would take this reference: labels of letters, digits, hyphen and underscore."""
    return all(label and "*" not in label for label in reference.removesuffix(".").split("."))


def certificate_of(tag, octets):
    """Return a certificate that presents this name alone; its subject has none."""
    names = extension(SAN, encode(0x30, encode(tag, octets)))
    return assemble(subject=distinguished(), extensions=encode(0xA3, encode(0x30, names)))


def taken_by_openssl(folder, certificates, option, reference):
    """Return which of the certificates OpenSSL takes for the reference."""
    files = [f"{number}.pem" for number in range(len(certificates))]
    if not (folder / "all.pem").exists():
        blocks = [ssl.DER_cert_to_PEM_cert(der) for der in certificates]
        for file, block in zip(files, blocks):
            (folder / file).write_text(block)
        (folder / "all.pem").write_text("".join(blocks))
    # Every certificate is its own trust anchor, so that the name is all that can be wrong.
    options = ("-partial_chain", "-no_check_time", "-CAfile", "all.pem", option, reference)
    run = openssl("verify", *options, *files, cwd=folder, check=False)
    assert run.stderr.decode().count(" mismatch\n") == run.stderr.decode().count("lookup: ")
    taken = [f"{file}: OK" in run.stdout.decode().splitlines() for file in files]
    assert taken.count(False) == run.stderr.decode().count(" mismatch\n")
    return taken


def reason(presented, reference, ours):
    """Return why ours differs from OpenSSL's answer, or ``None`` where nothing justifies it."""
    star, _, parent = presented.lower().partition(".")
    if reference.endswith("."):
        # RFC 9525 section 6.3 compares labels, and the root's is none; curl takes the dot away, too. Presented names
        # have none (RFC 5280 section 4.2.1.6): OpenSSL takes one that does for the same reference with a dot.
        return "the final dot of the reference"
    if not ours:
        # RFC 9525 section 6.3: "the wildcard character appears only as the complete content of the left-most label".
        return "a wildcard that is part of a label" if "*" in star != "*" else None
    if star != "*":
        return None
    if "." not in parent:
        # RFC 9525 section 6.3 has no such rule; Go and browsers have none either. The README says so.
        return "a wildcard below a single label"
    labels = reference.lower().split(".")
    if any("_" in label or label.startswith("-") or label.endswith("-") for label in labels):
        # Not host names (RFC 952), but RFC 9525 section 6.3 lets a wildcard stand for any label.
        return "a label that no host name has"
    return None


PRESENTED = list(dict.fromkeys((*HAND_MADE, *random_names(1, 200))))[:80]
ASKED = [name for name in dict.fromkeys((*REFERENCES, *random_names(2, 400))) if usable(name)][:55]


def test_names_are_covered_as_openssl_covers_them_but_for_the_classes_named_here(tmp_path):
    certificates = [certificate_of(0x82, name.encode()) for name in PRESENTED]
    seen = [read(der).dns_names for der in certificates]
    assert seen == [(name,) for name in PRESENTED]
    pairs = matches = 0
    classes = set()
    for reference in ASKED:
        taken = taken_by_openssl(tmp_path, certificates, "-verify_hostname", reference)
        for presented, theirs in zip(PRESENTED, taken):
            ours = covers(presented, reference)
            pairs += 1
            matches += ours and theirs
            if ours != theirs:
                why = reason(presented, reference, ours)
                assert why is not None, (presented, reference, ours)
                classes.add(why)
    assert pairs >= 4000
    assert matches >= 30
    assert classes == {
        "a wildcard that is part of a label",
        "the final dot of the reference",
        "a wildcard below a single label",
        "a label that no host name has",
    }


ADDRESSES = [
    *(bytes([192, 0, 2, last]) for last in (0, 1, 255)),
    *(
        ipaddress.ip_address(text).packed
        for text in ("::1", "2001:db8::1", "2001:db8::c000:201", "::ffff:192.0.2.1", "fe80::1")
    ),
    b"",
    b"\xc0\0\2",
    b"192.0.2.1",
    bytes([192, 0, 2, 1, 255, 255, 255, 255]),
]

WRITTEN = [
    "192.0.2.1",
    "192.0.2.255",
    "::1",
    "2001:db8::1",
    "2001:DB8:0::1",
    "2001:db8::192.0.2.1",
    "::ffff:192.0.2.1",
    "fe80::1",
]


def test_addresses_are_covered_as_openssl_covers_them(tmp_path):
    certificates = [certificate_of(0x87, octets) for octets in ADDRESSES]
    certificates += [certificate_of(0x82, text.encode()) for text in WRITTEN]  # a dNSName is no address
    for reference in WRITTEN:
        ours = [ip_address(reference) in read(der).ip_addresses for der in certificates]
        assert ours == taken_by_openssl(tmp_path, certificates, "-verify_ip", reference), reference
