"""The chain: which way it leads up, what the server should have sent, and what it need not send; pure.

*Sent* is what the server presents, its own certificate first. *Path* is what counts: the certificates from
the server's own up to the trust anchor that OpenSSL found, or, without a verdict, as far up as the sent ones
lead. An expired cross-certificate that is sent but not on the path harms nobody.
"""

from __future__ import annotations

from typing import NamedTuple

from check_starttls_cert.certificate import Facts, issued_by


class Chain(NamedTuple):
    """A server's chain."""

    sent: tuple[Facts, ...]
    path: tuple[Facts, ...]
    verified: bool
    """The path ends at a trust anchor."""
    readable: bool = True
    """``sent`` is all that was sent. Python 3.9 tells the server's own certificate only."""
    anchored: bool = False
    """OpenSSL found a trust anchor and refused the chain for another reason: nothing is missing."""

    @property
    def missing(self) -> Facts | None:
        """The certificate whose issuer the server should have sent, if there is one.

        RFC 8446 section 4.4.2: each certificate but a trust anchor has to be sent. Without a verdict, an
        issuer that is not sent may be a trust anchor that is not known here: it counts as missing only for
        the server's own certificate.
        """
        if self.verified:
            sent = {facts.der for facts in self.sent}
            for below, above in zip(self.path, self.path[1:-1]):
                if above.der not in sent:
                    return below
            return None
        leaf = self.path[0]
        return leaf if len(self.path) == 1 and not leaf.self_issued and not self.anchored else None

    @property
    def oddities(self) -> list[str]:
        """What is wrong with the way the chain is sent, though clients cope."""
        found = []
        unique = list(dict.fromkeys(self.sent))
        found += [f'"{facts.display_name}" is sent more than once' for facts in unique if self.sent.count(facts) > 1]
        roots = [facts for facts in unique[1:] if facts in self.path and facts.self_signed]
        found += [f'the root "{facts.display_name}" is sent though clients must have it' for facts in roots]
        # RFC 8446 section 4.4.2: each certificate should certify the one before it.
        on_path = [facts for facts in unique if facts in self.path and facts not in roots]
        if on_path != sorted(on_path, key=self.path.index):
            found.append("it is sent in the wrong order")
        stray = [facts for facts in unique if facts not in self.path]
        found += [f'"{facts.display_name}" is sent and not needed' for facts in stray]
        return found


def path_of(sent: tuple[Facts, ...]) -> tuple[Facts, ...]:
    """Return the way up from the server's own certificate, as far as the sent certificates lead."""
    path = list(sent[:1])
    while not path[-1].self_issued:
        above = [facts for facts in sent if facts not in path and issued_by(path[-1], facts)]
        if not above:
            break
        # Of several with the same key, the one that lasts is the one that clients will use.
        path.append(max(above, key=lambda facts: facts.not_after))
    return tuple(path)
