"""OpenLDAP's slapd: a server a service, without a database. Debian's speaks TLS with GnuTLS."""

from __future__ import annotations

import contextlib
import os
import shutil

from servers import process
from servers.process import Server

TLS = """
TLSCertificateFile {chain}
TLSCertificateKeyFile {key}
TLSVerifyClient never
"""


def start(stack: contextlib.ExitStack, folder: str, services: dict[str, tuple[str, str] | None]) -> Server:
    """Start a slapd for each of ``services``, which name the files of their chain and key, or have no TLS."""
    # A copy, because Ubuntu's AppArmor profile keeps the installed one away from our files.
    program = shutil.copy(process.find("slapd"), f"{folder}/slapd")
    ports = dict(zip(services, process.free_ports(len(services))))
    commands = []
    for name, files in services.items():
        own = f"{folder}/{name}"
        os.mkdir(own)
        text = TLS.format(chain=files[0], key=files[1]) if files else ""
        configuration = process.write(f"{own}/slapd.conf", text)
        shown = [f"[{address}]" if ":" in address else address for address in process.addresses()]
        urls = " ".join(f"ldap://{address}:{ports[name]}" for address in shown)
        arguments = [program, "-f", configuration, "-h", urls, "-d", "stats"]
        commands.append(process.Command(arguments, f"{own}/log"))
    for name, server in zip(services, process.start(stack, *commands)):
        process.await_port(ports[name], server, f"{folder}/{name}/log")
    return Server("ldap", ports, {name: f"{folder}/{name}/log" for name in services}, said_when_done="closed")
