"""The handshake: what it tells of a server, and where trust comes from."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import PAST, alternative_names, authority, make
from cryptography.hazmat.primitives.asymmetric import rsa
from loopback import Service, server_context

from check_starttls_cert import tls
from check_starttls_cert.errors import (
    CertificateError,
    DeadlineExceeded,
    HandshakeError,
    PeerClosed,
    ProbeError,
    UsageError,
)
from check_starttls_cert.tls import TrustStore, server_name, trust_store
from check_starttls_cert.wire import Deadline, Wire

ROOT = authority()
INTERMEDIATE = authority("Test intermediate", issuer=ROOT)
LEAF = make(issuer=INTERMEDIATE, extensions=(alternative_names("mta.example.com"),))
EXPIRED = make(issuer=ROOT, end=PAST)
ALONE = make()


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return str(path)


def handshake_with(service, context, sni=b"mta.example.com", seconds=30.0):
    """Return the session with a service that speaks TLS at once."""
    with socket.create_connection(("127.0.0.1", service.port), 30) as sock:
        wire = Wire(sock, Deadline(seconds), [])
        try:
            return tls.handshake(wire, context, sni)
        finally:
            tls.close_notify(wire.sock)
            wire.sock.close()


def tls_server(context):
    """Return the behaviour of a server that does the handshake, tells the SNI and waits for the client's end."""
    seen = []
    context.sni_callback = lambda _sock, name, _context: seen.append(name)

    def behave(sock):
        with context.wrap_socket(sock, server_side=True) as session:
            session.recv(1)
        return seen.pop()

    return behave


def verifying(cafile=None, capath=None):
    """Return the first context of a store."""
    return next(trust_store(cafile, capath).contexts())


# Handshakes


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_trusted_server_is_known_after_one_handshake(tmp_path, ca_file, version):
    context = server_context(tmp_path, LEAF, INTERMEDIATE)
    context.maximum_version = version
    with Service(tls_server(context)) as service:
        session = handshake_with(service, verifying(ca_file))
    assert session.version == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
    assert "AES" in session.cipher or "CHACHA20" in session.cipher
    assert session.chain[0] == LEAF.der


def test_the_chain_is_all_that_the_server_sent_in_its_order(tmp_path):
    odd = authority("Not needed")
    with Service(tls_server(server_context(tmp_path, LEAF, odd, INTERMEDIATE, ROOT))) as service:
        session = handshake_with(service, tls.unverified_context())
    everything = (LEAF.der, odd.der, INTERMEDIATE.der, ROOT.der)
    assert session.chain == (everything if sys.version_info >= (3, 10) else everything[:1])


@pytest.mark.parametrize(
    ("chain", "code"),
    [((ALONE,), 18), ((LEAF,), 20), ((EXPIRED,), 10)],
    ids=["self-signed", "intermediate missing", "expired"],
)
def test_a_chain_that_is_not_trusted_is_openssl_s_verdict(tmp_path, ca_file, chain, code):
    with Service(tls_server(server_context(tmp_path, *chain))) as service:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            handshake_with(service, verifying(ca_file))
        assert caught.value.verify_code == code
        assert handshake_with(service, tls.unverified_context()).chain[0] == chain[0].der


def test_the_name_decides_nothing_here(tmp_path, ca_file):
    with Service(tls_server(server_context(tmp_path, LEAF, INTERMEDIATE))) as service:
        assert handshake_with(service, verifying(ca_file), b"other.example.org").chain[0] == LEAF.der


@pytest.mark.parametrize(("sni", "seen"), [(b"mta.example.com", "mta.example.com"), (None, None)])
def test_the_server_learns_the_name(tmp_path, sni, seen):
    with Service(tls_server(server_context(tmp_path, LEAF))) as service:
        handshake_with(service, tls.unverified_context(), sni)
    assert service.results == [seen]


@pytest.mark.skipif(not ssl.HAS_TLSv1, reason="this OpenSSL has no TLS 1.0")
def test_the_weakest_server_is_read_and_its_weakness_does_not_hide_its_trust(tmp_path):
    old = make(issuer=ROOT, key=rsa.generate_private_key(65537, 1024))
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    with Service(tls_server(server_context(tmp_path, old, weak=True))) as service:
        for context in (tls.unverified_context(), verifying(str(tmp_path / "root.pem"))):
            session = handshake_with(service, context)
            assert (session.version, session.chain[0]) == ("TLSv1", old.der)


def test_no_shared_version_is_said_in_words(tmp_path):
    context = server_context(tmp_path, LEAF)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    client = tls.unverified_context()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with Service(tls_server(context)) as service, pytest.raises(HandshakeError, match="no TLS version in common"):
        handshake_with(service, client)


def test_no_shared_cipher_is_said_in_words(tmp_path):
    context = server_context(tmp_path, LEAF)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # but the key is EC
    with Service(tls_server(context)) as service, pytest.raises(HandshakeError, match=r"handshake failed: .*no cipher"):
        handshake_with(service, tls.unverified_context())


def test_a_server_that_answers_in_plaintext_is_said_to_do_so():
    def behave(sock):
        sock.recv(5)
        sock.sendall(b"500 5.5.1 what?\r\n")
        sock.recv(4096)

    with Service(behave) as service, pytest.raises(HandshakeError, match="the server answers in plaintext"):
        handshake_with(service, tls.unverified_context())


def test_a_server_that_hangs_up_in_the_handshake_is_said_to_do_so():
    def behave(sock):
        while len(sock.recv(65536)) == 65536:
            pass

    with (
        Service(behave) as service,
        pytest.raises((HandshakeError, PeerClosed), match=r"the server (hung up|closed|reset)"),
    ):
        handshake_with(service, tls.unverified_context())


def test_a_server_that_is_silent_in_the_handshake_does_not_outlive_the_deadline():
    with (
        Service(lambda sock: sock.recv(65536) and sock.recv(65536)) as service,
        pytest.raises(DeadlineExceeded, match=r"no TLS handshake within 0.3 s"),
    ):
        handshake_with(service, tls.unverified_context(), seconds=0.3)


def test_a_session_without_a_certificate_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "_chain", lambda *_: ())
    with (
        Service(tls_server(server_context(tmp_path, LEAF))) as service,
        pytest.raises(CertificateError, match="the server sent no certificate"),
    ):
        handshake_with(service, tls.unverified_context())


def test_a_connection_that_broke_before_the_handshake_is_a_probe_error():
    near, far = socket.socketpair()
    far.close()
    wire = Wire(near, Deadline(30), [])
    with pytest.raises(ProbeError):
        tls.handshake(wire, tls.unverified_context(), None)
    wire.sock.close()


def test_the_goodbye_of_tls_is_sent_once_and_needs_no_tls(tmp_path):
    near, far = socket.socketpair()
    with near, far:
        tls.close_notify(near)
        near.close()
        tls.close_notify(near)
        assert far.recv(10) == b""


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
