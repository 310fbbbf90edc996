"""POP3: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, goodbye, transcript_tests

TestTranscripts = transcript_tests("pop3")

QUIT = (("C", b"QUIT\r\n"), ("S", b"+OK Logging out\r\n"))


def test_the_goodbye_is_quit_and_waits_for_its_reply():
    # RFC 1939 section 5
    goodbye("pop3", BYTEWISE, *QUIT)


def test_a_server_that_starts_with_tls_is_heard_before_the_goodbye():
    goodbye("pop3s", BYTEWISE, ("S", b"+OK ready\r\n"), *QUIT)
