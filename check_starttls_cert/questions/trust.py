"""Does the chain lead to a trust anchor?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert import openssl
from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Give OpenSSL's verdict, unless it only repeats another question's."""
    shown = observation.shown
    trust, leaf = shown.trust, shown.leaf
    if trust.verified:
        return Answer(words="trusted")
    if shown.self_signed and policy.allow_self_signed:
        return Answer()
    if trust.code in openssl.DATES and not leaf.not_before <= now <= leaf.not_after:
        # OpenSSL checks dates after it has found the anchor and verified the signature:
        # the certificate's own dates are all that is wrong, and expiry says so.
        return Answer()
    from check_starttls_cert.advice import sentence

    return Answer(State.CRITICAL, f"not trusted: {sentence(shown, observation.store, now)}")
