"""States: their order, words and exit codes."""

from __future__ import annotations

from check_starttls_cert.state import BAD_STATES, SHORT, State


def test_critical_outranks_warning_outranks_unknown_outranks_ok() -> None:
    assert sorted(State) == [State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL]


def test_the_exit_codes_are_those_of_the_monitoring_plugins_guidelines() -> None:
    assert {state.name: state.exit_code for state in State} == {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


def test_a_user_may_make_a_bad_answer_ok_a_warning_or_critical() -> None:
    assert list(BAD_STATES) == ["ok", "warning", "critical", "unknown"]
    assert all(state.name.lower() == word for word, state in BAD_STATES.items())
    assert {short: BAD_STATES[word] for short, word in SHORT.items()} == {"warn": State.WARNING, "crit": State.CRITICAL}
