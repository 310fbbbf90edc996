"""NBD: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, goodbye, transcript_tests

TestTranscripts = transcript_tests("nbd")


def test_the_goodbye_aborts_the_negotiation_and_waits_for_its_reply():
    acknowledged = bytes.fromhex("0003e889045565a9 00000002 00000001 00000000")
    goodbye("nbd", BYTEWISE, ("C", b"IHAVEOPT\0\0\0\2\0\0\0\0"), ("S", acknowledged))
