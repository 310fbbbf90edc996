"""An inventory of a spreadsheet: CSV (RFC 4180) with a header of option names, also with Excel's semicolons.

Empty cells say nothing, nor do empty rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.tables import Fault, FaultError, Table, lines

if TYPE_CHECKING:
    from check_starttls_cert.sweep.tables import Path

DELIMITERS = ",;\t"
"""Excel writes what the system's language separates lists with."""


class CsvTables:
    """A file of rows."""

    defaults: Table | None = None

    def __init__(self, text: str) -> None:
        self.text = text
        self.columns: Sequence[str] = ()
        self._header_line = 0
        first = next((line for line in lines(text) if line.strip()), "")
        self.delimiter = max(DELIMITERS, key=first.count)
        for line, cells in self._rows():
            if isinstance(cells, str):
                raise FaultError(line, cells)
            while not cells[-1]:  # Excel pads rows
                del cells[-1]
            self._header_line, self.columns = line, cells
            break

    def __iter__(self) -> Iterator[Table | Fault]:
        columns = len(self.columns)
        for line, cells in self._rows():
            if isinstance(cells, str):
                yield Fault(line, cells)
            elif line > self._header_line:
                if any(cells[columns:]):
                    yield Fault(line, f"it has more cells than the header has columns, {columns}")
                else:
                    yield Table((line,), {key: cell for key, cell in zip(self.columns, cells) if cell})

    def line(self, path: Path) -> int:
        return int(path[0]) if path else self._header_line

    def _rows(self) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the line in which each row begins, and its cells, or what is wrong with it: nothing comes after."""
        reader = csv.reader(lines(self.text), delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield line, stripped
                line = reader.line_num + 1
        except csv.Error:
            yield (
                line,
                "a quotation mark that is not closed, or stands inside a cell, or a cell of more than 131072 bytes",
            )
