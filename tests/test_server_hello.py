"""What a server says in plaintext at the start of a handshake is read from its records, whatever they are."""

from __future__ import annotations

import ssl
import struct

import pytest
from certificates import authority, make
from hypothesis import given
from hypothesis import strategies as st
from loopback import server_context

from check_starttls_cert.server_hello import ServerFlight

ROOT = authority()
LEAF = make(issuer=ROOT)


def flight_of(context, *, client=None):
    """Return the first octets that a server sends."""
    client = client or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    for tls in (
        client.wrap_bio(ssl.MemoryBIO(), to_server, server_hostname="mta.example.com"),
        context.wrap_bio(to_server, to_client, server_side=True),
    ):
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
    return to_client.read()


def records(octets):
    """Return the records in what a server sends."""
    found = []
    while octets:
        size = 5 + int.from_bytes(octets[3:5], "big")
        found.append(octets[:size])
        octets = octets[size:]
    return found


def read(octets):
    """Return what is read from whole records."""
    flight = ServerFlight()
    for record in records(octets):
        flight.feed(record)
    return flight


@pytest.fixture(params=["TLSv1.2", "TLSv1.3"])
def version(request):
    """Return a version as OpenSSL writes it."""
    return request.param


@pytest.fixture
def context(tmp_path, version):
    """Return the context of a server of that version."""
    made = server_context(tmp_path, LEAF, ROOT)
    made.minimum_version = made.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    return made


def test_version_and_cipher_are_those_that_openssl_s_server_chose(context, version):
    flight = read(flight_of(context))
    assert flight.version == version
    names = {each["id"] & 0xFFFF: each for each in context.get_ciphers()}
    assert names[flight.cipher_suite]["protocol"] == version


def test_the_certificates_are_read_where_they_are_not_encrypted(context, version):
    assert read(flight_of(context)).certificates == ((LEAF.der, ROOT.der) if version == "TLSv1.2" else ())


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_the_wish_for_a_client_certificate_is_seen_where_it_is_not_encrypted(context, version, mode, tmp_path):
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    context.load_verify_locations(tmp_path / "ca.pem")
    context.verify_mode = mode
    wants = mode != ssl.CERT_NONE and version == "TLSv1.2"
    assert read(flight_of(context)).wants_client_certificate is wants


def test_a_server_that_asks_for_another_hello_is_read_by_its_second(tmp_path):
    # RFC 8446 section 4.1.4: a HelloRetryRequest looks like a ServerHello.
    context = server_context(tmp_path, LEAF)
    context.set_ecdh_curve("secp384r1")
    flight = read(flight_of(context))
    assert flight.version == "TLSv1.3"


def hello(version=0x0303, suite=0xC02B, extensions=b"", session=b""):
    """Return a ServerHello message."""
    body = struct.pack("!H", version) + bytes(32) + bytes([len(session)]) + session + struct.pack("!HB", suite, 0)
    body += struct.pack("!H", len(extensions)) + extensions if extensions else b""
    return b"\x02" + len(body).to_bytes(3, "big") + body


def record(data, kind=22):
    """Return a record."""
    return struct.pack("!BHH", kind, 0x0303, len(data)) + data


@pytest.mark.parametrize(
    ("message", "version"),
    [
        (hello(), "TLSv1.2"),
        (hello(0x0300), "SSLv3"),
        (hello(0x0301, session=bytes(32)), "TLSv1"),
        (hello(extensions=b"\x00\x2b\x00\x02\x03\x04"), "TLSv1.3"),
        (hello(extensions=b"\x00\x00\x00\x00\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x00"), "TLSv1.3"),
        (hello(0x7F1C), ""),
    ],
)
def test_the_extension_tells_tls_1_3_and_the_version_field_the_others(message, version):
    # RFC 8446 section 4.1.3: legacy_version is TLS 1.2's even with TLS 1.3.
    assert (read(record(message)).version, read(record(message)).cipher_suite) == (version, 0xC02B)


@given(st.lists(st.integers(1, 40)))
def test_messages_are_the_same_however_they_are_spread_over_records(sizes):
    certificate = b"\x0b\x00\x00\x0a\x00\x00\x07\x00\x00\x04leaf"
    octets = hello() + certificate + b"\x0d\x00\x00\x00" + b"\x0e\x00\x00\x00"
    flight = ServerFlight()
    for size in [*sizes, len(octets)]:
        flight.feed(record(octets[:size]))
        octets = octets[size:]
    assert (flight.version, flight.certificates, flight.wants_client_certificate) == ("TLSv1.2", (b"leaf",), True)


def test_what_follows_the_first_flight_is_encrypted_and_not_read():
    flight = read(record(hello() + b"\x0e\x00\x00\x00") + record(b"\x0d\x00\x00\x00"))
    assert not flight.wants_client_certificate


def test_alerts_are_read_where_they_are_not_encrypted():
    assert read(record(b"\x02\x28", kind=21)).alert == 40
    assert read(record(bytes(26), kind=21)).alert is None


@given(st.lists(st.tuples(st.sampled_from([20, 21, 22, 23]), st.binary(max_size=80))))
def test_whatever_the_octets_are_nothing_is_raised(parts):
    flight = ServerFlight()
    for kind, data in parts:
        flight.feed(record(data, kind))
    assert flight.version in {"", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_mutated_flight_is_read_as_far_as_it_goes(position, octet):
    certificate = b"\x0b\x00\x00\x0a\x00\x00\x07\x00\x00\x04leaf"
    octets = bytearray(hello(extensions=b"\x00\x2b\x00\x02\x03\x04") + certificate)
    octets[position % len(octets)] = octet
    assert all(each in bytes(octets) for each in read(record(bytes(octets))).certificates)
    for size in range(len(octets)):
        read(record(bytes(octets[:size])))
