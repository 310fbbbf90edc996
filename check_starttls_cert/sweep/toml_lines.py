"""In which line of a TOML document does something stand? The parser does not tell, and errors are to say it.

Only for documents that the parser has accepted: nothing is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.sweep.tables import Path

TOKEN = re.compile(
    r'"""(?:\\.|(?!""").)*"{3,5}'
    r"|'''(?:(?!''').)*'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|#[^\n]*"
    r"|[\[\]{},=\n]"
    r"|[^\[\]{},=\n\s#\"']+",
    re.DOTALL,
)
"""Of TOML 1.0: strings of four kinds, comments, punctuation, and all that is bare."""


BARE = re.compile(r"[\w-]+")

DEEPEST = 6
"""Parts of a key that are told apart: nothing of an inventory lies deeper."""


class Token(NamedTuple):
    """A word of a document."""

    text: str
    line: int


END = Token("", 0)


def tokens(text: str) -> Iterator[Token]:
    """Yield the words of a document, without comments."""
    line, end = 1, 0
    for found in TOKEN.finditer(text):
        line += text.count("\n", end, found.start())
        end = found.start()
        if not found[0].startswith("#"):
            yield Token(found[0], line)


def lines(text: str, loads: Callable[[str], dict[str, Any]]) -> dict[Path, int]:
    """Return the line of everything in a document by its path: tables, keys, and what is in arrays.

    ``loads`` is the parser.
    """
    reader = Reader(tokens(text), loads)
    reader.document()
    return reader.lines


class Reader:
    """Reads the words of one document."""

    def __init__(self, words: Iterator[Token], loads: Callable[[str], dict[str, Any]]) -> None:
        self._loads = loads
        self.lines: dict[Path, int] = {}
        self._words = words
        self._next = next(words, END)
        self._arrays: dict[Path, int] = {}
        """Of each array of tables, how many tables have begun."""

    def document(self) -> None:
        table: Path = ()
        while word := self._peek().text:
            if word == "\n":
                self._take()
            elif word == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line = self._take().line
        several = self._peek().text == "["
        if several:
            self._take()
        path: Path = ()
        *above, last = self._key("]")
        for key in above:
            path = self._inside((*path, key))
            self.lines.setdefault(path, line)
        path = (*path, last)
        self.lines.setdefault(path, line)
        if several:
            self._take()
            self._arrays[path] = self._arrays.get(path, 0) + 1
        path = self._inside(path)
        self.lines[path] = line
        return path

    def _inside(self, path: Path) -> Path:
        """Return the path of the table that a header means: the last one of an array."""
        return (*path, self._arrays[path] - 1) if path in self._arrays else path

    def _pair(self, table: Path) -> None:
        line = self._peek().line
        path = table
        for key in self._key("="):
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._value(path)

    def _key(self, end: str) -> list[str]:
        """Return the parts of a dotted key, and take the word that ends it."""
        written = ""
        while (word := self._take().text) != end:
            written += word
        if BARE.fullmatch(written):
            return [written]
        found: object = self._loads(f"{written} = 0")
        parts = []
        while isinstance(found, dict):
            ((key, found),) = found.items()
            parts.append(key)
        return parts[:DEEPEST]

    def _value(self, path: Path) -> None:
        word = self._take().text
        if word == "[":
            place = 0
            self._skip("\n,")
            while self._peek().text != "]":
                self.lines[(*path, place)] = self._peek().line
                self._value((*path, place))
                self._skip("\n,")
                place += 1
            self._take()
        elif word == "{":
            self._skip("\n,")
            while self._peek().text != "}":
                self._pair(path)
                self._skip("\n,")
            self._take()
        else:
            while self._peek().text not in ("\n", ",", "]", "}", ""):  # a date and its time are two words
                self._take()

    def _skip(self, words: str) -> None:
        while self._peek().text and self._peek().text in words:
            self._take()

    def _peek(self) -> Token:
        return self._next

    def _take(self) -> Token:
        taken, self._next = self._next, next(self._words, END)
        return taken
