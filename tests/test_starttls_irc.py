"""IRC: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, WHOLE, Babbler, goodbye, transcript_tests

from check_starttls_cert.errors import DeadlineExceeded, PeerClosed
from check_starttls_cert.starttls.irc import parsed, starttls
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.wire import Deadline, Wire

TestTranscripts = transcript_tests("irc")

QUIT = (
    ("C", b"QUIT\r\n"),
    ("S", b":irc NOTICE * :*** Looking up your hostname\r\nERROR :Closing link: (unknown@192.0.2.1) [Quit]\r\n"),
)


@pytest.mark.parametrize("protocol", ["irc", "ircs"])
def test_the_goodbye_is_quit_and_waits_for_error(protocol):
    # RFC 1459 section 4.1.6
    goodbye(protocol, BYTEWISE, *QUIT)


def test_a_server_that_only_hangs_up_is_reported_to_the_caller():
    with pytest.raises(PeerClosed):
        goodbye("irc", BYTEWISE, ("C", b"QUIT\r\n"), end="close")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"PING :abc", (b"PING", [b"abc"])),
        (b"ping a b", (b"PING", [b"a", b"b"])),
        (b":irc.example.com 670 * :go ahead : now", (b"670", [b"*", b"go ahead : now"])),
        (b":irc.example.com CAP * LS :", (b"CAP", [b"*", b"LS", b""])),
        (b"@time=now;a=:b :irc 451 x", (b"451", [b"x"])),
        (b"@time=now NOTICE", (b"NOTICE", [])),
    ],
)
def test_a_message_is_a_command_and_its_parameters(line, message):
    # RFC 1459 section 2.3.1
    assert parsed(line) == message


@pytest.mark.parametrize(
    "line", [b"", b":", b":irc", b"670 * :go", b":irc 67 x", b":irc 6700 x", b"+OK", b"@a", b"\xff"]
)
def test_anything_else_is_another_protocol(line):
    with pytest.raises(WrongProtocol):
        parsed(line)


@pytest.mark.parametrize(("timeout", "patience"), [(1, 1 / 3), (6, 2), (60, 3)])
def test_a_server_that_ignores_cap_costs_a_part_of_the_deadline(timeout, patience):
    peer = Babbler(b"NOTICE x :wait\r\n", "silence", WHOLE)
    waits = []
    peer.settimeout = waits.append
    wire = Wire(peer, Deadline(timeout, clock=lambda: 0.0), [])
    with pytest.raises(DeadlineExceeded, match=f"no answer to STARTTLS within {timeout} s"):
        starttls(wire, "")
    assert min(waits) == pytest.approx(patience)
    assert waits[-1] == timeout
