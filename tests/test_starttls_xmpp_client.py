"""XMPP for clients: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, WHOLE, Babbler, goodbye, transcript_tests, wire_to

from check_starttls_cert.errors import PeerClosed
from check_starttls_cert.starttls.xmpp_client import MAX_DEPTH, Stream, header

TestTranscripts = transcript_tests("xmpp-client")

OPEN = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
END = (
    ("C", header("mta.example.com", "jabber:client") + b"</stream:stream>"),
    ("S", OPEN + b"<stream:features/></stream:stream>"),
)


@pytest.mark.parametrize("protocol", ["xmpp-client", "xmpps-client"])
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_the_goodbye_opens_the_stream_inside_tls_for_the_same_name_and_closes_it(protocol, chunk):
    # RFC 6120 section 5.4.3.3: a new stream header; section 4.4: the end, which the server returns
    goodbye(protocol, chunk, *END)


def test_a_server_that_hangs_up_instead_is_reported_to_the_caller():
    with pytest.raises(PeerClosed, match="end of the stream"):
        goodbye("xmpp-client", WHOLE, END[0], ("S", OPEN), end="close")


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("im.example.com", b" to='im.example.com' version"),
        ("bücher.example", " to='bücher.example' version".encode()),
        ("a'b&c<d", b" to='a&apos;b&amp;c&lt;d' version"),
        ("", b"<stream:stream version"),
    ],
)
def test_the_name_is_a_quoted_attribute(name, to):
    assert to in header(name, "jabber:client")


@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_nothing_behind_a_child_is_taken_from_the_wire(chunk):
    wire = wire_to(Babbler(OPEN + b"<a b='>'>x</a>rest", "silence", chunk))
    child = Stream(wire).read("child")
    assert (child.local, child.text) == ("a", "x")
    assert wire.read_exactly(4) == b"rest"


def test_children_are_given_one_after_the_other():
    stream = Stream(wire_to(Babbler(OPEN + b"<a/><b><c/></b>", "silence", WHOLE)))
    assert stream.read("child").local == "a"
    second = stream.read("child")
    assert (second.local, [child.local for child in second.children]) == ("b", ["c"])


def test_elements_may_be_nested_to_the_bound():
    inside = MAX_DEPTH - 1
    stream = Stream(wire_to(Babbler(OPEN + b"<a>" * inside + b"</a>" * inside, "silence", WHOLE)))
    assert stream.read("child").local == "a"
