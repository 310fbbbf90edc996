"""NNTP: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, goodbye, transcript_tests

TestTranscripts = transcript_tests("nntp")

QUIT = (("C", b"QUIT\r\n"), ("S", b"205 Bye!\r\n"))


def test_the_goodbye_is_quit_and_waits_for_its_response():
    # RFC 3977 section 5.4
    goodbye("nntp", BYTEWISE, *QUIT)


def test_a_server_that_starts_with_tls_is_heard_before_the_goodbye():
    goodbye("nntps", BYTEWISE, ("S", b"201 ready\r\n"), *QUIT)
