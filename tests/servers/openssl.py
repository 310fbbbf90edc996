"""OpenSSL's own server: TLS from the first byte, and HTTP for those who ask."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, run

SERVICES = ("https", "amqps", "tls")
"""All on one port: who never says a word fits all."""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start ``openssl s_server``."""
    program = process.find("openssl")
    (port,) = process.free_ports(1)
    files = ["-cert", certificate.chain, "-cert_chain", certificate.chain, "-key", certificate.key]
    running = Running(
        dict.fromkeys(SERVICES, port),
        f"{folder}/log",
        over="alert read:warning:close notify|:error:",
        complaints=(":error:",),
        polite="alert read:warning:close notify",
    )
    arguments = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-state", *files]
    return run(stack, arguments, f"{folder}/log", running)
