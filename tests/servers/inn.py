"""INN's reader daemon, alone: NNTP with STARTTLS, and NNTP inside TLS. It has no log but the system's."""

from __future__ import annotations

import contextlib
import os

from servers import process, syslog
from servers.running import Certificate, Running, as_user, folder_of, run

INN = """
mta: "/bin/true %s"
organization: Nobody
pathhost: news.example.test
domain: example.test
fromhost: example.test
hismethod: hisv6
ovmethod: tradindexed
enableoverview: true
runasuser: news
runasgroup: news
pathnews: {folder}
pathbin: {programs}
pathetc: {folder}
pathdb: {folder}
pathlog: {folder}
pathrun: {folder}
pathspool: {folder}
pathtmp: {folder}
pathhttp: {folder}
tlscafile: {certificate.anchors}
tlscertfile: {certificate.chain}
tlskeyfile: {certificate.key}
nnrpdloadlimit: 0
"""

STORAGE = """
method tradspool {
  class: 0
  newsgroups: *
}
"""

READERS = """
auth all {
  hosts: "*"
  default: "<reader>"
}
access all {
  users: "<reader>"
  newsgroups: "*"
}
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start nnrpd for NNTP with STARTTLS."""
    return _start(stack, folder, certificate, "nntp", 1)


def start_implicit(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start nnrpd for NNTP inside TLS."""
    return _start(stack, folder, certificate, "nntps", 0, "-S")


def _start(
    stack: contextlib.ExitStack, folder: str, certificate: Certificate, service: str, visits: int, *options: str
) -> Running:
    process.as_root()
    program = process.find("nnrpd", "/usr/lib/news/bin")
    programs = os.path.dirname(program)
    own = folder_of("news", f"{folder}/own")
    (port,) = process.free_ports(1)
    text = INN.format(folder=own, programs=programs, certificate=certificate.copied(own, "news"))
    configuration = process.write(f"{own}/inn.conf", text)
    process.write(f"{own}/readers.conf", READERS)
    process.write(f"{own}/storage.conf", STORAGE)
    for name in ("active", "newsgroups", "history"):
        process.write(f"{own}/{name}", "")
    folder_of("news", f"{own}/overview")
    # Unpacked, its libraries are not where the loader looks for them.
    environment = ["env", f"INNCONF={configuration}", f"LD_LIBRARY_PATH={os.path.dirname(programs)}"]
    index = [*as_user("news"), *environment, process.find("tdx-util", programs), "-c", "-n", "test.group"]
    process.run(index)
    log = f"{folder}/log"
    command = syslog.listen(stack, folder, log)
    running = Running({service: port}, log, over=" times user ", complaints=("unrecognized",), rudeness="talk nonsense")
    arguments = [*command, *environment, program, "-D", "-f", "-b", "127.0.0.1", "-p", str(port), *options]
    return run(stack, arguments, f"{folder}/output", running, visits)
