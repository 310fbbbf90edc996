"""Completion, as the shells themselves do it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from typing import Callable

import pytest
from conftest import required
from observations import HERE
from servers import process

from check_starttls_cert.cli import PROGRAM

FOLDER = os.path.join(os.path.dirname(HERE), "contrib", "shell")
READY = "ready> "
SHOW = "printf '<%s>' \"$@\"; echo '<end>'"
"""What the command does in these tests: it shows its arguments."""


@contextlib.contextmanager
def terminal(arguments: list[str], folder: str) -> Iterator[int]:
    """Start a shell at a terminal of its own; yield the terminal's other side."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "ZDOTDIR": folder, "TERM": "dumb", "LC_ALL": "C"}
    shell = subprocess.Popen(
        arguments, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield ours
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def read_until(file: int, wanted: str) -> str:
    """Return what a terminal shows, up to and with ``wanted``."""
    end = time.monotonic() + process.PATIENCE
    shown = ""
    while wanted not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(file, 4096).decode("utf-8", "replace")
    return shown


def at_terminal(arguments: list[str], folder: str, typed: str) -> list[str]:
    """Return the arguments that the command gets when ``typed``, a tabulator and return are typed."""
    with terminal(arguments, folder) as file:
        read_until(file, READY)
        os.write(file, f"{PROGRAM} {typed}\t\r".encode())
        shown = read_until(file, "<end>\r\n")
    return re.findall(r"<(.*?)>", shown[shown.rindex(f"{PROGRAM} ") :].split("\n", 1)[1])[:-1]


def bash(program: str, folder: str, typed: str) -> list[str]:
    script = os.path.join(FOLDER, f"{PROGRAM}.bash")
    process.write(f"{folder}/rc", f"PS1='{READY}'\n{PROGRAM}() {{ {SHOW}; }}\n. {shlex.quote(script)}\n")
    return at_terminal([program, "--rcfile", f"{folder}/rc", "-i"], folder, typed)


def zsh(program: str, folder: str, typed: str) -> list[str]:
    lines = (
        f"PS1='{READY}'",
        f"{PROGRAM}() {{ {SHOW} }}",
        f"fpath=({shlex.quote(FOLDER)} $fpath)",
        "autoload -Uz compinit && compinit -D -u",
        # What is typed ahead is completed too.
        "zstyle ':completion:*' insert-tab false",
    )
    process.write(f"{folder}/.zshrc", "\n".join(lines) + "\n")
    return at_terminal([program, "-d", "-i"], folder, typed)


def fish(program: str, folder: str, typed: str) -> list[str]:
    script = os.path.join(FOLDER, f"{PROGRAM}.fish")
    command = f"source {shlex.quote(script)}; complete -C {shlex.quote(f'{PROGRAM} {typed}')}"
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}
    arguments = [program, "--no-config", "-c", command]
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=process.PATIENCE
    )
    offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    *words, last = shlex.split(typed)
    return [*words, os.path.commonprefix(offered) or last]  # noqa: RUF071 - the shell completes characters


@pytest.fixture(params=[bash, zsh, fish], ids=["bash", "zsh", "fish"])
def complete(request, tmp_path) -> Callable[[str], list[str]]:
    """What the command's arguments are once a shell has completed what was typed."""
    shell = request.param
    with required(shell.__name__):
        program = process.find(shell.__name__)
    folder = str(tmp_path)
    for name in ("anchors.pem", "2nd"):
        process.write(f"{folder}/{name}", "")
    os.mkdir(f"{folder}/anchors")
    return lambda typed: shell(program, folder, typed)


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("--unt", ["--untrusted"]),
        ("-H mta.example.com --allow", ["-H", "mta.example.com", "--allow-self-signed"]),
        ("-P sm", ["-P", "smtp"]),
        ("-P subm", ["-P", "submission"]),
        ("--protocol mq", ["--protocol", "mqtts"]),
        ("--protocol=mq", ["--protocol=mqtts"]),
        ("--state con", ["--state", "connection="]),
        ("--state connection=w", ["--state", "connection=warning"]),
        ("--state=connection=w", ["--state=connection=warning"]),
        ("-v --output js", ["-v", "--output", "json"]),
        ("--ca-file anchors.", ["--ca-file", "anchors.pem"]),
        ("--ca-file=anchors.", ["--ca-file=anchors.pem"]),
        ("--ca-dir anch", ["--ca-dir", "anchors"]),
        ("-w 2", ["-w", "2"]),
    ],
)
def test_what_is_typed_is_completed(complete, typed, arguments) -> None:
    # zsh takes the slash behind a folder back when the line is done.
    assert [argument.rstrip("/") for argument in complete(typed)] == arguments
