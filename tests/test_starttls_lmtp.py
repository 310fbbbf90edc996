"""LMTP: what the transcripts do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, goodbye


def test_the_goodbye_is_that_of_smtp():
    goodbye("lmtp", BYTEWISE, ("C", b"QUIT\r\n"), ("S", b"221 2.0.0 Bye\r\n"))
