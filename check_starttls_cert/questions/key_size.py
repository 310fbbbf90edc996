"""Is the public key long enough?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare with the minimum of the key's own algorithm. EdDSA has no weak sizes."""
    key = observation.shown.leaf.key
    if key.bits < 0:
        return Answer(State.UNKNOWN, f"{key}: its size cannot be judged")
    minimum = {"RSA": policy.min_rsa_bits, "DSA": policy.min_rsa_bits, "EC": policy.min_ec_bits}.get(key.algorithm)
    if minimum is None or key.bits >= minimum.warning:
        return Answer(words=str(key), value=key.bits)
    state = State.CRITICAL if key.bits < minimum.critical else State.WARNING
    return Answer(state, f"{key} is too short, {minimum.warning} bits are the minimum", key.bits or None)
