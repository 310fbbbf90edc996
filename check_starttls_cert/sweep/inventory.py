"""The inventory: a file of targets becomes jobs, or one list of all that is wrong with it.

A reader for each format finds the tables; what stands in them is read here, by the grammars of the option table. The
file is read once and kept as text. Jobs are made of it twice: first all of them, to find every error before anything is
checked; then each when its turn comes, so that a hundred thousand of them need no memory.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from functools import lru_cache

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS, Option, job, parse_path
from check_starttls_cert.prtg.parameters import parse_switch
from check_starttls_cert.settings import Job
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.deliveries import MARKS, SECRETS
from check_starttls_cert.sweep.private import require_private
from check_starttls_cert.sweep.service import NAME, service
from check_starttls_cert.sweep.tables import Fault, FaultError, Table, lines
from check_starttls_cert.text import counted, printable, shortened
from check_starttls_cert.trust_store import require_directory, require_file

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.sweep.prtg_sensors import Sensors
    from check_starttls_cert.sweep.tables import Path, Tables


STDIN = "-"

MAX_SIZE = 64 * 1024 * 1024
"""Octets of a file."""

MAX_TARGETS = 250_000

REMEMBERED = 256
"""Values that are kept by their text: most targets of an inventory have the same protocol, port and thresholds."""

MAX_FAULTS = 20
MAX_FAULT = 400
MAX_FAULTS_TOGETHER = 3500
"""How many errors are shown, and the characters of one and of all of them. All are counted."""

KEYS = {
    key: option
    for option in (*OPTIONS, *MARKS)
    for key in (option.key, *(flag[2:].replace("-", "_") for flag in option.flags if flag.startswith("--")))
}
"""The options by every key that an inventory may use."""

HOST = KEYS["host"]

REQUIRED = {"ca_file": require_file, "ca_dir": require_directory}
"""What has to be there, by the option that names it."""

HEADER = re.compile(r"\[\[?\s*[\"'\w][^:\]]*\]|[\"'\w.-]+\s*=")
"""How TOML begins: with a table's header, which unlike an IPv6 address has no colon, or with a key and its value."""


class Inventory:
    """The targets of one file. Iterating makes a job of each, in the file's order."""

    def __init__(self, name: str, tables: Tables, given: Mapping[str, Any], mode: int = 0) -> None:
        self.name = "stdin" if name == STDIN else name
        self.folder = os.path.dirname(name)
        self.given = given
        """Values of the command line: they replace the file's defaults. What a group or target says is nearer."""
        self._tables = tables
        self._shared: dict[Path, tuple[dict[str, Any], list[tuple[Path, str]]]] = {}
        """Of the defaults and the groups: what ``_read`` returned."""
        self._columns: set[str] = set()
        self._left_out: set[str] = set()
        self._services = False
        self._sensors: Sensors | None = None
        self._mode = mode
        """The file's ``st_mode``."""
        self._secret = False
        """There is something in the file that nobody else may read."""

    def __iter__(self) -> Iterator[Job]:
        for table in self._tables:
            if isinstance(table, Table):
                yield made(self._values(table)[0])

    def check(self, *, services: bool = False, sensors: Sensors | None = None) -> int:
        """Return how many targets there are. Raises ``UsageError``, which tells all that is wrong.

        With ``services``, each target has to be a service of its own in the monitoring system; ``sensors`` are filled.
        """
        self._services, self._sensors = services, sensors
        targets = faults = length = 0
        shown: list[str] = []
        for fault in self._checked():
            if fault is None:
                targets += 1
                continue
            faults += 1
            words = told(self.name, fault)
            length += len(words)
            if len(shown) < MAX_FAULTS and length <= MAX_FAULTS_TOGETHER:
                shown.append(words)
        if self._secret:
            require_private("the inventory", self.name, self._mode)
        if faults == 1:
            raise UsageError(shown[0])
        if faults:
            head = f"{counted(faults, 'error')} in {printable(self.name)}, nothing was checked"
            more = faults - len(shown)
            raise UsageError("\n".join([head, *shown, *([f"and {more} more"] if more else [])]))
        if sensors is not None:
            sensors.complete()
        return targets

    def _checked(self) -> Iterator[Fault | None]:
        """Yield everything that is wrong, and ``None`` for each target that is not."""
        yield from self._header()
        if self._tables.columns and not self._finds_hosts():
            return
        targets: dict[int, Path] = {}
        told_of: set[tuple[Path, str]] = set()
        number = 0
        for number, table in enumerate(self._tables, 1):
            if isinstance(table, Fault):
                yield table
                continue
            if number > MAX_TARGETS:
                yield Fault(
                    self._tables.line(table.path), f"one sweep takes {MAX_TARGETS} targets; split the inventory"
                )
                return
            faults = self._of_target(table, targets, told_of)
            yield from faults or (None,)
        if not number:
            yield Fault(0, "there are no targets in it")

    def _of_target(self, table: Table, targets: dict[int, Path], told_of: set[tuple[Path, str]]) -> list[Fault]:
        """Return what is wrong with a target; ``targets`` are those before it. A group's faults are told once."""
        values, faults = self._values(table)
        if not faults:
            faults = self._together(table, values, targets)
        own = len(table.path)
        new = [fault for fault in faults if fault[0][:own] == table.path or fault not in told_of]
        told_of.update(fault for fault in new if fault[0][:own] != table.path)
        return [Fault(self._tables.line(path), words) for path, words in new]

    def _header(self) -> Iterator[Fault]:
        """Yield what is wrong with the columns, and leave the wrong ones out from now on."""
        line = self._tables.line(()) if self._tables.columns else 0
        for column in self._tables.columns:
            try:
                self._columns.add(option_of(column, self._columns).key)
            except ValueError as error:
                self._left_out.add(column)
                yield Fault(line, f"column {printable(column, 80) or 'without a name'}: {error}")
        if self._tables.columns and HOST.key not in self._columns:
            yield Fault(line, "there is no column host")

    def _finds_hosts(self) -> bool:
        """Return whether the rows have their host in a column that is not left out: else each would lack it."""
        return any(KEYS.get(plain(column)) is HOST for column in set(self._tables.columns) - self._left_out)

    def _together(self, table: Table, values: dict[str, Any], targets: dict[int, Path]) -> list[tuple[Path, str]]:
        """Return what is wrong with values that are right each for itself; enter the target into ``targets``."""
        try:
            wanted = made(values)
        except UsageError as error:
            return [(table.path, str(error))]
        first = targets.setdefault(hash((wanted.target, wanted.policy.names)), table.path)
        if first != table.path:
            return [(table.path, f"{wanted.target} stands in line {self._tables.line(first)} already")]
        if self._services:
            own = service(wanted.target, wanted.marks)
            first = targets.setdefault(hash(own), table.path)
            if first != table.path:
                words = f'the service "{own.name}" of "{own.host}" is the target in line {self._tables.line(first)}'
                return [(table.path, f"{words} already; {NAME} gives it another name")]
        if self._sensors and (words := self._sensors.accept(wanted)):
            return [(table.path, words)]
        return []

    def _values(self, table: Table) -> tuple[dict[str, Any], list[tuple[Path, str]]]:
        """Return the option values in force for a target, and what is wrong with them: paths and words."""
        everyones, group, own = self._once(self._tables.defaults), self._once(table.group), self._read(table)
        values = {**everyones[0], **self.given, **group[0], **own[0]}
        faults = [*everyones[1], *group[1], *own[1]]
        if "host" not in values and not faults:
            faults.append((table.path, "host is missing"))
        return values, faults

    def _once(self, table: Table | None) -> tuple[dict[str, Any], list[tuple[Path, str]]]:
        """Return what ``_read`` does for values that many targets share."""
        if table is None:
            return {}, []
        if table.path not in self._shared:
            found = self._shared[table.path] = self._read(table)
            if "host" in found[0]:
                found[1].append(((*table.path, "host"), "host belongs to a target"))
        return self._shared[table.path]

    def _read(self, table: Table) -> tuple[dict[str, Any], list[tuple[Path, str]]]:
        """Return the option values of one table, and what is wrong with them."""
        values: dict[str, Any] = {}
        faults: list[tuple[Path, str]] = []
        for key, written in table.values.items():
            if key in self._left_out:
                continue
            try:
                option = option_of(key, values)
                self._secret = self._secret or option.key in SECRETS
                values[option.key] = self._value(option, written)
                if option.key in REQUIRED:
                    REQUIRED[option.key](values[option.key])
            except (ValueError, UsageError) as error:
                faults.append(((*table.path, key), f"{printable(key, 80)}: {error}"))
        return values, faults

    def _value(self, option: Option, written: object) -> Any:
        """Return the value of an option. Raises ``ValueError``."""
        value = value_of(option, written)
        return os.path.join(self.folder, value) if option.parse is parse_path else value


def made(values: Mapping[str, Any]) -> Job:
    """Return the job of option values. Raises ``UsageError`` where they do not go together."""
    marks = {option.key: values[option.key] for option in MARKS if option.key in values}
    wanted = job({key: value for key, value in values.items() if key not in marks})
    return wanted._replace(marks=marks) if marks else wanted


def option_of(key: str, taken: Container[str]) -> Option:
    """Return the option that a key names, if it is not taken. Raises ``ValueError``, which names the nearest."""
    name = plain(key)
    if name not in KEYS:
        near = nearest_key(name[:60])
        raise ValueError("there is no such option" + (f", the nearest is {near}" if near else ""))
    if KEYS[name].key in taken:
        raise ValueError("it stands there twice")
    return KEYS[name]


def plain(key: str) -> str:
    """Return a key as ``KEYS`` has it."""
    return key if key in KEYS else key.strip().lower().replace("-", "_")


@lru_cache(MAX_FAULTS)
def nearest_key(name: str) -> str:
    """Return the key that is most like a name; nothing where none is. The same is wrong in many targets."""
    from check_starttls_cert.meant import nearest

    return nearest(name, KEYS)


def value_of(option: Option, written: object) -> Any:
    """Return what an option's grammar makes of a written value. Raises ``ValueError``."""
    if isinstance(written, str):
        return _value_of_text(option, written)
    if option.parse is None:
        return written if isinstance(written, bool) else parse_switch(text_of(written))
    texts = [text_of(each) for each in written] if isinstance(written, list) else [text_of(written)]
    if not texts:
        raise ValueError("an empty list is not allowed")
    if option.many:
        return tuple(value for text in texts for value in option.parse(text))
    return option.parse(",".join(texts))


@lru_cache(REMEMBERED)
def _value_of_text(option: Option, text: str) -> Any:
    return parse_switch(text) if option.parse is None else option.parse(text)


def text_of(written: object) -> str:
    """Return a value as a command line would have it. Raises ``ValueError``."""
    if isinstance(written, bool) or not isinstance(written, (str, int, float)):
        raise ValueError("allowed are a text, a number, and a list of these")  # noqa: TRY004 - as the grammars do
    return str(written)


def told(name: str, fault: Fault) -> str:
    """Return an error in one line, with its place as compilers write it."""
    place = f"{printable(name)}:{fault.line}" if fault.line else printable(name)
    return shortened(f"{place}: {fault.words}", MAX_FAULT)


def read_inventory(name: str, given: Mapping[str, Any]) -> Inventory:
    """Return the inventory in a file, or in stdin for ``-``. Raises ``UsageError``."""
    try:
        with open(sys.stdin.fileno() if name == STDIN else name, "rb", closefd=name != STDIN) as file:
            octets = file.read(MAX_SIZE + 1)
            mode = 0 if name == STDIN else os.fstat(file.fileno()).st_mode
    except (OSError, ValueError, AttributeError) as error:
        absent = isinstance(error, AttributeError)
        reason = "there is no stdin" if absent else getattr(error, "strerror", None) or str(error)
        raise UsageError(f'cannot read the inventory "{printable(name)}": {printable(reason).lower()}') from error
    try:
        text = decoded(octets)
        return Inventory(name, reader(name, text)(text), given, mode)
    except FaultError as error:
        raise UsageError(told("stdin" if name == STDIN else name, error.fault)) from error


def decoded(octets: bytes) -> str:
    """Return the text of a file in UTF-8, without the mark that Excel puts before it. Raises ``FaultError``."""
    if len(octets) > MAX_SIZE:
        raise FaultError(0, f"it has more than {MAX_SIZE} bytes; split the inventory")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise FaultError(line, 'this is not UTF-8; save the file as such (Excel: "CSV UTF-8")') from error
    if (place := text.find("\0")) >= 0:
        raise FaultError(text.count("\n", 0, place) + 1, "a NUL character; this is no text file")
    return text


def reader(name: str, text: str) -> Callable[[str], Tables]:
    """Return the reader of a file's format: by its name, or else by how it begins."""
    ending = os.path.splitext(name)[1].lower()
    first = next((line for line in map(str.strip, lines(text)) if line and not line.startswith("#")), "")
    if ending == ".toml" or (ending != ".csv" and HEADER.match(first)):
        from check_starttls_cert.sweep.toml_tables import TomlTables

        return TomlTables
    if ending == ".csv" or is_header(first):
        from check_starttls_cert.sweep.csv_tables import CsvTables

        return CsvTables
    from check_starttls_cert.sweep.line_tables import LineTables

    return LineTables


def is_header(line: str) -> bool:
    """Return whether a line is the header of a spreadsheet: several columns, one of them the host."""
    columns = [column.strip(' "').lower() for column in re.split("[,;\t]", line)]
    return len(columns) > 1 and any(KEYS.get(column) is HOST for column in columns)
