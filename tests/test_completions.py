"""Completion, as the shells themselves do it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import subprocess
from collections.abc import Iterator
from typing import Callable

import pytest
from conftest import pseudo_terminal, required
from observations import HERE
from servers import process

from check_starttls_cert.cli import PROGRAM

FOLDER = os.path.join(os.path.dirname(HERE), "contrib", "shell")
Complete = Callable[[str], list[str]]
READY = "ready> "
BEGIN, END = "begin:", ":end"
SHOW = f"echo {BEGIN}; printf '<%s>' \"$@\"; echo {END}"
"""What the command does in these tests: it shows its arguments."""


@contextlib.contextmanager
def terminal(arguments: list[str], folder: str) -> Iterator[int]:
    """Start a shell at a terminal of its own; yield the terminal's other side."""
    ours, theirs = pseudo_terminal()
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


def until_ready(file: int, after: str) -> str:
    """Return what a terminal shows, up to the first prompt behind ``after``."""
    shown = ""
    while (begin := shown.find(after)) < 0 or READY not in shown[begin:]:
        assert select.select([file], [], [], process.PATIENCE)[0], shown
        shown += os.read(file, 4096).decode("utf-8", "replace")
    return shown


@contextlib.contextmanager
def at_terminal(arguments: list[str], folder: str) -> Iterator[Complete]:
    """Yield what types a line, a tabulator and return, and reads which arguments the command got."""
    with terminal(arguments, folder) as file:
        until_ready(file, "")

        def complete(typed: str) -> list[str]:
            os.write(file, f"{PROGRAM} {typed}\t\r".encode())
            return re.findall(r"<(.*?)>", until_ready(file, END).partition(BEGIN)[2].partition(END)[0])

        yield complete


def bash(program: str, folder: str) -> contextlib.AbstractContextManager[Complete]:
    script = os.path.join(FOLDER, f"{PROGRAM}.bash")
    process.write(f"{folder}/rc", f"PS1='{READY}'\n{PROGRAM}() {{ {SHOW}; }}\n. {shlex.quote(script)}\n")
    return at_terminal([program, "--rcfile", f"{folder}/rc", "-i"], folder)


def zsh(program: str, folder: str) -> contextlib.AbstractContextManager[Complete]:
    lines = (
        f"PS1='{READY}'",
        f"{PROGRAM}() {{ {SHOW} }}",
        f"fpath=({shlex.quote(FOLDER)} $fpath)",
        "autoload -Uz compinit && compinit -D -u",
        # What is typed ahead is completed too.
        "zstyle ':completion:*' insert-tab false",
    )
    process.write(f"{folder}/.zshrc", "\n".join(lines) + "\n")
    return at_terminal([program, "-d", "-i"], folder)


@contextlib.contextmanager
def fish(program: str, folder: str) -> Iterator[Complete]:
    script = os.path.join(FOLDER, f"{PROGRAM}.fish")
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}

    def complete(typed: str) -> list[str]:
        command = f"source {shlex.quote(script)}; complete -C {shlex.quote(f'{PROGRAM} {typed}')}"
        arguments = [program, "--no-config", "-c", command]
        done = subprocess.run(
            arguments, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=process.PATIENCE
        )
        offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
        *words, last = shlex.split(typed)
        return [*words, os.path.commonprefix(offered) or last]  # noqa: RUF071 - the shell completes characters

    yield complete


@pytest.fixture(scope="module", params=[bash, zsh, fish], ids=["bash", "zsh", "fish"])
def complete(request, tmp_path_factory) -> Iterator[Complete]:
    """What the command's arguments are once a shell has completed what was typed."""
    shell = request.param
    with required(shell.__name__):
        program = process.find(shell.__name__)
    folder = str(tmp_path_factory.mktemp(shell.__name__))
    for name in ("anchors.pem", "2nd"):
        process.write(f"{folder}/{name}", "")
    os.mkdir(f"{folder}/anchors")
    with shell(program, folder) as complete:
        yield complete


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("--unt", ["--untrusted"]),
        ("-H mta.example.com --allow", ["-H", "mta.example.com", "--allow-self-signed"]),
        ("-P sm", ["-P", "smtp"]),
        ("-P subm", ["-P", "submission"]),
        ("-Psubm", ["-Psubmission"]),
        ("-vPsubm", ["-vPsubmission"]),
        ("-vP subm", ["-vP", "submission"]),
        ("-Psmtp --unt", ["-Psmtp", "--untrusted"]),
        ("-vvo op", ["-vvo", "openmetrics"]),
        ("--protocol mq", ["--protocol", "mqtts"]),
        ("--protocol=mq", ["--protocol=mqtts"]),
        ("--state con", ["--state", "connection="]),
        ("--state connection=w", ["--state", "connection=warning"]),
        ("--state=connection=w", ["--state=connection=warning"]),
        ("--state trust=ok,na", ["--state", "trust=ok,name="]),
        ("--state=trust=ok,name=w", ["--state=trust=ok,name=warning"]),
        ("--state trust=ok,name=unknown,pin=c", ["--state", "trust=ok,name=unknown,pin=critical"]),
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
