"""Advice: one test a cause, from the code, the chain that was sent, the anchors and what the user gave."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    EXPIRED,
    HOUR,
    INTERMEDIATE,
    NO_ISSUER,
    NOT_YET_VALID,
    ROOT,
    SELF_SIGNED,
    STORE,
    authority,
    evaluated,
    facts,
    issuing,
    seen,
    self_signed,
    unread,
    verdict,
)

from check_starttls_cert import summary
from check_starttls_cert.certificate import ALGORITHMS_DIFFER
from check_starttls_cert.chain import Chain, Namesake
from check_starttls_cert.openssl import Trust


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_is_missing() -> None:
    own = facts()
    words = verdict("trust", seen(own, NO_ISSUER, chain=unread(own)))[1]
    assert words.endswith(
        ': "R11" is not sent, or the root above it is unknown; name that with --ca-file if it is yours'
    )


def test_where_the_chain_cannot_be_read_the_purpose_of_a_good_certificate_is_not_blamed() -> None:
    own = facts(extended_key_usage=("serverAuth",))
    code = Trust(verified=False, code=26, reason="unsuitable certificate purpose")
    assert (
        ": one above the server's own is not meant for TLS servers"
        in verdict("trust", seen(own, code, chain=unread(own)))[1]
    )


def test_where_the_chain_cannot_be_read_trust_does_not_guess_who_has_expired() -> None:
    own = facts()
    words = verdict("trust", seen(own, EXPIRED, chain=unread(own)))[1]
    assert words == "not trusted: certificate has expired: one above the server's own"


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (7, "certificate signature failure", "was altered, or its issuer has another key now"),
        (23, "certificate revoked", "replace it"),
        (24, "invalid CA certificate", "issued by a real certification authority"),
        (79, "invalid CA certificate", "issued by a real certification authority"),
        (25, "path length constraint exceeded", "an issuer does not allow a chain this long"),
        (26, "unsuitable certificate purpose", "serverAuth"),
        (47, "permitted subtree violation", "not allowed to certify a name that it has"),
        (48, "excluded subtree violation", "not allowed to certify a name that it has"),
        (34, "unhandled critical extension", "without that extension"),
        (51, "unsupported name constraint type", "have the certificate issued by another"),
        (53, "unsupported or invalid name syntax", "have it issued again"),
        (94, "certificate public key has explicit ECC parameters", "a named curve"),
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
    assert words == "not trusted: different CRL scope (OpenSSL code 44: its revocation list is for other certificates)"


@pytest.mark.parametrize("code", [2, 20, 21])
def test_an_issuer_that_is_neither_sent_nor_known_is_named_and_not_called_a_root(code) -> None:
    trust = Trust(verified=False, code=code, reason="unable to get local issuer certificate")
    assert verdict("trust", seen(trust=trust))[1].endswith(
        ': "ISRG Root X1", issuer of "R11", is neither sent nor known; if it is your own root, name it with --ca-file'
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


def test_a_number_that_no_table_has_is_told_as_it_is() -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=4711, reason="something new")))[1]
    assert words == "not trusted: something new (OpenSSL code 4711)"


def test_openssls_words_are_foreign_text() -> None:
    words = verdict("trust", seen(trust=Trust(verified=False, code=4711, reason="a|b\n")))[1]
    assert words == r"not trusted: a\x7cb\n (OpenSSL code 4711)"


NAMED = STORE._replace(description="/etc/ca.pem", private=True)
"""Anchors that the user has named."""


def trust(trust: Trust = NO_ISSUER, store=STORE, **changes) -> str:
    """Return the words of the question trust."""
    return verdict("trust", seen(changes.pop("certificate", None), trust, store=store, **changes))[1]


def test_who_named_anchors_is_told_to_add_to_them() -> None:
    assert trust(store=NAMED).endswith(" is neither sent nor known; if it is your own root, add it to /etc/ca.pem")
    assert trust(store=NAMED, above=()).endswith(': if "R11" is your own root, add it to /etc/ca.pem')


@pytest.mark.parametrize("verdict_", [NO_ISSUER, Trust(verified=False, code=7, reason="certificate signature failure")])
def test_an_anchor_of_the_same_name_with_another_key_is_the_cause(verdict_) -> None:
    own = facts()
    path = Chain((own,), (own,), verified=False, namesakes=(Namesake(authority("R11"), sent=False),))
    words = trust(verdict_, NAMED, certificate=own, chain=path)
    assert 'the "R11" in /etc/ca.pem has another key than the one that signed "mta.example.com"' in words
    assert "does not send" not in words
    if verdict_ is NO_ISSUER:
        assert words.endswith("; add the right one to /etc/ca.pem")
        assert trust(certificate=own, chain=path).endswith("; name the right one with --ca-file")


def test_a_sent_issuer_with_another_key_explains_a_bad_signature() -> None:
    own = facts()
    path = Chain((own,), (own,), verified=False, namesakes=(Namesake(authority("R11"), sent=True),))
    words = trust(Trust(verified=False, code=7, reason="certificate signature failure"), certificate=own, chain=path)
    assert 'the "R11" that the server sends has another key than the one that signed "mta.example.com"' in words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"key_usage": frozenset({"keyCertSign"}), "extended_key_usage": ("serverAuth",)},
            'the keyUsage of "mta.example.com" is keyCertSign; have it issued with digitalSignature',
        ),
        (
            {"key_usage": frozenset()},
            'the keyUsage of "mta.example.com" is empty; have it issued with digitalSignature',
        ),
        (
            {"extended_key_usage": ("nsSGC",), "netscape_types": frozenset({"sslClient"})},
            'the nsCertType of "mta.example.com" is sslClient; have it issued without that extension',
        ),
        (
            {"key_usage": frozenset({"digitalSignature"}), "extended_key_usage": ("clientAuth", "1.2.3")},
            'the extendedKeyUsage of "mta.example.com" is clientAuth, 1.2.3; have it issued with serverAuth',
        ),
    ],
)
def test_a_certificate_that_is_not_for_servers_is_named_with_the_extension_that_says_so(changes, words) -> None:
    purpose = Trust(verified=False, code=26, reason="unsuitable certificate purpose")
    assert trust(purpose, certificate=facts(**changes)) == f"not trusted: unsuitable certificate purpose: {words}"


def test_an_issuer_that_is_not_for_servers_is_named() -> None:
    purpose = Trust(verified=False, code=26, reason="unsuitable certificate purpose")
    words = trust(purpose, above=issuing(900 * DAY, extended_key_usage=("clientAuth",)))
    assert words.endswith(
        'the extendedKeyUsage of its issuer "Issuing CA 2" is clientAuth, without serverAuth; '
        "have the certificate issued by an authority for TLS servers"
    )


@pytest.mark.parametrize("code", [24, 79])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_ca": False}, '"Issuing CA 2" is no certification authority by its basicConstraints; '),
        ({"is_ca": None}, '"Issuing CA 2" has no basicConstraints, so it is no certification authority; '),
        (
            {"is_ca": True, "key_usage": frozenset({"cRLSign"})},
            'the keyUsage of "Issuing CA 2" is cRLSign, without keyCertSign; ',
        ),
        ({"is_ca": True}, ""),
    ],
)
def test_an_issuer_that_may_not_issue_is_named(code, changes, words) -> None:
    found = trust(
        Trust(verified=False, code=code, reason="invalid CA certificate"), above=issuing(900 * DAY, **changes)
    )
    advice = "have the certificate issued by a real certification authority"
    assert found == f"not trusted: invalid CA certificate: {words}{advice}"


def test_an_issuer_with_too_many_below_it_is_named() -> None:
    above = (authority("R11", "R1", is_ca=True), authority("R1", "ISRG Root X1", is_ca=True, path_length=0))
    words = trust(Trust(verified=False, code=25, reason="path length constraint exceeded"), above=above)
    assert '"R1" allows 0 authorities below it and has 1; ' in words


def test_a_malformed_certificate_is_the_cause_where_the_way_up_leads_to_an_anchor() -> None:
    own = facts(malformed=("subjectAltName is there twice",))
    path = Chain((own, INTERMEDIATE), (own, INTERMEDIATE, ROOT), verified=False)
    assert trust(certificate=own, chain=path).endswith(
        ': "mta.example.com" is malformed (subjectAltName is there twice), have it issued again'
    )


def test_what_openssl_does_not_read_is_not_the_cause() -> None:
    own = facts(malformed=("authorityInfoAccess",), signature_algorithm="1.2.3.4")
    path = Chain((own, INTERMEDIATE), (own, INTERMEDIATE, ROOT), verified=False)
    assert "malformed" not in trust(certificate=own, chain=path)


def test_two_signature_algorithms_are_the_cause_of_a_bad_signature_and_other_faults_are_not() -> None:
    code = Trust(verified=False, code=7, reason="certificate signature failure")
    own = facts(malformed=("keyUsage", ALGORITHMS_DIFFER))
    assert trust(code, certificate=own).endswith(
        ': "mta.example.com" is malformed (the signature algorithm inside is not the one outside), have it issued again'
    )
    assert "malformed" not in trust(code, certificate=facts(malformed=("keyUsage",)))


def test_an_issuer_with_the_key_identifier_that_is_asked_for_has_no_other_key() -> None:
    own = facts(authority_key_id=b"key")
    issuer = Namesake(authority("R11", subject_key_id=b"key"), sent=False)
    path = Chain((own,), (own,), verified=False, namesakes=(issuer,))
    words = trust(Trust(verified=False, code=7, reason="certificate signature failure"), certificate=own, chain=path)
    assert words.endswith('"mta.example.com" or one above it was altered, or its issuer has another key now')


@pytest.mark.parametrize("whose", ["mta.example.com", "Issuing CA 2"])
def test_a_critical_extension_that_openssl_does_not_know_is_named_with_its_owner(whose) -> None:
    odd = {"unknown_critical": ("1.2.3",)}
    own = facts(**odd) if whose == "mta.example.com" else facts()
    code = Trust(verified=False, code=34, reason="unhandled critical extension")
    words = trust(code, certificate=own, above=issuing(900 * DAY, **({} if own.unknown_critical else odd)))
    assert words.endswith(
        f': OpenSSL does not know the critical extension 1.2.3 of "{whose}"; have it issued without that extension'
    )


@pytest.mark.parametrize("code", [47, 48])
def test_the_authority_for_certain_names_only_is_named(code) -> None:
    above = issuing(900 * DAY, constrains_names=True)
    assert trust(Trust(verified=False, code=code, reason="subtree violation"), above=above).endswith(
        ': "Issuing CA 2" is not allowed to certify a name that it has; have it issued without that name'
    )


def test_who_names_no_issuer_is_not_told_to_add_one() -> None:
    own = facts(issuer="", issuer_attributes=())
    assert trust(certificate=own, above=()).endswith('"mta.example.com" names no issuer; have it issued again')


def test_an_anchor_in_the_systems_store_that_is_no_root_is_not_enough() -> None:
    own = facts()
    path = Chain((own,), (own, INTERMEDIATE), verified=False)
    code = Trust(verified=False, code=2, reason="unable to get issuer certificate")
    assert trust(code, certificate=own, chain=path).endswith(
        ': the trust store has "R11", but not its issuer "ISRG Root X1"; add that, '
        "or name the one that it has with --ca-file"
    )


def test_an_algorithm_that_openssl_does_not_know_is_named() -> None:
    own = facts(signature_algorithm="1.2.3.4")
    path = Chain((own, INTERMEDIATE), (own, INTERMEDIATE, ROOT), verified=False)
    words = trust(certificate=own, chain=path)
    assert words.endswith('OpenSSL does not accept "mta.example.com", signed with 1.2.3.4; have it issued again')


def test_a_malformed_certificate_below_an_unknown_root_is_both() -> None:
    own = facts(malformed=("keyUsage is empty",))
    assert trust(certificate=own).endswith(
        ', and "mta.example.com" is malformed (keyUsage is empty), have it issued again'
    )


def test_another_verdict_on_a_malformed_certificate_names_what_is_malformed() -> None:
    own = facts(malformed=("certificate policies",))
    words = trust(Trust(verified=False, code=1, reason="unspecified certificate verification error"), certificate=own)
    assert words.endswith(': "mta.example.com" is malformed (certificate policies), have it issued again')


def test_a_certificate_under_its_own_name_by_another_key_has_to_be_issued_again() -> None:
    own = facts(self_issued=True, self_signed=False)
    words = trust(SELF_SIGNED, certificate=own, above=())
    assert words == (
        "not trusted: issued by another key under its own name: "
        "OpenSSL takes it for its own issuer; have it issued under a name of its own"
    )


def test_certificates_that_cannot_be_read_leave_the_way_up_open() -> None:
    own = facts()
    path = Chain((own,), (own,), verified=False, unreadable=(1, 2))
    assert trust(certificate=own, chain=path).endswith(
        "what the server sends above its own certificate cannot be read; "
        'if "R11" is your own root, name it with --ca-file'
    )
    assert trust(EXPIRED, certificate=own, chain=path).endswith(
        "one that the server sends and that cannot be read, or one above it"
    )


def test_an_expired_anchor_is_to_be_renewed_where_it_is() -> None:
    own, root = facts(), authority("Old root", remaining=-2 * DAY)
    path = Chain((own,), (own, root), verified=False, anchored=True)
    assert trust(EXPIRED, certificate=own, chain=path).endswith(
        '"Old root" at depth 1, 2 days ago; renew it in the trust store'
    )


def test_where_an_issuer_is_sent_with_another_key_the_right_one_is_to_be_sent() -> None:
    own = facts()
    path = Chain((own,), (own,), verified=False, namesakes=(Namesake(authority("R11"), sent=True),))
    assert trust(certificate=own, chain=path).endswith(': have the server send the "R11" that signed "mta.example.com"')


def test_an_expired_certificate_that_is_not_on_the_known_path_is_in_the_trust_store() -> None:
    assert trust(EXPIRED, certificate=facts()).endswith(
        "one above those that the server sends; renew it in the trust store"
    )
