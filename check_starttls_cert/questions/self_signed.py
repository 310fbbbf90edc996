"""Is the certificate signed by nobody but itself?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """A self-signed certificate that is itself a trust anchor is what its administrator wanted."""
    shown = observation.shown
    if not shown.leaf.self_signed:
        return Answer()
    if policy.allow_self_signed or shown.trust.verified:
        return Answer(words="self-signed")
    return Answer(State.CRITICAL, "self-signed: name it with --ca-file, or allow it with --allow-self-signed")
