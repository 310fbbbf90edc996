"""An inventory of lines: one target each, ``imap://mail.example.com:143/name``.

::

    line := [protocol "://"] host [":" port] ["/" name ("," name)*]

Empty lines, and all from a ``#`` on that begins a word, say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from check_starttls_cert.names import ip_address
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.tables import Fault, Table, lines

if TYPE_CHECKING:
    from check_starttls_cert.sweep.tables import Path


class LineTables:
    """A file of lines."""

    defaults: Table | None = None
    columns: Sequence[str] = ()

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[Table | Fault]:
        for number, line in enumerate(lines(self.text), 1):
            if target := re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip():
                yield Table((number,), parts(target))

    @staticmethod
    def line(path: Path) -> int:
        return int(path[0])


def parts(target: str) -> dict[str, object]:
    """Return the options that a target in one line names, as text; their grammars will say what is wrong with them."""
    protocol, scheme, place = target.rpartition("://")
    place, _, names = place.partition("/")
    host, colon, port = place, "", ""
    if ip_address(place) is None and not place.endswith("]"):  # else 2001:db8::25 would have the port 25
        host, colon, port = place.rpartition(":") if ":" in place else (place, "", "")
    found = {"protocol": (scheme, protocol), "host": ("yes", host), "port": (colon, port), "name": (names, names)}
    return {key: text for key, (given, text) in found.items() if given}
