"""Is every signature below the root made with a hash that still holds?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.words import called

BROKEN_HASHES = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}
"""Collisions are known: RFC 6151 for MD5, RFC 9155 and shattered.io for SHA-1."""


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Judge each certificate but the trust anchor, which is trusted for itself and not for its signature."""
    chain = observation.shown.chain
    # Python 3.9 does not tell the path: the last one known is the server's own and not the anchor.
    judged = chain.path[:-1] if chain.verified and chain.readable else chain.path
    broken = [
        f"{called(facts.display_name)} is signed with {BROKEN_HASHES[facts.signature_hash]}"
        for facts in judged
        if facts.signature_hash in BROKEN_HASHES and not facts.self_signed
    ]
    return Answer(State.CRITICAL, f"signature: {', '.join(broken)}") if broken else Answer()
