"""What the readers of inventories share."""

from __future__ import annotations

from check_starttls_cert.sweep.tables import Fault, FaultError


def test_the_error_of_a_file_that_cannot_be_read_has_the_fault() -> None:
    error = FaultError(3, "it is no inventory")
    assert error.fault == Fault(3, "it is no inventory")
    assert str(error) == "it is no inventory"
