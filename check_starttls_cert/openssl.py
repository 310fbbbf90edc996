"""OpenSSL's numbers and reasons in plain words: what it calls a thing, what that means, what to do.

Tables only: nothing here calls OpenSSL, and which words are shown where is decided by who asks.
"""

from __future__ import annotations

from check_starttls_cert.static_typing import NamedTuple

# X509_V_ERR_*, x509_vfy.h: those that the program speaks of by name.
UNSPECIFIED = 1
UNABLE_TO_GET_ISSUER_CERT = 2
CERT_SIGNATURE_FAILURE = 7
CERT_NOT_YET_VALID = 9
CERT_HAS_EXPIRED = 10
DEPTH_ZERO_SELF_SIGNED_CERT = 18
SELF_SIGNED_CERT_IN_CHAIN = 19
UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20
UNABLE_TO_VERIFY_LEAF_SIGNATURE = 21
CERT_REVOKED = 23
INVALID_CA_BEFORE_3_0 = 24
"""In OpenSSL 1.1.1; 3.0 calls that 79, and has 24 for an issuer without a public key."""
PATH_LENGTH_EXCEEDED = 25
INVALID_PURPOSE = 26
UNHANDLED_CRITICAL_EXTENSION = 34
UNSUPPORTED_CONSTRAINT_TYPE = 51
UNSUPPORTED_NAME_SYNTAX = 53
PERMITTED_VIOLATION = 47
EXCLUDED_VIOLATION = 48
EE_KEY_TOO_SMALL = 66
CA_KEY_TOO_SMALL = 67
CA_MD_TOO_WEAK = 68
INVALID_CA = 79
EC_KEY_EXPLICIT_PARAMS = 94


VERIFY_ERRORS: dict[int, tuple[str, str]] = {
    1: ("UNSPECIFIED", "OpenSSL does not say why"),
    2: ("UNABLE_TO_GET_ISSUER_CERT", "the issuer of one of its issuers is not known"),
    3: ("UNABLE_TO_GET_CRL", "there is no revocation list for it"),
    4: ("UNABLE_TO_DECRYPT_CERT_SIGNATURE", "its signature cannot be decrypted"),
    5: ("UNABLE_TO_DECRYPT_CRL_SIGNATURE", "the signature of its revocation list cannot be decrypted"),
    6: ("UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "the public key of its issuer cannot be read"),
    7: ("CERT_SIGNATURE_FAILURE", "the signature does not fit the issuer's key"),
    8: ("CRL_SIGNATURE_FAILURE", "the signature of its revocation list does not fit the issuer's key"),
    9: ("CERT_NOT_YET_VALID", "it is not valid yet"),
    10: ("CERT_HAS_EXPIRED", "it has expired"),
    11: ("CRL_NOT_YET_VALID", "its revocation list is not valid yet"),
    12: ("CRL_HAS_EXPIRED", "its revocation list has expired"),
    13: ("ERROR_IN_CERT_NOT_BEFORE_FIELD", "the date that it begins at is malformed"),
    14: ("ERROR_IN_CERT_NOT_AFTER_FIELD", "the date that it ends at is malformed"),
    15: ("ERROR_IN_CRL_LAST_UPDATE_FIELD", "a date of its revocation list is malformed"),
    16: ("ERROR_IN_CRL_NEXT_UPDATE_FIELD", "a date of its revocation list is malformed"),
    17: ("OUT_OF_MEM", "this machine has no memory left to verify it"),
    18: ("DEPTH_ZERO_SELF_SIGNED_CERT", "it is self-signed and not among the trust anchors"),
    19: ("SELF_SIGNED_CERT_IN_CHAIN", "the root that it leads to is not among the trust anchors"),
    20: ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "its issuer is neither sent nor among the trust anchors"),
    21: ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its issuer is neither sent nor among the trust anchors"),
    22: ("CERT_CHAIN_TOO_LONG", "the chain is longer than OpenSSL follows it"),
    23: ("CERT_REVOKED", "it is revoked"),
    24: ("NO_ISSUER_PUBLIC_KEY", "an issuer is no certification authority, or its public key is missing"),
    25: ("PATH_LENGTH_EXCEEDED", "an issuer has more authorities below it than it is allowed to have"),
    26: ("INVALID_PURPOSE", "a certificate of the chain is not meant for TLS servers"),
    27: ("CERT_UNTRUSTED", "the trust anchor is not trusted for TLS servers"),
    28: ("CERT_REJECTED", "the trust anchor is marked as rejected for TLS servers"),
    29: ("SUBJECT_ISSUER_MISMATCH", "an issuer has another name than the certificate says"),
    30: ("AKID_SKID_MISMATCH", "an issuer has another key than the certificate says"),
    31: ("AKID_ISSUER_SERIAL_MISMATCH", "an issuer has another serial number than the certificate says"),
    32: ("KEYUSAGE_NO_CERTSIGN", "an issuer's key may not sign certificates (keyUsage)"),
    33: ("UNABLE_TO_GET_CRL_ISSUER", "the issuer of its revocation list is not known"),
    34: ("UNHANDLED_CRITICAL_EXTENSION", "it has an extension marked critical that OpenSSL does not understand"),
    35: ("KEYUSAGE_NO_CRL_SIGN", "the issuer's key may not sign revocation lists (keyUsage)"),
    36: ("UNHANDLED_CRITICAL_CRL_EXTENSION", "its revocation list has a critical extension unknown here"),
    37: ("INVALID_NON_CA", "a certification authority stands where there may be none"),
    38: ("PROXY_PATH_LENGTH_EXCEEDED", "there are more proxy certificates than allowed"),
    39: ("KEYUSAGE_NO_DIGITAL_SIGNATURE", "its key may not sign (keyUsage)"),
    40: ("PROXY_CERTIFICATES_NOT_ALLOWED", "it is a proxy certificate"),
    41: ("INVALID_EXTENSION", "one of its extensions is malformed"),
    42: ("INVALID_POLICY_EXTENSION", "its certificate policies are malformed"),
    43: ("NO_EXPLICIT_POLICY", "an issuer demands a policy that the chain does not have"),
    44: ("DIFFERENT_CRL_SCOPE", "its revocation list is for other certificates"),
    45: ("UNSUPPORTED_EXTENSION_FEATURE", "one of its extensions has a feature that OpenSSL does not know"),
    46: ("UNNESTED_RESOURCE", "it has address resources (RFC 3779) that its issuer does not have"),
    47: ("PERMITTED_VIOLATION", "an issuer is not allowed to certify a name that it has"),
    48: ("EXCLUDED_VIOLATION", "an issuer is not allowed to certify a name that it has"),
    49: ("SUBTREE_MINMAX", "an issuer's name constraints have distances, which nobody supports"),
    50: ("APPLICATION_VERIFICATION", "this program's Python refuses it"),
    51: ("UNSUPPORTED_CONSTRAINT_TYPE", "an issuer's name constraints are of a type unknown to OpenSSL"),
    52: ("UNSUPPORTED_CONSTRAINT_SYNTAX", "an issuer's name constraints are malformed"),
    53: ("UNSUPPORTED_NAME_SYNTAX", "a name in it is malformed, so name constraints cannot be applied"),
    54: ("CRL_PATH_VALIDATION_ERROR", "the path of its revocation list cannot be verified"),
    55: ("PATH_LOOP", "its issuers lead in a circle"),
    56: ("SUITE_B_INVALID_VERSION", "Suite B does not allow its version"),
    57: ("SUITE_B_INVALID_ALGORITHM", "Suite B does not allow its kind of key"),
    58: ("SUITE_B_INVALID_CURVE", "Suite B does not allow its curve"),
    59: ("SUITE_B_INVALID_SIGNATURE_ALGORITHM", "Suite B does not allow its signature algorithm"),
    60: ("SUITE_B_LOS_NOT_ALLOWED", "Suite B does not allow its level of security"),
    61: ("SUITE_B_CANNOT_SIGN_P_384_WITH_P_256", "Suite B does not allow P-256 to sign P-384"),
    62: ("HOSTNAME_MISMATCH", "it is for another host name"),
    63: ("EMAIL_MISMATCH", "it is for another mail address"),
    64: ("IP_ADDRESS_MISMATCH", "it is for another address"),
    65: ("DANE_NO_MATCH", "no TLSA record fits it"),
    66: ("EE_KEY_TOO_SMALL", "its key is too short"),
    67: ("CA_KEY_TOO_SMALL", "the key of an issuer is too short"),
    68: ("CA_MD_TOO_WEAK", "an issuer signs with a hash that is too weak"),
    69: ("INVALID_CALL", "OpenSSL was called in a wrong way"),
    70: ("STORE_LOOKUP", "the trust anchors could not be searched"),
    71: ("NO_VALID_SCTS", "it is in no log of Certificate Transparency"),
    72: ("PROXY_SUBJECT_NAME_VIOLATION", "a proxy certificate has a name that does not follow from its issuer's"),
    73: ("OCSP_VERIFY_NEEDED", "its revocation has to be asked for"),
    74: ("OCSP_VERIFY_FAILED", "the answer about its revocation cannot be verified"),
    75: ("OCSP_CERT_UNKNOWN", "those who tell its revocation do not know it"),
    76: ("UNSUPPORTED_SIGNATURE_ALGORITHM", "OpenSSL does not know its signature algorithm"),
    77: ("SIGNATURE_ALGORITHM_MISMATCH", "its signature algorithm does not fit the issuer's key"),
    78: ("SIGNATURE_ALGORITHM_INCONSISTENCY", "its two statements of the signature algorithm differ"),
    79: ("INVALID_CA", "an issuer is no certification authority"),
    80: ("PATHLEN_INVALID_FOR_NON_CA", "it has a path length and is no certification authority"),
    81: ("PATHLEN_WITHOUT_KU_KEY_CERT_SIGN", "an issuer with a path length may not sign certificates"),
    82: ("KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA", "it may sign certificates and is no authority"),
    83: ("ISSUER_NAME_EMPTY", "it does not name its issuer"),
    84: ("SUBJECT_NAME_EMPTY", "an issuer has no name"),
    85: ("MISSING_AUTHORITY_KEY_IDENTIFIER", "it has no authorityKeyIdentifier"),
    86: ("MISSING_SUBJECT_KEY_IDENTIFIER", "an issuer has no subjectKeyIdentifier"),
    87: ("EMPTY_SUBJECT_ALT_NAME", "its subjectAltName is empty"),
    88: ("EMPTY_SUBJECT_SAN_NOT_CRITICAL", "it has no subject and its subjectAltName is not critical"),
    89: ("CA_BCONS_NOT_CRITICAL", "the basicConstraints of an issuer are not critical"),
    90: ("AUTHORITY_KEY_IDENTIFIER_CRITICAL", "its authorityKeyIdentifier is marked critical"),
    91: ("SUBJECT_KEY_IDENTIFIER_CRITICAL", "its subjectKeyIdentifier is marked critical"),
    92: ("CA_CERT_MISSING_KEY_USAGE", "an issuer has no keyUsage"),
    93: ("EXTENSIONS_REQUIRE_VERSION_3", "it has extensions and is not of version 3"),
    94: ("EC_KEY_EXPLICIT_PARAMS", "a key of the chain spells its curve out instead of naming it"),
}
"""By number, as in OpenSSL 3: the name without ``X509_V_ERR_``, and what is wrong, as part of a sentence."""

ISSUER_UNKNOWN = frozenset(
    {
        UNABLE_TO_GET_ISSUER_CERT,
        DEPTH_ZERO_SELF_SIGNED_CERT,
        SELF_SIGNED_CERT_IN_CHAIN,
        UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    }
)
"""The verdicts that more trust anchors could turn into success."""


DATES = (CERT_NOT_YET_VALID, CERT_HAS_EXPIRED)
"""The verdicts on a certificate's dates."""


class Trust(NamedTuple):
    """OpenSSL's verdict on a chain."""

    verified: bool
    code: int = 0
    """``X509_V_ERR_*``; 0 when verified."""
    reason: str = ""
    """OpenSSL's words for the code."""


# Reasons of a failed handshake: ``ssl.SSLError.reason``.
UNKNOWN_ERROR = "unknown error"
CANNOT_READ = "it is OpenSSL on this machine that cannot read what the server sends, most likely its certificate"
REFUSED_HERE = "it is OpenSSL on this machine that refuses what the server sends"
NO_APPLICATION_PROTOCOL = "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
ALERT_HANDSHAKE_FAILURE = "SSLV3_ALERT_HANDSHAKE_FAILURE"

ALERTS_ABOUT_CLIENT_CERTIFICATES = frozenset(
    {
        ALERT_HANDSHAKE_FAILURE,
        "SSLV3_ALERT_NO_CERTIFICATE",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    }
)
"""What servers answer to a client without a certificate: RFC 8446 section 4.4.2.4 has certificate_required,
RFC 5246 section 7.4.6 handshake_failure; others are seen too."""

_NO_VERSION = "no TLS version in common"
_NO_CIPHER = "no cipher in common; see the server's log"

HANDSHAKE_FAILURES = {
    "WRONG_VERSION_NUMBER": "the server answers in plaintext",
    "HTTP_REQUEST": "the server answers in plaintext",
    ALERT_HANDSHAKE_FAILURE: (
        "no cipher or curve in common, as with certificates on secp256k1, brainpool, P-192 or P-224, "
        "the server wants a client certificate, or it could not load its own; see its log"
    ),
    "TLSV1_ALERT_PROTOCOL_VERSION": _NO_VERSION,
    "UNSUPPORTED_PROTOCOL": _NO_VERSION,
    "WRONG_SSL_VERSION": _NO_VERSION,
    "NO_PROTOCOLS_AVAILABLE": _NO_VERSION,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _NO_CIPHER,
    "NO_CIPHERS_AVAILABLE": _NO_CIPHER,
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know this name; --name sets the one that is sent",
    "TLSV1_ALERT_INTERNAL_ERROR": "something is broken in the server, often its certificate or key; see its log",
    "TLSV1_ALERT_USER_CANCELLED": "the server gave up; see its log",
    "TLSV1_ALERT_ACCESS_DENIED": "the server does not want this client; see its log",
    "TLSV1_ALERT_DECRYPT_ERROR": "the server could not verify the handshake; something in the middle may change it",
    "SSLV3_ALERT_UNEXPECTED_MESSAGE": "the server did not expect TLS here; check protocol and port",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate",
    "TLSV13_ALERT_MISSING_EXTENSION": "the server misses something in what this client offers; see its log",
    NO_APPLICATION_PROTOCOL: "the server speaks another protocol here",
    "EXCESSIVE_MESSAGE_SIZE": (
        "the server sends more than 100 KB of certificates, a whole bundle? Configure its own chain only"
    ),
    "DH_KEY_TOO_SMALL": "the server's Diffie-Hellman parameters are too short; give it 2048 bits or more",
    "BAD_SIGNATURE": "the server signs with another key than that of its certificate; give it both from one pair",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "the server does not know RFC 5746; update it",
    "WRONG_CURVE": "the server uses a curve that was not offered",
    "ASN1_LIB": CANNOT_READ,
    "BAD_PACKET": CANNOT_READ,
    "LENGTH_MISMATCH": CANNOT_READ,
    "CERT_LENGTH_MISMATCH": CANNOT_READ,
    "DECODE_ERROR": CANNOT_READ,
    "BAD_EXTENSION": CANNOT_READ,
    "UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS": "this machine's OpenSSL cannot read the public key of the certificate",
    "UNKNOWN_CERTIFICATE_TYPE": "this machine's OpenSSL does not know this type of public key",
    "NO_CERTIFICATES_RETURNED": "the server sent no certificate",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the server sent no certificate",
}
"""By OpenSSL's reason: what it means to an administrator, and what to do where that is known."""

READING_LIBRARIES = frozenset(
    {"ASN1", "X509", "asn1 encoding routines", "x509 certificate routines", "EVP", "EC", "RSA"}
)
"""``ssl.SSLError.library`` where this side cannot read what came."""
