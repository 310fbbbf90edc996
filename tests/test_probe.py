"""A probe connects, speaks, reads and says goodbye; whatever happens, the answer is an observation."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import pytest
from certificates import PAST, alternative_names, authority, make
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from loopback import PATIENCE, Service, ThreadedService, negotiate, read_line, server_context, smtp

from check_starttls_cert import chain, connect, probe, tls
from check_starttls_cert import trust_store as trust_store_module
from check_starttls_cert.errors import (
    CertificateError,
    ConnectError,
    DeadlineExceeded,
    HandshakeError,
    PeerClosed,
    PlaintextInjected,
    Refused,
    ResolveError,
    StarttlsNotOffered,
    UsageError,
)
from check_starttls_cert.openssl import Trust
from check_starttls_cert.settings import Target
from check_starttls_cert.trust_store import Places, TrustStore, trust_store
from check_starttls_cert.wire import Deadline, Spoken

NAME = "mta.example.com"
ROOT = authority()
LEAF = make(issuer=ROOT, extensions=(alternative_names(NAME),))
EXPIRED = make(issuer=ROOT, end=PAST)
ALONE = make()
NAMESAKE = make(issuer=authority())
"""Issued by another key under the name of the test root."""
UNTRUSTED = make(issuer=authority("Somebody's root"))


@pytest.fixture
def store(tmp_path):
    """Return a store that trusts the test root."""
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return trust_store(str(path), None)


def probed(service, store, timeout=float(PATIENCE), clock=time.monotonic, *, resolver=connect.resolve, **changes):
    """Return what a probe of the service observes."""
    target = Target("127.0.0.1", "smtp", service.port, NAME)._replace(**changes)
    return probe.ask(target, store, timeout, clock, resolver)()


# Certificates


def test_a_trusted_server_takes_one_connection_that_tells_everything(tmp_path, store):
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store)
    assert seen.error is None
    assert seen.presented.trust == Trust(verified=True)
    assert seen.presented.leaf.der == LEAF.der
    assert seen.presented.leaf.dns_names == (NAME,)
    assert str(seen.address) == "127.0.0.1"
    assert seen.connections == service.connections == 1
    assert 0 < seen.elapsed < PATIENCE
    assert (seen.store, seen.sni, seen.notes) == (store.facts, NAME, ())


ONE_CONNECTION = pytest.mark.skipif(not tls.CHAIN_IS_READABLE, reason="this Python reads no chain that it refuses")


@ONE_CONNECTION
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize(
    "case",
    [(ALONE, 18, "self"), (UNTRUSTED, 20, "unable to get local issuer"), (EXPIRED, 10, "expired")],
    ids=["self-signed", "untrusted", "expired"],
)
def test_a_certificate_that_is_not_trusted_is_still_fully_reported_by_one_connection(tmp_path, store, case, version):
    made, code, words = case
    context = server_context(tmp_path, made)
    context.maximum_version = ssl.TLSVersion[version]
    with Service(smtp(context)) as service:
        seen = probed(service, store)
    assert seen.error is None
    assert (seen.presented.trust.verified, seen.presented.trust.code) == (False, code)
    assert words in seen.presented.trust.reason
    assert seen.presented.leaf.der == made.der
    assert seen.presented.session.version == version.replace("_", ".")
    assert seen.connections == service.connections == 1


@pytest.fixture
def python_3_9(monkeypatch):
    """Let this Python keep as little of a handshake with TLS 1.3 as 3.9 does."""
    monkeypatch.setattr(tls, "CHAIN_IS_READABLE", False)
    monkeypatch.setattr(tls, "sys", SimpleNamespace(version_info=(3, 9)))


def test_where_python_keeps_nothing_of_a_refused_handshake_there_is_a_second(tmp_path, store, python_3_9):
    with Service(smtp(server_context(tmp_path, ALONE))) as service:
        seen = probed(service, store)
    assert seen.error is None
    assert (seen.presented.trust.code, seen.presented.leaf.der) == (18, ALONE.der)
    assert not seen.presented.chain.readable
    assert seen.connections == service.connections == 2


def deferred(store, tmp_path, *certificates):
    """Return a store with a hashed directory in which nothing is found, and the bundle of ``store`` behind it."""
    directory = tmp_path / "certs"
    directory.mkdir()
    (directory / "0123abcd.0").write_bytes(EXPIRED.pem)
    return TrustStore(Places("both", capath=str(directory), fallback_cafile=store.places.cafile))


def test_the_facts_come_from_the_server_whose_trust_was_judged(tmp_path, store):
    # a name with two addresses, of which the resolver gives another one first each time
    answers = []
    with Service(smtp(server_context(tmp_path, NAMESAKE))) as service:
        here = connect.Address(socket.AF_INET, ("127.0.0.1", service.port))

        def resolve(*arguments):
            answers.append(arguments)
            assert len(answers) == 1
            return [here]

        seen = probed(service, deferred(store, tmp_path), resolver=resolve, host=NAME)
    assert seen.connections >= 2
    assert seen.address == here
    remarks = [data for speaker, data in seen.transcript if speaker == "*" and data.startswith(b"connection")]
    assert remarks[:2] == [b"connection 1 to 127.0.0.1", b"connection 2 to 127.0.0.1"]


def test_a_deferred_bundle_is_asked_before_the_verdict(tmp_path, store):
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, deferred(store, tmp_path))
    assert seen.presented.trust.verified
    assert seen.connections == (2 if tls.CHAIN_IS_READABLE else 3)


def test_a_deferred_bundle_is_not_asked_when_more_anchors_cannot_help(tmp_path, store):
    both = TrustStore(Places("both", store.places.cafile, fallback_cafile=store.places.cafile))
    with Service(smtp(server_context(tmp_path, EXPIRED))) as service:
        seen = probed(service, both)
    assert (seen.presented.trust.code, seen.connections) == (10, 1 if tls.CHAIN_IS_READABLE else 2)


@ONE_CONNECTION
@pytest.mark.parametrize("made", [ALONE, UNTRUSTED], ids=["self-signed", "untrusted"])
def test_a_deferred_bundle_is_not_asked_that_has_no_certificate_of_the_issuer_s_name(tmp_path, store, made):
    with Service(smtp(server_context(tmp_path, made))) as service:
        seen = probed(service, deferred(store, tmp_path))
    assert (seen.presented.trust.verified, seen.connections) == (False, 1)


@ONE_CONNECTION
def test_a_deferred_bundle_that_has_the_name_of_the_issuer_and_not_its_key_is_asked_and_does_not_help(tmp_path):
    # Of two authorities with one name, OpenSSL takes the one whose key identifier the certificate names, or none.
    other = authority()
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(other.key.public_key())
    known = make("Test root", extensions=(x509.SubjectKeyIdentifier.from_public_key(ROOT.key.public_key()),))
    (tmp_path / "known.pem").write_bytes(known.pem)
    with Service(smtp(server_context(tmp_path, make(issuer=other, extensions=(key_id,))))) as service:
        seen = probed(service, deferred(trust_store(str(tmp_path / "known.pem"), None), tmp_path))
    assert (seen.error, seen.presented.trust.code, seen.connections) == (None, 20, 2)


def test_a_server_that_fails_where_its_certificate_is_read_by_a_second_connection_is_said_not_to_be_trusted(
    tmp_path, store, python_3_9
):
    first = smtp(server_context(tmp_path, ALONE))
    visits = []

    def behave(sock):
        visits.append(sock)
        return first(sock) if len(visits) == 1 else None

    with Service(behave) as service:
        seen = probed(service, store)
    assert isinstance(seen.error, PeerClosed)
    assert str(seen.error).startswith("not trusted: self")
    assert "; then, reading the certificate, the server closed the connection" in str(seen.error)


@ONE_CONNECTION
def test_a_server_that_fails_the_second_time_does_not_take_back_what_it_showed(tmp_path, store):
    first = smtp(server_context(tmp_path, NAMESAKE))
    served = []

    def behave(sock):
        served.append(sock)
        if len(served) == 1:
            return first(sock)
        return sock.sendall(b"421 4.7.0 too many connections\r\n")

    with Service(behave) as service:
        seen = probed(service, deferred(store, tmp_path))
    assert (seen.error, seen.presented.leaf.der, seen.presented.trust.code) == (
        None,
        NAMESAKE.der,
        seen.presented.trust.code,
    )
    assert "421 4.7.0 too many connections" in seen.notes[0]
    assert seen.connections == 2


def test_a_certificate_beyond_reading_is_an_error_with_what_was_learned(tmp_path, store, monkeypatch):
    def refuse(*_):
        raise CertificateError("beyond reading")

    monkeypatch.setattr(chain, "build", refuse)
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store)
    assert isinstance(seen.error, CertificateError)
    assert seen.presented is None
    assert seen.connections == 1


def test_trust_anchors_that_cannot_be_read_are_the_user_s_error():
    broken = TrustStore(Places("nowhere", "/nowhere/root.pem"))
    with pytest.raises(UsageError):
        probe.probe(Target("127.0.0.1", "smtp", 1, NAME), broken, 30.0)


@pytest.mark.parametrize(("name", "sni"), [("other.example.com", "other.example.com"), ("192.0.2.1", None)])
def test_the_name_that_was_sent_is_told(store, name, sni):
    with Service(lambda sock: sock.close()) as service:
        assert probed(service, store, name=name).sni == sni


# As tolerant as clients


def test_a_server_that_does_not_know_the_application_protocol_is_asked_without(tmp_path, store):
    context = server_context(tmp_path, LEAF)
    alert = bytes([21, 3, 3, 0, 2, 2, 120])

    def behave(sock):
        if service.connections == 1:
            sock.recv(65536)
            return sock.sendall(alert)
        with context.wrap_socket(sock, server_side=True) as session:
            session.sendall(b"* OK\r\n")
            return session.recv(100)

    with Service(behave) as service:
        seen = probed(service, store, protocol="imaps")
    assert seen.presented.trust.verified
    assert seen.connections == 2
    assert 'refuses "imap" as the application protocol (ALPN)' in seen.notes[0]


def test_a_server_that_refuses_without_it_too_is_an_error(store):
    def behave(sock):
        sock.recv(65536)
        sock.sendall(bytes([21, 3, 3, 0, 2, 2, 120]))

    with Service(behave) as service:
        seen = probed(service, store, protocol="imaps")
    assert "no application protocol" in str(seen.error)
    assert (seen.connections, seen.notes) == (2, ())


@pytest.mark.parametrize(
    "curve", [ec.SECP256K1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.SECP192R1(), ec.SECP224R1()]
)
def test_a_certificate_on_a_rare_curve_is_read_where_the_server_shares_the_curve(tmp_path, store, curve):
    names = {"secp192r1": "prime192v1"}
    odd = make(issuer=ROOT, key=ec.generate_private_key(curve))
    context = server_context(tmp_path, odd, weak_keys=True)
    context.set_ecdh_curve(names.get(curve.name, curve.name))
    with Service(tolerant(smtp(context))) as service:
        seen = probed(service, store)
    assert seen.error is None, seen.error
    assert (seen.presented.trust.verified, seen.presented.leaf.der) == (True, odd.der)
    assert names.get(curve.name, curve.name) in seen.notes[0]


def test_where_no_curve_helps_the_first_refusal_counts(tmp_path, store):
    context = server_context(tmp_path, make(issuer=ROOT, key=ec.generate_private_key(ec.SECP256K1())))
    context.set_ecdh_curve("secp521r1")
    with Service(tolerant(smtp(context))) as service:
        seen = probed(service, store)
    assert "secp256k1, brainpool, P-192 or P-224" in str(seen.error)
    assert seen.connections == 1 + len(probe.RARE_CURVES)


def test_a_server_that_refuses_to_be_asked_again_is_not_asked_of_more_curves(tmp_path, store):
    refusal = bytes([21, 3, 3, 0, 2, 2, 40])
    visits = []

    def behave(sock):
        visits.append(sock)
        if len(visits) > 1:
            return sock.sendall(b"554 5.7.1 too many connections\r\n")
        negotiate(sock)
        sock.recv(65536)
        return sock.sendall(refusal)

    with Service(behave) as service:
        seen = probed(service, store)
    assert isinstance(seen.error, tls.AlertReceivedError)
    assert seen.connections == 2


def tolerant(behave):
    """Return a server's behaviour that survives handshakes that fail."""

    def serve(sock):
        with suppress(ssl.SSLError):
            return behave(sock)

    return serve


@ONE_CONNECTION
@pytest.mark.parametrize("protocol", ["smtp", "ldaps", "tls"])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_server_that_demands_a_client_certificate_is_judged_all_the_same(tmp_path, store, version, protocol):
    context = server_context(tmp_path, LEAF)
    context.maximum_version = ssl.TLSVersion[version]
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(store.places.cafile)

    def behave(sock):
        if protocol == "smtp":
            negotiate(sock)
        with context.wrap_socket(sock, server_side=True) as session:
            session.recv(100)

    with Service(tolerant(behave)) as service:
        seen = probed(service, store, protocol=protocol)
    assert seen.error is None, seen.error
    assert seen.presented.session.wants_client_certificate
    assert (seen.presented.trust, seen.presented.leaf.der) == (Trust(verified=True), LEAF.der)
    assert seen.connections == 1


# Manners


def test_the_server_hears_a_goodbye_inside_tls_and_then_nothing(tmp_path, store):
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store)
    assert service.results == [[b"QUIT\r\n", b""]]
    assert seen.transcript[-2:] == (Spoken("C", b"QUIT\r\n"), Spoken("S", b"221 2.0.0 Bye\r\n"))


def test_the_transcript_tells_the_whole_conversation(tmp_path, store):
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store)
    assert [(speaker, data.split()[0]) for speaker, data in seen.transcript] == [
        ("*", b"connection"),
        ("S", b"220"),
        ("C", b"EHLO"),
        ("S", b"250-mta.example.com"),
        ("S", b"250"),
        ("C", b"STARTTLS"),
        ("S", b"220"),
        ("*", seen.shown.session.version.encode()),
        ("C", b"QUIT"),
        ("S", b"221"),
    ]


@pytest.mark.parametrize("rude", ["close", "reset", "refuse"])
def test_a_server_without_manners_at_the_end_is_nobody_s_problem(tmp_path, store, rude):
    context = server_context(tmp_path, LEAF)

    def behave(sock):
        negotiate(sock)
        with context.wrap_socket(sock, server_side=True) as session:
            if rude == "refuse":
                read_line(session)
                session.sendall(b"500 5.5.1 what?\r\n")
            elif rude == "reset":
                session.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Service(behave) as service:
        seen = probed(service, store)
    assert seen.error is None
    assert seen.shown.trust.verified


def test_politeness_takes_no_more_than_its_share(tmp_path, store, monkeypatch):
    monkeypatch.setattr(probe, "GOODBYE_SECONDS", 0.1)
    context = server_context(tmp_path, LEAF)
    left = threading.Event()

    def behave(sock):
        negotiate(sock)
        with context.wrap_socket(sock, server_side=True) as session:
            read_line(session)
            assert left.wait(PATIENCE)

    with Service(behave) as service:
        seen = probed(service, store)
        left.set()
    assert seen.error is None
    assert seen.shown.trust.verified


def test_ldap_s_goodbye_waits_for_nothing(tmp_path, store):
    context = server_context(tmp_path, LEAF)

    def behave(sock):
        assert sock.recv(31) == bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
        sock.sendall(bytes.fromhex("300c02010178070a010004000400"))
        with context.wrap_socket(sock, server_side=True) as session:
            return [session.recv(100), session.recv(100)]

    with Service(behave) as service:
        seen = probed(service, store, protocol="ldap")
    assert seen.shown.trust.verified
    assert service.results == [[bytes.fromhex("30050201024200"), b""]]


# Failures


def failure(behave, store, timeout=float(PATIENCE)):
    """Return the error of a probe that must fail at its one connection; each of its steps has the whole timeout."""
    with Service(behave) as service:
        seen = probed(service, store, timeout, clock=lambda: 0.0)
    assert seen.presented is None
    assert seen.connections == 1
    return seen.error


def test_a_refusal_keeps_the_server_s_words(store):
    def behave(sock):
        negotiate(sock, b"454 4.7.0 TLS not available\r\n")

    error = failure(behave, store)
    assert isinstance(error, Refused)
    assert "454 4.7.0 TLS not available" in str(error)


def test_a_server_that_does_not_offer_starttls_is_not_asked_for_it_but_taken_leave_of(store):
    def behave(sock):
        sock.sendall(b"220 mta.example.com\r\n")
        read_line(sock)
        sock.sendall(b"250 mta.example.com\r\n")
        return sock.recv(100)

    with Service(behave) as service:
        seen = probed(service, store)
    assert isinstance(seen.error, StarttlsNotOffered)
    assert service.results == [b"QUIT\r\n"]


def test_plaintext_behind_the_go_ahead_never_reaches_tls(store):
    hello = []

    def behave(sock):
        negotiate(sock, b"220 ready\r\n250 injected\r\n")
        hello.append(sock.recv(100))

    assert isinstance(failure(behave, store), PlaintextInjected)
    assert hello in ([], [b""])


def test_a_server_that_is_silent_after_its_go_ahead_does_not_outlive_the_timeout(store, monkeypatch):
    # Little is left of the time, and only when the handshake begins: what comes before may be slow.
    now = [0.0]
    plain = tls.handshake

    def late(*arguments):
        now[0] = PATIENCE - 0.3
        return plain(*arguments)

    def behave(sock):
        negotiate(sock)
        while sock.recv(65536):
            pass

    monkeypatch.setattr(tls, "handshake", late)
    with Service(behave) as service:
        seen = probed(service, store, clock=lambda: now[0])
    assert isinstance(seen.error, DeadlineExceeded)
    assert f"no TLS handshake within {PATIENCE} s" in str(seen.error)


def test_a_server_that_is_silent_from_the_start_does_not_outlive_the_timeout(store):
    error = failure(lambda sock: sock.recv(1), store, timeout=0.5)
    assert isinstance(error, DeadlineExceeded)
    assert "no greeting within 0.5 s" in str(error)


@pytest.mark.parametrize(
    ("loading", "words"), [(16, 'root.pem" took 16.0 s of these; name'), (14, "the server is slow")]
)
def test_trust_anchors_that_took_most_of_the_time_are_blamed_and_not_the_server(store, monkeypatch, loading, words):
    now = [0.0]
    load, plain = trust_store_module.load, probe.connect

    def load_slowly(*arguments):
        load(*arguments)
        now[0] += loading

    def connect_at_the_end(*arguments):
        made = plain(*arguments)
        now[0] = 30.0
        return made

    monkeypatch.setattr(trust_store_module, "load", load_slowly)
    monkeypatch.setattr(probe, "connect", connect_at_the_end)
    with Service(lambda sock: sock.recv(1)) as service:
        seen = probed(service, store, timeout=30.0, clock=lambda: now[0])
    assert "no greeting within 30 s" in str(seen.error)
    assert words in str(seen.error)


def test_a_server_that_hangs_up_in_the_handshake_is_a_failure(store):
    def behave(sock):
        negotiate(sock)
        while len(sock.recv(65536)) == 65536:
            pass

    assert isinstance(failure(behave, store), (HandshakeError, PeerClosed))


def test_a_name_that_does_not_resolve_is_a_failure_without_a_connection(store, monkeypatch):
    def getaddrinfo(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    seen = probe.probe(Target(NAME, "smtp", 25, NAME), store, 30.0)
    assert isinstance(seen.error, ResolveError)
    assert (seen.connections, seen.address, seen.transcript) == (0, None, ())


def test_a_port_that_is_closed_is_a_failure_without_a_connection(store):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    seen = probe.probe(Target("127.0.0.1", "smtp", port, NAME), store, 30.0)
    assert isinstance(seen.error, ConnectError)
    assert (seen.connections, seen.address) == (0, None)


def test_the_time_is_that_of_the_clock(store):
    ticks = iter([100.0, 100.0, *[100.5] * 50])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    seen = probe.ask(Target("127.0.0.1", "smtp", port, NAME), store, 30.0, clock=lambda: next(ticks))()
    assert seen.elapsed == 0.5


@pytest.mark.parametrize("fails", [False, True])
def test_each_step_has_the_time_that_it_took_the_failed_one_too_and_the_goodbye_none(
    tmp_path, store, monkeypatch, fails
):
    now = [0.0]

    def slowed(call, seconds, error=None):
        def slow(*arguments):
            now[0] += seconds
            if error is not None:
                raise error
            return call(*arguments)

        return slow

    monkeypatch.setattr(probe, "connect", slowed(probe.connect, 2))
    monkeypatch.setattr(probe, "starttls", slowed(probe.starttls, 4))
    monkeypatch.setattr(tls, "handshake", slowed(tls.handshake, 8, HandshakeError("no") if fails else None))
    monkeypatch.setattr(probe, "goodbye", slowed(probe.goodbye, 16))
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store, clock=lambda: now[0], resolver=slowed(connect.resolve, 1))
    assert seen.timings == {"resolve": 1, "connect": 2, "starttls": 4, "handshake": 8}
    assert seen.elapsed == (15 if fails else 31)


def test_two_connections_share_one_deadline(store, monkeypatch):
    now = [0.0]
    plain = probe.connect

    def connect_slowly(*arguments):
        made = plain(*arguments)
        now[0] += 20
        return made

    def behave(sock):
        sock.recv(65536)
        sock.sendall(bytes([21, 3, 3, 0, 2, 2, 120]))

    monkeypatch.setattr(probe, "connect", connect_slowly)
    with Service(behave) as service:
        seen = probed(service, store, timeout=30.0, clock=lambda: now[0], protocol="imaps")
    assert isinstance(seen.error, DeadlineExceeded)
    assert "within 30 s" in str(seen.error)
    assert seen.connections == 2


def test_a_server_of_another_protocol_is_told_of_starttls_and_one_that_speaks_tls_is_not(store):
    def said(answer):
        def behave(sock):
            sock.recv(65536)
            sock.sendall(answer)

        with Service(behave) as service:
            return str(probed(service, store, protocol="imaps").error)

    assert "if it has STARTTLS, use -P imap" in said(b"* OK IMAP4rev1\r\n")
    assert "STARTTLS" not in said(bytes([21, 3, 3, 0, 2, 2, 80]))


@ONE_CONNECTION
def test_the_path_of_a_trusted_chain_is_openssl_s_and_that_of_another_is_built(tmp_path, store):
    with Service(smtp(server_context(tmp_path, LEAF))) as service:
        seen = probed(service, store)
    assert [facts.der for facts in seen.presented.chain.path] == [LEAF.der, ROOT.der]
    with Service(smtp(server_context(tmp_path, UNTRUSTED))) as service:
        seen = probed(service, store)
    assert [facts.der for facts in seen.presented.chain.path] == [UNTRUSTED.der]


# Many at once


def state_of_the_process():
    """Return what a probe could leave behind in the process."""
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return {
        "threads": threading.active_count(),
        "descriptors": descriptors,
        "filters": list(warnings.filters),
        "timeout": socket.getdefaulttimeout(),
        "environment": dict(os.environ),
        "stores": len(trust_store_module._STORES),
    }


@pytest.mark.slow
def test_two_thousand_probes_two_hundred_at_once_leave_no_trace_in_the_process(tmp_path, store):
    trusted, alone = (smtp(server_context(tmp_path, made)) for made in (LEAF, ALONE))
    serve = ThreadedService(trusted, tolerant(alone))
    with serve:
        assert probed(serve, store).presented.trust.verified
        first = list(store.contexts(Deadline(30)))
        before = state_of_the_process()
        with ThreadPoolExecutor(200) as pool:
            seen = list(pool.map(lambda _: probed(serve, store), range(2000)))
        serve.settle()
        # A thread of an earlier test may end in between: nothing is more than before.
        after = state_of_the_process()
        for counted in ("threads", "descriptors", "stores"):
            assert after.pop(counted) <= before.pop(counted), counted
        assert after == before
        assert [id(context) for context in store.contexts(Deadline(30))] == [id(context) for context in first]
    assert [each.error for each in seen] == [None] * 2000
    assert {each.presented.trust.code for each in seen} == {0, 18}
    if tls.CHAIN_IS_READABLE:
        assert {each.connections for each in seen} == {1}
