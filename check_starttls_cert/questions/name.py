"""Does the certificate cover every reference name?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.certificate import Facts
from check_starttls_cert.names import covers, ip_address
from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.words import address_text, enumerated, listed

PLACES = {"cn": "common name", "san": "subject alternative name"}
"""What is compared, by ``--name-check``, where that is one place."""


class Identities(NamedTuple):
    """The identities of a certificate that a name check compares with."""

    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    ip_addresses: tuple[bytes, ...]
    address_in_common_name: bool
    """A common name may be an address."""

    def cover(self, reference: str) -> bool:
        """Return whether one of them covers the reference name or address."""
        wanted = ip_address(reference)
        if wanted is None:
            return any(covers(name, reference) for name in (*self.dns_names, *self.common_names))
        # RFC 9525 section 6.4: octet by octet. A dNSName that looks like an address is not one.
        in_common_name = self.address_in_common_name and wanted in map(ip_address, self.common_names)
        return wanted in self.ip_addresses or in_common_name

    @property
    def texts(self) -> list[str]:
        """Each of them once, as text."""
        return list(dict.fromkeys((*self.dns_names, *map(address_text, self.ip_addresses), *self.common_names)))


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Compare as ``--name-check`` says. The value is how many names are not covered."""
    if policy.name_check == "none":
        return Answer(words="name not checked")
    leaf = observation.shown.leaf
    compared = identities(leaf, policy.name_check)
    failed = [name for name in policy.names if not compared.cover(name)]
    if not failed:
        return Answer(value=0, words=remark(leaf, policy))
    said = f"not covered by {enumerated(compared.texts)}" if compared.texts else no_identity(leaf, policy.name_check)
    return Answer(State.CRITICAL, f"name: {listed(failed)} {said}{advice(failed, leaf, policy)}", value=len(failed))


def identities(facts: Facts, name_check: str) -> Identities:
    """Return what is compared.

    ``client`` is what TLS clients do: the alternative names, and the common name only in a certificate that has
    neither a dNSName nor an iPAddress, and never for an address (RFC 9525 section 6.3 asks for no common name
    at all; OpenSSL's and curl's ``X509_check_host`` and its like still read it there).
    """
    alternative = name_check != "cn"
    if name_check == "client":
        common = not facts.dns_names and not facts.ip_addresses and "subjectAltName" not in facts.malformed
    else:
        common = name_check != "san"
    return Identities(
        facts.common_names if common else (),
        facts.dns_names if alternative else (),
        facts.ip_addresses if alternative else (),
        address_in_common_name=name_check != "client",
    )


def remark(facts: Facts, policy: Policy) -> str:
    """Return a note when a name matches only by the common name, which clients ignore."""
    if policy.name_check != "cn_san" or not facts.dns_names:
        return ""
    clients = identities(facts, "client")
    only = [name for name in policy.names if not clients.cover(name)]
    return f"{listed(only)} is the common name only, which clients ignore beside a dNSName" if only else ""


def no_identity(facts: Facts, name_check: str) -> str:
    """Return words for a certificate without anything to compare with."""
    if "subjectAltName" in facts.malformed and name_check != "cn":
        return "not covered, the subject alternative names cannot be read"
    return f"not covered, there is no {PLACES.get(name_check, 'name')}"


def advice(failed: list[str], facts: Facts, policy: Policy) -> str:
    """Return what to do about names that are not covered, in parentheses; nothing where that is plain."""
    addresses = [name for name in failed if ip_address(name) is not None]
    if any(name in facts.dns_names or name in facts.common_names for name in addresses):
        # RFC 9525 section 6.4: only an iPAddress is an address.
        return " (an address takes an iPAddress entry, a dNSName or common name is none)"
    if policy.name_is_host and addresses and not facts.ip_addresses:
        return " (give the service's name with -n)"
    if policy.name_check in ("client", "san") and identities(facts, "cn").cover(failed[0]):
        return " (its common name is; clients look at the alternative names only)"
    return ""
