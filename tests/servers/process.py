"""Starting, awaiting and stopping a server program, whatever it is. Knows no server."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shlex
import shutil
import socket
import subprocess
import time
from typing import Any, Callable, NamedTuple

PATIENCE = 300
"""Seconds after which a server is given up: it guards against hanging, on a busy machine too, and measures nothing."""

PAUSE = 0.01
"""Seconds between two looks."""

# Where distributions keep servers, beside what PATH of a plain user says.
FOLDERS = (*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/sbin", "/usr/local/sbin", "/usr/libexec")

EXTRA_SERVERS = os.environ.get("EXTRA_SERVERS", "")
"""The root of packages that were unpacked, because they cannot be installed beside others."""

# Below the ports that systems give to whoever asks for any (Linux: from 32768 on). Of those, one that was free can be
# another's before its server starts, and a look whether somebody listens there can meet itself: RFC 9293 section 3.5,
# simultaneous open. No two workers of pytest-xdist have a port in common, and no port is given twice.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_mine = range(20000 + _worker, 32768, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
_candidates = iter(random.sample(_mine, len(_mine)))


class Unavailable(Exception):
    """The server cannot run on this machine; the message says why."""


FAILURES = (Unavailable, OSError, subprocess.SubprocessError)
"""What a server's start raises where the machine lacks what the server needs, known to us or not: a program, a user, a
library, a file, a permission. A fault of the tests themselves is none of these."""


class Server(NamedTuple):
    """A running server: for each service, its port on loopback and its log."""

    protocol: str
    ports: dict[str, int]
    logs: dict[str, str]
    said_when_done: str
    """What the log says once a connection is over."""

    def log(self, service: str) -> str:
        """Return what the service's log says by now."""
        return read(self.logs[service])


def find(program: str, *folders: str) -> str:
    """Return the path of ``program``. Raises ``Unavailable``."""
    path = shutil.which(program, path=os.pathsep.join(_places(*folders, *FOLDERS)))
    if path is None:
        raise Unavailable(f"{program} is not installed")
    return path


def find_file(name: str, *folders: str) -> str:
    """Return the path of a file that belongs to a server. Raises ``Unavailable``."""
    for folder in _places(*folders):
        if os.path.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise Unavailable(f"{name} is not installed")


def _places(*folders: str) -> list[str]:
    extra = [EXTRA_SERVERS + folder for folder in folders] if EXTRA_SERVERS else []
    return [*folders, *extra]


def as_root() -> None:
    """Raise ``Unavailable`` unless this process may start servers that give up root's rights."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise Unavailable("the server needs root")


def user(name: str) -> tuple[int, int]:
    """Return the numbers of a user and of its group. Raises ``Unavailable``."""
    try:
        import pwd

        entry = pwd.getpwnam(name)
    except (ImportError, KeyError):
        raise Unavailable(f"there is no user {name}") from None
    return entry.pw_uid, entry.pw_gid


def run(arguments: list[str], **options: Any) -> None:
    """Run a program that prepares a server, to its end. Raises ``Unavailable`` with what it says where it fails."""
    done = subprocess.run(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False, **options
    )
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace")
        raise Unavailable(f"{shlex.join(arguments)} ended with code {done.returncode}:\n{said}")


def has_ipv6() -> bool:
    """Return whether ``::1`` is there to listen on."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", 0))
        return True
    return False


def addresses() -> list[str]:
    """Return the loopback addresses that servers listen on."""
    return ["127.0.0.1", *(["::1"] if has_ipv6() else [])]


def free_ports(count: int) -> list[int]:
    """Return ports that are free, and that nobody else will ask for."""
    return list(itertools.islice(filter(_is_free, _candidates), count))


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def write(path: str, contents: str | bytes) -> str:
    """Write a file and return its path."""
    with open(path, "wb") as file:
        file.write(contents if isinstance(contents, bytes) else contents.encode("utf-8"))
    return path


def read(path: str) -> str:
    """Return a text file's contents, or nothing while there is none."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
    return ""


class Command(NamedTuple):
    """A program to start, and the file that takes its output."""

    arguments: list[str]
    output: str


def start(stack: contextlib.ExitStack, *commands: Command) -> list[subprocess.Popen]:
    """Start programs, each in a session of its own; the stack stops them."""
    processes: list[subprocess.Popen] = []
    stack.callback(stop, processes)
    for command in commands:
        with open(command.output, "ab") as file:
            processes.append(
                subprocess.Popen(
                    command.arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
                )
            )
    return processes


def stop(processes: list[subprocess.Popen]) -> None:
    """End processes: all are asked before any is awaited."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_port(port: int, process: subprocess.Popen, *logs: str) -> None:
    """Return when something listens on the port. Raises ``Unavailable`` with the logs where the server ends instead."""

    def listening() -> bool:
        if process.poll() is not None:
            raise Unavailable(f"the server ended with code {process.returncode}:\n" + "\n".join(map(read, logs)))
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), PATIENCE):
            return True
        return False

    await_that(listening, lambda: f"nothing listens on port {port}:\n" + "\n".join(map(read, logs)))


def await_that(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Return when the condition holds. Raises ``TimeoutError`` with what ``otherwise`` says."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(otherwise())
        time.sleep(PAUSE)
