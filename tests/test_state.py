"""States: their order, words and exit codes."""

from __future__ import annotations

from check_starttls_cert.state import BAD_STATES, State


def test_critical_outranks_warning_outranks_unknown_outranks_ok() -> None:
    assert sorted(State) == [State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL]


def test_the_exit_codes_are_those_of_the_monitoring_plugins_guidelines() -> None:
    assert {state.name: state.exit_code for state in State} == {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


def test_a_user_may_make_a_bad_answer_ok_a_warning_or_critical() -> None:
    assert BAD_STATES == {"ok": State.OK, "warning": State.WARNING, "critical": State.CRITICAL}
