"""xrdp: its listener alone, which negotiates TLS before it looks for a session."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
[Globals]
port=tcp://127.0.0.1:{port}
fork=true
security_layer={layer}
certificate={certificate.chain}
key_file={certificate.key}
ssl_protocols=TLSv1.2, TLSv1.3
[Logging]
LogFile={folder}/log
LogLevel=DEBUG
EnableSyslog=false
[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start xrdp."""
    return _start(stack, folder, certificate, "negotiate")


def start_without_tls(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start an xrdp that insists on RDP's own security."""
    return _start(stack, folder, certificate, "rdp")


def _start(stack: contextlib.ExitStack, folder: str, certificate: Certificate, layer: str) -> Running:
    process.as_root()
    program = process.find("xrdp")
    (port,) = process.free_ports(1)
    text = CONFIGURATION.format(folder=folder, port=port, layer=layer, certificate=certificate)
    configuration = process.write(f"{folder}/xrdp.ini", text)
    running = Running(
        {"rdp": port}, f"{folder}/log", over="DisconnectProviderUltimatum", complaints=("SSL_accept", "SSL_read")
    )
    return run(stack, [program, "--nodaemon", "--config", configuration], f"{folder}/output", running)
