"""Check result files, read as strictly as Nagios Core reads them loosely: nothing may be there that it would skip."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

VARIABLES = ["host_name", "service_description", "check_type", "start_time", "finish_time", "return_code", "output"]


class Result(NamedTuple):
    """A passive result."""

    host: str
    service: str
    began: str
    ended: str
    code: int
    output: str


def parsed(octets: bytes) -> list[Result]:
    """Return the results of a file, in order."""
    text = octets.decode("utf-8")
    assert text.endswith("\n\n")
    assert "\0" not in text
    return [record(lines.split("\n")) for lines in text[:-2].split("\n\n")]


def record(lines: list[str]) -> Result:
    """Return one result."""
    pairs = [line.partition("=") for line in lines]
    assert [name for name, _, _ in pairs] == VARIABLES, lines
    values = [uncontinued(value) for _, _, value in pairs]
    host, service, kind, began, ended, code, output = values
    assert host
    assert service
    assert kind == "1"
    assert re.fullmatch(r"[0-9]+\.[0-9]{6}", began)
    assert re.fullmatch(r"[0-9]+\.[0-9]{6}", ended)
    assert float(ended) >= float(began)
    assert code in ("0", "1", "2", "3")
    return Result(host, service, began, ended, int(code), unescaped(output))


def uncontinued(value: str) -> str:
    """Return a value as the core has it: one backslash at a line's end joins it with the next, of two it takes one."""
    backslashes = len(value) - len(value.rstrip("\\"))
    assert backslashes != 1, value
    return value[:-1] if backslashes else value


def unescaped(value: str) -> str:
    """Return the output: the core knows two escapes, and leaves everything else as it is."""
    return re.sub(r"\\([\\n])", lambda found: {"\\": "\\", "n": "\n"}[found[1]], value)


def taken(directory) -> list[Result]:
    """Return what the core would take out of its directory now, in the order in which it finds the files."""
    results: list[Result] = []
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if len(name) == 7 and name.startswith("c") and os.path.exists(f"{path}.ok"):
            with open(path, "rb") as file:
                results += parsed(file.read())
            os.unlink(path)
            os.unlink(f"{path}.ok")
    return results
