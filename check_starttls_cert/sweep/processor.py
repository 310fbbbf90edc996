"""All threads of a sweep on one processor, where each computes until it waits.

Python lets one thread compute at a time. Where the system spreads them over processors, each turn is handed from one
to another: that takes a third more CPU and a quarter more time than staying on one, though OpenSSL computes meanwhile.
And whoever wants the next turn wakes every 5 ms to ask for it: a hundred who do so take 2 % of the CPU.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TURN = 0.1
"""Seconds after which one that only computes has to let others have their turn."""

STAT = "/proc/thread-self/stat"

PROCESSOR = 36
"""The processor that a thread was on last: its place behind the command's name (proc_pid_stat(5))."""


@contextmanager
def one_processor() -> Iterator[None]:
    """Let this thread, and those that it starts, take longer turns on one processor."""
    turn = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        with staying():
            yield
    finally:
        sys.setswitchinterval(turn)


@contextmanager
def staying() -> Iterator[None]:
    """Keep this thread, and those that it starts, on the processor that it is on, where the system can."""
    if sys.platform != "linux":
        yield
        return
    try:
        allowed = os.sched_getaffinity(0)
        with open(STAT, encoding="utf-8", errors="replace") as file:
            here = int(file.read().rpartition(")")[2].split()[PROCESSOR])
        os.sched_setaffinity(0, {here})
    except (OSError, LookupError, ValueError):  # without /proc or with another one, or not allowed
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)
