"""The handshake: what it tells of a server, whether it ends well or not, and that no server outlasts the deadline."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest
from certificates import PAST, alternative_names, authority, make
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from loopback import PATIENCE, Service, server_context

from check_starttls_cert import tls
from check_starttls_cert.errors import CertificateError, DeadlineExceeded, HandshakeError, PeerClosed, ProbeError
from check_starttls_cert.openssl import Trust
from check_starttls_cert.tls import server_name
from check_starttls_cert.trust_store import PLAIN, Variant, trust_store, unverified_context
from check_starttls_cert.wire import Deadline, Wire

ROOT = authority()
INTERMEDIATE = authority("Test intermediate", issuer=ROOT)
LEAF = make(issuer=INTERMEDIATE, extensions=(alternative_names("mta.example.com"),))
EXPIRED = make(issuer=ROOT, end=PAST)
ALONE = make()
OTHER_ROOT = authority("Somebody's root")
OTHER = make(issuer=OTHER_ROOT)

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
BOTH = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return str(path)


def handshake_with(service, context, sni=b"mta.example.com", seconds=PATIENCE, last_words=PATIENCE):
    """Return what the handshake with a service shows that speaks TLS at once, and whether it wants a certificate."""
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as sock:
        wire = Wire(sock, Deadline(seconds), [])
        shown, channel = tls.handshake(wire, context, sni)
        if channel is not None:
            wire.deadline = Deadline(last_words)
            channel.close()
            return shown, channel.client_certificate_demanded
        return shown, shown.session.wants_client_certificate


def tls_server(context):
    """Return the behaviour of a server that does the handshake, tells the SNI and waits for the client's end."""
    seen = []
    context.sni_callback = lambda _sock, name, _context: seen.append(name)

    def behave(sock):
        with context.wrap_socket(sock, server_side=True) as session:
            session.recv(1)
        return seen.pop()

    return behave


def verifying(cafile, variant=PLAIN):
    """Return the first context of a store."""
    return next(trust_store(cafile, None).contexts(Deadline(PATIENCE), variant))


# Handshakes


@BOTH
def test_a_trusted_server_is_known_after_one_handshake(tmp_path, ca_file, version):
    context = server_context(tmp_path, LEAF, INTERMEDIATE)
    context.maximum_version = VERSIONS[version]
    with Service(tls_server(context)) as service:
        shown, wants = handshake_with(service, verifying(ca_file))
    assert shown.session.version == version
    assert "AES" in shown.session.cipher or "CHACHA20" in shown.session.cipher
    assert (shown.trust, wants) == (Trust(verified=True), False)
    assert shown.sent[0] == LEAF.der
    if tls.CHAIN_IS_READABLE:
        assert shown.path == (LEAF.der, INTERMEDIATE.der, ROOT.der)


def test_the_chain_is_all_that_the_server_sent_in_its_order(tmp_path):
    odd = authority("Not needed")
    with Service(tls_server(server_context(tmp_path, LEAF, odd, INTERMEDIATE, ROOT))) as service:
        shown, _ = handshake_with(service, unverified_context())
    everything = (LEAF.der, odd.der, INTERMEDIATE.der, ROOT.der)
    assert (shown.sent, shown.complete) == (
        (everything, True) if sys.version_info >= (3, 10) else (everything[:1], False)
    )


@BOTH
@pytest.mark.parametrize(
    ("chain", "code"),
    [((ALONE,), 18), ((LEAF,), 20), ((EXPIRED,), 10), ((OTHER, OTHER_ROOT), 19)],
    ids=["self-signed", "intermediate missing", "expired", "unknown root"],
)
def test_all_is_told_by_the_handshake_that_openssl_refused(tmp_path, ca_file, chain, code, version):
    context = server_context(tmp_path, *chain)
    context.maximum_version = VERSIONS[version]
    with Service(tls_server(context)) as service:
        shown, wants = handshake_with(service, verifying(ca_file))
    assert (shown.trust.verified, shown.trust.code, wants) == (False, code, False)
    assert shown.trust.reason
    assert shown.session.version == version
    assert "AES" in shown.session.cipher or "CHACHA20" in shown.session.cipher
    assert shown.path == ()
    assert shown.anchors == (ROOT.der,)
    if tls.CHAIN_IS_READABLE or version == "TLSv1.2":
        assert shown.sent == tuple(made.der for made in chain)
        assert shown.complete
    else:
        assert shown.sent == ()


def test_what_the_failed_handshake_tells_is_what_a_completed_one_does(tmp_path, ca_file):
    for version in VERSIONS.values():
        context = server_context(tmp_path, ALONE)
        context.maximum_version = version
        with Service(tls_server(context)) as service:
            refused, _ = handshake_with(service, verifying(ca_file))
            completed, _ = handshake_with(service, unverified_context())
        assert refused.session == completed.session


def test_the_name_decides_nothing_here(tmp_path, ca_file):
    with Service(tls_server(server_context(tmp_path, LEAF, INTERMEDIATE))) as service:
        assert handshake_with(service, verifying(ca_file), b"other.example.org")[0].trust.verified


@pytest.mark.parametrize(("sni", "seen"), [(b"mta.example.com", "mta.example.com"), (None, None)])
def test_the_server_learns_the_name(tmp_path, sni, seen):
    with Service(tls_server(server_context(tmp_path, LEAF))) as service:
        handshake_with(service, unverified_context(), sni)
    assert service.results == [seen]


@pytest.mark.skipif(not ssl.HAS_TLSv1, reason="this OpenSSL has no TLS 1.0")
def test_the_weakest_server_is_read_and_its_weakness_does_not_hide_its_trust(tmp_path, ca_file):
    old = make(issuer=ROOT, key=rsa.generate_private_key(65537, 1024))
    with Service(tls_server(server_context(tmp_path, old, weak=True))) as service:
        for context in (unverified_context(), verifying(ca_file)):
            shown, _ = handshake_with(service, context)
            assert (shown.session.version, shown.sent[0]) == ("TLSv1", old.der)
    assert shown.trust.verified


def as_python(monkeypatch, *version):
    """Let the module believe that this is another Python."""
    monkeypatch.setattr(tls, "sys", SimpleNamespace(version_info=version))
    monkeypatch.setattr(tls, "CHAIN_IS_READABLE", version >= (3, 10))


@pytest.mark.skipif(not tls.CHAIN_IS_READABLE, reason="Python 3.9 has no chain to tell")
@pytest.mark.parametrize("trusted", [True, False])
def test_each_python_tells_the_same_chain(tmp_path, ca_file, monkeypatch, trusted):
    from _ssl import ENCODING_DER

    class Newer(ssl.SSLObject):
        """As Python 3.13 has it."""

        def get_unverified_chain(self):
            return [each.public_bytes(ENCODING_DER) for each in self._sslobj.get_unverified_chain() or ()]

        def get_verified_chain(self):
            return [each.public_bytes(ENCODING_DER) for each in self._sslobj.get_verified_chain() or ()]

    told = []
    for version in ((3, 10), (3, 13)):
        as_python(monkeypatch, *version)
        client = verifying(ca_file)
        client.sslobject_class = Newer
        with Service(tls_server(server_context(tmp_path, LEAF, *[INTERMEDIATE] * trusted))) as service:
            told.append(handshake_with(service, client)[0])
    assert [shown.sent for shown in told] == [told[0].sent] * 2
    assert told[0].path == told[1].path == ((LEAF.der, INTERMEDIATE.der, ROOT.der) if trusted else ())


@BOTH
def test_python_3_9_tells_the_server_s_own_certificate_and_of_a_refused_one_what_came_unencrypted(
    tmp_path, ca_file, monkeypatch, version
):
    as_python(monkeypatch, 3, 9)
    context = server_context(tmp_path, LEAF, INTERMEDIATE)
    context.maximum_version = VERSIONS[version]
    with Service(tls_server(context)) as service:
        shown, _ = handshake_with(service, verifying(ca_file))
    assert (shown.sent, shown.path, shown.complete) == ((LEAF.der,), (), False)
    context = server_context(tmp_path, LEAF)
    context.maximum_version = VERSIONS[version]
    with Service(tls_server(context)) as service:
        shown, _ = handshake_with(service, verifying(ca_file))
    assert shown.sent == ((LEAF.der,) if version == "TLSv1.2" else ())


# Client certificates


def demanding(tmp_path, version):
    """Return the context of a server that wants a client certificate."""
    (tmp_path / "clients.pem").write_bytes(ROOT.pem)
    context = server_context(tmp_path, LEAF, INTERMEDIATE)
    context.maximum_version = VERSIONS[version]
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "clients.pem")
    return context


@BOTH
def test_a_server_that_demands_a_client_certificate_has_shown_its_own(tmp_path, ca_file, version):
    def behave(sock):
        with suppress(ssl.SSLError):
            tls_server(demanding(tmp_path, version))(sock)
        while sock.recv(4096):
            pass

    with Service(behave) as service:
        shown, wants = handshake_with(service, verifying(ca_file))
    assert wants
    assert (shown.trust, shown.session.version) == (Trust(verified=True), version)
    assert shown.sent[0] == LEAF.der
    if tls.CHAIN_IS_READABLE:
        assert (len(shown.sent), shown.path[-1]) == (2, ROOT.der)


@BOTH
@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_server_that_hangs_up_on_clients_without_a_certificate_has_shown_its_own(tmp_path, ca_file, end, version):
    # GnuTLS does so without an alert.
    def behave(sock):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = demanding(tmp_path, version).wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(sock.recv(65536))
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        sock.sendall(outgoing.read())
        sock.recv(65536)
        if end == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Service(behave) as service:
        shown, wants = handshake_with(service, verifying(ca_file))
    assert (wants, shown.trust.verified, shown.sent[0]) == (True, True, LEAF.der)


def test_a_server_that_asks_for_a_client_certificate_and_goes_on_without_wants_none(tmp_path, ca_file):
    for version in VERSIONS:
        context = demanding(tmp_path, version)
        context.verify_mode = ssl.CERT_OPTIONAL
        with Service(tls_server(context)) as service:
            assert handshake_with(service, verifying(ca_file))[1] is False


# Failures


def failure(behave, context=None, **options):
    """Return the error of a handshake that must fail."""
    with Service(behave) as service, pytest.raises(ProbeError) as caught:
        handshake_with(service, context or unverified_context(), **options)
    return caught.value


def saying(*said, end="close"):
    """Return the behaviour of a server that answers the ClientHello like this, whatever it was."""

    def behave(sock):
        sock.recv(65536)
        for words in said:
            sock.sendall(words)
        if end == "silence":
            while sock.recv(65536):
                pass

    return behave


def test_no_shared_version_is_said_in_words(tmp_path):
    context = server_context(tmp_path, LEAF)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    client = unverified_context()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert "no TLS version in common" in str(failure(tls_server(context), client))


def test_no_shared_cipher_is_said_in_words(tmp_path):
    context = server_context(tmp_path, LEAF)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # but the key is EC
    error = failure(tls_server(context))
    assert "handshake failed: alert handshake failure (no cipher or curve in common" in str(error)
    assert isinstance(error, tls.AlertReceivedError)
    assert (error.alert, error.certificate_came) == (tls.HANDSHAKE_FAILURE, False)


def test_a_certificate_on_a_rare_curve_is_read_with_the_variant_that_offers_it(tmp_path, ca_file):
    odd = make(issuer=ROOT, key=ec.generate_private_key(ec.SECP256K1()))
    context = server_context(tmp_path, odd)
    context.set_ecdh_curve("secp256k1")
    assert failure(tls_server(context)).alert == tls.HANDSHAKE_FAILURE
    with Service(tls_server(context)) as service:
        shown, _ = handshake_with(service, verifying(ca_file, Variant(curve="secp256k1")))
    assert (shown.trust.verified, shown.sent[0], shown.session.version) == (True, odd.der, "TLSv1.2")


@pytest.mark.parametrize("number", range(256))
def test_every_alert_has_words(number):
    error = failure(saying(bytes([21, 3, 3, 0, 2, 2, number])))
    assert isinstance(error, (HandshakeError, PeerClosed))
    text = str(error)
    assert "sslerror" not in text.lower()
    assert "unknown error" not in text
    assert "_ssl.c" not in text
    if isinstance(error, tls.AlertReceivedError):
        assert error.alert == number


def test_an_alert_that_openssl_has_no_name_for_is_told_by_its_number():
    assert "alert 200 of the server, which OpenSSL has no name for" in str(failure(saying(b"\x15\x03\x03\0\2\2\xc8")))


def test_a_server_that_does_not_know_the_application_protocol_is_told_apart(tmp_path):
    error = failure(saying(bytes([21, 3, 3, 0, 2, 2, 120])), unverified_context(Variant(alpn="imap")))
    assert (error.alert, "no application protocol" in str(error)) == (tls.NO_APPLICATION_PROTOCOL, True)


@pytest.mark.parametrize("words", [b"500 5.5.1 what?\r\n", b"+OK", b"\x16\x02\x00", b"\x80"])
def test_a_server_that_answers_in_plaintext_is_quoted(words):
    error = failure(saying(words, end="silence"))
    assert "the server answers in plaintext" in str(error)
    assert str(error).count('"') == 2


@pytest.mark.parametrize("said", [b"", b"\x16\x03", b"\x16\x03\x03\x00\x40\x02"])
def test_a_server_that_hangs_up_in_the_handshake_is_said_to_do_so(said):
    error = failure(saying(said))
    assert isinstance(error, PeerClosed)
    assert "the server closed the connection" in str(error)
    assert "TLS handshake" in str(error)


def certificate_message(body):
    """Return the records of a TLS 1.2 server that sends this as its Certificate message."""
    hello = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0" + b"\0\0"
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello + b"\x0b" + len(body).to_bytes(3, "big") + body
    pieces = [message[start : start + 16000] for start in range(0, len(message), 16000)]
    return b"".join(b"\x16\x03\x03" + struct.pack("!H", len(piece)) + piece for piece in pieces)


@pytest.mark.parametrize("size", [110_000, 500_000, 5_000_000])
def test_a_whole_bundle_of_certificates_is_called_one(size):
    one = len(LEAF.der).to_bytes(3, "big") + LEAF.der
    body = one * (size // len(one))
    error = failure(saying(certificate_message(len(body).to_bytes(3, "big") + body)))
    assert "more than 100 KB of certificates" in str(error)


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x03\x02\x01\x00", LEAF.der[:-1], b"garbage"],
    ids=["empty", "no certificate", "cut", "garbage"],
)
def test_a_certificate_that_this_openssl_cannot_read_is_not_said_to_be_the_server_s_words(der):
    one = len(der).to_bytes(3, "big") + der
    error = failure(saying(certificate_message(len(one).to_bytes(3, "big") + one)))
    assert "OpenSSL on this machine" in str(error) or "no certificate" in str(error), str(error)


def test_no_certificate_at_all_is_an_error():
    error = failure(saying(certificate_message(bytes(3))))
    assert isinstance(error, (CertificateError, HandshakeError))
    assert "certificate" in str(error)


def fresh(near):
    """Return a channel before its handshake."""
    return tls.Channel(Wire(near, Deadline(PATIENCE), []), unverified_context(), None)


def test_a_handshake_that_shows_no_certificate_is_none(tmp_path):
    with pytest.raises(CertificateError, match="the server sent no certificate"):
        tls.shown(fresh(None), verifies=False)


def test_openssl_s_trouble_with_reading_is_not_the_server_s():
    error = ssl.SSLError(1, "[X509: SOMETHING_NEW] something new (_ssl.c:1006)")
    error.library, error.reason = "X509", "SOMETHING_NEW"
    assert "something new (it is OpenSSL on this machine that cannot read" in str(tls.failed(fresh(None), error))


def test_a_connection_that_broke_before_the_handshake_is_a_probe_error():
    near, far = socket.socketpair()
    far.close()
    wire = Wire(near, Deadline(PATIENCE), [])
    with pytest.raises(ProbeError):
        tls.handshake(wire, unverified_context(), None)
    near.close()


# Floods, and silence


HELLO_REQUEST = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"
WARNING = b"\x15\x03\x03\x00\x02\x01\x70"
FLOODS = {
    "hello requests": HELLO_REQUEST,
    "warnings": WARNING,
    "empty handshake records": b"\x16\x03\x03\x00\x00",
    "empty application data": b"\x17\x03\x03\x00\x00",
    "changes of the cipher": b"\x14\x03\x03\x00\x01\x01",
    "messages without end": b"\x16\x03\x03\x00\x04\x02\x00\xff\xff",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_records_without_end_are_bounded(flood):
    def behave(sock):
        sock.recv(65536)
        while True:
            sock.sendall(flood * 100)

    assert isinstance(failure(behave, last_words=1), HandshakeError)


@pytest.mark.parametrize("ask", [lambda wire: wire.read_line(), None], ids=["conversation", "last words"])
def test_tickets_without_end_are_bounded(tmp_path, ask):
    context = server_context(tmp_path, LEAF)
    context.num_tickets = 100_000

    def behave(sock):
        with suppress(ssl.SSLError), context.wrap_socket(sock, server_side=True) as session:
            session.recv(1)

    with Service(behave) as service, socket.create_connection(("127.0.0.1", service.port), 30) as sock:
        wire = Wire(sock, Deadline(PATIENCE), [])
        shown, channel = tls.handshake(wire, unverified_context(), None)
        if ask is not None:
            with pytest.raises(HandshakeError, match="TLS records came and the"):
                ask(wire)
        channel.close()
    assert shown.session.version == "TLSv1.3"
    assert channel.records <= tls.MAX_RECORDS
    assert channel._bytes <= tls.MAX_BYTES + 4096


class Dripping:
    """A socket with a record a second, by the test's clock, for ever."""

    def __init__(self, record) -> None:
        self.record = record
        self.now = 0.0

    def settimeout(self, seconds):
        """Do nothing: there is always something to read."""
        assert seconds > 0

    def sendall(self, data):
        """Do nothing."""

    def recv(self, size):
        """Return the record, a second later."""
        self.now += 1
        assert self.now < 100, "the deadline is not asked"
        return self.record


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_records_that_drip_do_not_outlive_the_deadline(flood):
    # Each comes in time: this fails when the handshake does not ask the deadline.
    sock = Dripping(flood)
    wire = Wire(sock, Deadline(10, lambda: sock.now), [])
    with pytest.raises((DeadlineExceeded, HandshakeError)):
        tls.handshake(wire, unverified_context(), None)
    assert sock.now <= 10


def test_a_flood_that_openssl_ignores_is_not_called_silence():
    sock = Dripping(HELLO_REQUEST)
    wire = Wire(sock, Deadline(10, lambda: sock.now), [])
    with pytest.raises(DeadlineExceeded, match="the TLS handshake does not end within 10 s"):
        tls.handshake(wire, unverified_context(), None)
    assert sock.now == 10


def test_a_server_that_is_silent_in_the_handshake_does_not_outlive_the_deadline():
    error = failure(saying(b"", end="silence"), seconds=0.3)
    assert isinstance(error, DeadlineExceeded)
    assert "no TLS handshake within 0.3 s" in str(error)


# The session


class Pair:
    """A wire inside TLS, and the server's end of it in the test's hands."""

    def __init__(self, context) -> None:
        self.near, self.far = socket.socketpair()
        ready = threading.Thread(target=self.accept, args=(context,))
        ready.start()
        self.transcript = []
        self.wire = Wire(self.near, Deadline(PATIENCE), self.transcript)
        self.shown, self.channel = tls.handshake(self.wire, unverified_context(), None)
        ready.join()

    def accept(self, context):
        """Hold the server's side of the handshake."""
        self.session = context.wrap_socket(self.far, server_side=True, suppress_ragged_eofs=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.near.close()
        self.session.close()


@pytest.fixture(params=VERSIONS.values(), ids=VERSIONS)
def pair(request, tmp_path):
    """Return both ends of a session."""
    context = server_context(tmp_path, LEAF)
    context.maximum_version = request.param
    with Pair(context) as made:
        yield made


def test_the_conversation_goes_on_inside_tls(pair):
    pair.wire.send(b"QUIT\r\n")
    assert pair.session.recv(100) == b"QUIT\r\n"
    pair.session.sendall(b"221 Bye\r\n221")
    assert pair.wire.read_line() == b"221 Bye"
    assert pair.wire.unread == b"221"


def test_the_end_of_the_session_is_the_end_of_the_conversation(pair):
    def leave():
        with suppress(OSError, ValueError):
            pair.session.unwrap()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with pytest.raises(PeerClosed, match="the server closed the connection"):
        pair.wire.read_line()
    pair.near.close()
    leaving.join()


def test_the_server_hears_that_the_session_ends_here(pair):
    pair.wire.deadline = Deadline(0.2)
    pair.channel.close()
    assert pair.session.recv(100) == b""  # a ragged end would raise


def test_plaintext_inside_the_session_is_an_error(pair):
    pair.far_socket = pair.session.detach()
    with socket.socket(fileno=pair.far_socket) as raw:
        raw.sendall(b"plaintext\r\n")
        with pytest.raises(ProbeError):
            pair.wire.read_line()


def test_records_that_cannot_be_decrypted_are_an_error_that_names_the_step(pair):
    pair.wire.step = "answer to QUIT"
    with socket.socket(fileno=pair.session.detach()) as raw:
        raw.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
        with pytest.raises(HandshakeError, match="TLS failed while waiting for the answer to QUIT: "):
            pair.wire.read_line()
    assert not pair.channel.client_certificate_demanded


def test_a_server_that_says_goodbye_too_demands_nothing(pair):
    with suppress(ssl.SSLError):
        pair.session.sendall(b"last words\r\n")
    leaving = threading.Thread(target=lambda: suppress(OSError, ValueError).__enter__() or pair.session.unwrap())
    leaving.start()
    pair.channel.close()
    leaving.join()
    assert not pair.channel.client_certificate_demanded


def test_the_end_of_a_session_in_packets_is_the_end_of_the_connection(pair):
    pair.wire.framing = object()
    pair.channel.close()
    pair.near.shutdown(socket.SHUT_WR)
    with socket.socket(fileno=pair.session.detach()) as raw:
        assert raw.recv(100) == b""  # no close_notify


def test_closing_a_dead_session_is_nobody_s_problem(pair):
    pair.session.close()
    pair.channel.close()
    pair.near.close()
    pair.channel.close()


def test_last_words_are_not_waited_for_longer_than_the_deadline(tmp_path):
    now = [0.0]

    def clock():
        now[0] += 0.4
        return now[0]

    with Pair(server_context(tmp_path, LEAF)) as pair:
        pair.wire.deadline = Deadline(1.0, clock)
        pair.channel.close()  # and the server does not answer
        assert pair.session.recv(100) == b""


# Server Name Indication


@pytest.mark.parametrize(
    ("name", "sni"),
    [
        ("mta.example.com", b"mta.example.com"),
        ("xn--bcher-kva.example", b"xn--bcher-kva.example"),
        ("localhost", b"localhost"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("fe80::1%eth0", None),
        ("*.example.com", None),
    ],
)
def test_only_names_are_indicated(name, sni):
    # RFC 6066 section 3
    assert server_name(name) == sni
