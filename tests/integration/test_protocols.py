"""Every protocol against the real servers that speak it: the verdict, and what our visit leaves in their logs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable

import pytest
from conftest import Program, Zoo, required
from servers import (
    cyrus,
    dovecot_all,
    ds389,
    ejabberd,
    exim,
    inn,
    inspircd,
    mariadb,
    mosquitto,
    nbd,
    openldap,
    openssl,
    postfix_all,
    postgresql,
    process,
    proftpd,
    prosody,
    vsftpd,
    xrdp,
)
from servers.running import Certificate, Running

from check_starttls_cert import starttls, tls
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.trust_store import unverified_context
from check_starttls_cert.wire import Deadline, Wire

GOOD = "good_rsa_2048"

SHORT = ("-t", "5")
"""A time-out that is meant to be over: long enough to connect first, on a busy machine too."""

SERVERS = {
    "Postfix": (postfix_all.start, ("smtp", "submission", "smtps", "submissions", "smtp after a pause")),
    "Exim": (exim.start, ("smtp", "submission", "smtps")),
    "Dovecot": (dovecot_all.start, dovecot_all.STARTTLS + dovecot_all.IMPLICIT),
    "Cyrus": (cyrus.start, ("imap", "imaps", "lmtp")),
    "OpenLDAP": (openldap.start, ("ldap", "ldaps")),
    "389 Directory Server": (ds389.start, ("ldap", "ldaps")),
    "ProFTPD": (proftpd.start, ("ftp", "ftps")),
    "vsftpd": (vsftpd.start, ("ftp",)),
    "vsftpd inside TLS": (vsftpd.start_implicit, ("ftps",)),
    "INN": (inn.start, ("nntp",)),
    "INN inside TLS": (inn.start_implicit, ("nntps",)),
    "Prosody": (prosody.start, prosody.SERVICES),
    "ejabberd": (ejabberd.start, ejabberd.SERVICES),
    "InspIRCd": (inspircd.start, ("irc", "ircs")),
    "PostgreSQL": (postgresql.start, ("postgres",)),
    "MariaDB": (mariadb.start, ("mysql",)),
    "xrdp": (xrdp.start, ("rdp",)),
    "nbdkit": (nbd.start, ("nbd",)),
    "Mosquitto": (mosquitto.start, ("mqtts",)),
    "OpenSSL": (openssl.start, openssl.SERVICES),
    "Dovecot without TLS": (dovecot_all.start_without_tls, ()),
    "PostgreSQL without TLS": (postgresql.start_without_tls, ()),
    "MariaDB without TLS": (mariadb.start_without_tls, ()),
    "xrdp without TLS": (xrdp.start_without_tls, ()),
}
"""How to start each, and what it serves with the good certificate."""

SERVED = [
    (name, service)
    for name, (_, services) in SERVERS.items()
    for service in services
    if service.partition(" ")[0] in PROTOCOLS
]


@pytest.fixture(scope="module")
def certificate(certificates: Zoo) -> Certificate:
    """Return the one certificate that all of them have."""
    files = (certificates.chain(GOOD), certificates.key(GOOD), certificates.both(GOOD), certificates.anchors(GOOD))
    return Certificate(certificates.cases[GOOD].reference, *files)


@pytest.fixture(scope="module")
def starting(
    request: pytest.FixtureRequest, folder: str, certificate: Certificate
) -> Iterator[dict[str, Future[Running]]]:
    """Start, at the same time, the servers that the selected tests need; stop them at the same time."""
    calls = (item.callspec for item in request.session.items if item.path == request.path and hasattr(item, "callspec"))
    needed = list(dict.fromkeys(call.params["name"] for call in calls if "name" in call.params))
    stacks = {name: contextlib.ExitStack() for name in needed}

    def start(name: str) -> Running:
        own = f"{folder}/{name.replace(' ', '-')}"
        os.mkdir(own)
        return SERVERS[name][0](stacks[name], own, certificate)

    with ThreadPoolExecutor(len(needed)) as pool:
        futures = {name: pool.submit(start, name) for name in needed}
        yield futures
        for future in futures.values():
            future.exception()
        for closed in [pool.submit(stack.close) for stack in stacks.values()]:
            closed.result()


@pytest.fixture
def running(name: str, starting: dict[str, Future[Running]]) -> Running:
    """Return the server of that name; where it cannot run skip the test, or fail it if servers are required."""
    with required(name):
        return starting[name].result()


def where(running: Running, service: str, protocol: str = "") -> tuple[str, ...]:
    """Return the arguments that lead to a service."""
    return ("-H", "127.0.0.1", "-P", protocol or service.partition(" ")[0], "-p", str(running.ports[service]))


def what_it_logs(running: Running, visits: int, visit: Callable[[], None]) -> str:
    """Return what the log says of visits, once it has told of the end of each of them."""
    before = len(process.read(running.log))
    visit()

    def over() -> bool:
        return len(re.findall(running.over, process.read(running.log)[before:])) >= visits

    process.await_that(over, lambda: f"not over after {visits} visits:\n{process.read(running.log)[before:]}")
    return process.read(running.log)[before:]


# The certificate is read, and nobody minds


@pytest.mark.parametrize(("name", "service"), SERVED)
def test_certificate_is_read_and_nobody_complains(
    check: Program, certificate: Certificate, running: Running, name: str, service: str
):
    protocol = service.partition(" ")[0]
    arguments = (*where(running, service), "-n", certificate.name, "--ca-file", certificate.anchors)
    runs = []
    log = what_it_logs(running, 2, lambda: runs.extend(check.together(arguments, (*arguments, "-o", "prtg"))))
    plain, prtg = runs

    assert (plain.exit_code, plain.stderr, prtg.exit_code, prtg.stderr) == (0, "", 0, "")
    (line,) = plain.lines
    assert line.startswith(f"STARTTLS_CERT OK - {protocol} 127.0.0.1:{running.ports[service]}: ")
    assert f" {certificate.name} " in line
    assert " trusted, " in line
    document = json.loads(prtg.stdout)["prtg"]
    assert document["text"].endswith(f" - STARTTLS Protocol: {protocol.upper()}")
    assert f"Certificate Common Name: {certificate.name} - " in document["text"]

    for words in running.complaints:
        assert words not in log
    if running.polite:
        assert len(re.findall(running.polite, log)) == 2, log


@pytest.mark.parametrize(("name", "service"), SERVED)
def test_visitor_without_manners_is_complained_about(running: Running, certificate: Certificate, service: str):
    log = what_it_logs(running, 1, lambda: rude_visit(running, service, certificate.name))
    assert any(words in log for words in running.complaints), log


def rude_visit(running: Running, service: str, name: str) -> None:
    """Visit a service as no check should."""
    with socket.create_connection(("127.0.0.1", running.ports[service]), process.PATIENCE) as sock:
        wire = Wire(sock, Deadline(process.PATIENCE), [])
        starttls.starttls(service.partition(" ")[0], wire, name)
        if running.rudeness == "hang up":
            return
        tls.handshake(wire, unverified_context(), None)
        wire.send(b"nonsense\r\n\r\n")
        # What is left unread at the end is a reset to the server, which may overtake the nonsense.
        with contextlib.suppress(ProbeError):
            wire.read_exactly(1)


# No certificate to read


@pytest.mark.parametrize(
    ("name", "service", "words"),
    [
        ("Dovecot without TLS", "imap", ("does not offer STARTTLS", "it lists IMAP4REV1", "enable TLS")),
        ("Dovecot without TLS", "pop3", ("does not offer STLS", "it lists CAPA", "enable TLS")),
        ("Dovecot without TLS", "lmtp", ("does not offer STARTTLS", "it lists", "enable TLS")),
        ("Dovecot without TLS", "sieve", ("does not offer STARTTLS", "it lists IMPLEMENTATION", "enable TLS")),
        ("ProFTPD", "ftp without TLS", ("AUTH", "500 ", "enable TLS")),
        ("PostgreSQL without TLS", "postgres", ("does not use TLS", "ssl = on")),
        ("MariaDB without TLS", "mysql", ("does not offer TLS", "MariaDB", "ssl_cert")),
        ("xrdp without TLS", "rdp", ("standard RDP security", "security layer")),
    ],
)
def test_server_without_tls_is_told_what_it_lacks(
    check: Program, running: Running, name: str, service: str, words: tuple[str, ...]
):
    run = check(*where(running, service))
    assert_critical(run.exit_code, run.lines, service.partition(" ")[0], *words)


def assert_critical(exit_code: int, lines: list[str], protocol: str, *words: str) -> None:
    """Assert a failure in one line that has ``words`` and ends with advice."""
    assert exit_code == 2
    (line,) = lines
    assert line.startswith(f"STARTTLS_CERT CRITICAL - {protocol} 127.0.0.1:")
    for word in words:
        assert word in line
    assert re.search(r"\([^()]{10,}\) \| ", line), f"no advice in: {line}"


class PreauthHandler(socketserver.BaseRequestHandler):
    """Greet as Dovecot does whom it knows already: a user's own process, which is what SSH would start."""

    def handle(self) -> None:
        """Pass the greeting on, and wait until the visitor leaves."""
        command, environment = self.server.command, {**os.environ, "USER": "somebody", "HOME": self.server.folder}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as imap:
            self.request.sendall(imap.stdout.readline())
            self.request.recv(1)


@pytest.mark.parametrize("name", ["Dovecot"])
def test_imap_that_has_authenticated_us_already_has_no_starttls(check: Program, running: Running, name: str):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), PreauthHandler) as server:
        server.folder = os.path.dirname(running.log)
        server.command = dovecot_all.preauth(server.folder)
        thread = threading.Thread(target=server.serve_forever, args=(process.PAUSE,))
        thread.start()
        try:
            run = check("-H", "127.0.0.1", "-P", "imap", "-p", str(server.server_address[1]))
        finally:
            server.shutdown()
            thread.join()
    assert_critical(run.exit_code, run.lines, "imap", "PREAUTH", "no STARTTLS", "imaps")


# Another protocol's server


@pytest.mark.parametrize(
    ("name", "service", "protocol", "banner"),
    [
        ("Dovecot", "imap", "smtp", "this is an IMAP greeting, not SMTP"),
        ("Dovecot", "pop3", "smtp", "this is a POP3 greeting, not SMTP"),
        ("Dovecot", "sieve", "imap", "this is a ManageSieve greeting, not IMAP"),
        ("Dovecot", "lmtp", "imap", "greeting, not IMAP"),
        ("Postfix", "smtp", "imap", "this is an SMTP greeting, not IMAP"),
        ("Postfix", "smtp", "pop3", "this is an SMTP greeting, not POP3"),
        ("Postfix", "smtp", "nntp", "this is an SMTP greeting, not NNTP"),
        ("vsftpd", "ftp", "imap", "this is an FTP greeting, not IMAP"),
        ("INN", "nntp", "imap", "this is an NNTP greeting, not IMAP"),
        ("InspIRCd", "irc", "smtp", "this is an IRC greeting, not SMTP"),
        ("MariaDB", "mysql", "smtp", "this is a MySQL greeting, not SMTP"),
        ("Prosody", "xmpp-client", "irc", "this is an XMPP stream, not IRC"),
    ],
)
def test_greeting_of_another_protocol_is_recognised(
    check: Program, running: Running, service: str, protocol: str, banner: str
):
    run = check(*where(running, service, protocol))
    assert_critical(run.exit_code, run.lines, protocol, banner)


@pytest.mark.parametrize(
    ("name", "service", "other"),
    [
        ("Dovecot", "imap", "imaps"),
        ("Dovecot", "pop3", "pop3s"),
        ("Postfix", "smtp", "smtps"),
        ("ProFTPD", "ftp", "ftps"),
        ("INN", "nntp", "nntps"),
        ("OpenLDAP", "ldap", "ldaps"),
        ("InspIRCd", "irc", "ircs"),
        ("Prosody", "xmpp-client", "xmpps-client"),
    ],
)
def test_tls_before_its_time_is_sent_to_starttls(check: Program, running: Running, name: str, service: str, other: str):
    run = check(*where(running, service, other))
    assert_critical(run.exit_code, run.lines, other, f"-P {service}")


@pytest.mark.parametrize(
    ("name", "service", "other"),
    [("Dovecot", "imaps", "imap"), ("Postfix", "smtps", "smtp"), ("OpenLDAP", "ldaps", "ldap")],
)
def test_starttls_where_tls_comes_first_is_sent_there(
    check: Program, running: Running, name: str, service: str, other: str
):
    run = check(*where(running, service, other), *SHORT)
    assert_critical(run.exit_code, run.lines, other, f"-P {service}")


# Patience


@pytest.mark.parametrize(("name", "service"), [("Postfix", "smtp after a pause"), ("Exim", "submission")])
def test_pause_before_the_greeting_is_waited_out(
    check: Program, certificate: Certificate, running: Running, name: str, service: str
):
    began = time.monotonic()
    run = check(*where(running, service), "-n", certificate.name, "--ca-file", certificate.anchors)
    assert run.exit_code == 0
    assert time.monotonic() - began > 1


@pytest.mark.parametrize(("name", "service"), [("Postfix", "smtp after a minute")])
def test_time_out_names_the_step(check: Program, running: Running, name: str, service: str):
    run = check(*where(running, service), *SHORT)
    assert_critical(run.exit_code, run.lines, service.partition(" ")[0], "no greeting within 5 s", "slow")
