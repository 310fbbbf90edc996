"""Did this key make that signature? The one place that verifies, with ``cryptography``, which is imported only then.

"Cannot tell" is not "no": an algorithm or key that the library does not know gives ``None``. The key is loaded from its
SubjectPublicKeyInfo alone and the signature comes from our own reader, because the library refuses to
parse certificates that TLS clients accept.
"""

from __future__ import annotations

from check_starttls_cert import oids
from check_starttls_cert.algorithm import pss
from check_starttls_cert.certificate import Facts, Signed, public_key_info, signed
from check_starttls_cert.der import DERError
from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric import padding, rsa

# RFC 8017 section 9.2 note 1: what stands before the digest in an RSA signature with RIPEMD-160, by RFC 3279's pattern.
RIPEMD160_PREFIX = bytes.fromhex("3021300906052b2403020105000414")


def verifies(certificate: Facts, issuer: Facts) -> bool | None:
    """Return whether the issuer's key verifies the certificate's signature, whatever their names.

    ``None`` where that cannot be told. Neither dates nor the right to issue are asked, nor what is malformed: OpenSSL
    refuses a certificate whose two algorithms differ, but the key that signed it is the key that signed it.
    """
    parts = signed(certificate)
    if parts is None:
        return False
    if parts.algorithm == oids.RSASSA_PSS:
        key_kind, hash_name = "RSA", ""
    elif parts.algorithm in oids.SIGNATURES:
        key_kind, hash_name = oids.SIGNATURES[parts.algorithm]
    else:
        return None
    if issuer.key.algorithm != key_kind:
        # Of a key of an unknown kind nothing is asked: the library may know it, and warn of it on stderr.
        return False if issuer.key.bits > 0 else None
    return _verifies(parts, hash_name, public_key_info(issuer))


def _verifies(parts: Signed, hash_name: str, key_info: bytes) -> bool | None:
    from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(key_info)
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(parts.signature, parts.octets)
        elif isinstance(key, rsa.RSAPublicKey) and parts.algorithm == oids.RSASSA_PSS:
            parameters = pss(memoryview(parts.parameters))
            mask = padding.MGF1(_hash(parameters.mask_hash))
            scheme = padding.PSS(mask, parameters.salt_length)
            key.verify(parts.signature, parts.octets, scheme, _hash(parameters.hash))
        elif isinstance(key, rsa.RSAPublicKey) and hash_name == "ripemd160":
            return _verifies_ripemd160(key, parts, padding.PKCS1v15())
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(parts.signature, parts.octets, padding.PKCS1v15(), _hash(hash_name))
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(parts.signature, parts.octets, ec.ECDSA(_hash(hash_name)))
        else:
            assert isinstance(key, dsa.DSAPublicKey)
            key.verify(parts.signature, parts.octets, _hash(hash_name))
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError, InternalError):  # over its versions, for odd keys
        return None
    return True


def _verifies_ripemd160(key: rsa.RSAPublicKey, parts: Signed, scheme: padding.PKCS1v15) -> bool:
    """``cryptography`` does not know this hash; the hash of Python's OpenSSL mostly does. Raises ``ValueError``."""
    import hashlib

    digest = hashlib.new("ripemd160", parts.octets, usedforsecurity=False).digest()
    return key.recover_data_from_signature(parts.signature, scheme, None) == RIPEMD160_PREFIX + digest


def _hash(name: str) -> Any:
    """Return the library's hash of this name. Raises ``DERError`` where it has none."""
    from cryptography.hazmat.primitives import hashes

    found = getattr(hashes, name.upper().replace("-", "_"), None)
    if found is None:
        raise DERError(f"no hash {name}")
    return found()
