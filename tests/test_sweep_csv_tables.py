"""An inventory of a spreadsheet, as spreadsheets write it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, strategies
from observations import PROPERTY

from check_starttls_cert.sweep.csv_tables import CsvTables
from check_starttls_cert.sweep.tables import Fault, FaultError, Table


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_header_names_the_options_whatever_separates_cells_and_rows(delimiter, end) -> None:
    rows = (("host", "port", "name"), ("a.test", "25", '"b.test,c.test"'), ("d.test", "", ""))
    tables = CsvTables(end.join(map(delimiter.join, rows)) + end)
    assert list(tables.columns) == ["host", "port", "name"]
    assert list(tables) == [
        Table((2,), {"host": "a.test", "port": "25", "name": "b.test,c.test"}),
        Table((3,), {"host": "d.test"}),
    ]


def test_what_excel_pads_with_says_nothing() -> None:
    tables = CsvTables("\r\n;;;\r\n host ;Port;;\r\n a.test ;25;;\r\n;;;\r\nb.test;;;\r\n")
    assert list(tables.columns) == ["host", "Port"]
    assert list(tables) == [Table((4,), {"host": "a.test", "Port": "25"}), Table((6,), {"host": "b.test"})]
    assert (tables.line(()), tables.line((4, "Port"))) == (3, 4)


def test_a_row_is_where_it_begins_though_a_cell_has_lines() -> None:
    tables = CsvTables('host,issuer\n"a.test","Lab\nroot"\nb.test,\n')
    assert [table.path for table in tables] == [(2,), (4,)]


def test_a_cell_without_a_column_is_a_fault() -> None:
    assert list(CsvTables("host\na.test,25\nb.test,\n")) == [
        Fault(2, "it has more cells than the header has columns, 1"),
        Table((3,), {"host": "b.test"}),
    ]


@pytest.mark.parametrize("text", ['host\n"a.test\nb.test\n', 'host\n"a"b.test\n', f"host\n{'a' * 200_000}\n"])
def test_what_cannot_be_read_is_a_fault_where_it_begins(text) -> None:
    (fault,) = CsvTables(text)
    assert isinstance(fault, Fault)
    assert fault.line == 2


def test_a_header_that_cannot_be_read_is_one_too() -> None:
    with pytest.raises(FaultError):
        CsvTables('"host\n')


def test_nothing_is_in_an_empty_file() -> None:
    assert (list(CsvTables("")), CsvTables("").columns) == ([], ())


@given(
    strategies.lists(
        strategies.tuples(
            strategies.text("ab.", min_size=1),
            strategies.text("1;,\t\"' \nx\u00fc").filter(lambda text: text == text.strip()),
        ),
        max_size=5,
    ),
    strategies.sampled_from(",;"),
)
@PROPERTY
def test_what_a_spreadsheet_writes_is_read(rows, delimiter) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([("host", "issuer"), *rows])
    found = [table.values for table in CsvTables(file.getvalue())]
    assert found == [{"host": host, **({"issuer": issuer} if issuer else {})} for host, issuer in rows]
