"""Which host and service of a monitoring system a target is: one rule for all systems that take passive results."""

from __future__ import annotations

from collections.abc import Mapping

from check_starttls_cert.settings import Target
from check_starttls_cert.starttls.protocols import PROTOCOLS
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.text import printable

HOST, NAME = "monitoring_host", "monitoring_service"
"""The inventory's words for it."""

PREFIX = "starttls_cert-"
"""How the names of services begin that ``contrib/icinga2`` makes of a host's entries."""

MAX_LENGTH = 255
"""Characters of a name: what the databases of Icinga and Nagios have room for."""


class Service(NamedTuple):
    """A service."""

    host: str
    name: str

    def __str__(self) -> str:
        return f"{self.host}!{self.name}"


def service(target: Target, marks: Mapping[str, str]) -> Service:
    """Return the service that a target is.

    Only what stands in the inventory of the target itself decides, so that a service keeps its name, and its history,
    whatever other targets come. The port is in it where it is not the protocol's own, the name where it is another than
    the host's.
    """
    host = marks.get(HOST, target.host)
    name = marks.get(NAME)
    if name is None:
        name = PREFIX + target.protocol
        if target.port != PROTOCOLS[target.protocol].port:
            name += f"-{target.port}"
        if target.name not in (target.host, host):
            name += f"-{target.name}"
    return Service(host, name)


def parse_object(text: str) -> str:
    """Return the name of a host or service."""
    if not text.strip() or text != text.strip() or len(text) > MAX_LENGTH or not text.isprintable() or "!" in text:
        raise ValueError(
            f'"{printable(text)}" is no name of a host or service; allowed are up to {MAX_LENGTH} characters, '
            'without control characters, "!" and blanks at the ends'
        )
    return text
