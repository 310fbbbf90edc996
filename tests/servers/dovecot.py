"""Dovecot: an LMTP server a service, because its LMTP service has one certificate for all addresses."""

from __future__ import annotations

import contextlib
import os
import subprocess

from servers import process
from servers.process import Server

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
import_environment = OPENSSL_CONF={openssl}
protocols = lmtp
mail_location = maildir:{folder}/mail
ssl = yes
ssl_min_protocol = TLSv1
ssl_cert = <{chain}
ssl_key = <{key}
service lmtp {{
  inet_listener lmtp {{
    address = {addresses}
    port = {port}
  }}
}}
"""


def start(stack: contextlib.ExitStack, folder: str, services: dict[str, tuple[str, str]], openssl: str) -> Server:
    """Start a Dovecot for each of ``services``, which name the files of their chain and key."""
    process.as_root()
    program = process.find("dovecot")
    process.find("lmtp", "/usr/lib/dovecot", "/usr/libexec/dovecot")
    version = subprocess.check_output([program, "--version"], text=True)
    if not version.startswith("2.3."):
        raise process.Unavailable(f"the configuration is written for Dovecot 2.3, this is {version.strip()}")

    ports = dict(zip(services, process.free_ports(len(services))))
    commands = []
    for name, (chain, key) in services.items():
        own = f"{folder}/{name}"
        os.mkdir(own)
        text = CONFIGURATION.format(
            folder=own,
            openssl=openssl,
            chain=chain,
            key=key,
            addresses=" ".join(process.addresses()),
            port=ports[name],
        )
        configuration = process.write(f"{own}/dovecot.conf", text)
        commands.append(process.Command([program, "-F", "-c", configuration], f"{own}/output"))
    for name, server in zip(services, process.start(stack, *commands)):
        process.await_port(ports[name], server, f"{folder}/{name}/log", f"{folder}/{name}/output")
    return Server("lmtp", ports, {name: f"{folder}/{name}/log" for name in services}, said_when_done="Disconnect from")
