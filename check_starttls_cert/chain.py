"""The chain: which way it leads up, what the server should have sent, and what it need not send; pure.

*Sent* is what the server presents, its own certificate first. *Path* is what counts: the certificates from
the server's own up to the trust anchor that OpenSSL found, or, without one, as far up as the sent ones and a known
anchor lead. An expired cross-certificate that is sent but not on the path harms nobody.

Nothing is said to be missing that may be there: a certificate that cannot be read, or a signature that cannot be
checked, leaves the question open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from check_starttls_cert import certificate
from check_starttls_cert.certificate import Facts
from check_starttls_cert.errors import CertificateError
from check_starttls_cert.openssl import ISSUER_UNKNOWN, Trust
from check_starttls_cert.static_typing import NamedTuple

MAX_CERTIFICATES = 32
"""Certificates of a chain, and namesakes in a store, that are looked at: each may have to be tried for each other."""

MAX_ANCHORS = 10_000
"""Trust anchors among which an issuer's name is looked for; operating systems have 150."""


class Namesake(NamedTuple):
    """A certificate that bears the name of an issuer but did not sign: its key is another."""

    facts: Facts
    sent: bool
    """By the server; else it is in the trust store."""


class Chain(NamedTuple):
    """A server's chain."""

    sent: tuple[Facts, ...]
    """All that were sent and can be read, the server's own first."""
    path: tuple[Facts, ...]
    verified: bool
    """The path ends at a trust anchor."""
    readable: bool = True
    """All that was sent is known. Python 3.9 tells the server's own certificate only."""
    anchored: bool = False
    """OpenSSL found a trust anchor and refused the chain for another reason: nothing is missing."""
    unreadable: tuple[int, ...] = ()
    """Places in what was sent, the server's own being 0, of certificates that cannot be read."""
    namesakes: tuple[Namesake, ...] = ()
    """Of the issuer that is missing or unknown."""

    @property
    def missing(self) -> Facts | None:
        """The certificate whose issuer the server should have sent, if it is known that there is one.

        RFC 8446 section 4.4.2: each certificate but a trust anchor has to be sent. Without a verdict, an
        issuer that is not sent may be a trust anchor that is not known here: it counts as missing only for
        the server's own certificate.
        """
        if not self.readable or self.unreadable:
            return None
        sent = set(map(_identity, self.sent))
        for below, above in zip(self.path, self.path[1:]):
            # An anchor that is no root is one here only: other clients need it, and what is above it.
            is_root = above.der == self.path[-1].der and above.self_issued
            if _identity(above) not in sent and not is_root:
                return below
        leaf = self.path[0]
        if not leaf.issuer:
            return None  # nobody is named
        alone = len(self.path) == 1 and not self.verified and not self.anchored
        # With an anchor of the issuer's name in the store, the issuer is an anchor that has another key there.
        is_anchor = any(not namesake.sent for namesake in self.namesakes)
        return leaf if alone and not leaf.self_issued and not is_anchor else None

    @property
    def ordering_problems(self) -> list[str]:
        """What is wrong with the way the chain is sent, though clients cope."""
        found = []
        ders = [facts.der for facts in self.sent]
        path = [facts.der for facts in self.path]
        unique = list({facts.der: facts for facts in self.sent}.values())
        found += [f'"{facts.display_name}" is sent more than once' for facts in unique if ders.count(facts.der) > 1]
        roots = [facts for facts in unique[1:] if facts.der in path and self._is_root(facts)]
        found += [f'the root "{facts.display_name}" is sent though clients must have it' for facts in roots]
        # RFC 8446 section 4.4.2: each certificate should certify the one before it.
        places = [path.index(facts.der) for facts in unique if facts.der in path and facts not in roots]
        if places != sorted(places):
            found.append("it is sent in the wrong order")
        needed = {_identity(facts) for facts in self.path if not facts.self_issued}
        found += [
            f'"{facts.display_name}" is sent and not needed'
            for facts in unique
            if facts.der not in path and _identity(facts) not in needed
        ]
        return found

    def _is_root(self, facts: Facts) -> bool:
        # Of a verified path nobody asks whether the anchor verifies itself: it is trusted anyway.
        return bool(facts.self_signed) or (self.verified and facts.self_issued and facts.der == self.path[-1].der)


def _identity(facts: Facts) -> tuple[bytes, ...]:
    """Return what an issuer is to those below it: a name and a key. Its certificate may have been renewed."""
    return (facts.canonical_subject, facts.spki) if facts.canonical_subject and facts.spki else (facts.der,)


def build(
    sent: tuple[bytes, ...],
    verified_path: tuple[bytes, ...],
    trust: Trust,
    anchors: tuple[bytes, ...] = (),
    complete: bool = True,
) -> Chain:
    """Return the chain of a server that sent these certificates, its own first.

    ``verified_path`` is what OpenSSL made of them, empty where it does not tell; ``anchors`` are those that may be
    asked why the path does not end at one; ``complete`` is whether ``sent`` is all that was sent. At most
    ``MAX_CERTIFICATES`` are looked at. Raises ``CertificateError`` when the server's own cannot be read.

    Signatures are checked only where OpenSSL does not vouch for them: of a chain that is not trusted, and of a
    leaf that bears its issuer's name.
    """
    readable, unreadable = [_self_signed(certificate.read(sent[0]))], []
    for place, der in enumerate(sent[1:MAX_CERTIFICATES], 1):
        try:
            facts = certificate.read(der)
        except CertificateError:
            unreadable.append(place)
        else:
            readable.append(facts if trust.verified else _self_signed(facts))
    known = {facts.der: facts for facts in readable}
    anchored = not trust.verified and trust.code not in ISSUER_UNKNOWN
    if trust.verified and verified_path:
        path = tuple(_path_of(verified_path, known))
    else:
        path = path_up(tuple(known.values()), anchors)
    chain = Chain(
        sent=tuple(readable),
        path=path,
        verified=trust.verified and bool(verified_path),
        readable=complete and len(sent) <= MAX_CERTIFICATES,
        anchored=anchored,
        unreadable=tuple(unreadable),
    )
    below = chain.missing or (None if trust.verified else path[-1])
    return chain if below is None else chain._replace(namesakes=tuple(_namesakes(below, known, anchors)))


def path_up(sent: tuple[Facts, ...], anchors: tuple[bytes, ...] = ()) -> tuple[Facts, ...]:
    """Return the way up from the server's own certificate, as far as the sent ones and one anchor lead."""
    path = list(sent[:1])
    while len(path) < MAX_CERTIFICATES and path[-1].der not in anchors:
        if path[-1].self_issued and path[-1].self_signed is not False:
            break
        used = {facts.der for facts in path}
        above = _issuer(path[-1], (facts for facts in sent if facts.der not in used))
        if above is None:
            top = _issuer(path[-1], (facts for facts in _named(path[-1], anchors) if facts.der not in used))
            path += [_self_signed(top)] if top else []
            break
        path.append(above)
    return tuple(path)


def _issuer(below: Facts, candidates: Iterable[Facts]) -> Facts | None:
    """Return the certificate whose key signed, or may have signed, the one below."""
    from check_starttls_cert.signature import verifies

    found = []
    for facts in candidates:
        if facts.canonical_subject != below.canonical_issuer or not facts.canonical_subject:
            continue
        verdict = verifies(below, facts)
        if verdict is False:
            continue
        # RFC 4158 section 3.5: key identifiers rank issuers and exclude none. Of several with the same key, the one
        # that lasts is the one that clients will use.
        same_key = facts.subject_key_id == below.authority_key_id
        found.append((verdict is True, same_key, facts.not_after, facts))
    return max(found, key=lambda each: each[:3])[3] if found else None


def _namesakes(below: Facts, sent: dict[bytes, Facts], anchors: tuple[bytes, ...]) -> Iterator[Namesake]:
    """Yield the certificates that have the name of an issuer and another key."""
    from check_starttls_cert.signature import verifies

    wanted = below.canonical_issuer
    named = [facts for facts in sent.values() if wanted and facts.canonical_subject == wanted]
    named += [facts for facts in _named(below, anchors) if facts.der not in sent]
    for facts in named:
        if facts.der != below.der and verifies(below, facts) is False:
            yield Namesake(facts, facts.der in sent)


def _named(below: Facts, anchors: tuple[bytes, ...]) -> Iterator[Facts]:
    """Yield the first anchors that have the name of the issuer."""
    wanted = below.canonical_issuer
    found = (der for der in anchors[:MAX_ANCHORS] if wanted and certificate.canonical_subject(der) == wanted)
    for der in islice(found, MAX_CERTIFICATES):
        with suppress(CertificateError):
            yield certificate.read(der)


def _path_of(verified_path: tuple[bytes, ...], known: dict[bytes, Facts]) -> Iterator[Facts]:
    """Yield the facts of OpenSSL's path. An anchor that cannot be read can have no date that is judged."""
    for der in verified_path:
        if der in known:
            yield known[der]
        else:
            with suppress(CertificateError):
                yield certificate.read(der)


def _self_signed(facts: Facts) -> Facts:
    """Return the facts with the answer whether the certificate is self-signed (RFC 5280 section 3.2)."""
    if not facts.self_issued:
        return facts
    from check_starttls_cert.signature import verifies

    return facts._replace(self_signed=verifies(facts, facts))
