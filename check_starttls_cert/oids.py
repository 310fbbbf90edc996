"""What the numbers in certificates are called: a table a kind, nothing else.

Names are those of the RFCs and of OpenSSL. Sources: RFC 3279, 4055, 5480, 5639, 5758, 8410, 8692, 9814, 9881
and SEC 2.
"""

from __future__ import annotations

from check_starttls_cert.static_typing import NamedTuple

ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
"""Short names of attribute types: RFC 4514 section 3. Others have none that all would understand."""

RSA, RSASSA_PSS, DSA, EC = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10040.4.1", "1.2.840.10045.2.1"
"""Kinds of keys whose size is inside."""

PRIME_FIELD, BINARY_FIELD = "1.2.840.10045.1.1", "1.2.840.10045.1.2"
"""Fields of elliptic curves that are written out (RFC 3279 section 2.3.5)."""

KEYS = {
    "1.3.101.110": ("X25519", 256),
    "1.3.101.111": ("X448", 448),
    # RFC 8032 section 5: public keys of 32 and 57 octets.
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "1.2.643.7.1.1.1.1": ("GOST R 34.10-2012", 256),
    "1.2.643.7.1.1.1.2": ("GOST R 34.10-2012", 512),
    # FIPS 204 table 2: bits of the public key, as OpenSSL counts them.
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", 8 * 1312),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", 8 * 1952),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", 8 * 2592),
}
"""Kinds of keys that have one size: name, bits."""

CURVES = {
    **dict.fromkeys(("1.3.132.0.6", "1.3.132.0.7"), 112),
    **dict.fromkeys(("1.3.132.0.4", "1.3.132.0.5"), 113),
    **dict.fromkeys(("1.3.132.0.28", "1.3.132.0.29"), 128),
    **dict.fromkeys(("1.3.132.0.22", "1.3.132.0.23"), 131),
    **dict.fromkeys(("1.3.132.0.8", "1.3.132.0.9", "1.3.132.0.30"), 160),
    **dict.fromkeys(("1.3.132.0.1", "1.3.132.0.2", "1.3.132.0.15"), 163),
    **dict.fromkeys(("1.3.132.0.31", *(f"1.2.840.10045.3.1.{number}" for number in (1, 2, 3))), 192),
    **dict.fromkeys(("1.3.132.0.24", "1.3.132.0.25"), 193),
    **dict.fromkeys(("1.3.132.0.32", "1.3.132.0.33"), 224),
    **dict.fromkeys(("1.3.132.0.26", "1.3.132.0.27"), 233),
    **dict.fromkeys(("1.3.132.0.3", *(f"1.2.840.10045.3.1.{number}" for number in (4, 5, 6))), 239),
    **dict.fromkeys(("1.2.840.10045.3.1.7", "1.3.132.0.10", "1.2.156.10197.1.301"), 256),
    **dict.fromkeys(("1.3.132.0.16", "1.3.132.0.17"), 283),
    "1.3.132.0.34": 384,
    **dict.fromkeys(("1.3.132.0.36", "1.3.132.0.37"), 409),
    "1.3.132.0.35": 521,
    **dict.fromkeys(("1.3.132.0.38", "1.3.132.0.39"), 571),
    # RFC 5639: brainpoolP160r1, brainpoolP160t1 and so on.
    **{
        f"1.3.36.3.3.2.8.1.1.{first + twisted}": bits
        for first, bits in zip(range(1, 14, 2), (160, 192, 224, 256, 320, 384, 512))
        for twisted in (0, 1)
    },
}
"""Named curves: bits of the field. SM2 is one of them."""

HASHES = {
    "1.2.840.113549.2.2": "md2",
    "1.2.840.113549.2.4": "md4",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "1.3.36.3.2.1": "ripemd160",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.7": "sha3-224",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
    "1.2.156.10197.1.401": "sm3",
}
"""Hash functions, as ``cryptography`` spells them."""

HASH_WORDS = {
    "md2": "MD2",
    "md4": "MD4",
    "md5": "MD5",
    "ripemd160": "RIPEMD-160",
    "sha1": "SHA-1",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "sha512-224": "SHA-512/224",
    "sha512-256": "SHA-512/256",
    "sha3-224": "SHA3-224",
    "sha3-256": "SHA3-256",
    "sha3-384": "SHA3-384",
    "sha3-512": "SHA3-512",
    "sm3": "SM3",
}
"""Hash functions as people write them."""


class Signature(NamedTuple):
    """A signature algorithm: the kind of its key (as in ``Key.algorithm``) and its hash, empty where it has none."""

    key: str
    hash: str = ""


SIGNATURES = {
    **{
        f"1.2.840.113549.1.1.{number}": Signature("RSA", name)
        for number, name in (
            (2, "md2"),
            (3, "md4"),
            (4, "md5"),
            (5, "sha1"),
            (11, "sha256"),
            (12, "sha384"),
            (13, "sha512"),
            (14, "sha224"),
            (15, "sha512-224"),
            (16, "sha512-256"),
        )
    },
    "1.3.14.3.2.29": Signature("RSA", "sha1"),
    "1.3.36.3.3.1.2": Signature("RSA", "ripemd160"),
    "1.2.840.10040.4.3": Signature("DSA", "sha1"),
    "1.3.14.3.2.27": Signature("DSA", "sha1"),
    "1.2.840.10045.4.1": Signature("EC", "sha1"),
    **{
        f"1.2.840.10045.4.3.{number}": Signature("EC", name)
        for number, name in enumerate(("sha224", "sha256", "sha384", "sha512"), 1)
    },
    **{
        f"2.16.840.1.101.3.4.3.{number}": Signature(key, name)
        for number, (key, name) in enumerate(
            [("DSA", name) for name in ("sha224", "sha256", "sha384", "sha512")]
            + [(key, f"sha3-{bits}") for key in ("DSA", "EC", "RSA") for bits in (224, 256, 384, 512)],
            1,
        )
    },
    "1.3.101.112": Signature("Ed25519"),
    "1.3.101.113": Signature("Ed448"),
    **{
        f"2.16.840.1.101.3.4.3.{17 + i}": Signature(name)
        for i, name in enumerate(("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"))
    },
    "1.2.156.10197.1.501": Signature("SM2", "sm3"),
    "1.2.643.7.1.1.3.2": Signature("GOST R 34.10-2012"),
    "1.2.643.7.1.1.3.3": Signature("GOST R 34.10-2012"),
}
"""Signature algorithms whose hash their number names. RSASSA-PSS is not one of them."""

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""The bits of keyUsage from the first: RFC 5280 section 4.2.1.3."""

EXTENDED_KEY_USAGES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.4.1.311.10.3.3": "msSGC",
    "2.16.840.1.113730.4.1": "nsSGC",
}
"""RFC 5280 section 4.2.1.12; the two SGC (server gated cryptography) are to OpenSSL as good as serverAuth."""

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_KEY_ID, AUTHORITY_KEY_ID, ALTERNATIVE_NAMES = "2.5.29.14", "2.5.29.35", "2.5.29.17"
CRL_DISTRIBUTION_POINTS, AUTHORITY_INFORMATION = "2.5.29.31", "1.3.6.1.5.5.7.1.1"
NAME_CONSTRAINTS, NETSCAPE_TYPE = "2.5.29.30", "2.16.840.1.113730.1.1"
KNOWN_EXTENSIONS = frozenset(
    {
        *(BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_KEY_ID, AUTHORITY_KEY_ID, ALTERNATIVE_NAMES),
        *(CRL_DISTRIBUTION_POINTS, NAME_CONSTRAINTS, NETSCAPE_TYPE),
        "2.5.29.32",  # certificatePolicies
        "2.5.29.33",  # policyMappings
        "2.5.29.36",  # policyConstraints
        "2.5.29.54",  # inhibitAnyPolicy
        "1.3.6.1.5.5.7.1.7",  # ipAddrBlocks
        "1.3.6.1.5.5.7.1.8",  # autonomousSysIds
        "1.3.6.1.5.5.7.1.14",  # proxyCertInfo
        "1.3.6.1.5.5.7.48.1.5",  # ocsp-nocheck
    }
)
"""What may be critical for OpenSSL 3: its ``X509_supported_extension``."""

NETSCAPE_TYPES = (
    *("sslClient", "sslServer", "smime", "objectSigning", "reserved", "sslCA", "smimeCA", "objectSigningCA"),
)
"""Bits of Netscape's certificate type, which OpenSSL still obeys."""

OCSP, CA_ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"
MGF1 = "1.2.840.113549.1.1.8"
