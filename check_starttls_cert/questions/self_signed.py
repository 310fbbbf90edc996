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
    if not shown.self_signed:
        return Answer()
    words = "self-signed"
    if shown.leaf.self_signed is None:  # "cannot tell" is not "no"
        words += f" by its names, its signature ({shown.leaf.signature_algorithm}) cannot be checked here"
    if policy.allow_self_signed or shown.anchored:
        return Answer(words=words)
    where = "add it to the anchors" if observation.store.private else "name it with --ca-file"
    return Answer(State.CRITICAL, f"{words}: {where}, or allow it with --allow-self-signed")
