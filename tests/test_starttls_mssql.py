"""SQL Server: TLS inside TDS, against a peer that packs its records in every way the specification allows."""

from __future__ import annotations

import ssl
import struct

import pytest
from certificates import alternative_names, authority, make
from loopback import Service, server_context
from transcripts import WHOLE, Babbler, goodbye, transcript_tests, vectors, wire_to

from check_starttls_cert.errors import HandshakeError, PeerClosed, ProtocolError
from check_starttls_cert.probe import probe
from check_starttls_cert.settings import Target
from check_starttls_cert.starttls import mssql
from check_starttls_cert.trust_store import trust_store

TestTranscripts = transcript_tests("mssql", declines=("StarttlsNotOffered",))

NAME = "sql.example.com"
ROOT = authority()
LEAF = make(issuer=ROOT, extensions=(alternative_names(NAME),))

ANSWER = vectors("mssql")[0].server


def records(data):
    """Return the TLS records in ``data``."""
    found = []
    while data:
        size = 5 + int.from_bytes(data[3:5], "big")
        found.append(data[:size])
        data = data[size:]
    return found


PACKINGS = {
    "one packet for a flight": lambda flight: [flight],
    "one packet for each record": records,
    "records split among packets": lambda flight: [flight[start : start + 100] for start in range(0, len(flight), 100)],
    "one packet for each octet": lambda flight: [flight[start : start + 1] for start in range(len(flight))],
    "an empty packet before the flight": lambda flight: [b"", flight],
    "packets as large as can be": lambda flight: [
        flight[start : start + 32759] for start in range(0, len(flight), 32759)
    ],
}


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data


def read_packet(sock):
    """Return the payload of the client's next packet, which must be as [MS-TDS] section 2.2.3.1 has it."""
    kind, status, size, _, _, window = struct.unpack("!BBHHBB", read_exactly(sock, 8))
    assert (kind, status, window) == (0x12, 1, 0)
    assert size > 8, "a packet without a payload"
    return read_exactly(sock, size - 8)


def sql_server(context, packing, kind=0x12):
    """Return the behaviour of a server that packs each flight of records by ``packing``."""

    def behave(sock):
        assert read_packet(sock)[0] == 0
        sock.sendall(ANSWER)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                done = False
            else:
                done = True
            for payload in packing(outgoing.read()) if outgoing.pending else []:
                sock.sendall(struct.pack("!BBHHBB", kind, 1, 8 + len(payload), 51, 1, 0) + payload)
            if done:
                return sock.recv(100)
            incoming.write(read_packet(sock))

    return behave


@pytest.fixture
def context(tmp_path):
    """Return the server's context: TDS 7 knows TLS up to 1.2."""
    made = server_context(tmp_path, LEAF)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


@pytest.fixture
def store(tmp_path):
    """Return a store that trusts the test root."""
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return trust_store(str(path), None)


def probed(behave, store):
    with Service(behave) as service:
        seen = probe(Target("127.0.0.1", "mssql", service.port, NAME), store, 20)
    return seen, service


@pytest.mark.parametrize("kind", [0x12, 0x04], ids=["PRELOGIN", "tabular result"])
@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS)
def test_a_probe_reads_the_certificate_however_the_records_are_packed(context, store, packing, kind):
    seen, service = probed(sql_server(context, packing, kind), store)
    assert seen.error is None
    assert seen.shown.trust.verified
    assert seen.shown.leaf.dns_names == (NAME,)
    assert seen.shown.session.version == "TLSv1.2"
    assert service.results == [b""]  # nothing but the end follows the handshake


def test_a_server_that_is_not_trusted_is_still_fully_reported(tmp_path, store):
    alone = server_context(tmp_path, make())
    alone.maximum_version = ssl.TLSVersion.TLSv1_2
    seen, service = probed(sql_server(alone, PACKINGS["one packet for a flight"]), store)
    assert seen.error is None
    assert (seen.shown.trust.verified, seen.shown.trust.code) == (False, 18)
    assert service.connections == 1


def answering(*packets, end="close"):
    """Return the behaviour of a server that sends these packets in the place of its handshake."""

    def behave(sock):
        read_packet(sock)
        sock.sendall(ANSWER)
        read_packet(sock)
        for packet in packets:
            sock.sendall(packet)
        if end == "silence":
            sock.recv(100)

    return behave


@pytest.mark.parametrize(
    ("packet", "error", "words"),
    [
        (b"", PeerClosed, "TLS handshake"),
        (b"\x12\x01\x00", PeerClosed, "TLS handshake"),
        (mssql.packet(b"\x15\x03\x03\x00\x02\x02\x28"), HandshakeError, "handshake failure"),
        (mssql.packet(b"not TLS at all"), HandshakeError, "wrong version number"),
        (b"220 mta.example.com ESMTP\r\n", ProtocolError, ""),
    ],
    ids=["nothing", "half a header", "an alert", "no TLS", "no TDS"],
)
def test_a_handshake_that_fails_is_an_error(store, packet, error, words):
    seen, _ = probed(answering(packet), store)
    assert isinstance(seen.error, error)
    assert words in str(seen.error)


def test_empty_packets_without_end_are_bounded(store):
    empty = struct.pack("!BBHHBB", 0x12, 1, 8, 0, 0, 0)
    seen, _ = probed(answering(empty * 20_000, end="silence"), store)
    assert isinstance(seen.error, ProtocolError)
    assert "131072" in str(seen.error)


def test_the_framing_says_nothing_for_no_records():
    framing = mssql.TdsFraming()
    assert framing.wrap(b"") == b""
    assert framing.wrap(b"abc") == bytes.fromhex("1201000b00000000") + b"abc"


@pytest.mark.parametrize("kind", [0x12, 0x04])
def test_the_framing_reads_one_packet(kind):
    wire = wire_to(Babbler(bytes([kind]) + bytes.fromhex("01000b00330100") + b"abcrest", "silence", WHOLE))
    assert mssql.TdsFraming().read(wire) == b"abc"
    assert wire.unread == b"rest"


def test_the_goodbye_is_silence():
    goodbye("mssql", WHOLE)
