"""Dovecot with every protocol it speaks, Pigeonhole's ManageSieve included, and one that has no TLS."""

from __future__ import annotations

import contextlib
import os

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3 lmtp sieve
mail_location = maildir:{folder}/mail
mail_uid = nobody
mail_gid = nogroup
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{certificate.chain}
ssl_key = <{certificate.key}
passdb {{
  driver = static
  args = nopassword
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {ports[imap]}
  }}
  inet_listener imaps {{
    port = {ports[imaps]}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports[pop3]}
  }}
  inet_listener pop3s {{
    port = {ports[pop3s]}
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {ports[sieve]}
  }}
  inet_listener sieves {{
    port = {ports[sieves]}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {ports[lmtp]}
  }}
  inet_listener lmtps {{
    port = {ports[lmtps]}
    ssl = yes
  }}
}}
"""

STARTTLS = ("imap", "pop3", "lmtp", "sieve")
IMPLICIT = ("imaps", "pop3s", "lmtps", "sieves")

FOLDERS = ("/usr/lib/dovecot", "/usr/libexec/dovecot")


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Dovecot."""
    return _start(stack, folder, certificate, "yes", STARTTLS + IMPLICIT)


def start_without_tls(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start a Dovecot whose administrator has not configured TLS."""
    return _start(stack, folder, certificate, "no", STARTTLS)


def _start(
    stack: contextlib.ExitStack, folder: str, certificate: Certificate, ssl: str, services: tuple[str, ...]
) -> Running:
    process.as_root()
    for program in ("imap-login", "pop3-login", "managesieve-login", "lmtp"):
        process.find(program, *FOLDERS)
    every = {**dict.fromkeys(IMPLICIT, 0), **dict(zip(services, process.free_ports(len(services))))}
    os.mkdir(f"{folder}/mail", 0o777)
    text = CONFIGURATION.format(folder=folder, certificate=certificate, ssl=ssl, ports=every)
    configuration = process.write(f"{folder}/dovecot.conf", text)
    running = Running(
        {service: every[service] for service in services},
        f"{folder}/log",
        over="isconnect",
        complaints=("Connection closed", "Disconnected (no auth", "SSL_accept"),
        polite="logging out|Logged out",
    )
    return run(stack, [process.find("dovecot"), "-F", "-c", configuration], f"{folder}/output", running)


def preauth(folder: str) -> list[str]:
    """Return the command that serves IMAP on its standard input, which for Dovecot needs no login."""
    return [process.find("imap", *FOLDERS), "-c", f"{folder}/dovecot.conf"]
