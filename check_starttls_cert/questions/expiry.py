"""Is the certificate valid now, and for how much longer?"""

from __future__ import annotations

from datetime import datetime, timedelta

from check_starttls_cert.certificate import Facts
from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy, Thresholds
from check_starttls_cert.state import State
from check_starttls_cert.words import date, in_days, span

FAR = timedelta(days=366)
"""How far ahead of this machine's clock no whole chain begins."""


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Judge the server's own certificate. Where the whole chain begins years ahead, the clock here is the suspect."""
    answer = validity(observation.shown.leaf, policy.thresholds, now)
    if all(facts.not_before - now > FAR for facts in observation.shown.chain.path):
        return answer._replace(words=f"{answer.words} (check this machine's clock, which says {now.date()})")
    return answer


def validity(facts: Facts, thresholds: Thresholds, now: datetime) -> Answer:
    """Judge any certificate's dates; expired and not yet valid are critical whatever the thresholds."""
    remaining = facts.not_after - now
    days = in_days(remaining)
    warning, critical = limits = thresholds.limits(in_days(facts.lifetime))
    if remaining < timedelta(0):
        state, words = State.CRITICAL, f"expired {span(-remaining)} ago ({date(facts.not_after, remaining)})"
    elif facts.not_before > now:
        ahead = facts.not_before - now
        state, words = State.CRITICAL, f"not valid before {date(facts.not_before, ahead)}, in {span(ahead)}"
    else:
        breached = State.WARNING if warning.breached_by(days) else State.OK
        state = State.CRITICAL if critical.breached_by(days) else breached
        words = f"expires in {span(remaining)} ({date(facts.not_after, remaining)})"
    return Answer(state, words, days, limits)
