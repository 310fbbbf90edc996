"""Sweeps that deliver results to Nagios' directory and are killed before each step in turn; to be run as a program.

The arguments are a folder to work in and, where a real core reads it, the core's directory. Without, a strict reader
is the core, and what it has taken is judged here. Each result has a label in its service's description. Prints the
number of steps of the first sweep.
"""

from __future__ import annotations

import builtins
import os
import sys
import time
from typing import Any, Callable

import check_results
from sweeps import FINE, tally

from check_starttls_cert.sweep.deliveries import nagios_results, opened
from check_starttls_cert.sweep.spool import Spool

STEPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (os, ("replace", "unlink", "chmod", "fsync", "listdir")),
    (os.path, ("lexists",)),
    (builtins, ("open",)),
    (Spool, ("first", "settle", "settle_tried", "close")),
)

NEVER = 10**9

pause = time.sleep
"""A sweep that is to be killed has another one."""

SHOWN = nagios_results.result(FINE)


def sweep(dies: int, directory: str, spool: str, labels: list[str], core: Callable[[], None]) -> bool:
    """Deliver results in a process that dies before a step; return whether it did all before that."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    left = dies

    def mortal(called: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os._exit(9)
            return called(*arguments, **named)

        return call

    def wait(_: float) -> None:
        nonlocal left
        before, left = left, NEVER  # the core is another process, and does not die
        core()
        left = before

    (delivery,) = opened({"nagios_results": directory, "spool": spool})
    for label in labels:
        delivery.take(SHOWN.replace("service_description=", f"service_description={label} "))
    for place, names in STEPS:
        for name in names:
            setattr(place, name, mortal(getattr(place, name)))
    time.sleep = wait
    os._exit(1 if delivery.end(tally()) else 0)


def with_a_strict_reader(folder: str) -> int:
    """Return the number of steps."""
    nagios_results.IN_ONE_FILE = 2
    done = False
    first = 0
    while not done:
        first += 1
        for second in (3, NEVER):
            here = f"{folder}/{first}-{second}"
            directory, spool = f"{here}/core", f"{here}/spool"
            os.makedirs(directory)
            log = os.open(f"{here}/log", os.O_RDWR | os.O_CREAT | os.O_APPEND)

            def core(directory: str = directory, log: int = log) -> None:
                labels = (result.service.partition(" ")[0] for result in check_results.taken(directory))
                os.write(log, "".join(labels).encode())

            done = sweep(first, directory, spool, list("abcde"), core)
            core()
            sweep(second, directory, spool, list("fg"), core)
            core()
            assert sweep(NEVER, directory, spool, ["h"], core)
            core()
            got = os.pread(log, 100, 0)
            assert got == b"abcdefgh", (first, second, got)
            assert os.listdir(directory) == []
            os.close(log)
    return first


def with_a_core(folder: str, directory: str) -> int:
    """Return the number of steps."""

    def core() -> None:
        while any(name.startswith("c") for name in os.listdir(directory)):
            pause(0.05)

    done = False
    step = 0
    while not done:
        step += 1
        done = sweep(step, directory, f"{folder}/spool", [f"{step}a", f"{step}b"], core)
        assert sweep(NEVER, directory, f"{folder}/spool", [f"{step}c"], core)
    return step


if __name__ == "__main__":
    print(with_a_core(*sys.argv[1:]) if len(sys.argv) > 2 else with_a_strict_reader(sys.argv[1]))  # noqa: T201
