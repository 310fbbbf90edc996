"""The readers of other programs mind what those mind, and keep of a range what those keep."""

from __future__ import annotations

import pytest
from perfdata_readers import READERS, Reading, assert_all_read

LOWER = "days=59.4;28:;7:"

FIRST = "STARTTLS_CERT OK - fine | "


@pytest.mark.parametrize(
    ("program", "warning", "critical"),
    [
        ("Icinga 2", (None, None), (None, None)),
        ("Checkmk", (28.0, None), (7.0, None)),
        ("Checkmk MRPE", (None, None), (None, None)),
        ("Telegraf", (28.0, None), (7.0, None)),
        ("pnp4nagios", (28.0, None), (7.0, None)),
    ],
)
def test_a_lower_limit_is_kept_or_dropped_and_never_another(program, warning, critical) -> None:
    assert READERS[program](LOWER) == {"days": Reading(59.4, "", warning, critical)}


@pytest.mark.parametrize(
    ("program", "data"),
    [
        ("Icinga 2", "days=59.4x"),
        ("Icinga 2", "days=U"),
        ("Checkmk", "days=U;28:;7:"),
        ("Checkmk MRPE", "days=U"),
        ("Telegraf", "days=U"),
        ("pnp4nagios", "days=U time=1s"),
        ("pnp4nagios", "days='59'"),
    ],
)
def test_what_a_program_drops_is_noticed(program, data) -> None:
    with pytest.raises(ValueError, match=r".+"):
        READERS[program](data)


@pytest.mark.parametrize(
    "data", ["days=5.94e1;28:;7:", "days=59d;28:;7:", "days=+59.4", "days=U", "time=0.031s;;;0 time=0.032s;;;0"]
)
def test_what_programs_read_differently_is_noticed(data) -> None:
    with pytest.raises((AssertionError, ValueError)):
        assert_all_read(FIRST + data, 0)


def test_what_we_write_is_read_alike() -> None:
    assert list(assert_all_read(f"{FIRST}{LOWER} time=0.031s;;;0", 0).performance) == ["days", "time"]
