"""For sweeps that a test kills: a process that imports this dies at the step whose number is its last argument.

A step is the moment before and after each call that is ``mortal``; what is done to a spool is from the beginning.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
from typing import Any, Callable

DEADLY = int(sys.argv[-1])

_steps = 0


def step() -> int:
    """Return the number of this step, if the process survives it."""
    global _steps  # noqa: PLW0603 - there is one in a process
    _steps += 1
    if _steps == DEADLY:
        os._exit(9)
    return _steps


def mortal(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a step before and after it."""

    @functools.wraps(call)
    def called(*given: Any, **named: Any) -> Any:
        step()
        found = call(*given, **named)
        step()
        return found

    return called


class MortalConnection(sqlite3.Connection):
    """A connection whose statements are steps."""

    execute = mortal(sqlite3.Connection.execute)


sqlite3.connect = functools.partial(sqlite3.connect, factory=MortalConnection)  # type: ignore[assignment]
