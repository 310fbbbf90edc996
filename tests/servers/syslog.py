"""A system log for servers that know no other: what they send to ``/dev/log`` ends up in a file."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

from servers import process

# The C library always speaks to /dev/log. A mount namespace has it be ours, for one program alone.
SCRIPT = """
for node in null random urandom; do
    : > "$0/$node"
    mount --bind /dev/$node "$0/$node"
done
mount --rbind "$0" /dev
exec "$@"
"""


def listen(stack: contextlib.ExitStack, folder: str, log: str) -> list[str]:
    """Write into ``log`` what comes; return the command that has the one after it speak to us."""
    process.as_root()
    unshare = [process.find("unshare"), "--mount"]
    process.run([*unshare, "true"])  # which containers refuse
    devices = f"{folder}/dev"
    os.mkdir(devices)
    sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sock.bind(f"{devices}/log")
    os.chmod(f"{devices}/log", 0o666)
    copier = threading.Thread(target=_copy, args=(sock, log))
    copier.start()
    stack.callback(copier.join)
    stack.callback(sock.shutdown, socket.SHUT_RDWR)
    return [*unshare, "sh", "-euc", SCRIPT, devices]


def _copy(sock: socket.socket, log: str) -> None:
    with open(log, "ab", buffering=0) as file:
        while message := sock.recv(8192):
            file.write(message.rstrip(b"\0\n") + b"\n")
