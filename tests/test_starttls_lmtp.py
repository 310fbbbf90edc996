"""LMTP: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, goodbye, transcript_tests

TestTranscripts = transcript_tests("lmtp")


def test_the_goodbye_is_that_of_smtp():
    goodbye("lmtp", BYTEWISE, ("C", b"QUIT\r\n"), ("S", b"221 2.0.0 Bye\r\n"))
