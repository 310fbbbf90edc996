"""OpenLDAP's slapd with StartTLS and with TLS from the first byte."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, run
from servers.slapd import TLS


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start slapd."""
    # A copy, as in servers.slapd; by another process, because a program that is still open for writing cannot be
    # executed, and what is open here is open in each process that another thread has just forked.
    program = f"{folder}/slapd"
    process.run(["cp", process.find("slapd"), program])
    ports = dict(zip(("ldap", "ldaps"), process.free_ports(2)))
    configuration = process.write(f"{folder}/slapd.conf", TLS.format(chain=certificate.chain, key=certificate.key))
    urls = " ".join(f"{protocol}://127.0.0.1:{port}" for protocol, port in ports.items())
    running = Running(
        ports,
        f"{folder}/log",
        over=" closed",
        complaints=("connection lost", "TLS negotiation failure"),
        polite="op=. UNBIND",
    )
    return run(stack, [program, "-f", configuration, "-h", urls, "-d", "stats"], f"{folder}/log", running)
