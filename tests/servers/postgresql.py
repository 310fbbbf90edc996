"""PostgreSQL: a cluster without tables of our own, and the same without TLS."""

from __future__ import annotations

import contextlib
import glob
import os

from servers import process
from servers.running import Certificate, Running, as_user, folder_of, run

CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
log_connections = on
max_connections = 1000
authentication_timeout = 600s
autovacuum = off
log_min_messages = debug3
ssl = {ssl}
ssl_cert_file = '{certificate.chain}'
ssl_key_file = '{certificate.key}'
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start PostgreSQL."""
    return _start(stack, folder, certificate, "on")


def start_without_tls(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start a PostgreSQL whose administrator has not configured TLS."""
    return _start(stack, folder, certificate, "off")


def _start(stack: contextlib.ExitStack, folder: str, certificate: Certificate, ssl: str) -> Running:
    as_postgres = as_user("postgres")
    program = process.find("postgres", *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))
    data = folder_of("postgres", f"{folder}/data")
    initdb = [*as_postgres, f"{os.path.dirname(program)}/initdb", "-D", data, "--no-sync", "--no-locale", "-A", "trust"]
    process.run(initdb)
    (port,) = process.free_ports(1)
    text = CONFIGURATION.format(port=port, ssl=ssl, certificate=certificate.copied(data, "postgres"))
    process.write(f"{data}/postgresql.conf", text)
    running = Running(
        {"postgres": port},
        f"{folder}/log",
        over="server process .* exited",
        complaints=("could not accept SSL connection", "incomplete startup packet", "could not receive data"),
    )
    return run(stack, [*as_postgres, program, "-D", data], f"{folder}/log", running)
