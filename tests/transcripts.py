r"""Conversations as text files, and a peer that replays them without a network.

A file in ``transcripts/`` holds vectors, each of the form::

    == what happens
    expect: Refused            the error's class; or ``ok``: TLS begins
    says: 454 4.7.0            words of the error, any number of such lines
    end: silence               what the peer does after its last words: silence (default), close, reset
    waits: yes                 the client waits in vain at some point, so that replies cannot come early
    S: 220 mta.example.com     the server says this and CRLF
    S. 250 STARTTLS\n          the server says exactly this
    S* 9000 x                  the server says this so many times
    S# 30 0c 02 01 01          the server says these octets; C# the client
    C: STARTTLS                the client must say exactly this and CRLF, once it has read all of the above

Text is UTF-8, in which ``\r``, ``\n``, ``\t``, ``\\`` and ``\x1b`` are escapes.
A line that starts with ``#`` and blank lines say nothing.
"""

from __future__ import annotations

import functools
import itertools
import re
import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from check_starttls_cert import starttls, tls
from check_starttls_cert.errors import PlaintextInjected, ProbeError
from check_starttls_cert.wire import MAX_LINE, MAX_TOTAL, Deadline, Wire

HERE = Path(__file__).parent / "transcripts"

WHOLE, BYTEWISE = 65536, 1

NAME = "mta.example.com"
"""Whom the client asks for."""


class Vector(NamedTuple):
    """One conversation and its outcome. ``turns`` are adjacent pieces of one speaker, joined."""

    name: str
    expect: str
    says: tuple[str, ...]
    end: str
    turns: tuple[tuple[str, bytes], ...]
    waits: bool = False
    deaf: bool = False
    """After its last turn the server takes whatever the client says."""

    @property
    def server(self) -> bytes:
        """Everything the server says."""
        return b"".join(data for speaker, data in self.turns if speaker == "S")

    def truncated(self, size: int, end: str) -> Vector:
        """Return this conversation as it is when the server ends it after ``size`` octets."""
        turns = []
        for speaker, data in self.turns:
            turns.append((speaker, data if speaker == "C" else data[:size]))
            if speaker == "S":
                size -= len(data)
                if size < 0:
                    break
        return self._replace(turns=tuple(turns), end=end, deaf=True)

    def followed_by(self, data: bytes) -> Vector:
        """Return this conversation with more server octets at its end."""
        *turns, (speaker, last) = self.turns
        more = (("S", last + data),) if speaker == "S" else ((speaker, last), ("S", data))
        return self._replace(turns=(*turns, *more))


class TLSBegins(Exception):
    """The client is about to start the TLS handshake."""


class Unscripted(Exception):
    """The client said something else than the transcript, or said it too early."""


class Peer:
    """The server's side of a vector, in the place of a socket.

    ``chunk`` is the most that one ``recv`` returns. With ``lock_step`` each turn comes when the client has said
    what precedes it, and the client may only speak when it has read all; without, all turns are there at once.
    """

    def __init__(self, vector: Vector, chunk: int, *, lock_step: bool = True) -> None:
        self.turns = list(vector.turns)
        self.end = vector.end
        self.deaf = vector.deaf
        self.chunk = chunk
        self.lock_step = lock_step
        self.blocking = True
        self.said = b""
        self.read = 0
        if not lock_step:
            self.turns = [("S", vector.server), *(turn for turn in self.turns if turn[0] == "C")]
        self.speak()

    def speak(self) -> None:
        """Say the next turn, if it is the server's."""
        while self.turns and self.turns[0][0] == "S":
            self.said += self.turns.pop(0)[1]

    def sendall(self, data: bytes) -> None:
        """Take the client's next turn."""
        if self.lock_step and self.read < len(self.said):
            raise Unscripted(f"sent {data!r} before it had read {self.said[self.read :]!r}")
        if self.deaf and not self.turns:
            return
        if self.turns[:1] != [("C", data)]:
            raise Unscripted(f"sent {data!r}; the transcript goes on with {self.turns[:1]}")
        del self.turns[0]
        self.speak()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what the server says next, or do what it does at its end."""
        data = self.said[self.read : self.read + min(size, self.chunk)]
        if data:
            self.read += 0 if flags & socket.MSG_PEEK else len(data)
            return data
        if not self.turns and self.end == "close":
            return b""
        if not self.turns and self.end == "reset":
            raise ConnectionResetError(104, "Connection reset by peer")
        if not self.blocking:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        raise socket.timeout("timed out")

    def settimeout(self, seconds: float) -> None:
        """Remember whether to block."""
        self.blocking = seconds > 0

    def getsockname(self) -> tuple[str, int]:
        """Return the client's address, one of RFC 5737's."""
        return ("192.0.2.1", 54321)


class Babbler(Peer):
    """A server that says what it says, whatever it hears."""

    def __init__(self, words: bytes, end: str, chunk: int) -> None:
        super().__init__(Vector("babble", "", (), end, (("S", words),)), chunk)

    def sendall(self, data: bytes) -> None:
        """Listen to nothing."""


class Opener:
    """In the place of an ``SSLContext``: tells that TLS begins."""

    def wrap_socket(self, *_: object, **__: object) -> None:
        """Raise."""
        raise TLSBegins

    wrap_bio = wrap_socket


def replay(protocol: str, vector: Vector, chunk: int = WHOLE, *, lock_step: bool = True) -> ProbeError | None:
    """Return how the client ends the conversation: ``None`` when TLS begins. Any other exception passes."""
    return converse(protocol, Peer(vector, chunk, lock_step=lock_step))


def converse(protocol: str, peer: Peer) -> ProbeError | None:
    """Return how the client ends the conversation with ``peer``: ``None`` when TLS begins."""
    wire = wire_to(peer)
    try:
        starttls.starttls(protocol, wire, NAME)
        tls.handshake(wire, Opener(), NAME.encode())
    except TLSBegins:
        return None
    except ProbeError as error:
        return error
    raise AssertionError("neither TLS nor an error")


def vectors(protocol: str) -> list[Vector]:
    """Return the vectors of ``transcripts/<protocol>.txt``."""
    text = (HERE / f"{protocol}.txt").read_text(encoding="utf-8")
    return [parsed(block) for block in re.split(r"^== ", text, flags=re.MULTILINE)[1:]]


def parsed(block: str) -> Vector:
    """Return the vector that one block of a file describes."""
    name, *lines = block.splitlines()
    head: dict[str, list[str]] = {"expect": [], "says": [], "end": ["silence"], "waits": []}
    turns: list[tuple[str, bytes]] = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        piece = re.fullmatch(r"([SC])([:.*#]) ?(.*)", line)
        if piece is None:
            key, _, value = line.partition(": ")
            head[key].append(value.strip())
            continue
        speaker, form, value = piece.groups()
        data = octets(form, value)
        if turns and turns[-1][0] == speaker:
            data = turns.pop()[1] + data
        turns.append((speaker, data))
    return Vector(name, head["expect"][0], tuple(head["says"]), head["end"][-1], tuple(turns), bool(head["waits"]))


def octets(form: str, value: str) -> bytes:
    """Return what one line of a transcript stands for."""
    if form == "#":
        return bytes.fromhex(value)
    repeat = 1
    if form == "*":
        number, value = value.split(" ", 1)
        repeat = int(number)
    escape = re.compile(rb"\\(?:x([0-9a-f]{2})|([rnt\\]))")
    plain = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
    data = escape.sub(lambda m: bytes.fromhex(m[1].decode()) if m[1] else plain[m[2]], value.encode())
    return (data + b"\r\n" if form == ":" else data) * repeat


ENDS = ("close", "silence", "reset")


def goodbye(protocol: str, chunk: int, *turns: tuple[str, bytes], end: str = "silence") -> Peer:
    """Hold the end of a conversation, inside TLS; return the peer, which has heard and said all of ``turns``."""
    peer = Peer(Vector("goodbye", "ok", (), end, turns), chunk)
    starttls.goodbye(protocol, wire_to(peer), NAME)
    assert peer.turns == []
    assert peer.read == len(peer.said)
    return peer


def wire_to(peer: Peer) -> Wire:
    """Return a wire to ``peer`` under a clock that stands still."""
    return Wire(peer, Deadline(10, clock=lambda: 0.0), [])


def assert_outcome(vector: Vector, error: ProbeError | None) -> None:
    """Check that ``error`` is what the vector expects, in words that are safe to show."""
    assert ("ok" if error is None else type(error).__name__) == vector.expect, str(error)
    for words in vector.says:
        assert words in str(error)
    if error is not None:
        assert_safe(error)


def assert_safe(error: ProbeError) -> None:
    """Check that an error can stand in a status line."""
    text = str(error)
    assert text.isprintable()
    assert "|" not in text
    assert len(text) < 600


MANY = 1000
"""Octets above which what a server says is a flood."""


def cuts(vector: Vector) -> list[int]:
    """Return after how many octets a conversation is cut: each, but of a flood only where it tells something."""
    size = len(vector.server)
    if size <= MANY:
        return list(range(size))
    turns = itertools.accumulate(len(data) for speaker, data in vector.turns if speaker == "S")
    near = {edge + offset for edge in (0, *turns, MAX_LINE) if edge < 2 * MAX_LINE for offset in range(-3, 4)}
    return sorted(cut for cut in {*range(200), *near, size // 2, MAX_TOTAL, size - 1} if 0 <= cut < size)


OPENINGS = (4, 12, 40, 200)
"""So many octets of a real server's words begin a made-up one's."""


@functools.cache
def all_vectors() -> tuple[Vector, ...]:
    """Return the vectors of all protocols."""
    return tuple(vector for file in sorted(HERE.glob("*.txt")) for vector in vectors(file.stem))


def is_flood(vector: Vector) -> bool:
    """Return whether the server says more than any that means well."""
    return len(vector.server) > MANY


def each(some: list[Vector]) -> pytest.MarkDecorator:
    """Return the decorator that runs a test with each of the vectors."""
    return pytest.mark.parametrize("vector", some, ids=[vector.name for vector in some])


def transcript_tests(protocol: str, *, declines: tuple[str, ...] = ("StarttlsNotOffered", "Refused")) -> type:
    """Return the tests that replay a protocol's transcripts in every way a network may deliver them.

    ``declines`` are the errors by which its servers can say that there is no TLS.
    """
    chosen = vectors(protocol)
    prompt = each([vector for vector in chosen if not vector.waits])
    good = each([vector for vector in chosen if vector.expect == "ok"])
    openings = st.sampled_from([b"", *(vector.server[:size] for vector in all_vectors() for size in OPENINGS)])
    # All ends and sizes are CI's; a server that closes after any octet, its words in one piece and octet by octet, and
    # floods in one piece are what everybody runs.
    slow = pytest.mark.slow
    cut = [
        pytest.param(vector, end, id=f"{end}-{vector.name}", marks=[slow] * (end != "close" or is_flood(vector)))
        for vector in chosen
        for end in ENDS
    ]
    delivered = [
        pytest.param(
            vector,
            chunk,
            id=f"{chunk}-{vector.name}",
            marks=[slow] * (chunk == 7 or (chunk != WHOLE and is_flood(vector))),
        )
        for vector in chosen
        for chunk in (WHOLE, BYTEWISE, 7)
    ]
    lines = [line for vector in all_vectors() for line in vector.server[:2000].splitlines(True)]
    replies = st.lists(st.binary(max_size=60) | st.sampled_from(lines), max_size=8)

    class TestTranscripts:
        """The protocol's transcripts."""

        def test_every_kind_of_end_is_among_them(self):
            seen = {vector.expect for vector in chosen}
            assert seen >= {"ok", "ProtocolError", "PlaintextInjected", "PeerClosed", "DeadlineExceeded", *declines}

        @pytest.mark.parametrize(("vector", "chunk"), delivered)
        def test_the_outcome_is_the_same_however_the_bytes_are_cut(self, vector, chunk):
            assert_outcome(vector, replay(protocol, vector, chunk))

        @prompt
        def test_replies_that_come_early_are_read_one_after_the_other(self, vector):
            assert_outcome(vector, replay(protocol, vector, lock_step=False))

        @good
        @pytest.mark.parametrize("chunk", [WHOLE, pytest.param(BYTEWISE, marks=slow)])
        @pytest.mark.parametrize("garbage", [b"\n", b"250 ok\r\n", b"\x30\x00", b"\x16\x03\x03", b" "])
        def test_plaintext_behind_the_go_ahead_never_reaches_tls(self, vector, chunk, garbage):
            assert isinstance(replay(protocol, vector.followed_by(garbage), chunk), PlaintextInjected)

        @pytest.mark.parametrize(("vector", "end"), cut)
        def test_a_conversation_cut_at_any_octet_ends_in_an_error(self, vector, end):
            for size in cuts(vector):
                error = replay(protocol, vector.truncated(size, end))
                if error is None:
                    # What is left may be a whole conversation, but only where something uncalled-for was cut off it.
                    assert (vector.expect, end) == ("PlaintextInjected", "silence"), f"TLS after {size} octets"
                else:
                    assert_safe(error)

        @pytest.mark.parametrize("end", ["close", "silence"])
        @settings(max_examples=40, deadline=None)
        @given(opening=openings, replies=replies, chunk=st.sampled_from([WHOLE, BYTEWISE]))
        @example(opening=b"", replies=[b"\x30\x7f", bytes(127)], chunk=WHOLE)
        def test_no_server_whatever_it_says_makes_anything_but_tls_or_a_probe_error(self, end, opening, replies, chunk):
            error = converse(protocol, Babbler(opening + b"".join(replies), end, chunk))
            assert error is None or isinstance(error, ProbeError)
            if error is not None:
                assert_safe(error)

    return TestTranscripts
