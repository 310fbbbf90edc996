"""PostgreSQL: what the transcripts do not show."""

from __future__ import annotations

from transcripts import WHOLE, goodbye


def test_the_goodbye_is_silence():
    goodbye("postgres", WHOLE)
