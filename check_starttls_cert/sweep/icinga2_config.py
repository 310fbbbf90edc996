"""Icinga 2's configuration for an inventory: a passive service for each target, UNKNOWN without results, and its hosts.

The services come first. Whose Icinga has the hosts already leaves out what stands below the second remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from check_starttls_cert.settings import Job
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.deliveries import icinga2
from check_starttls_cert.sweep.service import service
from check_starttls_cert.thresholds import plain

if TYPE_CHECKING:
    from typing import Any

SERVICES = """\
/* Services that check_starttls_cert brings results for: sweep --icinga2. Made by sweep --icinga2-config.
   Icinga runs their check where no result has come for so long: then they are UNKNOWN. */
"""

HOSTS = """
/* Hosts: leave them out where they are defined already. */
"""


def configuration(jobs: Iterable[Job], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a file for jobs, each with a line end less than it needs; ``given`` as for a delivery.

    No template: Icinga would refuse the same name in the files of two inventories.
    """
    max_age = plain(given.get("icinga2_max_age", icinga2.DEFAULT_MAX_AGE))
    yield SERVICES
    addresses: dict[str, str] = {}
    for job in jobs:
        host, name = service(job.target, job.marks)
        addresses.setdefault(host, job.target.host)
        yield (
            f"object Service {quoted(name)} {{\n  host_name = {quoted(host)}\n"
            f'  check_command = "passive"\n  check_interval = {max_age}s\n  retry_interval = {max_age}s\n'
            "  max_check_attempts = 1\n}"
        )
    yield HOSTS
    for host, address in addresses.items():
        key = "address6" if ":" in address else "address"
        yield f'object Host {quoted(host)} {{\n  check_command = "dummy"\n  {key} = {quoted(address)}\n}}'


def quoted(text: str) -> str:
    """Return a string literal of Icinga's language.

    Macros are resolved in addresses alone, and no address has a ``$``.
    """
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
