"""ejabberd: XMPP for clients and for servers, both ways, in an Erlang node without a name."""

from __future__ import annotations

import contextlib
import glob
import os

from servers import process
from servers.running import Certificate, Running, as_user, folder_of, run

CONFIGURATION = """
hosts: ["{certificate.name}"]
loglevel: debug
certfiles: ["{certificate.both}"]
s2s_use_starttls: required
negotiation_timeout: 600
oom_killer: false
listen:
  - port: {ports[xmpp-client]}
    ip: 127.0.0.1
    module: ejabberd_c2s
    starttls_required: true
  - port: {ports[xmpps-client]}
    ip: 127.0.0.1
    module: ejabberd_c2s
    tls: true
  - port: {ports[xmpp-server]}
    ip: 127.0.0.1
    module: ejabberd_s2s_in
  - port: {ports[xmpps-server]}
    ip: 127.0.0.1
    module: ejabberd_s2s_in
    tls: true
modules: {{}}
"""

SERVICES = ("xmpp-client", "xmpps-client", "xmpp-server", "xmpps-server")


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start ejabberd."""
    as_ejabberd, program = as_user("ejabberd"), process.find("erl")
    process.find("ejabberdctl")
    applications = glob.glob("/usr/lib/*/ejabberd-*")
    if not applications:
        raise process.Unavailable("ejabberd's Erlang applications are not installed")
    own = folder_of("ejabberd", f"{folder}/own")
    ports = dict(zip(SERVICES, process.free_ports(len(SERVICES))))
    text = CONFIGURATION.format(ports=ports, certificate=certificate.copied(own, "ejabberd"))
    configuration = process.write(f"{folder}/ejabberd.yml", text)
    environment = [
        "env",
        f"HOME={own}",
        f"ERL_LIBS={os.path.dirname(applications[0])}",
        f"EJABBERD_CONFIG_PATH={configuration}",
        f"EJABBERD_LOG_PATH={own}/log",
    ]
    node = [program, "-noinput", "-mnesia", "dir", f'"{own}/mnesia"', "-s", "ejabberd"]
    running = Running(
        ports,
        f"{own}/log",
        over="c2s_terminated|Closing inbound",
        complaints=("stream:error", "Connection failed"),
        polite="Received XML .*</stream:stream>",
        rudeness="talk nonsense",
    )
    return run(stack, [*as_ejabberd, *environment, *node], f"{folder}/output", running)
