"""The questions: a table, and how one is asked. Knows no output; imports a question's module when it is asked.

A new question is one new module here and one row in ``QUESTIONS``. The module has one function::

    judge(observation, policy, now) -> Answer

It sees facts, the user's policy and the moment, and nothing else: no clock, no network, no output. Its words
must be clear alone, in the status line. A good answer with empty words is not mentioned.
"""

from __future__ import annotations

import importlib
from functools import lru_cache

from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Protocol

    from check_starttls_cert.observation import Observation
    from check_starttls_cert.settings import Policy
    from check_starttls_cert.thresholds import Limits

    class Judge(Protocol):
        """What a question's module is."""

        def judge(self, observation: Observation, policy: Policy, now: datetime) -> Answer:
            """Judge what was seen. ``observation.shown`` is there unless the row says that no certificate is needed."""


class Question(NamedTuple):
    """A row of the table: all that is known of a question before it is asked."""

    key: str
    """Its name, in ``--state`` too. The module has the same, with ``_`` for ``-``."""
    channel: tuple[int, str] | None = None
    """Id and name of its channel in PRTG. Fixed for ever: PRTG knows a channel by them."""
    metric: str = ""
    """The label of its performance data, where the answer is about a number."""
    unit: str = ""
    """Of that number: ``days``, ``bits``, ``s``."""
    asked_by: str = ""
    """The options that ask it, as keys of ``Policy`` separated by spaces; empty where it is always asked."""
    settable: bool = True
    """``--state`` sets the state of its bad answer."""
    needs_certificate: bool = True
    """It has no answer where the server's certificate could not be read."""

    def asked(self, policy: Policy) -> bool:
        """Whether the user asked this question with an option of its own."""
        if self.key in policy.states:
            return True
        return self.asked_by != "" and any(getattr(policy, key) for key in self.asked_by.split())


QUESTIONS = (
    Question("connection", needs_certificate=False),
    Question("expiry", (12, "Days until Expiration"), "days_until_expiration", "days", settable=False),
    Question("name", (17, "Common Name Check")),
    Question("chain", (20, "Chain"), "days_until_chain_expiration", "days"),
    Question("self-signed", (16, "Self-Signed")),
    Question("trust", (13, "Root Authority Trusted")),
    Question("key-size", (15, "Public Key Size"), "public_key_size", "bits"),
    Question("signature", (21, "Signature")),
    Question("pin", (22, "Pin"), asked_by="issuers fingerprints spki_pins"),
    Question("lifetime", (23, "Lifetime"), asked_by="max_lifetime"),
    Question("tls", (24, "TLS Version"), asked_by="min_tls"),
)
"""In the order in which the status line answers them."""

SETTABLE = tuple(question.key for question in QUESTIONS if question.settable)
"""The questions whose state the user may set."""


class Answer(NamedTuple):
    """What a question's module says. A good answer may come with a number all the same."""

    state: State = State.OK
    words: str = ""
    value: float | None = None
    """The number that the question is about, in the unit of its row."""
    limits: tuple[Limits, Limits] | None = None
    """Warning and critical limits in force for ``value``."""


class Judgement(NamedTuple):
    """A question and its answer, after the user's say in it."""

    question: Question
    asked: bool
    """The user asked it with an option of its own."""
    state: State
    words: str
    value: float | None
    limits: tuple[Limits, Limits] | None


def answerable(observation: Observation) -> list[Question]:
    """Return the questions that have an answer."""
    return [question for question in QUESTIONS if observation.presented or not question.needs_certificate]


def judge(question: Question, observation: Observation, policy: Policy, now: datetime) -> Judgement:
    """Ask a question. Where the user has set the state of a bad answer, it is that, and no limits are in force."""
    answer = _module(question.key).judge(observation, policy, now)
    state = answer.state and policy.states.get(question.key, answer.state)
    limits = None if question.key in policy.states else answer.limits
    return Judgement(question, question.asked(policy), state, answer.words, answer.value, limits)


@lru_cache(None)
def _module(key: str) -> Judge:
    return cast("Judge", importlib.import_module(f"{__name__}.{key.replace('-', '_')}"))
