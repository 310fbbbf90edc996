"""Icinga 2: a master and those below it, each in a zone of its own, with certificates of the master's authority."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable, NamedTuple

from servers import process

MASTER, AGENT = "master", "agent"

PAUSE = 0.2
"""Seconds between two looks."""

AGAIN = 30
"""Seconds after which a check is asked for again: an agent that loads its configuration loses what it was asked."""

PASSIVE = "passive"
"""The CheckCommand of services that are brought their results."""

USER, PASSWORD = "tests", "of no worth"

GLOBAL = "global-templates"
"""The zone that every node knows."""

CONFIGURATION = """
const NodeName = "{node}"
const ZoneName = "{node}"
const PluginDir = "{plugins}"
const PluginContribDir = "{plugins}"
include <itl>
include <plugins>
{zones}
object Zone "global-templates" {{ global = true }}
object ApiListener "api" {{
  bind_host = "127.0.0.1"
  bind_port = {port}
  accept_config = {accepts}
  accept_commands = {accepts}
}}
object ApiUser "{user}" {{ password = "{password}", permissions = [ "*" ] }}
object CheckerComponent "checker" {{ }}
"""

ZONE = """
object Endpoint "{node}" {{ host = "127.0.0.1", port = {port} }}
object Zone "{node}" {{ endpoints = [ "{node}" ]{parent} }}
"""

Zones = dict[str, dict[str, str]]
"""Zone -> file -> its text."""


def trusting(authority: str) -> ssl.SSLContext:
    """Return the context of a client that trusts an authority of Icinga's, whose certificate is less than strict."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


class Node(NamedTuple):
    """A running Icinga, seen through its API."""

    name: str
    port: int
    authority: str
    """The certificate of the authority."""
    log: str

    def __call__(self, method: str, path: str, **body: Any) -> list[dict[str, Any]]:
        """Return the results of a request, none where the object is not there."""
        context = trusting(self.authority)
        connection = http.client.HTTPSConnection(self.name, self.port, context=context)
        plain = socket.create_connection(("127.0.0.1", self.port), process.PATIENCE)
        with plain, context.wrap_socket(plain, server_hostname=self.name) as connection.sock:
            credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            headers = {"Accept": "application/json", "Authorization": f"Basic {credentials}"}
            connection.request(method, f"/v1/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status == http.client.NOT_FOUND:
            return []
        assert answer.status == http.client.OK, text
        return json.loads(text)["results"]


def command(folder: str, *arguments: str) -> list[str]:
    """Return the command that runs Icinga as whoever runs the tests, with all of its files in a folder."""
    program = process.find("icinga2")
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        raise process.Unavailable("Icinga wants a user and a group that have names") from None
    places = {
        "ConfigDir": "etc",
        "ZonesDir": "etc/zones.d",
        "DataDir": "data",
        "LogDir": "log",
        "CacheDir": "cache",
        "SpoolDir": "spool",
        "InitRunDir": "run",
    }
    for place in places.values():
        os.makedirs(f"{folder}/{place}", exist_ok=True)
    defines = (f"--define={constant}={folder}/{place}" for constant, place in places.items())
    variables = f"ICINGA2_USER={user}", f"ICINGA2_GROUP={group}"
    return [process.find("env"), *variables, program, *arguments, *defines]


def identities(folder: str, *below: str) -> str:
    """Make a certificate for the master and each node below it; return the folder with a folder a node."""
    process.run(command(folder, "pki", "new-ca"))
    for node in (MASTER, *below):
        own = f"{folder}/{node}"
        os.mkdir(own)
        key, request, certificate = (f"{own}/{node}.{suffix}" for suffix in ("key", "csr", "crt"))
        process.run(command(folder, "pki", "new-cert", "--cn", node, "--key", key, "--csr", request))
        process.run(command(folder, "pki", "sign-csr", "--csr", request, "--cert", certificate))
        shutil.copy(f"{folder}/data/ca/ca.crt", own)
    return folder


def configure(folder: str, known: str, plugins: str, zones: Zones, below: Sequence[str] = ()) -> dict[str, Node]:
    """Write the nodes' configuration; the files of ``zones`` are the master's, which sends each its share."""
    ports = dict(zip((MASTER, *below), process.free_ports(1 + len(below))))
    everyone = "".join(
        ZONE.format(node=node, port=port, parent="" if node == MASTER else f', parent = "{MASTER}"')
        for node, port in ports.items()
    )
    nodes = {}
    for node, port in ports.items():
        own = f"{folder}/{node}"
        accepts = "false" if node == MASTER else "true"
        os.makedirs(f"{own}/etc")
        shutil.copytree(f"{known}/{node}", f"{own}/data/certs")
        settings = {"node": node, "plugins": plugins, "zones": everyone, "port": port, "accepts": accepts}
        text = CONFIGURATION.format(**settings, user=USER, password=PASSWORD)
        process.write(f"{own}/etc/icinga2.conf", text)
        nodes[node] = Node(node, port, f"{own}/data/certs/ca.crt", f"{own}/output")
    for zone, files in zones.items():
        os.makedirs(f"{folder}/{MASTER}/etc/zones.d/{zone}", exist_ok=True)
        for name, text in files.items():
            process.write(f"{folder}/{MASTER}/etc/zones.d/{zone}/{name}", text)
    return nodes


def daemon(folder: str, node: str, *arguments: str) -> list[str]:
    """Return the command that runs a node."""
    own = f"{folder}/{node}"
    return command(own, "daemon", "--config", f"{own}/etc/icinga2.conf", *arguments)


def looked(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return the condition with a pause before each look, because a look costs both sides a handshake."""

    def look() -> bool:
        time.sleep(PAUSE)
        return condition()

    return look


def start(  # noqa: PLR0913, PLR0917 - what a cluster is made of
    stack: contextlib.ExitStack,
    folder: str,
    known: str,
    plugins: str,
    zones: Zones,
    below: Sequence[str] = (AGENT,),
) -> dict[str, Node]:
    """Start the master and the nodes below it; return when these have what they shall know and the master sees them.

    ``known`` is a folder of ``identities``, ``plugins`` the plugin directory.
    """
    nodes = configure(folder, known, plugins, zones, below)
    commands = [process.Command(daemon(folder, node), nodes[node].log) for node in nodes]
    for node, server in zip(nodes.values(), process.start(stack, *commands)):
        process.await_port(node.port, server, node.log)

    def is_connected(node: str) -> bool:
        (endpoint,) = nodes[MASTER]("GET", f"objects/endpoints/{node}")
        return bool(endpoint["attrs"]["connected"] and nodes[node]("GET", "objects/checkcommands/starttls_cert"))

    def connected() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return all(map(is_connected, below))
        return False

    process.await_that(looked(connected), lambda: "\n".join(process.read(node.log) for node in nodes.values()))
    return nodes


def start_master(stack: contextlib.ExitStack, folder: str, master: Node) -> None:
    """Start the master alone, again too; return when its API answers."""
    (server,) = process.start(stack, process.Command(daemon(folder, MASTER), master.log))
    process.await_port(master.port, server, master.log)


@contextlib.contextmanager
def events(master: Node) -> Iterator[list[dict[str, Any]]]:
    """Yield the check results that come in from now on; the list grows, and is whole in the end."""
    found: list[dict[str, Any]] = []
    context = trusting(master.authority)
    plain = socket.create_connection(("127.0.0.1", master.port), process.PATIENCE)
    with context.wrap_socket(plain, server_hostname=master.name) as connection:
        body = json.dumps({"queue": "tests", "types": ["CheckResult"]})
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        head = ["POST /v1/events HTTP/1.1", "Host: master", "Accept: application/json"]
        head += [f"Authorization: Basic {credentials}", f"Content-Length: {len(body)}", "", body]
        connection.sendall("\r\n".join(head).encode())
        answer = connection.makefile("rb")
        assert b" 200 " in answer.readline()

        def read() -> None:
            with contextlib.suppress(OSError, ValueError):
                # A chunk each; the lines between them are no JSON.
                found.extend(json.loads(line) for line in answer if line.startswith(b"{"))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield found
        finally:
            connection.shutdown(socket.SHUT_RDWR)
            reader.join(process.PATIENCE)


def checked(master: Node) -> dict[str, dict[str, Any]]:
    """Return the attributes of all services, by "host!service", when each that is checked was so where it is to be.

    Whatever result a service has else, as that the agent is not connected, it is checked again.
    """
    found: dict[str, dict[str, Any]] = {}
    asked: dict[str, tuple[float, float]] = {}

    def done(service: dict[str, Any]) -> bool:
        result = service["last_check_result"] or {"command": None}
        where = service["command_endpoint"] or service["zone"]
        return result["command"] is not None and result["check_source"] == where

    def all_done() -> bool:
        found.update((row["name"], row["attrs"]) for row in master("GET", "objects/services"))
        active = [name for name in found if found[name]["check_command"] != PASSIVE]
        missing = [name for name in active if not done(found[name])]
        for name in missing:
            last_check, when = asked.get(name, (0, 0))
            if last_check != found[name]["last_check"] or time.monotonic() > when + AGAIN:
                master("POST", "actions/reschedule-check", type="Service", service=name, force=True)
                asked[name] = (found[name]["last_check"], time.monotonic())
        return not missing

    process.await_that(looked(all_done), lambda: f"{list(found)} were not all checked:\n{process.read(master.log)}")
    return found
