"""The service in ``contrib/systemd``, as systemd reads it."""

from __future__ import annotations

import shlex
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


def command() -> list[str]:
    """Return the command line of the service: systemd makes words of a variable without braces."""
    said = settings()
    (line,), (environment,) = said["ExecStart"], said["Environment"]
    name, _, value = shlex.split(environment)[0].partition("=")
    return shlex.split(line.replace(f"${name}", value))


def arguments(inventory: str, metrics: str) -> list[str]:
    """Return the program's arguments, with other files."""
    files = {f"/etc/{INVENTORY.name}": inventory, "/var/lib/prometheus/node-exporter/starttls_cert.prom": metrics}
    _, *words = command()
    assert files.keys() <= set(words)
    return [files.get(word, word) for word in words]
