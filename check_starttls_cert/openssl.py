"""OpenSSL's verdicts on a chain: ``X509_V_ERR_*`` of openssl/x509_vfy.h, by name."""

from __future__ import annotations

from typing import NamedTuple

UNABLE_TO_GET_ISSUER_CERT = 2
CERT_SIGNATURE_FAILURE = 7
CERT_NOT_YET_VALID = 9
CERT_HAS_EXPIRED = 10
DEPTH_ZERO_SELF_SIGNED_CERT = 18
SELF_SIGNED_CERT_IN_CHAIN = 19
UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20
UNABLE_TO_VERIFY_LEAF_SIGNATURE = 21
CERT_REVOKED = 23
INVALID_CA = 24
PATH_LENGTH_EXCEEDED = 25
INVALID_PURPOSE = 26
PERMITTED_VIOLATION = 47
EXCLUDED_VIOLATION = 48
EE_KEY_TOO_SMALL = 66
CA_KEY_TOO_SMALL = 67
CA_MD_TOO_WEAK = 68
INVALID_CA_NO_KEY_USAGE = 79

ISSUER_UNKNOWN = {
    UNABLE_TO_GET_ISSUER_CERT,
    DEPTH_ZERO_SELF_SIGNED_CERT,
    SELF_SIGNED_CERT_IN_CHAIN,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE,
}
"""Verdicts that more trust anchors could turn into success."""


class Trust(NamedTuple):
    """OpenSSL's verdict on a chain."""

    verified: bool
    code: int = 0
    """``X509_V_ERR_*``; 0 when verified."""
    reason: str = ""
    """OpenSSL's words for the code."""
