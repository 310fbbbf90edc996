"""FTP: the transcripts, and what they do not show."""

from __future__ import annotations

from transcripts import BYTEWISE, Babbler, goodbye, transcript_tests, wire_to

from check_starttls_cert.starttls.ftp import read_reply

TestTranscripts = transcript_tests("ftp")

QUIT = (("C", b"QUIT\r\n"), ("S", b"221-You have transferred 0 bytes\r\n221 Goodbye.\r\n"))


def test_the_goodbye_is_quit_and_waits_for_its_reply():
    # RFC 959 section 4.1.1
    goodbye("ftp", BYTEWISE, *QUIT)


def test_a_server_that_starts_with_tls_is_heard_before_the_goodbye():
    goodbye("ftps", BYTEWISE, ("S", b"220-hello\r\n 220 not yet\r\n220 ready\r\n"), *QUIT)


def test_the_words_of_a_reply_of_many_lines_are_kept():
    peer = Babbler(b"530-Too many\r\n530-users\r\n from here\r\n530 Sorry\r\n", "silence", BYTEWISE)
    assert read_reply(wire_to(peer), "greeting") == (530, b"530 Too many users  from here Sorry")
