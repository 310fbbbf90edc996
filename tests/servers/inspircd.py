"""InspIRCd: IRC with its STARTTLS extension, and IRC inside TLS. Debian's speaks TLS with GnuTLS."""

from __future__ import annotations

import contextlib

from servers import process
from servers.running import Certificate, Running, as_user, folder_of, run

CONFIGURATION = """
<server name="irc.example.test" description="A server" network="Test">
<admin name="Nobody" nick="nobody" email="nobody@example.test">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<module name="cap">
<module name="ssl_gnutls">
<module name="starttls">
<sslprofile name="tls" provider="gnutls" requestclientcert="no"
            certfile="{certificate.chain}" keyfile="{certificate.key}">
<bind address="127.0.0.1" port="{ports[irc]}" type="clients">
<bind address="127.0.0.1" port="{ports[ircs]}" type="clients" sslprofile="tls">
<connect allow="*" resolvehostnames="no" useident="no" timeout="600" localmax="1000" globalmax="1000">
<files motd="">
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start InspIRCd."""
    as_irc, program = as_user("irc"), process.find("inspircd")
    own = folder_of("irc", f"{folder}/own")
    ports = dict(zip(("irc", "ircs"), process.free_ports(2)))
    text = CONFIGURATION.format(folder=own, ports=ports, certificate=certificate)
    configuration = process.write(f"{folder}/inspircd.conf", text)
    running = Running(
        ports,
        f"{folder}/output",
        over="CULLLIST: Deleting",
        complaints=("Error on FD", "Handshake Failed"),
        polite="QuitUser: .*Client exited",
    )
    command = [*as_irc, program, "--config", configuration, "--nofork", "--nopid", "--debug"]
    return run(stack, command, f"{folder}/output", running)
