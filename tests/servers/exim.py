"""Exim: SMTP, submission and SMTP inside TLS, in one daemon. Debian's speaks TLS with GnuTLS."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, folder_of, run

CONFIGURATION = """
primary_hostname = mta.example.test
spool_directory = {folder}
log_file_path = {folder}/%slog
log_selector = +all
daemon_smtp_ports = {ports[smtp]} : {ports[submission]} : {ports[smtps]}
tls_on_connect_ports = {ports[smtps]}
local_interfaces = 127.0.0.1
pid_file_path = {folder}/pid
host_lookup =
smtp_enforce_sync = true
tls_advertise_hosts = *
tls_certificate = {certificate.chain}
tls_privatekey = {certificate.key}
smtp_accept_keepalive = false
smtp_accept_max = 0
acl_smtp_connect = wait

begin acl
wait:
  accept delay = ${{if eq {{$received_port}}{{{ports[submission]}}} {{1s}} {{0s}}}}
"""

SERVICES = ("smtp", "submission", "smtps")


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Exim. Its submission greets after a pause."""
    process.as_root()
    # exim4-base has programs of its own by that name's beginning: the daemon is called exim4.
    program = process.find("exim4")
    user = "Debian-exim"
    own = folder_of(user, f"{folder}/own")
    ports = dict(zip(SERVICES, process.free_ports(len(SERVICES))))
    text = CONFIGURATION.format(folder=own, ports=ports, certificate=certificate.copied(own, user))
    configuration = process.write(f"{folder}/exim.conf", text)
    running = Running(
        ports,
        f"{own}/mainlog",
        over=r"no MAIL in|TLS error on connection from \[.*handshake",
        complaints=(" lost", "closed by EOF", "TLS error", "synchronization error", "protocol error"),
        polite="closed by QUIT",
    )
    return run(stack, [program, "-bdf", "-C", configuration], f"{folder}/output", running)
