"""Why OpenSSL does not trust a chain, and what to do: from its code, the chain that was sent, and the anchors.

One function a cause. OpenSSL's number alone misleads: what it means depends on what the server sent and what the
user named. A cause that is not known to be true is not told; OpenSSL's own words are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from check_starttls_cert import openssl
from check_starttls_cert.certificate import ALGORITHMS_DIFFER, Facts
from check_starttls_cert.observation import Presented, Store
from check_starttls_cert.text import printable
from check_starttls_cert.words import called, listed, span

FOR_SERVERS = {"digitalSignature", "keyEncipherment", "keyAgreement"}
"""What the key of a TLS server must be allowed to do: one of these (OpenSSL's purpose sslserver)."""

SERVER_PURPOSES = {"serverAuth", "msSGC", "nsSGC"}
"""One of these, where there is an extendedKeyUsage."""


HARMLESS = {"authorityInfoAccess"}
"""What OpenSSL does not read, so that nothing is refused for it."""


def sentence(shown: Presented, store: Store, now: datetime) -> str:
    """Return OpenSSL's verdict as a sentence that names the cause and says what to do."""
    trust = shown.trust
    reason = printable(trust.reason)
    if trust.code == openssl.DEPTH_ZERO_SELF_SIGNED_CERT and not shown.self_signed:
        # OpenSSL goes by the names; the signature tells that another key made it.
        reason = "issued by another key under its own name"
    if shown.self_signed and not shown.anchored:
        return reason  # the question self-signed says what to do
    words = CAUSES[trust.code](shown, store, now) if trust.code in CAUSES else malformed(shown)
    if words:
        return f"{reason}: {words}"
    known = openssl.VERIFY_ERRORS.get(trust.code)
    return f"{reason} (OpenSSL code {trust.code}" + (f": {known[1]})" if known else ")")


def unknown_issuer(shown: Presented, store: Store, now: datetime) -> str:
    """More anchors could help, or a certificate that the server does not send."""
    chain = shown.chain
    top = chain.path[-1]
    odd = malformed(shown)
    if shown.leaf.self_issued:
        return odd or "OpenSSL takes it for its own issuer; have it issued under a name of its own"
    if top.der not in [facts.der for facts in chain.sent]:
        return odd or refused_anchor(shown, store)
    if not top.issuer:
        return odd or f"{called(top.display_name)} names no issuer; have it issued again"
    root = called(top.display_name if top.self_issued else top.issuer_name)
    add = f"add it to {printable(store.description)}" if store.private else "name it with --ca-file"
    if other_key := namesake(shown, store, sent=False):
        words = f"{other_key}; {add.replace(' it ', ' the right one ', 1)}"
    elif not chain.readable:
        words = (
            f"{root} is not sent, or the root above it is unknown; {add.replace(' it ', ' that ', 1)} if it is yours"
        )
    elif chain.unreadable:
        words = f"what the server sends above its own certificate cannot be read; if {root} is your own root, {add}"
    elif any(each.sent for each in chain.namesakes):
        # What is wrong with the one that is sent is the question chain's to say.
        words = f"have the server send the {root} that signed {called(top.display_name)}"
    elif chain.missing is not None:
        # That the server should send it is the question chain's to say.
        words = f"if {root} is your own root, {add}"
    elif top.self_issued:
        words = f"unknown root {root}, {add} if it is yours"
    else:
        # Whether it is a root is not known: the server may have to send it.
        words = (
            f"{root}, issuer of {called(top.display_name)}, is neither sent nor known; if it is your own root, {add}"
        )
    return f"{words}, and {odd}" if odd else words


def bad_signature(shown: Presented, store: Store, now: datetime) -> str:
    """The issuer that OpenSSL found has another key than the one that signed."""
    for facts in shown.chain.path:
        if ALGORITHMS_DIFFER in facts.malformed:
            return f"{called(facts.display_name)} is malformed ({ALGORITHMS_DIFFER}), have it issued again"
    return (
        namesake(shown, store, sent=False)
        or namesake(shown, store, sent=True)
        or f"{called(shown.leaf.display_name)} or one above it was altered, or its issuer has another key now"
    )


def namesake(shown: Presented, store: Store, sent: bool) -> str:
    """Return which certificate has the issuer's name and another key, among those sent or among the anchors."""
    asked = {facts.authority_key_id for facts in shown.chain.path}
    found = [each.facts for each in shown.chain.namesakes if each.sent is sent]
    # With the key identifier that is asked for (RFC 5280 section 4.2.1.1) it is no other key.
    found = [facts for facts in found if facts.subject_key_id is None or facts.subject_key_id not in asked]
    if not found:
        return ""
    where = f"in {printable(store.description)}" if store.private else "in the trust store"
    which = "that the server sends" if sent else where
    below = next(
        (facts for facts in shown.chain.path if facts.canonical_issuer == found[0].canonical_subject), shown.leaf
    )
    issuer = called(found[0].display_name)
    return f"the {issuer} {which} has another key than the one that signed {called(below.display_name)}"


def out_of_date(shown: Presented, store: Store, now: datetime) -> str:
    """Say which certificate of the path is not valid now, and since when or until when."""
    chain = shown.chain
    sent = [facts.der for facts in chain.sent]
    for depth, facts in enumerate(chain.path):
        where = f"{called(facts.display_name)} at depth {depth}"
        renew = "" if facts.der in sent else "; renew it in the trust store"
        if facts.not_after < now:
            return f"{where}, {span(now - facts.not_after)} ago{renew}"
        if facts.not_before > now:
            return f"{where}, for {span(facts.not_before - now)}"
    if not chain.readable:
        return "one above the server's own"
    if chain.unreadable:
        return "one that the server sends and that cannot be read, or one above it"
    return "one above those that the server sends; renew it in the trust store"


def no_authority(shown: Presented, store: Store, now: datetime) -> str:
    """Say which issuer may not issue, and why not."""
    instead = "have the certificate issued by a real certification authority"
    for facts in shown.chain.path[1:]:
        if facts.is_ca is None and not facts.self_issued:  # a root may be older than that extension
            return (
                f"{called(facts.display_name)} has no basicConstraints, so it is no certification authority; {instead}"
            )
        if facts.is_ca is False:
            return f"{called(facts.display_name)} is no certification authority by its basicConstraints; {instead}"
        if facts.key_usage is not None and "keyCertSign" not in facts.key_usage:
            return f"the keyUsage of {called(facts.display_name)} is {uses(facts)}, without keyCertSign; {instead}"
    return instead


def path_too_long(shown: Presented, store: Store, now: datetime) -> str:
    """Say which issuer has more authorities below it than it allows."""
    for depth, facts in enumerate(shown.chain.path[1:]):
        if facts.path_length is not None and facts.path_length < depth:
            return (
                f"{called(facts.display_name)} allows {facts.path_length} authorities below it and has {depth}; "
                "have the certificate issued by another"
            )
    return "an issuer does not allow a chain this long; have the certificate issued by another"


def wrong_purpose(shown: Presented, store: Store, now: datetime) -> str:
    """Say which certificate is not for TLS servers, and which of its extensions says so."""
    leaf = shown.leaf
    if leaf.key_usage is not None and not leaf.key_usage & FOR_SERVERS:
        return f"the keyUsage of {called(leaf.display_name)} is {uses(leaf)}; have it issued with digitalSignature"
    if leaf.extended_key_usage is not None and not SERVER_PURPOSES & {*leaf.extended_key_usage}:
        purposes = listed(leaf.extended_key_usage) or "empty"
        return f"the extendedKeyUsage of {called(leaf.display_name)} is {purposes}; have it issued with serverAuth"
    if leaf.netscape_types is not None and "sslServer" not in leaf.netscape_types:
        types = listed(sorted(leaf.netscape_types)) or "empty"
        return f"the nsCertType of {called(leaf.display_name)} is {types}; have it issued without that extension"
    for facts in shown.chain.path[1:]:
        if facts.extended_key_usage is not None and not SERVER_PURPOSES & {*facts.extended_key_usage}:
            purposes = listed(facts.extended_key_usage) or "empty"
            return (
                f"the extendedKeyUsage of its issuer {called(facts.display_name)} is {purposes}, without serverAuth; "
                "have the certificate issued by an authority for TLS servers"
            )
    if not shown.chain.readable:
        return "one above the server's own is not meant for TLS servers; have the certificate issued by another"
    return malformed(shown) or "a certificate of the chain is not meant for TLS servers; have it issued with serverAuth"


def unknown_extension(shown: Presented, store: Store, now: datetime) -> str:
    """Say which critical extension OpenSSL does not know (RFC 5280 section 4.2), and whose."""
    for facts in shown.chain.path:
        if facts.unknown_critical:
            return (
                f"OpenSSL does not know the critical extension {listed(facts.unknown_critical)} of "
                f"{called(facts.display_name)}; have it issued without that extension"
            )
    return "an extension marked critical is not known to OpenSSL; have it issued without that extension"


def forbidden_name(shown: Presented, store: Store, now: datetime) -> str:
    """Name constraints (RFC 5280 section 4.2.1.10)."""
    who = " or ".join(called(facts.display_name) for facts in shown.chain.path[1:] if facts.constrains_names)
    return f"{who or 'an issuer'} is not allowed to certify a name that it has; have it issued without that name"


def malformed(shown: Presented) -> str:
    """Say what is malformed in the first certificate of the path in which anything is."""
    for facts in shown.chain.path:
        if odd := [what for what in facts.malformed if what not in HARMLESS]:
            return f"{called(facts.display_name)} is malformed ({listed(odd)}), have it issued again"
    return ""


def refused_anchor(shown: Presented, store: Store) -> str:
    """Say why OpenSSL does not take the way up, though it leads to a certificate in the store."""
    *below, top = shown.chain.path
    if shown.trust.code == openssl.UNABLE_TO_GET_ISSUER_CERT and not top.self_issued and not store.private:
        # Without X509_V_FLAG_PARTIAL_CHAIN, which is set for anchors that the user names, the way ends at a root.
        return (
            f"the trust store has {called(top.display_name)}, but not its issuer {called(top.issuer_name)}; "
            "add that, or name the one that it has with --ca-file"
        )
    # An algorithm that is not known has no name but its number.
    culprit = next((facts for facts in below if not facts.signature_algorithm[:1].isalpha()), shown.leaf)
    algorithm = culprit.signature_algorithm or "unknown"
    return f"OpenSSL does not accept {called(culprit.display_name)}, signed with {algorithm}; have it issued again"


def uses(facts: Facts) -> str:
    """Return the keyUsage as words."""
    return listed(sorted(facts.key_usage or ())) or "empty"


def _always(words: str) -> Callable[[Presented, Store, datetime], str]:
    return lambda *_: words


CAUSES: dict[int, Callable[[Presented, Store, datetime], str]] = {
    **dict.fromkeys(openssl.ISSUER_UNKNOWN, unknown_issuer),
    **dict.fromkeys(openssl.DATES, out_of_date),
    openssl.CERT_SIGNATURE_FAILURE: bad_signature,
    openssl.INVALID_CA_BEFORE_3_0: no_authority,
    openssl.INVALID_CA: no_authority,
    openssl.PATH_LENGTH_EXCEEDED: path_too_long,
    openssl.INVALID_PURPOSE: wrong_purpose,
    openssl.PERMITTED_VIOLATION: forbidden_name,
    openssl.EXCLUDED_VIOLATION: forbidden_name,
    openssl.CERT_REVOKED: _always("replace it"),
    openssl.UNHANDLED_CRITICAL_EXTENSION: unknown_extension,
    openssl.UNSUPPORTED_CONSTRAINT_TYPE: _always(
        "an issuer's name constraints are of a type unknown to OpenSSL; have the certificate issued by another"
    ),
    openssl.UNSUPPORTED_NAME_SYNTAX: _always("a name in it is malformed; have it issued again"),
    openssl.EC_KEY_EXPLICIT_PARAMS: _always(
        "a key of the chain spells its curve out; have it issued for a key on a named curve"
    ),
    openssl.EE_KEY_TOO_SMALL: _always("have it issued for a longer key"),
    openssl.CA_KEY_TOO_SMALL: _always("have the certificate issued by another authority"),
    openssl.CA_MD_TOO_WEAK: _always("have the certificate issued anew"),
}
"""By OpenSSL's code; each returns nothing where it knows no better than OpenSSL's words."""
