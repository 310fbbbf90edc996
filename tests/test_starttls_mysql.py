"""MySQL: the transcripts, and what they do not show."""

from __future__ import annotations

import struct

import pytest
from transcripts import BYTEWISE, WHOLE, goodbye, transcript_tests, vectors

from check_starttls_cert.errors import PeerClosed
from check_starttls_cert.starttls.mysql import CAPABILITIES, CLIENT_SSL, packet

TestTranscripts = transcript_tests("mysql")

LOGIN = ("C", packet(2, struct.pack("<IIB23x", CAPABILITIES, 0x1000000, 33) + b"\0\0"))
DENIED = packet(3, b"\xff\x15\x04#28000Access denied for user ''@'localhost' (using password: NO)")
WELCOME = packet(3, b"\x00\x00\x00\x02\x00\x00\x00")


@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_the_goodbye_is_a_login_that_is_refused(chunk):
    goodbye("mysql", chunk, LOGIN, ("S", DENIED))


def test_a_server_that_lets_anybody_in_is_left_with_com_quit():
    goodbye("mysql", WHOLE, LOGIN, ("S", WELCOME), ("C", packet(0, b"\x01")))


def test_a_server_that_hangs_up_is_reported_to_the_caller():
    with pytest.raises(PeerClosed, match="answer to the login"):
        goodbye("mysql", WHOLE, LOGIN, end="close")


def test_the_login_goes_on_where_the_ssl_request_ended():
    request = next(vector for vector in vectors("mysql") if vector.expect == "ok").turns[-1][1]
    assert request[3] == 1
    assert LOGIN[1][4 : 4 + 32] == request[4:]
    assert CAPABILITIES & CLIENT_SSL
