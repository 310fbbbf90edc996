"""Prosody: XMPP for clients and for servers, both ways."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, as_user, folder_of, run

CONFIGURATION = """
data_path = "{folder}"
pidfile = "{folder}/pid"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{folder}/log" }} }}
modules_enabled = {{ "tls", "saslauth", "dialback" }}
modules_disabled = {{ "offline", "s2s_bidi" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {ports[xmpp-client]} }}
c2s_direct_tls_ports = {{ {ports[xmpps-client]} }}
s2s_ports = {{ {ports[xmpp-server]} }}
s2s_direct_tls_ports = {{ {ports[xmpps-server]} }}
ssl = {{ certificate = "{certificate.chain}", key = "{certificate.key}" }}
c2s_direct_tls_ssl = ssl
s2s_direct_tls_ssl = ssl
VirtualHost "{certificate.name}"
"""

SERVICES = ("xmpp-client", "xmpps-client", "xmpp-server", "xmpps-server")


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Prosody."""
    as_prosody, program = as_user("prosody"), process.find("prosody")
    own = folder_of("prosody", f"{folder}/own")
    ports = dict(zip(SERVICES, process.free_ports(len(SERVICES))))
    text = CONFIGURATION.format(folder=own, ports=ports, certificate=certificate)
    configuration = process.write(f"{folder}/prosody.cfg.lua", text)
    running = Running(
        ports,
        f"{own}/log",
        over="Client disconnected|s2s disconnected|TLS handshake error",
        complaints=("stream:error", "unexpected eof", "Read error", "Connection closed by remote"),
        polite="Received </stream:stream>",
    )
    return run(stack, [*as_prosody, program, "-F", "--config", configuration], f"{folder}/output", running)
