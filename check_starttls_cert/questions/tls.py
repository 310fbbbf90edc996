"""Is the negotiated TLS version new enough?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare what was negotiated; the handshake itself takes any version."""
    version, minimum = observation.shown.session.version, policy.min_tls
    if minimum is None or number(version) >= number(minimum):
        return Answer()
    return Answer(State.CRITICAL, f"tls: {version} was negotiated, {minimum} is the minimum")


def number(version: str) -> tuple[int, ...]:
    """``TLSv1.2`` or ``1.2`` as numbers that compare; OpenSSL calls 1.0 ``TLSv1``, and SSL is older."""
    digits = version.replace("TLSv", "")
    return (0,) if "SSL" in version else tuple(map(int, digits.split("."))) + (0,) * (1 - digits.count("."))
