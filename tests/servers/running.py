"""What the tests know of a running server of any protocol: where it listens, and how its log speaks of visitors."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import NamedTuple

from servers import process


class Certificate(NamedTuple):
    """The files of one certificate, and the name that it is for."""

    name: str
    chain: str
    key: str
    both: str
    """Key and chain."""
    anchors: str

    def copied(self, folder: str, user: str | int = 0) -> Certificate:
        """Return copies that only ``user`` can read, which some servers insist on."""
        owner = process.user(user)[0] if isinstance(user, str) else user
        copies = []
        for path in self[1:]:
            copy = shutil.copy(path, folder)
            os.chmod(copy, 0o600)
            os.chown(copy, owner, -1)
            copies.append(copy)
        return Certificate(self.name, *copies)


def as_user(name: str) -> list[str]:
    """Return the command that runs the one after it as another user."""
    process.as_root()
    owner, group = map(str, process.user(name))
    return [process.find("setpriv"), "--reuid", owner, "--regid", group, "--clear-groups"]


def folder_of(user: str, path: str) -> str:
    """Make a folder that belongs to a user."""
    owner, group = process.user(user)
    os.mkdir(path, 0o700)
    os.chown(path, owner, group)
    return path


class Running(NamedTuple):
    """A running server."""

    ports: dict[str, int]
    """By service: a protocol's name, and more where the service is special."""
    log: str
    over: str
    """A regular expression for what the log says when a connection is over, whoever ended it and however."""
    complaints: tuple[str, ...]
    """What the log says of a visitor who does not behave."""
    rudeness: str = "hang up"
    """What a visitor does to be complained about: hang up in the handshake, or talk nonsense inside TLS."""
    polite: str = ""
    """A regular expression for what the log says of a visitor who says goodbye, where it says anything."""


def run(
    stack: contextlib.ExitStack, arguments: list[str], output: str, running: Running, visits: int | None = None
) -> Running:
    """Start a program, and return when all of its services listen and the log is quiet again.

    Each look for a port is a visit; ``visits`` says how many of them the log tells of, if not all.
    """
    (started,) = process.start(stack, process.Command(arguments, output))
    for port in running.ports.values():
        process.await_port(port, started, running.log, output)
    settle(running, len(running.ports) if visits is None else visits)
    return running


def settle(running: Running, visits: int) -> None:
    """Return when the log has told of the end of that many visits since the server started."""

    def over() -> bool:
        return len(re.findall(running.over, process.read(running.log))) >= visits

    process.await_that(over, lambda: f"{running.over!r} is not there {visits} times:\n{process.read(running.log)}")
