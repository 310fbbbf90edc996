"""Services that do not let us read their certificate: each is a verdict, with the step and what to do next."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Callable

import pytest
from conftest import Program, Zoo, where
from servers import process
from servers.process import Server

STARTTLS_STEP = {"smtp": "greeting", "lmtp": "greeting", "ldap": "answer to StartTLS"}

SHORT = ("-t", "5")
"""A time-out that is meant to be over: long enough to connect first, on a busy machine too."""


def assert_failure(check: Program, arguments: tuple[str, ...], *words: str) -> None:
    """Assert that both dialects report a failure, in one line with ``words`` and advice in parentheses."""
    plain, warning, ok, prtg = check.together(
        arguments,
        (*arguments, "--unreachable", "warning"),
        (*arguments, "--unreachable", "ok"),
        (*arguments, "-o", "prtg"),
    )
    target = f"{arguments[3]} {arguments[1]}:{arguments[5]}: "
    assert [plain.exit_code, warning.exit_code, ok.exit_code, prtg.exit_code] == [2, 1, 0, 0]
    assert plain.stderr == warning.stderr == ok.stderr == prtg.stderr == ""
    for run, state in ((plain, "CRITICAL"), (warning, "WARNING"), (ok, "OK")):
        (line,) = run.lines
        assert line.isprintable()
        said, _, numbers = line.partition(" | ")
        assert said.startswith(f"STARTTLS_CERT {state} - {target}")
        assert "|" not in said
        for word in words:
            assert word in said
        assert re.search(r"\([^()]{20,}\)$", said), f"no advice in: {said}"
        assert re.fullmatch(r"time=[0-9]+\.[0-9]{3}s;;;0", numbers)
    document = json.loads(prtg.stdout)["prtg"]
    assert sorted(document) == ["error", "text"]
    assert document["error"] == 1
    assert target in document["text"]
    for word in words:
        assert word in document["text"]


# Real servers


def test_postfix_that_does_not_offer_starttls(check: Program, postfix: Server):
    assert_failure(check, where(postfix, "without TLS"), "does not offer STARTTLS", "PIPELINING")


def test_postfix_that_offers_starttls_and_refuses_it(check: Program, postfix: Server):
    assert_failure(check, where(postfix, "without its key"), "STARTTLS", "454 4.7.0 TLS not available", "log")


def test_postfix_without_a_certificate_to_show(check: Program, postfix: Server):
    assert_failure(check, where(postfix, "without its certificate"), "TLS handshake failed")


def test_slapd_without_tls(check: Program, slapd: Server):
    assert_failure(check, where(slapd, "without TLS"), "refuses StartTLS", "protocolError", "unsupported extended")


@pytest.mark.parametrize(("server", "other"), [("postfix", "ldap"), ("slapd", "smtp"), ("dovecot", "smtp")])
def test_protocol_of_another_server(check: Program, request: pytest.FixtureRequest, server: str, other: str):
    running = request.getfixturevalue(server)
    host, address, _, _, port, number = where(running, "good_rsa_2048")
    words = {"slapd": ("no greeting",), "postfix": ("SMTP greeting, not LDAP", "-P smtp"), "dovecot": ("EHLO", "500")}
    timeout = SHORT if server == "slapd" else ()
    assert_failure(check, (host, address, "-P", other, port, number, *timeout), *words[server])


def test_nothing_listens(check: Program):
    (port,) = process.free_ports(1)
    for protocol in ("smtp", "lmtp", "ldap"):
        arguments = ("-H", "127.0.0.1", "-P", protocol, "-p", str(port))
        assert_failure(check, arguments, "cannot connect", "127.0.0.1: connection refused", "port")


def test_name_that_does_not_exist(check: Program):
    # RFC 6761 section 6.4: resolvers know that .invalid has no names.
    assert_failure(check, ("-H", "mta.invalid", "-P", "smtp", "-p", "25"), "cannot resolve mta.invalid")


def test_old_server_with_a_weak_key_is_fully_reported(check: Program, certificates: Zoo, postfix: Server):
    trust = ("--ca-file", certificates.anchors("rsa_1024"), "-n", "mta.example.test", "-v")
    run = check(*where(postfix, "TLS 1.0 only"), *trust)
    assert run.exit_code == 1
    assert "RSA 1024" in run.lines[0]
    assert "days_until_expiration=200." in run.lines[0]
    assert re.search(r"^TLS: TLSv1, ", run.stdout, re.MULTILINE)
    assert "trust: trusted" in run.lines


def test_server_that_wants_a_certificate_of_ours_has_shown_its_own(check: Program, certificates: Zoo, postfix: Server):
    trust = ("--ca-file", certificates.anchors("good_rsa_2048"), "-n", "mta.example.test")
    run = check(*where(postfix, "TLS for clients with a certificate"), *trust)
    assert (run.exit_code, "200 days" in run.stdout) == (0, True)


# Misbehaving servers


def silent(sock: socket.socket, protocol: str) -> None:
    while sock.recv(1024):
        pass


def closing(sock: socket.socket, protocol: str) -> None:
    """Close the connection at once, which is what returning does."""


def dripping(sock: socket.socket, protocol: str) -> None:
    sock.settimeout(0.02)
    # The start of a greeting and of an LDAP message of many octets; then nothing that ends either.
    octets = iter(b"\x30\x84\x00\x00\x80\x00" if protocol == "ldap" else b"220-")
    while True:
        sock.sendall(bytes([next(octets, 0x20)]))
        with contextlib.suppress(socket.timeout):
            if not sock.recv(1024):
                return


def flooding(sock: socket.socket, protocol: str) -> None:
    block = b"\x30\x84\x7f\xff\xff\xff" + b"\x04" * 100_000 if protocol == "ldap" else b"220-" + b"x" * 100_000
    for _ in range(1000):
        sock.sendall(block)


@pytest.fixture(params=["smtp", "lmtp", "ldap"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@contextlib.contextmanager
def serving(behave: Callable[[socket.socket, str], None], protocol: str, *more: str) -> Iterator[tuple[str, ...]]:
    """Run a server that behaves so to each of its clients; yield a command line for it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(process.PATIENCE)
            with contextlib.suppress(OSError):  # the client left
                behave(self.request, protocol)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(process.PAUSE,))
        thread.start()
        try:
            yield ("-H", "127.0.0.1", "-P", protocol, "-p", str(server.server_address[1]), *more)
        finally:
            server.shutdown()
            thread.join()


def test_silent_server(check: Program, protocol: str):
    with serving(silent, protocol, *SHORT) as arguments:
        assert_failure(check, arguments, f"no {STARTTLS_STEP[protocol]} within 5 s")


def test_server_that_closes_at_once(check: Program, protocol: str):
    with serving(closing, protocol) as arguments:
        assert_failure(check, arguments, "the connection", STARTTLS_STEP[protocol])


def test_server_that_drips_for_ever(check: Program, protocol: str):
    with serving(dripping, protocol, *SHORT) as arguments:
        assert_failure(check, arguments, f"{STARTTLS_STEP[protocol]} does not end within 5 s")


def test_server_that_floods(check: Program, protocol: str):
    with serving(flooding, protocol) as arguments:
        assert_failure(check, arguments, "more than")
