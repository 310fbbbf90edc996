"""Imported by the program's Python at its start, where the kit's runner says so: a resolver that fails, and a report.

The program's own code is not touched. The report is what the process has used, written when it ends.
"""

from __future__ import annotations

import atexit
import os
import socket
import time


def report() -> None:
    """Write peak memory in KB (0 where this system does not tell) and CPU seconds."""
    peak = 0
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        pass
    with open(os.environ["KIT_REPORT"], "w", encoding="ascii") as file:
        file.write(f"{peak} {time.process_time():.3f}")


def addresses(*found: str) -> object:
    """Return a resolver that knows one name, which has these addresses."""

    def look_up(host: object, port: int, *_: object, **__: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return look_up


def silent(*_: object, **__: object) -> object:
    """Answer too late for anybody."""
    time.sleep(20)
    return []


def failing(error: Exception) -> object:
    """Return a resolver that raises."""

    def look_up(*_: object, **__: object) -> object:
        raise error

    return look_up


RESOLVERS = {
    "silent resolver": silent,
    "two hundred closed addresses": addresses(*(f"127.77.0.{number}" for number in range(1, 201))),
    "silent addresses": addresses(*(f"127.78.0.{number}" for number in range(1, 21))),
    "ugly": failing(socket.gaierror(socket.EAI_FAIL, "a|b\nOK - fine | x=1\x1b[2J" + "A" * 100_000)),
    "empty": addresses(),
    "unicode": failing(UnicodeError("label empty or too long")),
}

if "KIT_REPORT" in os.environ:
    atexit.register(report)
if "KIT_RESOLVER" in os.environ:
    socket.getaddrinfo = RESOLVERS[os.environ["KIT_RESOLVER"]]  # type: ignore[assignment]
