"""What a check leaves in the servers' logs: a visit, and nothing that alarms an administrator."""

from __future__ import annotations

from conftest import Program, Zoo
from servers import process
from servers.process import Server

from check_starttls_cert.tls import CHAIN_IS_READABLE

GOOD = "good_rsa_2048"

ALARMING = (
    "lost connection",
    "connection lost",
    "improper command pipelining",
    "SSL_accept error",
    "TLS negotiation failure",
    "Connection closed",
    "warning:",
    "error",
    "Error",
    "fatal",
)

POLITE = {
    "smtp": "ehlo=1 starttls=1 quit=1 commands=3",
    "lmtp": "Logged out",
    "ldap": "op=1 UNBIND",
}


def visit(check: Program, certificates: Zoo, server: Server, case: str, *arguments: str) -> str:
    """Check a case and return what the server logged of it."""
    before = len(settled(server, case))
    check(*certificates.command(case, server, *arguments))
    process.await_that(
        lambda: server.said_when_done in server.log(case)[before:],
        lambda: f"the log does not say that the connection is over:\n{server.log(case)[before:]}",
    )
    return server.log(case)[before:]


def settled(server: Server, case: str) -> str:
    """Return the log once every connection in it is over: other tests' included."""
    begins = {"smtp": ": connect from", "lmtp": ": Connect from", "ldap": " ACCEPT "}[server.protocol]

    def over() -> bool:
        log = server.log(case)
        # The connection that found the server listening may not be logged yet; Postfix shares one log.
        return log.count(begins) == log.count(server.said_when_done) and (begins in log or server.protocol == "smtp")

    process.await_that(over, lambda: server.log(case))
    return server.log(case)


def test_good_check_alarms_nobody(check: Program, certificates: Zoo, server: Server):
    log = visit(check, certificates, server, GOOD)
    assert POLITE[server.protocol] in log
    for words in ALARMING:
        assert words not in log


def test_good_check_is_one_connection(check: Program, certificates: Zoo, server: Server):
    log = visit(check, certificates, server, GOOD)
    assert log.count(server.said_when_done) == 1
    assert "connections: 1" in check(*certificates.command(GOOD, server, "-v")).stdout


def test_untrusted_check_is_one_connection(check: Program, certificates: Zoo, server: Server):
    run = check(*certificates.command("unknown_root", server, "-v"))
    assert f"connections: {1 if CHAIN_IS_READABLE else 2} to " in run.stdout
