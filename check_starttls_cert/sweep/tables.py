"""What the readers of all formats share: a table of values as it stands in the file, and what is wrong with a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Protocol

    Path = tuple[str | int, ...]
    """Where something stands: keys, and places in arrays; for a format of lines, the line alone."""

    class Tables(Protocol):
        """A file of some format, read. Making one raises ``FaultError`` for a file that is none."""

        defaults: Table | None
        """What holds for all targets."""
        columns: Sequence[str]
        """The keys of all targets, where they are written once."""

        def __iter__(self) -> Iterator[Table | Fault]:
            """Yield a table for each target, and what is wrong between them."""

        def line(self, path: Path) -> int:
            """Return the line in which something stands, from 1; for an empty path, that of the columns."""


LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def lines(text: str) -> Iterator[str]:
    """Yield each line with its end, as any system writes it. ``io.StringIO`` needs four octets for each character."""
    return (found[0] for found in LINE.finditer(text))


class Table(NamedTuple):
    """Values by key as they are written: text, numbers, truth values, and lists of these."""

    path: Path
    values: Mapping[str, object]
    group: Table | None = None
    """What holds for the group that this target belongs to."""


class Fault(NamedTuple):
    """Something that is wrong."""

    line: int
    """From 1; 0 for the whole file."""
    words: str


class FaultError(Exception):
    """A file cannot be read at all for a ``fault``."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.fault = Fault(line, words)
