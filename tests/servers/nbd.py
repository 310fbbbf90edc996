"""nbdkit: a network block device of one sector, behind STARTTLS. It speaks TLS with GnuTLS."""

from __future__ import annotations

import contextlib
import os
import shutil

from servers import process
from servers.running import Certificate, Running, run


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start nbdkit."""
    program = process.find("nbdkit")
    (port,) = process.free_ports(1)
    files = f"{folder}/files"
    os.mkdir(files)
    for source, name in (("anchors", "ca-cert"), ("chain", "server-cert"), ("key", "server-key")):
        shutil.copy(getattr(certificate, source), f"{files}/{name}.pem")
    running = Running(
        {"nbd": port},
        f"{folder}/log",
        over="closing connection|sent NBD_OPT_ABORT|error: (gnutls_handshake|reading)",
        complaints=("error:",),
        polite="sent NBD_OPT_ABORT",
    )
    tls = ["--tls=require", f"--tls-certificates={files}"]
    command = [program, "-f", "-v", "-i", "127.0.0.1", "-p", str(port), *tls, "memory", "512"]
    return run(stack, command, f"{folder}/log", running)
