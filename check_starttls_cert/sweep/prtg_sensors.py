"""Which PRTG sensor a target belongs to: its token, from the inventory or a file, and who else is in that sensor.

A file of tokens has a line for each sensor, in the grammar of an inventory's lines, and a token behind it::

    imap://mail.example.com:143/name  TOKEN
    ldap.example.com                  TOKEN

What a line leaves out may be anything, so that the second is for all targets of a host; of several lines the one that
says most counts. Nothing of a token, and nothing of a line in which it may stand, is ever shown.
"""

from __future__ import annotations

import re
from itertools import product

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.prtg.shared_sensor import MAX_CHANNELS
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.sweep.line_tables import parts
from check_starttls_cert.sweep.private import read_private
from check_starttls_cert.sweep.tables import lines
from check_starttls_cert.text import counted, printable

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.settings import Job, Target

TOKEN, CHANNEL = "prtg_token", "prtg_channel"
"""The inventory's words."""

GRAMMAR = {option.key: option.parse for option in OPTIONS if option.key in ("protocol", "host", "port", "name")}


class Place(NamedTuple):
    """A target as a line names it; ``None`` is any."""

    host: str
    protocol: str | None = None
    port: int | None = None
    name: str | None = None


def parse_token(text: str) -> str:
    """Return a sensor's token, which the error does not repeat."""
    if not re.fullmatch(r"[A-Za-z0-9._~{}-]{1,200}", text):
        raise ValueError("it is no token; allowed are 1 to 200 letters, digits and ._~{}-")
    return text


def parse_channel(text: str) -> str:
    """Return the name of a channel."""
    if not text.strip() or not text.isprintable() or len(text) > 100:
        raise ValueError(f'"{printable(text)}" is no name of a channel; allowed are up to 100 printable characters')
    return text


class Sensors:
    """The sensors of an inventory's targets."""

    def __init__(self, path: str | None) -> None:
        """``path`` is that of a file of tokens. Raises ``UsageError``."""
        self._path = path
        self._lines: dict[Place, tuple[int, str]] = {}
        """Line and token."""
        self._unused: set[int] = set()
        """Lines."""
        self._channels: dict[str, tuple[int, ...]] = {}
        """Hashes of the names of each sensor's channels."""
        if path is not None:
            self._read(path, read_private("--prtg-tokens", path))

    def _read(self, path: str, text: str) -> None:
        for number, line in enumerate(lines(text), 1):
            words = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].split()
            if not words:
                continue
            try:
                target, token = words
                place = place_of(target)
                token = parse_token(token)
            except ValueError:
                raise UsageError(
                    f"--prtg-tokens: {printable(path)}:{number}: this is no target with a token behind it; "
                    "allowed are lines like imap://mail.example.com:143 TOKEN"
                ) from None
            if place in self._lines:
                raise UsageError(
                    f"--prtg-tokens: {printable(path)}:{number}: line {self._lines[place][0]} names the same target"
                )
            self._lines[place] = number, token
            self._unused.add(number)

    def token(self, job: Job) -> str:
        """Return the token of a target's sensor; nothing where it has none."""
        if TOKEN in job.marks:
            return job.marks[TOKEN]
        return self._line(job.target)[1] if self._lines else ""

    def _line(self, target: Target) -> tuple[int, str]:
        for name, port, protocol in product((target.name, None), (target.port, None), (target.protocol, None)):
            if found := self._lines.get(Place(target.host, protocol, port, name)):
                return found
        return 0, ""

    def accept(self, job: Job) -> str:
        """Take a target into its sensor; return what is wrong with it."""
        token = self.token(job)
        if not token:
            return ""
        if TOKEN not in job.marks:
            self._unused.discard(self._line(job.target)[0])
        others = self._channels.get(token, ())
        own = hash(channel(job))
        if own in others:
            return f'another target of its PRTG sensor has the channel "{channel(job)}" too; {CHANNEL} gives it a name'
        if len(others) == MAX_CHANNELS:
            return f"its PRTG sensor has {MAX_CHANNELS} targets already, and no room for more channels"
        self._channels[token] = (*others, own)
        return ""

    def complete(self) -> None:
        """Raise ``UsageError`` where a token has no target, as all are known now: its sensor would stay as it is."""
        if self._unused:
            lines = ", ".join(map(str, sorted(self._unused)[:10]))
            more = f" and {len(self._unused) - 10} more" if len(self._unused) > 10 else ""
            raise UsageError(
                f"--prtg-tokens: {printable(self._path or '')}: no target of the inventory for "
                f"{counted(len(self._unused), 'token')}, line {lines}{more}"
            )
        if not self._channels:
            raise UsageError(f"--prtg-push: no target has a token; {TOKEN} in the inventory or --prtg-tokens says it")

    def targets(self, token: str) -> int:
        """Return how many targets a sensor has."""
        return len(self._channels[token])


def place_of(target: str) -> Place:
    """Return what a line says of its targets. Raises ``ValueError``."""
    values: dict[str, Any] = {}
    for key, text in parts(target).items():
        parse = GRAMMAR[key]
        assert parse is not None
        values[key] = parse(str(text))
    if "name" in values:
        (values["name"],) = values["name"]
    return Place(**values)


def channel(job: Job) -> str:
    """Return the name of a target's channel in a sensor with others, which no other target changes."""
    target = job.target
    name = f" ({target.name})" if target.name != target.host else ""
    return job.marks.get(CHANNEL, f"{target}{name}")
