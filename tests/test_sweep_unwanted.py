"""What is said of results that a receiver does not take: bounded, in one line, and all are counted."""

from __future__ import annotations

import pytest

from check_starttls_cert.sweep import unwanted
from check_starttls_cert.sweep.unwanted import Unwanted


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", ""),
        ("a", "1 result refused: a"),
        ("ab", "2 results refused: a, b"),
        ("aba", "3 results refused: a, b and 1 more"),
        ("abcd", "4 results refused: a, b and 2 more"),
        ("\n", "1 result refused: \\n"),
    ],
)
def test_the_first_are_named_and_all_are_counted(names, said, monkeypatch) -> None:
    monkeypatch.setattr(unwanted, "MAX_NAMED", 2)
    made = Unwanted("refused")
    for name in names:
        made.add(name)
    assert str(made) == said
