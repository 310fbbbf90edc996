"""The table: which questions there are, and the user's say in their states."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    NO_ISSUER,
    REFUSED,
    SELF_SIGNED,
    evaluated,
    facts,
    named,
    seen,
    self_signed,
    unseen,
    verdict,
)

from check_starttls_cert.certificate import Key
from check_starttls_cert.observation import Session
from check_starttls_cert.questions import SETTABLE
from check_starttls_cert.state import State

BAD = {
    "connection": unseen(REFUSED),
    "name": seen(named("other.test")),
    "chain": seen(sent=()),
    "self-signed": seen(self_signed(), SELF_SIGNED),
    "trust": seen(trust=NO_ISSUER),
    "key-size": seen(facts(key=Key("RSA", 512))),
    "signature": seen(facts(signature_hash="md5")),
    "pin": seen(facts(issuer_attributes=("CN=Somebody",))),
    "lifetime": seen(facts(lifetime=500 * DAY)),
    "tls": seen(session=Session("TLSv1", "ECDHE-RSA-AES256-SHA")),
}
"""An observation for each question, to which the answer is bad."""


ASKING = {"pin": {"issuer": ("R11",)}, "lifetime": {"max_lifetime": 398.0}, "tls": {"min_tls": "1.2"}}
"""The option without which a question is not asked."""


DEFAULT_STATES = {"chain": "warning", "lifetime": "warning"}
"""Of bad answers; all others are critical."""


def state_of(question: str, **values) -> tuple[str, str]:
    """Return the state and words of the one bad answer."""
    return verdict(question, BAD[question], **ASKING.get(question, {}), **values)


def test_there_is_a_bad_answer_to_every_question() -> None:
    assert set(BAD) == set(SETTABLE)


@pytest.mark.parametrize("question", SETTABLE)
def test_a_bad_answer_has_its_default_state_and_says_why(question) -> None:
    state, words = state_of(question)
    assert state == DEFAULT_STATES.get(question, "critical")
    assert words


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
@pytest.mark.parametrize("question", SETTABLE)
def test_the_user_sets_the_state_of_any_question_and_its_words_stay(question, state) -> None:
    words = state_of(question)[1]
    assert state_of(question, state=((question, state),)) == (state, words)


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
@pytest.mark.parametrize(("question", "short"), [("trust", "untrusted"), ("connection", "unreachable")])
def test_the_short_forms_mean_the_same(question, short, state) -> None:
    assert state_of(question, **{short: state}) == state_of(question, state=((question, state),))


@pytest.mark.parametrize("question", SETTABLE)
@pytest.mark.parametrize("state", ["warning", "critical"])
def test_a_good_answer_is_ok_whatever_the_state_of_a_bad_one(question, state) -> None:
    assert evaluated(seen(), state=((question, state),)).state is State.OK


def test_the_state_of_a_key_of_unknown_size_is_the_users_too() -> None:
    observed = seen(facts(key=Key("unknown key type", -1)))
    assert verdict("key-size", observed, state=(("key-size", "ok"),))[0] == "ok"
