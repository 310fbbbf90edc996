"""SMTP: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, WHOLE, Babbler, goodbye, transcript_tests, wire_to

from check_starttls_cert.errors import PeerClosed
from check_starttls_cert.starttls import smtp

TestTranscripts = transcript_tests("smtp")


@pytest.mark.parametrize(
    ("own", "literal"),
    [
        (("192.0.2.1", 54321), b"[192.0.2.1]"),
        (("2001:db8::1", 54321, 0, 0), b"[IPv6:2001:db8::1]"),
        (("fe80::1%eth0", 54321, 0, 2), b"[IPv6:fe80::1]"),
    ],
)
def test_the_client_calls_itself_by_its_address_literal(own, literal):
    # RFC 5321 section 4.1.3
    peer = Babbler(b"", "silence", WHOLE)
    peer.getsockname = lambda: own
    assert smtp.address_literal(wire_to(peer)) == literal


@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_the_goodbye_is_quit_and_waits_for_its_reply(chunk):
    # RFC 5321 section 4.1.1.10
    goodbye("smtp", chunk, ("C", b"QUIT\r\n"), ("S", b"221-2.0.0\r\n221 Bye\r\n"))


@pytest.mark.parametrize("protocol", ["smtps", "submissions", "lmtps"])
def test_a_server_that_starts_with_tls_is_heard_before_the_goodbye(protocol):
    goodbye(protocol, BYTEWISE, ("S", b"220-mta\r\n220 ready\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 Bye\r\n"))


def test_a_server_that_hangs_up_at_quit_is_reported_to_the_caller():
    with pytest.raises(PeerClosed, match="reply to the goodbye"):
        goodbye("smtp", WHOLE, ("C", b"QUIT\r\n"), end="close")


def test_a_reply_keeps_its_code_and_its_lines():
    peer = Babbler(b"250-one\r\n250-two three\r\n250 \r\n", "silence", BYTEWISE)
    assert smtp.read_reply(wire_to(peer), "reply") == (250, [b"one", b"two three", b""])
