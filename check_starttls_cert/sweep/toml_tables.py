"""An inventory in TOML: defaults, groups with their targets, and targets that belong to none.

::

    [defaults]
    warning = "28d,30%"

    [groups.mail]
    protocol = "imap"
    targets = ["mail.example.com", "imap://192.0.2.25:143/mail.example.com"]

    [[targets]]
    host = "dc1.example.com"
    protocol = "ldap"

A target is a table of options, or a text as an inventory of lines has it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.line_tables import parts
from check_starttls_cert.sweep.tables import Fault, FaultError, Table
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.sweep.tables import Path

SECTIONS = ("defaults", "groups", "targets")

POSITION = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")
"""Where the parser says that the file is wrong."""


def loads(text: str) -> dict[str, Any]:
    """Return a TOML document. Raises ``ValueError`` for what is none, and ``FaultError`` without a parser."""
    for parser in ("tomllib", "tomli"):  # the first since Python 3.11
        with suppress(ImportError):
            document: dict[str, Any] = importlib.import_module(parser).loads(text)
            return document
    raise FaultError(
        0,
        "reading TOML takes Python 3.11, or the package tomli, which check_starttls_cert[sweep] brings; "
        "CSV and lines are read without",
    )


class TomlTables:
    """A document."""

    columns: Sequence[str] = ()

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._document = loads(text)
        except RecursionError:
            raise FaultError(0, "it is nested too deeply") from None
        except ValueError as error:
            found = POSITION.search(str(error))
            if not found:  # what the parser has from Python itself
                raise FaultError(0, "a number in it has too many digits") from None
            line = int(found[1]) if found[1] else text.count("\n") + 1
            raise FaultError(line, f'this is not TOML: "{printable(POSITION.sub("", str(error)))}"') from None
        self._lines: dict[Path, int] | None = None
        defaults = self._document.get("defaults")
        self.defaults = Table(("defaults",), defaults) if isinstance(defaults, dict) else None

    def __iter__(self) -> Iterator[Table | Fault]:
        for key in self._document:
            if key not in SECTIONS:
                yield self._fault((key,), f"{printable(key, 80)} is no part of an inventory: {', '.join(SECTIONS)}")
        if not isinstance(self._document.get("defaults", {}), dict):
            yield self._fault(("defaults",), "defaults is no table of options")
        groups = self._document.get("groups", {})
        if not isinstance(groups, dict):
            yield self._fault(("groups",), "groups is no table of groups")
            groups = {}
        for name, group in groups.items():
            path = ("groups", name)
            if not isinstance(group, dict) or "targets" not in group:
                yield self._fault(path, f"the group {printable(name, 80)} has no targets")
                continue
            options = {key: value for key, value in group.items() if key != "targets"}
            yield from self._targets((*path, "targets"), group["targets"], Table(path, options))
        yield from self._targets(("targets",), self._document.get("targets", []), None)

    def line(self, path: Path) -> int:
        if self._lines is None:
            from check_starttls_cert.sweep.toml_lines import lines

            self._lines = lines(self.text, loads)
        # An option that a target's text names stands where the target does.
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _targets(self, path: Path, targets: object, group: Table | None) -> Iterator[Table | Fault]:
        if not isinstance(targets, list):
            yield self._fault(path, "targets is no list of targets")
            return
        for place, target in enumerate(targets):
            if isinstance(target, Mapping):
                yield Table((*path, place), target, group)
            elif isinstance(target, str):
                yield Table((*path, place), parts(target.strip()), group)
            else:
                yield self._fault((*path, place), "a target is a table of options, or a text like imap://host:143")

    def _fault(self, path: Path, words: str) -> Fault:
        return Fault(self.line(path), words)
