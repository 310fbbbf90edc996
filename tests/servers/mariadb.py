"""MariaDB: its system tables and nothing else, and the same without TLS."""

from __future__ import annotations

import contextlib
import os

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
[mariadbd]
user = root
datadir = {folder}/data
tmpdir = {folder}
socket = {folder}/socket
pid_file = {folder}/pid
bind_address = 127.0.0.1
port = {port}
log_error = {folder}/log.err
log_warnings = 9
skip_name_resolve
max_connections = 1000
max_connect_errors = 4294967295
connect_timeout = 600
innodb_log_file_size = 4M
innodb_buffer_pool_size = 8M
innodb_flush_method = nosync
{ssl}
"""

WITH_TLS = """
ssl_cert = {certificate.chain}
ssl_key = {certificate.key}
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start MariaDB."""
    return _start(stack, folder, WITH_TLS.format(certificate=certificate))


def start_without_tls(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start a MariaDB whose administrator has not configured TLS."""
    return _start(stack, folder, "skip_ssl")


def _start(stack: contextlib.ExitStack, folder: str, ssl: str) -> Running:
    process.as_root()
    program = process.find("mariadbd")
    (port,) = process.free_ports(1)
    os.makedirs(f"{folder}/data/mysql")
    configuration = process.write(f"{folder}/my.cnf", CONFIGURATION.format(folder=folder, port=port, ssl=ssl))
    with open(f"{folder}/tables.sql", "w+b") as tables:
        tables.write(b"use mysql;\n")
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            with open(process.find_file(name, "/usr/share/mysql"), "rb") as file:
                tables.write(file.read())
        tables.seek(0)
        process.run([program, f"--defaults-file={configuration}", "--bootstrap"], stdin=tables)
    running = Running(
        {"mysql": port},
        f"{folder}/log.err",
        over="Aborted connection|Access denied",
        complaints=("unauthenticated", "communication packets"),
        polite="Access denied for user ''",
    )
    return run(stack, [program, f"--defaults-file={configuration}"], f"{folder}/output", running)
