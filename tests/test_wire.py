"""Every read is bounded in size and by one deadline, and every failure says where it happened."""

from __future__ import annotations

import errno
import gc
import socket
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert.errors import DeadlineExceeded, PeerClosed, PlaintextInjected, ProbeError, ProtocolError
from check_starttls_cert.wire import MAX_LINE, MAX_TOTAL, Deadline, Spoken, Wire


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class FakeChannel:
    """What a conversation goes on inside."""

    def __init__(self, *pieces) -> None:
        self.pieces = list(pieces)
        self.sent = []

    def send(self, data):
        """Remember."""
        self.sent.append(data)

    def receive(self):
        """Return the next piece."""
        return self.pieces.pop(0) if self.pieces else b""


class FakeSocket:
    """A socket whose ``recv`` takes the next piece: octets are returned, an error is raised, a number is a wait."""

    def __init__(self, *pieces, clock=None) -> None:
        self.pieces = list(pieces)
        self.clock = clock
        self.timeouts = []
        self.sent = []

    def settimeout(self, seconds):
        """Remember."""
        self.timeouts.append(seconds)

    def sendall(self, data):
        """Remember, and let time pass."""
        self.sent.append(data)
        self.recv(0)

    def recv(self, size, flags=0):
        """Do what comes next."""
        while self.pieces:
            piece = self.pieces.pop(0)
            if isinstance(piece, float):
                self.clock.now += piece
                if piece >= self.timeouts[-1]:
                    raise socket.timeout("timed out")
            elif isinstance(piece, Exception):
                raise piece
            else:
                return piece
        return b""


def wire(*pieces, seconds=10.0, clock=None, transcript=None):
    clock = clock or Clock()
    sock = FakeSocket(*pieces, clock=clock)
    return Wire(sock, Deadline(seconds, clock), [] if transcript is None else transcript)


# The deadline


def test_time_runs_out_exactly_at_the_deadline():
    clock = Clock()
    deadline = Deadline(10, clock)
    assert deadline.remaining("reply") == 10
    assert deadline.spent == 0
    clock.now += 9.5
    assert deadline.remaining("reply") == 0.5
    assert deadline.spent == 9.5
    clock.now += 0.5
    with pytest.raises(DeadlineExceeded, match=r"^no reply within 10 s \("):
        deadline.remaining("reply")


def test_the_deadline_s_error_shows_what_came_until_then_and_blames_no_firewall():
    said = str(Deadline(2.5, Clock()).exceeded("reply", b"250-a"))
    assert 'the reply does not end within 2.5 s, only: "250-a"' in said
    assert "firewall" not in said


@pytest.mark.parametrize(("seconds", "left"), [(2, 2), (4, 4), (60, 4)])
def test_a_sooner_deadline_is_never_a_later_one(seconds, left):
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now += 6
    sooner = deadline.sooner(seconds)
    assert sooner.remaining("reply") == left
    clock.now += left
    with pytest.raises(DeadlineExceeded):
        sooner.remaining("reply")


def test_every_read_gets_what_is_left_and_no_more():
    clock = Clock()
    peer = wire(3.0, b"a", 4.0, b"b", 2.0, b"c\n", clock=clock)
    assert peer.read_line() == b"abc"
    assert peer.sock.timeouts == [10, 7, 3]


def test_the_time_out_is_set_anew_where_the_socket_would_wait_past_the_deadline_for_longer_than_the_slack():
    peer = wire(*[0.0625, b"x"] * 4, b"\n")
    peer.read_line()
    assert peer.sock.timeouts == [10, 9.875, 9.75]


def test_a_peer_that_drips_does_not_outlive_the_deadline():
    peer = wire(*[1.0, b"x"] * 20)
    peer.step = "greeting"
    with pytest.raises(DeadlineExceeded, match='the greeting does not end within 10 s, only: "xxxxxxxxx"'):
        peer.read_line()
    assert peer.sock.timeouts == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_bytes_that_are_already_here_need_no_time():
    clock = Clock()
    peer = wire(b"a\nb\nc", clock=clock)
    assert peer.read_line() == b"a"
    clock.now += 11
    assert peer.read_line() == b"b"
    with pytest.raises(DeadlineExceeded, match=r'only: "a\\r\\nb\\r\\nc"|only: "a\\nb\\nc"'):
        peer.read_line()


def test_a_reply_of_several_lines_that_never_ends_is_quoted_and_not_called_silence():
    peer = wire(b"220-please wait\r\n", 10.0)
    peer.read_line()
    with pytest.raises(DeadlineExceeded, match='the greeting does not end within 10 s, only: "220-please wait"'):
        peer.read_line()


@pytest.mark.parametrize("start", [lambda peer: peer.send(b"EHLO x\r\n"), lambda peer: setattr(peer, "step", "reply")])
def test_what_came_before_the_step_is_not_quoted(start):
    peer = wire(b"220 mta\r\n")
    peer.read_line()
    peer.sock.pieces[:] = [b""]
    start(peer)
    peer.sock.pieces[:] = [10.0]
    with pytest.raises(DeadlineExceeded, match=r"no (greeting|reply) within 10 s \("):
        peer.read_line()


def test_what_is_kept_for_quoting_is_bounded():
    peer = wire(*[b"x\n" * 2048] * 10)
    for _ in range(2048 * 10):
        peer.read_line()
    assert len(peer._taken) <= MAX_LINE


def test_nothing_is_sent_after_the_deadline():
    clock = Clock()
    peer = wire(clock=clock)
    clock.now += 10
    with pytest.raises(DeadlineExceeded, match="no greeting within 10 s"):
        peer.send(b"QUIT\r\n")
    assert peer.sock.sent == []


def test_a_send_that_blocks_ends_at_the_deadline():
    peer = wire(10.0)
    with pytest.raises(DeadlineExceeded):
        peer.send(b"EHLO\r\n")
    assert peer.sock.timeouts == [10]


# Lines


def test_a_line_ends_with_crlf_or_a_bare_lf():
    peer = wire(b"one\r\ntwo\n\r\n\nfive\r\n")
    assert [peer.read_line() for _ in range(5)] == [b"one", b"two", b"", b"", b"five"]


def test_a_cr_inside_a_line_stays():
    assert wire(b"a\rb\r\n").read_line() == b"a\rb"


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r"))), st.data())
def test_lines_are_the_same_however_they_are_cut(lines, data):
    stream = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)]) if a != b]
    peer = wire(*pieces)
    assert [peer.read_line() for _ in lines] == lines


def test_a_line_of_just_the_bound_is_read():
    line = b"x" * (MAX_LINE - 2) + b"\r\n"
    assert wire(line[:4096], line[4096:]).read_line() == line[:-2]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\nnext\r\n"])
def test_a_longer_line_is_refused_whether_it_ends_or_not(end):
    peer = wire(b"220 " + b"x" * (MAX_LINE - 4) + end)
    with pytest.raises(ProtocolError, match=f"a line of more than {MAX_LINE} bytes.* greeting") as caught:
        peer.read_line()
    assert caught.value.quote.startswith("220 xxx")


def test_no_more_is_read_than_the_bound_needs():
    peer = wire(*[b"x" * 1024] * 100)
    with pytest.raises(ProtocolError):
        peer.read_line()
    assert len(peer.sock.pieces) == 100 - MAX_LINE // 1024


# Octets, totals, ends


def test_octets_are_read_to_the_last():
    peer = wire(b"ab", b"c", b"defg")
    assert peer.read_exactly(5) == b"abcde"
    assert peer.read_exactly(2) == b"fg"
    assert peer.read_exactly(0) == b""


def test_lines_and_octets_share_one_buffer():
    peer = wire(b"line\r\nocte", b"ts")
    assert peer.read_line() == b"line"
    assert peer.read_exactly(6) == b"octets"


def test_the_total_is_bounded():
    peer = wire(*[b"x\n" * 512] * 129)
    for _ in range(MAX_TOTAL // 2):
        assert peer.read_line() == b"x"
    with pytest.raises(ProtocolError, match=f"more than {MAX_TOTAL} bytes"):
        peer.read_line()


def test_the_total_starts_anew_inside_tls():
    peer = wire(b"x" * MAX_TOTAL)
    peer.read_exactly(MAX_TOTAL)
    peer.upgrade(FakeChannel(b"221 Bye\r\n"))
    assert peer.read_line() == b"221 Bye"


def test_nothing_of_the_plaintext_is_read_inside_tls():
    peer = wire(b"220 go\r\n221 injected\r\n")
    peer.read_line()
    peer.upgrade(FakeChannel(b"221 real\r\n"))
    assert peer.read_line() == b"221 real"


def test_the_conversation_goes_on_inside_the_channel_and_ends_with_it():
    transcript = []
    peer = wire(b"220 go\r\n", transcript=transcript)
    peer.read_line()
    channel = FakeChannel(b"221 Bye\r\n")
    peer.upgrade(channel)
    peer.send(b"QUIT\r\n")
    assert peer.read_line() == b"221 Bye"
    assert (channel.sent, peer.sock.sent) == ([b"QUIT\r\n"], [])
    assert transcript[-2:] == [Spoken("C", b"QUIT\r\n"), Spoken("S", b"221 Bye\r\n")]
    with pytest.raises(PeerClosed, match="the server closed the connection"):
        peer.read_line()


def test_what_carries_tls_goes_past_the_transcript_and_the_buffer():
    transcript = []
    peer = wire(b"records", transcript=transcript)
    peer.sock.pieces.insert(0, b"")
    peer.transmit(b"hello")
    assert (peer.receive(), peer.receive()) == (b"records", b"")
    assert (peer.sock.sent, transcript, peer.unread) == ([b"hello"], [], b"")


def test_more_than_the_bound_is_not_even_waited_for():
    peer = wire(b"x")
    with pytest.raises(ProtocolError, match=f"the greeting announces {MAX_TOTAL + 1} bytes"):
        peer.read_exactly(MAX_TOTAL + 1)
    assert peer.sock.timeouts == []


def test_what_ends_with_another_octet_is_read_with_it():
    peer = wire(b"<a>", b"<b", b"/>c")
    assert [peer.read_until(b">"), peer.read_until(b">"), peer.read_exactly(1)] == [b"<a>", b"<b/>", b"c"]


def test_the_opening_is_what_was_read_first():
    peer = wire(b"220 mta\r\n250 ok\r\n")
    assert (peer.opening, peer.heard) == (b"", False)
    peer.read_line()
    peer.read_line()
    assert (peer.opening, peer.heard) == (b"220 mta\r\n", True)


# What has arrived, for quoting


def test_all_that_has_arrived_is_quoted_without_waiting():
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"220 mta")
        peer = Wire(near, Deadline(10), [])
        assert peer.read_exactly(1) == b"2"
        far.sendall(b" ESMTP")
        assert peer.arrived() == b"20 mta ESMTP"
        assert peer.read_exactly(12) == b"20 mta ESMTP"


@pytest.mark.parametrize("end", [b"", ConnectionResetError(), socket.timeout()])
def test_an_end_does_not_lose_what_has_arrived(end):
    assert wire(b"a", b"b", end, b"c").arrived() == b"ab"


def test_what_has_arrived_is_bounded():
    peer = wire(*[b"x" * 4096] * 10)
    assert len(peer.arrived()) == MAX_LINE
    assert peer.sock.timeouts == [0]


@pytest.mark.parametrize("read", [lambda peer: peer.read_line(), lambda peer: peer.read_exactly(9)])
def test_an_end_in_the_middle_names_the_step_and_quotes_what_came(read):
    peer = wire(b"250-mt", b"a")
    peer.step = "reply to EHLO"
    with pytest.raises(PeerClosed, match='closed the connection in the middle of the reply to EHLO: "250-mta"'):
        read(peer)


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(errno.ECONNRESET, "reset"), BrokenPipeError(errno.EPIPE, "pipe"), ConnectionAbortedError()],
)
def test_a_reset_is_the_peer_s_end_for_reads_and_sends(error):
    with pytest.raises(PeerClosed, match="reset the connection instead of sending the greeting"):
        wire(error).read_line()
    with pytest.raises(PeerClosed, match="reset"):
        wire(error).send(b"QUIT\r\n")
    with pytest.raises(PeerClosed, match="reset"):
        wire(error).expect_silence()


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ENOMEM])
def test_a_limit_of_this_machine_is_not_the_peer_s_fault(number):
    for use in (Wire.read_line, Wire.expect_silence, lambda peer: peer.send(b"QUIT\r\n")):
        with pytest.raises(OSError, match="x") as caught:
            use(wire(OSError(number, "x")))
        assert caught.value.errno == number


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (OSError("odd"), "odd"),
    ],
)
def test_any_other_failure_of_the_network_keeps_its_words(error, words):
    with pytest.raises(ProbeError, match=f"greeting: {words}"):
        wire(error).read_line()


# Silence


def test_silence_is_expected_of_a_peer_that_waits_for_tls():
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"220 go\r\n")
        peer = Wire(near, Deadline(10), [])
        assert peer.read_line() == b"220 go"
        peer.expect_silence()
        far.sendall(b"\x16")
        assert peer.read_exactly(1) == b"\x16"


def test_bytes_in_the_buffer_are_injected_plaintext():
    peer = wire(b"220 go\r\n250 injected\r\n")
    peer.read_line()
    with pytest.raises(PlaintextInjected, match=r'"250 injected\\r\\n".*CVE-2011-0411'):
        peer.expect_silence()


def test_bytes_that_only_the_kernel_has_are_injected_plaintext():
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"220 go\r\n")
        peer = Wire(near, Deadline(10), [])
        assert peer.read_line() == b"220 go"
        far.sendall(b"250 injected\r\n")
        with pytest.raises(PlaintextInjected, match="250 injected"):
            peer.expect_silence()


def test_a_peer_that_hung_up_is_not_silent():
    near, far = socket.socketpair()
    with near:
        far.close()
        peer = Wire(near, Deadline(10), [])
        peer.step = "TLS handshake"
        with pytest.raises(PeerClosed, match="TLS handshake"):
            peer.expect_silence()


# The transcript


def test_the_transcript_has_both_sides_in_their_order():
    transcript = []
    peer = wire(b"220 mta\r\n", b"250 ok\r\nab", transcript=transcript)
    peer.read_line()
    peer.sock.pieces.insert(0, b"")
    peer.send(b"EHLO x\r\n")
    peer.read_line()
    peer.read_exactly(2)
    assert transcript == [
        Spoken("S", b"220 mta\r\n"),
        Spoken("C", b"EHLO x\r\n"),
        Spoken("S", b"250 ok\r\n"),
        Spoken("S", b"ab"),
    ]


def test_tls_records_in_packets_are_not_quoted():
    peer = wire(b"\x12\1\0\x10", ConnectionResetError())
    peer.framing = object()
    with pytest.raises(PeerClosed) as caught:
        peer.read_exactly(8)
    assert '"' not in str(caught.value)


def test_a_connection_that_has_ended_leaves_no_circle_behind():
    here, there = socket.socketpair()
    with there:
        conversation = Wire(here, Deadline(10), [])
        channel = FakeChannel()
        conversation.upgrade(channel)
        channel.wire = conversation
        gone = weakref.ref(channel)
        conversation.close()
        assert here.fileno() == -1
        gc.disable()
        try:
            del channel, conversation
            assert gone() is None
        finally:
            gc.enable()
