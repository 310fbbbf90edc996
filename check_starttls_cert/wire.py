"""One plaintext or TLS conversation over one socket: buffered, bounded, under one deadline.

The one rule of this file: nothing blocks without the deadline and nothing grows without a bound.
It knows no protocol. The conversations in ``starttls/`` say what to read and name the step they
are in (``wire.step``), so that every failure here can say where it happened.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress

from check_starttls_cert.errors import (
    OWN_LIMITS,
    DeadlineExceeded,
    PeerClosed,
    PlaintextInjected,
    ProbeError,
    ProtocolError,
)
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Protocol

    class Channel(Protocol):
        """What carries a conversation after STARTTLS: TLS. Both raise a ``ProbeError``."""

        def send(self, data: bytes) -> None:
            """Send all of ``data``."""

        def receive(self) -> bytes:
            """Return some bytes; none when the peer has ended the session."""

    class Framing(Protocol):
        """How a protocol carries TLS records inside its own packets."""

        def wrap(self, records: bytes) -> bytes:
            """Return records as the peer wants them."""

        def read(self, wire: Wire) -> bytes:
            """Return the records of the next packet."""


MAX_LINE = 8 * 1024
"""Bytes in one line. RFC 5321 section 4.5.3.1.5 allows 512; servers are known to exceed it."""

MAX_TOTAL = 128 * 1024
"""Bytes a peer may send before TLS, and again after it."""

SLACK = 0.1
"""Seconds that the socket may wait past the deadline. To set its time-out is a system call, in which another thread
takes its turn: not before each read and write."""


class Deadline:
    """The moment by which the whole probe has to be over, on a monotonic clock."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._begin = clock()
        self._end = self._begin + seconds

    def sooner(self, seconds: float) -> Deadline:
        """Return a deadline in ``seconds``, or this one if it comes first."""
        return Deadline(min(seconds, self.left), self._clock)

    @property
    def spent(self) -> float:
        """The seconds since the beginning."""
        return self._clock() - self._begin

    @property
    def left(self) -> float:
        """The seconds left; zero or less when it is over."""
        return self._end - self._clock()

    def remaining(self, awaited: str) -> float:
        """Return the seconds left, always above zero. Raises ``DeadlineExceeded``: ``awaited`` did not come."""
        left = self.left
        if left <= 0:
            raise self.exceeded(awaited)
        return left

    def exceeded(self, awaited: str, quote: bytes = b"") -> DeadlineExceeded:
        """Return the error that says that ``awaited`` did not come in time; of it, only ``quote``."""
        if not quote:
            return DeadlineExceeded(f"no {awaited} within {self.seconds:g} s")
        return DeadlineExceeded(
            f"the {awaited} does not end within {self.seconds:g} s, only",
            quote=quote,
            hint="the server began and did not go on; its log may say why, --timeout allows more",
        )


class Spoken(NamedTuple):
    """One piece of the conversation: who said it (``C``, ``S`` or ``*`` for a remark), and what."""

    speaker: str
    data: bytes


class Wire:
    """A conversation with a peer, over a connected socket."""

    def __init__(self, sock: socket.socket, deadline: Deadline, transcript: list[Spoken]) -> None:
        self.sock = sock
        self.deadline = deadline
        self.framing: Framing | None = None
        """Set by protocols that carry TLS records inside their own packets."""
        self.opening = b""
        """The first line or packet that was read."""
        self._channel: Channel | None = None
        self._transcript = transcript
        self._buffer = bytearray()
        self._received = 0
        self._timeout = 0.0
        """The socket's, as far as it was set here."""
        self.step = "greeting"

    @property
    def step(self) -> str:
        """What the conversation waits for; failures name it."""
        return self._step

    @step.setter
    def step(self, step: str) -> None:
        self._step = step
        self._taken = b""

    def send(self, data: bytes) -> None:
        """Send all of ``data``. Raises ``PeerClosed`` or ``DeadlineExceeded``."""
        self._transcript.append(Spoken("C", data))
        self._taken = b""  # what comes from now on is the answer
        if self._channel is None:
            self.transmit(data)
        else:
            self._channel.send(data)

    def read_line(self) -> bytes:
        """Return the next line without its CRLF (a bare LF is taken too). Raises as ``read_until``."""
        return self.read_until(b"\n").rstrip(b"\r\n")

    def read_until(self, delimiter: bytes) -> bytes:
        """Return what comes up to the next ``delimiter``, and the delimiter, a single octet.

        Raises ``ProtocolError`` for more than ``MAX_LINE`` bytes, ``PeerClosed`` or ``DeadlineExceeded``.
        """
        while (end := self._buffer.find(delimiter, 0, MAX_LINE)) < 0:
            if len(self._buffer) >= MAX_LINE:
                raise ProtocolError(
                    f"a line of more than {MAX_LINE} bytes came instead of the {self.step}",
                    quote=self.unread,
                )
            self._receive()
        return self._take(end + 1)

    def read_exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes. Raises ``ProtocolError``, ``PeerClosed`` or ``DeadlineExceeded``."""
        if size > MAX_TOTAL:
            raise ProtocolError(f"the {self.step} announces {size} bytes, the most allowed is {MAX_TOTAL}")
        while len(self._buffer) < size:
            self._receive()
        return self._take(size)

    @property
    def heard(self) -> bool:
        """Whether the peer has said anything yet."""
        return self._received > 0

    @property
    def unread(self) -> bytes:
        """What has arrived and was not read, for an error that quotes it."""
        return bytes(self._buffer)

    def arrived(self) -> bytes:
        """Return what was not read and all that has come until now. Never waits, never fails: it is for quoting."""
        with suppress(OSError):
            self._wait(0)
            while len(self._buffer) < MAX_LINE and (data := self.sock.recv(4096)):
                self._buffer += data
        return self.unread

    def expect_silence(self) -> None:
        """Make sure that nothing follows the peer's go-ahead: the next bytes belong to TLS.

        What was sent in plaintext must never be read as if it came from inside TLS (CVE-2011-0411;
        RFC 3207 section 4.2 has the client discard what it learned before).
        """
        injected = self.unread
        if not injected:
            try:
                self._wait(0)
                injected = self.sock.recv(MAX_LINE, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError as error:
                raise self._translated(error) from error
            if not injected:
                raise self.closed()
        raise PlaintextInjected("plaintext follows the server's go-ahead for TLS", quote=injected)

    def upgrade(self, channel: Channel) -> None:
        """Go on inside TLS, through ``channel``, with empty buffers."""
        self._channel = channel
        self._buffer.clear()
        self._received = 0
        self._taken = b""

    def close(self) -> None:
        """End the connection. The channel, which has this wire, is forgotten: nobody has to look for such a circle."""
        self.sock.close()
        self._channel = None

    # The way to the socket, for the conversation in plaintext and for what carries TLS.

    def transmit(self, data: bytes) -> None:
        """Send ``data`` as it is, past the transcript. Raises ``PeerClosed`` or ``DeadlineExceeded``."""
        try:
            self._wait(self._remaining())
            self.sock.sendall(data)
        except OSError as error:
            raise self._translated(error) from error

    def receive(self, size: int = 4096) -> bytes:
        """Return what comes next as it is, past all buffers and bounds; nothing when the peer has closed.

        Raises ``PeerClosed`` for a reset, or ``DeadlineExceeded``.
        """
        try:
            self._wait(self._remaining())
            return self.sock.recv(size)
        except OSError as error:
            raise self._translated(error) from error

    def closed(self, how: str = "closed") -> PeerClosed:
        """Return the error for a peer that ends the connection now."""
        when = f"in the middle of the {self.step}" if self._quote else f"instead of sending the {self.step}"
        return PeerClosed(f"the server {how} the connection {when}", quote=self._quote)

    @property
    def _quote(self) -> bytes:
        """What has come since the step began, for errors; TLS records in packets say nothing to a reader."""
        if self.framing is not None:
            return b""
        return (self._taken + self.unread).rstrip(b"\r\n") if self._taken else self.unread

    def _remaining(self) -> float:
        left = self.deadline.left
        if left <= 0:  # what came is put together for the error alone: this is asked before each read
            raise self.deadline.exceeded(self.step, self._quote)
        return left

    def _wait(self, seconds: float) -> None:
        """Let the socket wait that long; while it may, a little longer."""
        if not seconds or not seconds <= self._timeout <= seconds + SLACK:
            self.sock.settimeout(seconds)
            self._timeout = seconds

    def _translated(self, error: OSError) -> ProbeError:
        """Return our error for the operating system's."""
        if isinstance(error, (socket.timeout, TimeoutError, BlockingIOError)):
            return self.deadline.exceeded(self.step, self._quote)
        if isinstance(error, (ConnectionError, BrokenPipeError)):
            return self.closed("reset")
        if error.errno in OWN_LIMITS:
            raise error  # by this machine, which says nothing of the peer
        return ProbeError(f"connection failed while waiting for the {self.step}: {error.strerror or error}")

    def _receive(self) -> None:
        data = self.receive() if self._channel is None else self._channel.receive()
        if not data:
            raise self.closed()
        self._received += len(data)
        if self._received > MAX_TOTAL:
            raise ProtocolError(f"more than {MAX_TOTAL} bytes came before the {self.step} was complete")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.opening = self.opening or taken
        if len(self._taken) < MAX_LINE:
            self._taken += taken
        self._transcript.append(Spoken("S", taken))
        return taken
