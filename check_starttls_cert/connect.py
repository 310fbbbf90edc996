"""From a host name to a connected socket, within the deadline.

Name resolution has no timeout of its own in any operating system, so it runs in a thread that is
left behind when the deadline has passed. Every address gets its share of the time that is left:
a first address whose packets vanish must not hide a second one that works.

Where this machine has no thread, descriptor or memory left, the operating system's own error is raised: that says
nothing of the service, which was not asked.
"""

from __future__ import annotations

import socket
import threading

from check_starttls_cert.errors import OWN_LIMITS, ConnectError, DeadlineExceeded, ResolveError
from check_starttls_cert.names import ip_address, to_ascii
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.text import printable
from check_starttls_cert.wire import Deadline
from check_starttls_cert.words import listed


class Address(NamedTuple):
    """One address of the service, as ``getaddrinfo`` gave it."""

    family: int
    sockaddr: tuple[str | int, ...]

    def __str__(self) -> str:
        return str(self.sockaddr[0])


def resolve(host: str, port: int, family: int, deadline: Deadline) -> list[Address]:
    """Return the addresses of ``host``, in the operating system's order.

    ``family`` is ``AF_UNSPEC``, ``AF_INET`` or ``AF_INET6``.
    Raises ``ResolveError`` or ``DeadlineExceeded``.
    """
    # Bytes spare Python's import of the IDNA 2003 codec.
    name = to_ascii(host).encode("ascii")
    outcome: list[object] = []

    def look_up() -> None:
        try:
            outcome.append(socket.getaddrinfo(name, port, family, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            outcome.append(error)

    if ip_address(host) is not None:
        look_up()
    elif deadline.left > 0:
        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(deadline.left)
    if not outcome:
        raise DeadlineExceeded(
            f"the resolver did not answer for {host} within {deadline.seconds:g} s",
            hint="check this machine's resolver and the DNS servers that it asks; --timeout allows more",
        )
    found = outcome[0]
    if not isinstance(found, list):
        raise unresolved(host, family, found)
    return list(dict.fromkeys(Address(entry[0], entry[4]) for entry in found))


def unresolved(host: str, family: int, error: object) -> Exception:
    """Return the error for a host name that the resolver gives no address for."""
    code = getattr(error, "errno", None)
    if isinstance(error, OSError) and code in OWN_LIMITS:
        return error
    if code == getattr(socket, "EAI_MEMORY", None):
        return MemoryError()
    reason = printable(str(getattr(error, "strerror", None) or error))  # by whatever resolver the system has
    wanted = {int(socket.AF_INET): " over IPv4", int(socket.AF_INET6): " over IPv6"}.get(family, "")
    problem = f"cannot resolve {host}{wanted}: {reason}"
    if code == getattr(socket, "EAI_AGAIN", None):
        return ResolveError(problem, hint="no DNS server answers; check this machine's resolver")
    return ResolveError(problem)


def connect(addresses: list[Address], deadline: Deadline) -> tuple[socket.socket, Address]:
    """Return a socket connected to the first address that accepts, and that address.

    Raises ``ConnectError``, which tells the addresses' reasons, or ``DeadlineExceeded``.
    """
    reasons: list[str] = []
    for index, address in enumerate(addresses):
        if deadline.left <= 0 and reasons:
            reasons.extend(f"{late}: no time left" for late in addresses[index:])
            break
        share = deadline.remaining("connection") / (len(addresses) - index)
        sock: socket.socket | None = None
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
            # One connection asks one question at a time: Nagle's delay only costs.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(share)
            sock.connect(address.sockaddr)
        except OSError as error:
            if sock is not None:
                sock.close()
            if error.errno in OWN_LIMITS:
                raise
            timed_out = isinstance(error, (socket.timeout, TimeoutError))
            reason = "no answer" if timed_out else (error.strerror or str(error)).lower()
            reasons.append(f"{address}: {reason}")
        else:
            return sock, address
    raise ConnectError(f"cannot connect to {listed(reasons)}")
