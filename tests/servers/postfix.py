"""Postfix: one instance, one smtpd a service, each on a port of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess

from servers import process
from servers.process import Server

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG OPENSSL_CONF={openssl}
myhostname = mta.example.test
mynetworks = 127.0.0.0/8 [::1]/128
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_client_event_limit_exceptions = 127.0.0.0/8 [::1]/128
default_process_limit = 1000
smtpd_timeout = 600
smtpd_starttls_timeout = 600
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
"""

MASTER = """
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
postlog unix-dgram n - n - 1 postlogd
"""


def start(stack: contextlib.ExitStack, folder: str, services: dict[str, dict[str, str]], openssl: str) -> Server:
    """Start Postfix with ``services``, each with its own settings on top of ``MAIN``."""
    process.as_root()
    postconf = process.find("postconf")
    daemons = subprocess.check_output([postconf, "-d", "-h", "daemon_directory"], text=True).strip()
    master = process.find("master", daemons)
    owner, group = process.user("postfix")

    for name in ("etc", "data", "queue", "queue/pid", "queue/private", "queue/public"):
        os.mkdir(f"{folder}/{name}")
    for name in ("data", "queue/private", "queue/public"):
        os.chown(f"{folder}/{name}", owner, group)
    ports = dict(zip(services, process.free_ports(len(services))))
    lines = []
    for name, settings in services.items():
        for address in process.addresses():
            shown = f"[{address}]" if ":" in address else address
            lines.append(f"{shown}:{ports[name]} inet n - n - - smtpd")
            lines += [f"  -o {{ {setting} = {value} }}" for setting, value in settings.items()]
    process.write(f"{folder}/etc/main.cf", MAIN.format(folder=folder, openssl=openssl))
    process.write(f"{folder}/etc/master.cf", "\n".join(lines) + MASTER)

    log, output = f"{folder}/log", f"{folder}/output"
    command = process.Command([master, "-c", f"{folder}/etc", "-d"], output)
    (running,) = process.start(stack, command)
    # The master listens on all ports before it serves any of them.
    process.await_port(next(iter(ports.values())), running, log, output)
    server = Server("smtp", ports, dict.fromkeys(services, log), said_when_done="disconnect from")
    # The look for the port was a visit, which is not to be taken for a test's.
    process.await_that(lambda: server.said_when_done in process.read(log), lambda: process.read(log))
    return server
