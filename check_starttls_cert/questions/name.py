"""Does the certificate cover every reference name?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.certificate import Facts
from check_starttls_cert.names import covers, ip_address
from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.words import address_text, enumerated

PLACES = {"cn": "common name", "san": "subject alternative name", "cn_san": "name"}
"""What is compared, by ``--name-check``."""


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare with the common names, the alternative names, or both. The value is how many names are not covered."""
    if policy.name_check == "none":
        return Answer(words="name not checked")
    common, alternative, addresses = presented(observation.shown.leaf, policy.name_check)

    def covered(reference: str) -> bool:
        wanted = ip_address(reference)
        if wanted is None:
            return any(covers(name, reference) for name in (*alternative, *common))
        # RFC 9525 section 6.4: octet by octet. A dNSName that looks like an address is not one;
        # a common name is free text, in which the address may be written.
        return wanted in addresses or wanted in map(ip_address, common)

    failed = [name for name in policy.names if not covered(name)]
    if not failed:
        return Answer(value=0)
    listed = dict.fromkeys((*alternative, *map(address_text, addresses), *common))
    words = (
        f"not covered by {enumerated(listed)}" if listed else f"not covered, there is no {PLACES[policy.name_check]}"
    )
    if any(name in listed for name in failed):
        # Only an address can be listed and not covered (RFC 9525 section 6.4).
        words += " (an address takes an iPAddress entry, a dNSName is none)"
    return Answer(State.CRITICAL, f"name: {', '.join(failed)} {words}", value=len(failed))


def presented(facts: Facts, name_check: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[bytes, ...]]:
    """Return the common names, dNSNames and iPAddresses that are asked."""
    return (
        facts.common_names if name_check in ("cn", "cn_san") else (),
        facts.dns_names if name_check in ("san", "cn_san") else (),
        facts.ip_addresses if name_check in ("san", "cn_san") else (),
    )
