"""Did the service let us read its certificate?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """A service that cannot be reached is CRITICAL, not UNKNOWN (Monitoring Plugins guidelines)."""
    if observation.error:
        return Answer(State.CRITICAL, str(observation.error))
    wants = observation.shown.session.wants_client_certificate
    return Answer(words="the server wants a client certificate" if wants else "")
