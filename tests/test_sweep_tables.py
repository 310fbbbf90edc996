"""What the readers of inventories share."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert.sweep.tables import Fault, FaultError, lines


def test_the_error_of_a_file_that_cannot_be_read_has_the_fault() -> None:
    error = FaultError(3, "it is no inventory")
    assert error.fault == Fault(3, "it is no inventory")
    assert str(error) == "it is no inventory"


@given(st.text("a\r\n\v\x85\u2028"))
def test_lines_are_those_that_python_reads_from_a_file(text) -> None:
    assert list(lines(text)) == list(io.StringIO(text, newline=""))
