"""Is the chain above the certificate complete, in order, and valid for as long?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from check_starttls_cert.chain import Chain
from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.questions.expiry import validity
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.text import counted, printable
from check_starttls_cert.words import JOINT, called


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Judge certificates that end before the server's own, by the same thresholds; then whether the chain is complete.

    The value is the days left of the certificate above the server's own that ends first. Limits are in force for it
    where it ends before the server's own: while that one is what has to be renewed, expiry speaks of it.
    """
    chain = observation.shown.chain
    leaf, *above = chain.path
    first = min(above, key=lambda facts: facts.not_after, default=None)
    ends = validity(first, policy.thresholds, now) if first else Answer()
    limits = ends.limits if first and first.not_after < leaf.not_after else None
    problems = list(found(chain, policy, now))
    state = max((state for state, _ in problems), default=State.OK)
    if problems and not state:  # a gap that --untrusted makes harmless is still a bad answer to this question
        state = policy.states.get("chain", state)
    return Answer(state, JOINT.join(words for _, words in problems), ends.value, limits)


def found(chain: Chain, policy: Policy, now: datetime) -> Iterator[tuple[State, str]]:
    """Yield state and words of everything that is wrong with the chain."""
    leaf, *above = chain.path
    for facts in above:
        if leaf.not_after <= facts.not_after and facts.not_before <= now:
            continue  # it is no worse than the server's own, of which expiry speaks
        answer = validity(facts, policy.thresholds, now)
        if answer.state:
            yield answer.state, f"chain: {called(facts.display_name)} {answer.words}"
    below = chain.missing
    if below is not None and chain.readable:
        issuer, subject = called(below.issuer_name), called(below.display_name)
        # A missing issuer is as mild as --untrusted makes distrust.
        state = State.WARNING if chain.verified else policy.states.get("trust", State.CRITICAL)
        if any(namesake.sent for namesake in chain.namesakes):
            words = f"the {issuer} that the server sends has another key than the one that signed {subject}"
        else:
            words = f"the server does not send {issuer}, issuer of {subject}"
        yield state, f"chain incomplete: {words}"
    if chain.unreadable:
        number = counted(len(chain.unreadable), "certificate")
        yield State.WARNING, f"chain: {number} above the server's own cannot be read"
    if "chain" in policy.states:
        for problem in chain.ordering_problems:
            yield State.WARNING, f"chain: {printable(problem)}"
