"""The states of an answer: their order, their words, their exit codes. The only place that knows any of these."""

from __future__ import annotations

import enum


class State(enum.IntEnum):
    """How good an answer is. A greater state is a worse one.

    CRITICAL outranks UNKNOWN: what is known to be broken must not hide behind what is not known.
    """

    OK = 0
    UNKNOWN = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def exit_code(self) -> int:
        """The plugin's exit code: Monitoring Plugins guidelines, "Plugin Return Codes"."""
        return EXIT_CODES[self]


EXIT_CODES = {State.OK: 0, State.WARNING: 1, State.CRITICAL: 2, State.UNKNOWN: 3}

BAD_STATES = {state.name.lower(): state for state in sorted(State, key=EXIT_CODES.__getitem__)}
"""What a user may make of a bad answer, by the word for it."""

SHORT = {"warn": "warning", "crit": "critical"}
"""Other words for them that monitoring systems use."""
