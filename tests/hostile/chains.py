"""Certificates of a hostile author: a function each, in ``CHAINS``. A chain says whether it is good after all."""

from __future__ import annotations

import functools
import hashlib
import math
import os
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, NamedTuple

from certificates import (
    AUTHORITY_INFO,
    BASIC_CONSTRAINTS,
    CRL_POINTS,
    ECDSA_SHA256,
    IA5,
    SAN,
    T61,
    assemble,
    attribute,
    distinguished,
    extension,
    key_info,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from check_starttls_cert.ber import encode

HOST = "mta.example.test"
"""The name that the program asks for."""

SECP256R1_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT_NAME = distinguished(attribute(b"Kit root"))
CA = extension(BASIC_CONSTRAINTS, encode(0x30, encode(1, b"\xff")), critical=encode(1, b"\xff"))

UGLY = "a|b\nOK - fine | x=1\r\x1b[31m\u202egpj.\u2028\x00\x07\x9b2J\ufeff" + "\U0001f4a9" * 20
"""Performance data, lines, terminal sequences, direction, the end of a C string."""


class Served(NamedTuple):
    """A chain, and the key that belongs to its first certificate."""

    chain: tuple[bytes, ...]
    """DER."""
    key: Any = SECP256R1_KEY
    good: bool = False
    """Clients accept it: the right answer is OK."""


CHAINS: dict[str, Callable[[], Served]] = {}


def chain(maker: Callable[[], Served]) -> Callable[[], Served]:
    """Put ``maker`` into ``CHAINS``, under its name; each is made once."""
    CHAINS[maker.__name__] = cached = functools.cache(maker)
    return cached


def moment(days: int) -> bytes:
    """Return the time in so many days, as GeneralizedTime."""
    return encode(0x18, (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ").encode())


def names(*dns: bytes) -> bytes:
    """Return a subjectAltName extension."""
    return extension(SAN, encode(0x30, *(encode(0x82, each) for each in dns)))


def leaf(*extensions: bytes, sans: tuple[bytes, ...] = (HOST.encode(),), **parts: Any) -> bytes:
    """Return a certificate for the host that the kit's root has issued, but for the parts given."""
    given = {
        "issuer": ROOT_NAME,
        "subject": distinguished(attribute(HOST.encode())),
        "not_before": moment(-100),
        "not_after": moment(300),
        "key": key_info(SECP256R1_KEY),
        "extensions": encode(0xA3, encode(0x30, *([names(*sans)] if sans else []), *extensions)),
        "signer": ROOT_KEY,
    }
    return assemble(**{**given, **parts})


def authority(subject: bytes, issuer: bytes, key: Any, signer: Any, *extensions: bytes) -> bytes:
    """Return a certificate of a certification authority."""
    return leaf(
        CA,
        *extensions,
        sans=(),
        subject=subject,
        issuer=issuer,
        key=key_info(key),
        signer=signer,
        not_after=moment(3000),
    )


@functools.cache
def root() -> bytes:
    """Return the kit's root, which the program is told to trust."""
    return authority(ROOT_NAME, ROOT_NAME, ROOT_KEY, ROOT_KEY)


def pem(der: bytes) -> bytes:
    """Return a certificate as a file has it."""
    import ssl

    return ssl.DER_cert_to_PEM_cert(der).encode()


@chain
def honest() -> Served:
    """Nothing is wrong with it: without this, nobody could tell what the others show."""
    return Served((leaf(),), good=True)


@chain
def no_certificates() -> Served:
    """The list is empty, which RFC 8446 section 4.4.2.4 forbids a server."""
    return Served(())


@chain
def empty_certificate() -> Served:
    """One certificate of no octets."""
    return Served((b"",))


@chain
def two_hundred_intermediates() -> Served:
    """A path of 200 authorities, each issued by the next; OpenSSL goes up 100."""
    name = [distinguished(attribute(b"CA %d" % number)) for number in range(200)] + [ROOT_NAME]
    above = (authority(name[number], name[number + 1], ROOT_KEY, ROOT_KEY) for number in range(200))
    return Served((leaf(issuer=name[0]), *above))


@chain
def loop() -> Served:
    """Two authorities that have issued each other, under one key."""
    a, b = (distinguished(attribute(text)) for text in (b"CA a", b"CA b"))
    return Served((leaf(issuer=a), authority(a, b, ROOT_KEY, ROOT_KEY), authority(b, a, ROOT_KEY, ROOT_KEY)))


@chain
def many_issuers_of_one_name() -> Served:
    """100 authorities of the same name, none of which has signed."""
    a = distinguished(attribute(b"CA a"))
    above = tuple(
        authority(a, a, SECP256R1_KEY, SECP256R1_KEY, extension("551d0e", encode(4, bytes([n])))) for n in range(100)
    )
    return Served((leaf(issuer=a), *above))


@chain
def the_same_again() -> Served:
    """The server's own certificate 100 times."""
    return Served((leaf(),) * 100, good=True)


@chain
def ten_thousand_names() -> Served:
    """10,000 alternative names; with the message's 300 KB, more than OpenSSL takes."""
    return Served((leaf(sans=tuple(b"host%05d.example.test" % number for number in range(10_000))),))


@chain
def two_thousand_names() -> Served:
    """2,000 alternative names, as many as OpenSSL takes in one message; none is the right one."""
    return Served((leaf(sans=tuple(b"host%05d.example.test" % number for number in range(2_000))),))


@chain
def hostile_names() -> Served:
    """Names with bars, lines, terminal sequences, NUL, in every string type."""
    ugly = UGLY.encode()
    subject = distinguished(attribute(ugly), attribute(ugly, T61), attribute(ugly, IA5), attribute(b"\xff\xfe" + ugly))
    return Served((leaf(subject=subject, sans=(ugly, b"mta.example.test\0.evil.test", b"\xff" * 300, b"")),))


@chain
def hostile_issuer() -> Served:
    """The same in the issuer, and in an authority that comes with it."""
    ugly = distinguished(attribute(UGLY.encode()))
    other = authority(ugly, ugly, SECP256R1_KEY, SECP256R1_KEY)
    return Served((leaf(issuer=ugly), other))


@chain
def hostile_addresses() -> Served:
    """Addresses of issuers and of revocation lists that are no addresses."""
    url = encode(0x86, b"file:///etc/passwd\n|\x1b[2J" + b"A" * 20_000)
    access = encode(0x30, encode(0x30, bytes.fromhex("06082b06010505073002"), url))
    points = encode(0x30, encode(0x30, encode(0xA0, encode(0xA0, url))))
    return Served((leaf(extension(AUTHORITY_INFO, access), extension(CRL_POINTS, points)),), good=True)


@chain
def addresses_of_odd_sizes() -> Served:
    """IP addresses of 0, 3 and 40 octets."""
    odd = encode(0x30, *(encode(0x87, b"\x7f" * size) for size in (0, 3, 40)), encode(0x82, HOST.encode()))
    return Served((leaf(extension(SAN, odd), sans=()),), good=True)


@chain
def huge_serial() -> Served:
    """A serial number of 30,000 octets, where RFC 5280 allows 20."""
    return Served((leaf(serial=encode(2, b"\x7f" + bytes(30_000))),), good=True)


@chain
def before_1970() -> Served:
    """Valid from 1949 to 1951."""
    return Served((leaf(not_before=encode(0x18, b"19490101000000Z"), not_after=encode(0x18, b"19510101000000Z")),))


@chain
def year_zero() -> Served:
    """Valid since the year 0, which Python's calendar does not have."""
    return Served((leaf(not_before=encode(0x18, b"00000101000000Z")),), good=True)


@chain
def end_of_9999() -> Served:
    """Valid to the last second of 9999, RFC 5280's word for no end."""
    return Served((leaf(not_after=encode(0x18, b"99991231235959Z")),), good=True)


@chain
def year_10000() -> Served:
    """Valid to the year 10000, for which GeneralizedTime has no room."""
    return Served((leaf(not_after=encode(0x18, b"100000101000000Z")),))


@chain
def date_that_is_none() -> Served:
    """Valid to the 45th of the 99th month."""
    return Served((leaf(not_after=encode(0x18, b"20269945000000Z")),))


@chain
def ends_before_it_begins() -> Served:
    """The end of its validity lies before the beginning."""
    return Served((leaf(not_before=moment(300), not_after=moment(-300)),))


@chain
def no_validity() -> Served:
    """The validity is an empty SEQUENCE."""
    return Served((leaf(validity=encode(0x30)),))


@chain
def not_der() -> Served:
    """500 octets that are no certificate."""
    return Served((b"\x30\x82\x01\xf0" + hashlib.sha512(b"kit").digest() * 8,))


@chain
def truncated() -> Served:
    """A certificate that ends in the middle."""
    return Served((leaf()[:300],))


@chain
def deep() -> Served:
    """A name of 5,000 SEQUENCEs inside each other."""
    nested = b""
    for _ in range(5_000):
        nested = encode(0x30, nested)
    return Served((leaf(subject=nested),))


@chain
def nine_thousand_extensions() -> Served:
    """9,000 extensions that nobody knows, each a few octets: as many as OpenSSL takes in one message."""
    return Served((leaf(*(extension("2a0304", encode(5)) for _ in range(9_000))),), good=True)


@chain
def unknown_critical_extension() -> Served:
    """An extension that nobody knows and that says it matters."""
    return Served((leaf(extension("2a0304", encode(5), critical=encode(1, b"\xff"))),))


@chain
def malformed_extensions() -> Served:
    """subjectAltName, basicConstraints and keyUsage of octets that mean nothing."""
    return Served((leaf(*(extension(oid, b"\xff\x00\xff") for oid in (BASIC_CONSTRAINTS, "551d0f", "551d25"))),))


@chain
def wrong_key() -> Served:
    """The certificate is good, and the server has another key."""
    return Served((leaf(),), ROOT_KEY)


@chain
def self_signed() -> Served:
    """Issued by itself, under the name of the root that is trusted."""
    own = leaf(issuer=ROOT_NAME, subject=ROOT_NAME, signer=SECP256R1_KEY)
    return Served((own,))


@chain
def signature_of_zeros() -> Served:
    """Signed with r = s = 0."""
    good = leaf()
    body = good[4 : 8 + int.from_bytes(good[6:8], "big")]  # a SEQUENCE in a SEQUENCE, both with lengths of two octets
    signature = encode(0x30, encode(2, b"\0"), encode(2, b"\0"))
    return Served((encode(0x30, body, ECDSA_SHA256, encode(3, b"\0" + signature)),))


# Keys.


class ManyPrimes:
    """An RSA key of 16,384 bits that is made and used in seconds: its modulus has 16 primes."""

    def __init__(self) -> None:
        pairs = [rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers() for _ in range(8)]
        self.primes = [prime for pair in pairs for prime in (pair.p, pair.q)]
        self.modulus = math.prod(self.primes)

    def public_key(self) -> Any:
        """Return the public key."""
        return rsa.RSAPublicNumbers(65537, self.modulus).public_key()

    def power(self, number: int) -> int:
        """Return the private operation, prime by prime (RFC 8017 section 5.1.2)."""
        result = 0
        for prime in self.primes:
            rest = self.modulus // prime
            part = pow(number % prime, pow(65537, -1, prime - 1), prime)
            result += part * rest * pow(rest, -1, prime)
        return result % self.modulus

    def sign_pss(self, data: bytes) -> bytes:
        """RSASSA-PSS with SHA-256, RFC 8017 section 9.1.1."""
        size = (self.modulus.bit_length() + 7) // 8
        bits = self.modulus.bit_length() - 1
        length = (bits + 7) // 8
        salt = os.urandom(32)
        hashed = hashlib.sha256(bytes(8) + hashlib.sha256(data).digest() + salt).digest()
        block = bytes(length - 66) + b"\x01" + salt
        mask = b"".join(hashlib.sha256(hashed + n.to_bytes(4, "big")).digest() for n in range(len(block) // 32 + 1))
        masked = bytearray(a ^ b for a, b in zip(block, mask))
        masked[0] &= 0xFF >> (8 * length - bits)
        return self.power(int.from_bytes(bytes(masked) + hashed + b"\xbc", "big")).to_bytes(size, "big")


@functools.cache
def many_primes() -> ManyPrimes:
    """Return the key; making it takes seconds."""
    return ManyPrimes()


@chain
def rsa_16384() -> Served:
    """An RSA key of 16,384 bits, the most that OpenSSL takes."""
    key = many_primes()
    return Served((leaf(key=key_info(key)),), key, good=True)


@chain
def rsa_with_a_huge_exponent() -> Served:
    """RSA of 16,384 bits with a public exponent as long."""
    numbers = encode(0x30, *(encode(2, b"\0" + b"\xff" * 2047 + last) for last in (b"\xff", b"\xfd")))
    key = encode(0x30, bytes.fromhex("300d06092a864886f70d0101010500"), encode(3, b"\0" + numbers))
    return Served((leaf(key=key),))


@chain
def rsa_of_65536_bits() -> Served:
    """An RSA modulus of 65,536 bits."""
    numbers = encode(0x30, encode(2, b"\0" + b"\xff" * 8192), encode(2, b"\1\0\1"))
    key = encode(0x30, bytes.fromhex("300d06092a864886f70d0101010500"), encode(3, b"\0" + numbers))
    return Served((leaf(key=key),))


@chain
def unknown_key() -> Served:
    """A key of a type that nobody knows."""
    return Served((leaf(key=encode(0x30, encode(0x30, b"\x06\x03\x2a\x03\x04"), encode(3, b"\0" + bytes(60)))),))


@chain
def point_off_the_curve() -> Served:
    """A public key that is no point of its curve."""
    good = key_info(SECP256R1_KEY)
    return Served((leaf(key=good[:-32] + bytes(32)),))


def odd_curve(curve: Any) -> Served:
    """Return a chain on a curve."""
    key = ec.generate_private_key(curve)
    return Served((leaf(key=key_info(key)),), key)


@chain
def secp521r1() -> Served:
    """On the largest of NIST's curves; served by OpenSSL."""
    return odd_curve(ec.SECP521R1())._replace(good=True)


@chain
def secp256k1() -> Served:
    """On Bitcoin's curve, for which few clients ask."""
    return odd_curve(ec.SECP256K1())._replace(good=True)


@chain
def brainpool() -> Served:
    """On brainpoolP384r1."""
    return odd_curve(ec.BrainpoolP384R1())._replace(good=True)


@chain
def secp224r1() -> Served:
    """On a curve that no client offers of itself."""
    return odd_curve(ec.SECP224R1())


@chain
def ed448_key() -> Served:
    """Ed448."""
    key = ed448.Ed448PrivateKey.generate()
    return Served((leaf(key=key_info(key)),), key, good=True)


BY_OPENSSL = ("secp521r1", "secp256k1", "brainpool", "secp224r1", "ed448_key")
"""Chains whose keys only OpenSSL can use."""


def key_pem(key: Any) -> bytes:
    """Return a private key as a server reads it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
