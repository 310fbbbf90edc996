"""PostgreSQL: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import WHOLE, goodbye, transcript_tests

TestTranscripts = transcript_tests("postgres")


def test_the_goodbye_is_silence():
    goodbye("postgres", WHOLE)
