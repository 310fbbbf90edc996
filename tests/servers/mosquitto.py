"""Mosquitto: MQTT inside TLS."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
listener {port} 127.0.0.1
user root
allow_anonymous true
certfile {certificate.chain}
keyfile {certificate.key}
log_dest stderr
log_type all
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Mosquitto."""
    program = process.find("mosquitto")
    (port,) = process.free_ports(1)
    configuration = process.write(f"{folder}/conf", CONFIGURATION.format(port=port, certificate=certificate))
    running = Running(
        {"mqtts": port},
        f"{folder}/log",
        over="closed its connection|disconnected|failed",
        complaints=("SSL routines", "Protocol error"),
        polite="closed its connection",
    )
    return run(stack, [program, "-c", configuration], f"{folder}/log", running)
