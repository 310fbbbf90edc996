"""Is every public key on the path long enough?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from check_starttls_cert.certificate import Facts
from check_starttls_cert.observation import Observation
from check_starttls_cert.public_key import Key
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import DEFAULT_MIN_EC_BITS, DEFAULT_MIN_RSA_BITS, MinimumSize, Policy
from check_starttls_cert.state import State
from check_starttls_cert.words import JOINT, called


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare the keys with the minimum of their own algorithm: the server's, and those of its issuers.

    Clients that ask for OpenSSL's security level 2, as Debian's and curl's do, refuse a short key anywhere on the
    path, the root's too ("CA certificate key too weak"). The value is the size of the server's own key.
    """
    path = observation.shown.chain.path
    key = path[0].key
    problems = list(found(path, policy))
    state = max((state for state, _ in problems), default=State.OK)
    words = JOINT.join(words for _, words in problems)
    return Answer(state, words or str(key), key.bits if key.bits > 0 else None)


def found(path: tuple[Facts, ...], policy: Policy) -> Iterator[tuple[State, str]]:
    """Yield state and words of every key that is too short or cannot be judged."""
    for depth, facts in enumerate(path):
        key = facts.key
        minimum = smallest(key, policy, is_leaf=depth == 0)
        if key.bits >= 0 and (minimum is None or key.bits >= minimum.warning):
            continue
        shown = f"{called(facts.display_name)} has {key}, which" if depth else str(key)
        if minimum is None or key.bits < 0:
            yield State.UNKNOWN, f"{shown} cannot be judged" if depth else f"{key}: its size cannot be judged"
        else:
            state = State.CRITICAL if key.bits < minimum.critical else State.WARNING
            yield state, f"{shown} is too short, {minimum.warning} bits are the minimum"


def smallest(key: Key, policy: Policy, is_leaf: bool) -> MinimumSize | None:
    """Return the minimum for a key. EdDSA has no weak sizes.

    More than the default is asked of the server's own key only: its administrator does not choose the issuers'.
    """
    if key.algorithm in ("RSA", "DSA"):
        wanted, default = policy.min_rsa_bits, DEFAULT_MIN_RSA_BITS
    elif key.algorithm == "EC":
        wanted, default = policy.min_ec_bits, DEFAULT_MIN_EC_BITS
    else:
        return None
    return wanted if is_leaf else MinimumSize(*map(min, wanted, default))
