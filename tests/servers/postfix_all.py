"""Postfix with all ways to submit mail, and one that takes its time to greet."""

from __future__ import annotations

import contextlib
import os

from servers import postfix
from servers.running import Certificate, Running


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Postfix; one service greets after a second, and one after a minute."""
    tls = {"smtpd_tls_chain_files": certificate.both}
    services = {
        "smtp": tls,
        "submission": {**tls, "smtpd_tls_security_level": "encrypt"},
        "smtps": {**tls, "smtpd_tls_wrappermode": "yes"},
        "smtp after a pause": {**tls, "smtpd_delay_reject": "no", "smtpd_client_restrictions": "sleep 1"},
        "smtp after a minute": {**tls, "smtpd_delay_reject": "no", "smtpd_client_restrictions": "sleep 60"},
    }
    server = postfix.start(stack, folder, services, os.devnull)
    return Running(
        {**server.ports, "submissions": server.ports["smtps"]},
        server.logs["smtp"],
        over=server.said_when_done,
        complaints=("lost connection", "improper command pipelining", "SSL_accept error", "warning:"),
        polite="quit=1",
    )
