"""Does the chain lead to a trust anchor?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert import openssl
from check_starttls_cert.chain import Chain
from check_starttls_cert.observation import Observation, Presented
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.words import quoted, span


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Give OpenSSL's verdict, unless it only repeats another question's."""
    shown = observation.shown
    trust, facts = shown.trust, shown.leaf
    if trust.verified:
        return Answer(words="trusted")
    if facts.self_signed and policy.allow_self_signed:
        return Answer()
    if trust.code in DATES and not facts.not_before <= now <= facts.not_after:
        # OpenSSL checks dates after it has found the anchor and verified the signature:
        # the certificate's own dates are all that is wrong, and expiry says so.
        return Answer()
    return Answer(State.CRITICAL, f"not trusted: {sentence(shown, now)}")


DATES = (openssl.CERT_NOT_YET_VALID, openssl.CERT_HAS_EXPIRED)

ADVICE = {
    openssl.CERT_SIGNATURE_FAILURE: "the server sends certificates that do not belong together",
    openssl.CERT_REVOKED: "replace it",
    openssl.INVALID_CA: "have the certificate issued by a real certification authority",
    openssl.INVALID_CA_BEFORE_3_0: "have the certificate issued by a real certification authority",
    openssl.PATH_LENGTH_EXCEEDED: (
        "an issuer does not allow a chain this long; have the certificate issued by another"
    ),
    openssl.INVALID_PURPOSE: ("it is not meant for TLS servers; have it issued with the extended key usage serverAuth"),
    openssl.PERMITTED_VIOLATION: (
        "an issuer is not allowed to certify a name that it has; have it issued without that name"
    ),
    openssl.EXCLUDED_VIOLATION: (
        "an issuer is not allowed to certify a name that it has; have it issued without that name"
    ),
    openssl.EE_KEY_TOO_SMALL: "have it issued for a longer key",
    openssl.CA_KEY_TOO_SMALL: "have the certificate issued by another authority",
    openssl.CA_MD_TOO_WEAK: "have the certificate issued anew",
}
"""What to do about an OpenSSL verdict, where that does not depend on the chain at hand."""


def sentence(shown: Presented, now: datetime) -> str:
    """Return OpenSSL's verdict as a sentence that says what to do."""
    trust, chain = shown.trust, shown.chain
    reason, advice = trust.reason, ADVICE.get(trust.code, "")
    if trust.code == openssl.DEPTH_ZERO_SELF_SIGNED_CERT and not shown.leaf.self_signed:
        # OpenSSL goes by the names; the signature tells that another key made it.
        reason = "issued by another key under its own name"
    if shown.leaf.self_signed:
        advice = ""  # the question self-signed says what to do
    elif trust.code in DATES:
        advice = out_of_date(chain, now)
    elif trust.code in openssl.ISSUER_UNKNOWN:
        top = chain.path[-1]
        root = quoted(top.display_name if top.self_signed else top.issuer_name)
        advice = f"unknown root {root}, name it with --ca-file if it is yours"
        if not chain.readable:
            advice = f"{root} is not sent, or the root above it is unknown; name that with --ca-file if it is yours"
        elif chain.missing is not None:
            # That the server should send it is the question chain's to say.
            advice = f"if {root} is your own root, name it with --ca-file"
    return f"{reason}: {advice}" if advice else reason


def out_of_date(chain: Chain, now: datetime) -> str:
    """Return which certificate of the path is not valid now, and since when or until when."""
    for depth, facts in enumerate(chain.path):
        if facts.not_after < now:
            return f"{quoted(facts.display_name)} at depth {depth}, {span(now - facts.not_after)} ago"
        if facts.not_before > now:
            return f"{quoted(facts.display_name)} at depth {depth}, for {span(facts.not_before - now)}"
    if not chain.readable:
        return "one above the server's own"
    return "one above those that the server sends; renew it in the trust store"
