"""Is the whole validity period as short as it has to be?"""

from __future__ import annotations

from datetime import datetime, timezone

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.thresholds import plain
from check_starttls_cert.words import in_days

PUBLIC_LIFETIMES = (
    (datetime(2029, 3, 15, tzinfo=timezone.utc), 47.0),
    (datetime(2027, 3, 15, tzinfo=timezone.utc), 100.0),
    (datetime(2026, 3, 15, tzinfo=timezone.utc), 200.0),
    (datetime.min.replace(tzinfo=timezone.utc), 398.0),
)
"""First day of issue and days: CA/Browser Forum Baseline Requirements section 6.3.2, ballot SC-081v3."""


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare with the limit, or with the one for public certificates on the day of issue."""
    limit, facts = policy.max_lifetime, observation.shown.leaf
    rule = "allowed"
    if isinstance(limit, str):
        if not observation.shown.trust.verified or observation.store.private:
            return Answer()  # private authorities are not bound by the CA/Browser Forum
        limit = next(days for first, days in PUBLIC_LIFETIMES if facts.not_before >= first)
        rule = f"allowed for public certificates issued on {facts.not_before.date()}"
    days = in_days(facts.lifetime)
    if limit is None or days <= limit:
        return Answer()
    return Answer(State.WARNING, f"lifetime: {plain(days)} days, {plain(limit)} are {rule}")
