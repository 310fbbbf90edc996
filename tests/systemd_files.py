"""The service in ``contrib/systemd``, as systemd reads it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

CONTRIB = Path(__file__).parent.parent / "contrib" / "systemd"
UNIT, TIMER, INVENTORY = (
    CONTRIB / name for name in ("starttls-cert.service", "starttls-cert.timer", "check_starttls_cert.toml")
)


def settings() -> dict[str, list[str]]:
    """Return all that the unit says, by name."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if not line.startswith("#") and "=" in line:
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def drop_ins() -> list[str]:
    """Return the settings ``Environment`` that the handbook has instead of the unit's own."""
    return re.findall(r"^Environment=(.*)$", (CONTRIB / "README.md").read_text("utf-8"), re.MULTILINE)


def command(environment: str = "") -> list[str]:
    """Return the command line of the service: systemd makes words of a variable without braces."""
    said = settings()
    name, _, value = shlex.split(environment or said["Environment"][0])[0].partition("=")
    return shlex.split(said["ExecStart"][0].replace(f"${name}", value))


def arguments(places: Mapping[str, str], environment: str = "") -> list[str]:
    """Return the program's arguments, with other places."""
    _, *words = command(environment)
    assert places.keys() <= set(words)
    return [places.get(word, word) for word in words]
