"""Trust: OpenSSL's verdict, and what to do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from observations import (
    DAY,
    EXPIRED,
    HOUR,
    INTERMEDIATE,
    NO_ISSUER,
    NOT_YET_VALID,
    ROOT,
    SECOND,
    SELF_SIGNED,
    evaluated,
    facts,
    issuing,
    seen,
    self_signed,
    unread,
    verdict,
)

from check_starttls_cert import summary
from check_starttls_cert.openssl import Trust


def test_a_trusted_chain_is_told() -> None:
    assert verdict("trust", seen()) == ("ok", "trusted")


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_an_untrusted_chain_has_the_state_that_the_user_gave_it(state) -> None:
    told, words = verdict("trust", seen(trust=NO_ISSUER), untrusted=state)
    assert told == state
    assert words.startswith("not trusted: unable to get local issuer certificate")


def test_an_untrusted_chain_is_critical_by_default() -> None:
    assert verdict("trust", seen(trust=NO_ISSUER))[0] == "critical"


@pytest.mark.parametrize(
    ("remaining", "lifetime", "trust"),
    [(-SECOND, 90 * DAY, EXPIRED), (90 * DAY + SECOND, 90 * DAY, NOT_YET_VALID)],
)
def test_the_certificates_own_dates_are_not_told_twice(remaining, lifetime, trust) -> None:
    assert verdict("trust", seen(facts(remaining, lifetime), trust)) == ("ok", "")


@pytest.mark.parametrize("trust", [EXPIRED, NOT_YET_VALID])
@pytest.mark.parametrize("remaining", [timedelta(0), 50 * DAY, 90 * DAY])
def test_dates_of_the_certificates_above_are_a_matter_of_trust(trust, remaining) -> None:
    state, words = verdict("trust", seen(facts(remaining, 90 * DAY), trust))
    assert state == "critical"
    assert words.startswith(f"not trusted: {trust.reason}: one above those that the server sends")


def test_an_expired_certificate_without_an_issuer_is_both() -> None:
    observed = seen(facts(-DAY), NO_ISSUER)
    assert verdict("trust", observed)[0] == verdict("expiry", observed)[0] == "critical"


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_is_missing() -> None:
    own = facts()
    words = verdict("trust", seen(own, NO_ISSUER, chain=unread(own)))[1]
    assert words.endswith(
        ': "R11" is not sent, or the root above it is unknown; name that with --ca-file if it is yours'
    )


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_has_expired() -> None:
    own = facts()
    words = verdict("trust", seen(own, EXPIRED, chain=unread(own)))[1]
    assert words == "not trusted: certificate has expired: one above the server's own"


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (7, "certificate signature failure", "certificates that do not belong together"),
        (23, "certificate revoked", "replace it"),
        (24, "invalid CA certificate", "issued by a real certification authority"),
        (79, "invalid CA certificate", "issued by a real certification authority"),
        (25, "path length constraint exceeded", "an issuer does not allow a chain this long"),
        (26, "unsuitable certificate purpose", "serverAuth"),
        (47, "permitted subtree violation", "not allowed to certify a name that it has"),
        (48, "excluded subtree violation", "not allowed to certify a name that it has"),
        (66, "EE certificate key too weak", "longer key"),
        (67, "CA certificate key too weak", "another authority"),
        (68, "CA signature digest algorithm too weak", "issued anew"),
    ],
)
def test_openssls_verdict_becomes_a_sentence_that_says_what_to_do(code, reason, advice) -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=code, reason=reason)))[1]
    assert words.startswith(f"not trusted: {reason}: ")
    assert advice in words


def test_a_verdict_that_nobody_foresaw_is_openssls_own_words() -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=44, reason="different CRL scope")))[1]
    assert words == "not trusted: different CRL scope"


@pytest.mark.parametrize("code", [2, 20, 21])
def test_an_unknown_root_is_named(code) -> None:
    trust = Trust(verified=False, code=code, reason="unable to get local issuer certificate")
    assert verdict("trust", seen(trust=trust))[1].endswith(
        ': unknown root "ISRG Root X1", name it with --ca-file if it is yours'
    )


def test_an_unknown_root_that_is_sent_is_named() -> None:
    trust = Trust(verified=False, code=19, reason="self-signed certificate in certificate chain")
    assert verdict("trust", seen(trust=trust, above=(INTERMEDIATE, ROOT)))[1].endswith(
        ': unknown root "ISRG Root X1", name it with --ca-file if it is yours'
    )


def test_an_incomplete_chain_may_be_one_below_a_private_root() -> None:
    assert verdict("trust", seen(trust=NO_ISSUER, above=()))[1].endswith(
        ': if "R11" is your own root, name it with --ca-file'
    )


def test_a_self_signed_certificate_is_told_what_to_do_once() -> None:
    line = summary.line(evaluated(seen(self_signed(), SELF_SIGNED)))
    assert line.count("--ca-file") == 1
    assert line.endswith("not trusted: self-signed certificate")


@pytest.mark.parametrize(
    ("path", "depth", "ago"),
    [
        (issuing(-5 * DAY), '"Issuing CA 2" at depth 1', "5 days ago"),
        ((INTERMEDIATE, *issuing(-2 * HOUR)), '"Issuing CA 2" at depth 2', "2 hours ago"),
    ],
)
def test_what_has_expired_is_told_with_its_depth(path, depth, ago) -> None:
    words = verdict("trust", seen(trust=EXPIRED, above=path))[1]
    assert words == f"not trusted: certificate has expired: {depth}, {ago}"


def test_what_is_not_yet_valid_is_told_with_its_depth() -> None:
    words = verdict("trust", seen(trust=NOT_YET_VALID, above=issuing(100 * DAY, lifetime=90 * DAY)))[1]
    assert words == 'not trusted: certificate is not yet valid: "Issuing CA 2" at depth 1, for 10 days'
