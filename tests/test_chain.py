"""The chain: which way it leads up, what is missing, and what need not be there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from certificates import (
    ECDSA_SHA256,
    FUTURE,
    PAST,
    PRINTABLE,
    Made,
    alternative_names,
    assemble,
    attribute,
    authority,
    distinguished,
    make,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from check_starttls_cert import certificate, chain, signature
from check_starttls_cert.ber import encode
from check_starttls_cert.chain import Chain, build, path_up
from check_starttls_cert.errors import CertificateError
from check_starttls_cert.observation import Trust

ROOT = authority("Root")
UPPER = authority("Upper", issuer=ROOT)
LOWER = authority("Lower", issuer=UPPER)
LEAF = make("leaf.test", issuer=LOWER)
STRAY = authority("Stray")
SELF_SIGNED = make("self.test")

TRUSTED = Trust(verified=True)
NO_ISSUER = Trust(verified=False, code=20, reason="unable to get local issuer certificate")
EXPIRED = Trust(verified=False, code=10, reason="certificate has expired")
SIGNATURE = Trust(verified=False, code=7, reason="certificate signature failure")


def ders(certificates):
    """Return the certificates as they are sent."""
    return tuple(each.der if isinstance(each, Made) else each for each in certificates)


def names(facts) -> list[str]:
    return [each.display_name for each in facts]


def verified(*sent, path=(LEAF, LOWER, UPPER, ROOT)) -> Chain:
    return build(ders(sent), ders(path), TRUSTED)


def unverified(*sent, trust=NO_ISSUER, anchors=(), **options) -> Chain:
    return build(ders(sent), (), trust, ders(anchors), **options)


# The way up


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ((LEAF,), ["leaf.test"]),
        ((LEAF, LOWER, UPPER, ROOT), ["leaf.test", "Lower", "Upper", "Root"]),
        ((LEAF, ROOT, UPPER, LOWER), ["leaf.test", "Lower", "Upper", "Root"]),
        ((LEAF, LOWER, LOWER, STRAY, UPPER), ["leaf.test", "Lower", "Upper"]),
        ((LEAF, UPPER), ["leaf.test"]),
        ((ROOT,), ["Root"]),
    ],
)
def test_the_path_leads_as_far_up_as_the_sent_certificates_do_in_any_order(sent, path) -> None:
    assert names(unverified(*sent).path) == path


def test_a_verified_path_is_that_of_openssl() -> None:
    chain = verified(LEAF, LOWER, STRAY)
    assert names(chain.path) == ["leaf.test", "Lower", "Upper", "Root"]
    assert names(chain.sent) == ["leaf.test", "Lower", "Stray"]
    assert chain.verified
    assert not chain.anchored


def test_where_openssl_does_not_tell_its_path_it_is_found() -> None:
    chain = verified(LEAF, UPPER, LOWER, path=())
    assert names(chain.path) == ["leaf.test", "Lower", "Upper"]
    assert not chain.verified  # the path does not end at the anchor


def test_an_issuer_is_who_signed_and_not_who_has_the_name() -> None:
    namesake = authority("Lower")
    assert names(unverified(LEAF, namesake).path) == ["leaf.test"]
    assert names(unverified(LEAF, namesake, LOWER).path) == ["leaf.test", "Lower"]


@pytest.mark.parametrize("expired_first", [True, False])
def test_of_two_certificates_for_one_key_the_one_that_lasts_is_on_the_path(expired_first) -> None:
    ends = (PAST, FUTURE) if expired_first else (FUTURE, PAST)
    both = [authority("Lower", issuer=UPPER, key=LOWER.key, end=end) for end in ends]
    assert unverified(LEAF, *both).path[1].not_after == FUTURE


def test_certificates_that_certify_each_other_do_not_make_an_endless_path() -> None:
    one = authority("One")
    two = authority("Two", issuer=one)
    crossed = authority("One", issuer=two, key=one.key)
    assert names(unverified(make("leaf.test", issuer=one), crossed, two).path) == ["leaf.test", "One", "Two"]


def test_a_root_s_new_certificate_by_its_old_key_is_on_the_path() -> None:
    # RFC 5280 section 3.2: self-issued certificates "to support changes in policy or operations"
    old = authority("Root")
    new = authority("Root", issuer=old)
    chain = unverified(make("leaf.test", issuer=new), new, old)
    assert [facts.self_signed for facts in chain.path] == [False, False, True]


def test_the_anchor_is_on_the_path_of_a_chain_that_is_refused_for_another_reason() -> None:
    chain = unverified(LEAF, LOWER, UPPER, trust=EXPIRED, anchors=(STRAY, ROOT))
    assert names(chain.path) == ["leaf.test", "Lower", "Upper", "Root"]
    assert chain.path[-1].self_signed
    assert chain.anchored


def test_above_a_named_anchor_there_is_no_path() -> None:
    assert names(unverified(LEAF, LOWER, UPPER, trust=EXPIRED, anchors=(LOWER, ROOT)).path) == ["leaf.test", "Lower"]
    assert names(unverified(LEAF, trust=EXPIRED, anchors=(LOWER, UPPER)).path) == ["leaf.test", "Lower"]


def test_names_that_are_the_same_to_openssl_are_the_same() -> None:
    issuing = distinguished(attribute(b"Issuing CA"))
    above = assemble(subject=issuing, issuer=distinguished(attribute(b"Root")))
    leaf = assemble(issuer=distinguished(attribute(b" ISSUING  ca", PRINTABLE)))
    chain = unverified(leaf, above)
    assert names(chain.path) == ["mta.example.com", "Issuing CA"]
    assert chain.missing is None


@pytest.mark.parametrize("odd", [{"algorithm": encode(0x30, ECDSA_SHA256[2:], b"\5\0")}, {"version": b"\xa0\3\2\1\7"}])
def test_an_intermediate_that_the_library_refuses_is_on_the_path(odd) -> None:
    issuing = distinguished(attribute(b"Issuing CA"))
    above = assemble(subject=issuing, issuer=distinguished(attribute(b"Root")), **odd)
    assert names(unverified(assemble(issuer=issuing, **odd), above).path) == ["mta.example.com", "Issuing CA"]


# What cannot be told

UNKNOWN = encode(0x30, encode(6, bytes.fromhex("883703")))
ISSUING = distinguished(attribute(b"Issuing CA"))


def test_where_a_signature_cannot_be_checked_names_lead_up_and_nothing_is_missing() -> None:
    leaf = assemble(issuer=ISSUING, algorithm=UNKNOWN)
    chain = unverified(leaf, assemble(subject=ISSUING))
    assert names(chain.path) == ["mta.example.com", "Issuing CA"]
    assert chain.missing is None
    assert chain.namesakes == ()


def test_key_identifiers_rank_issuers_whose_signature_cannot_be_checked() -> None:
    def issuer(identifier):
        value = encode(4, encode(4, identifier))
        return assemble(
            subject=ISSUING, extensions=encode(0xA3, encode(0x30, encode(0x30, b"\6\3\x55\x1d\x0e", value)))
        )

    wanted = encode(0x30, b"\6\3\x55\x1d\x23", encode(4, encode(0x30, encode(0x80, b"right"))))
    leaf = assemble(issuer=ISSUING, algorithm=UNKNOWN, extensions=encode(0xA3, encode(0x30, wanted)))
    for sent in ((leaf, issuer(b"wrong"), issuer(b"right")), (leaf, issuer(b"right"), issuer(b"wrong"))):
        assert unverified(*sent).path[1].subject_key_id == b"right"
    assert unverified(leaf, issuer(b"wrong")).missing is None


def test_a_leaf_whose_own_signature_cannot_be_checked_is_neither_self_signed_nor_not() -> None:
    chain = unverified(assemble(algorithm=UNKNOWN))
    assert chain.path[0].self_issued
    assert chain.path[0].self_signed is None
    assert chain.missing is None


def test_a_certificate_that_cannot_be_read_is_said_to_be_there() -> None:
    chain = unverified(LEAF, b"garbage", assemble(validity=b"\5\0"))
    assert chain.unreadable == (1, 2)
    assert names(chain.sent) == ["leaf.test"]
    assert chain.missing is None
    assert verified(LEAF, b"garbage").missing is None


def test_a_leaf_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(CertificateError, match="the server's certificate cannot be read"):
        unverified(b"garbage", LEAF)


def test_where_not_all_that_was_sent_is_known_nothing_is_missing() -> None:
    assert not unverified(LEAF, complete=False).readable
    assert unverified(LEAF, complete=False).missing is None
    assert build((LEAF.der,), ders((LEAF, LOWER, ROOT)), TRUSTED, complete=False).missing is None
    long = unverified(LEAF, *[STRAY] * chain.MAX_CERTIFICATES)
    assert len(long.sent) == chain.MAX_CERTIFICATES
    assert not long.readable


# Missing


def test_nothing_is_missing_from_a_complete_chain() -> None:
    assert verified(LEAF, LOWER, UPPER).missing is None
    assert verified(LEAF, LOWER, UPPER, ROOT).missing is None
    assert verified(LEAF, UPPER, LOWER).missing is None


@pytest.mark.parametrize(
    ("sent", "below", "issuer"),
    [
        ((LEAF,), "leaf.test", "Lower"),
        ((LEAF, UPPER), "leaf.test", "Lower"),
        ((LEAF, LOWER), "Lower", "Upper"),
        ((LEAF, LOWER, ROOT), "Lower", "Upper"),
    ],
)
def test_the_lowest_gap_in_a_verified_path_is_what_is_missing(sent, below, issuer) -> None:
    missing = verified(*sent).missing
    assert (missing.display_name, missing.issuer_name) == (below, issuer)


def test_above_a_named_anchor_nothing_is_missing_and_up_to_it_everything_but_a_root_is_wanted() -> None:
    assert verified(LEAF, LOWER, path=(LEAF, LOWER)).missing is None
    assert verified(LEAF, path=(LEAF, LOWER)).missing.der == LEAF.der  # other clients have no such anchor
    assert verified(LEAF, path=(LEAF,)).missing is None
    assert verified(LEAF, path=(LEAF, LOWER, UPPER)).missing.display_name == "leaf.test"


def test_without_a_verdict_only_the_servers_own_issuer_counts_as_missing() -> None:
    assert unverified(LEAF).missing.issuer_name == "Lower"
    assert unverified(LEAF, STRAY).missing.issuer_name == "Lower"
    # "Upper" may be an anchor that is not known here.
    assert unverified(LEAF, LOWER).missing is None
    assert unverified(ROOT).missing is None


def test_nothing_is_missing_where_openssl_found_the_anchor_and_dislikes_something_else():
    assert unverified(LEAF, trust=EXPIRED).missing is None
    assert unverified(LEAF).missing is not None


# Namesakes


def namesakes(chain):
    """Return name and place of each namesake."""
    return [(namesake.facts.display_name, "sent" if namesake.sent else "store") for namesake in chain.namesakes]


@pytest.mark.parametrize("trust", [NO_ISSUER, SIGNATURE], ids=["no issuer", "signature"])
def test_a_root_in_the_store_with_another_key_is_a_namesake(trust) -> None:
    root, renewed = authority("Corp Root"), authority("Corp Root")
    chain = unverified(make("leaf.test", issuer=renewed), trust=trust, anchors=(STRAY, root))
    assert namesakes(chain) == [("Corp Root", "store")]
    assert names(chain.path) == ["leaf.test"]
    assert chain.missing is None  # an anchor need not be sent


def test_a_sent_root_has_its_namesake_in_the_store() -> None:
    root, renewed = authority("Corp Root"), authority("Corp Root")
    chain = unverified(make("leaf.test", issuer=renewed), renewed, anchors=(root,))
    assert namesakes(chain) == [("Corp Root", "store")]


def test_an_old_intermediate_that_is_still_sent_is_a_namesake() -> None:
    old, new = authority("Issuing CA", issuer=ROOT), authority("Issuing CA", issuer=ROOT)
    leaf = make("leaf.test", issuer=new)
    assert namesakes(unverified(leaf, old, anchors=(ROOT,))) == [("Issuing CA", "sent")]
    assert unverified(leaf, old).missing.display_name == "leaf.test"
    chain = build(ders((leaf, old)), ders((leaf, new, ROOT)), TRUSTED)
    assert namesakes(chain) == [("Issuing CA", "sent")]
    assert chain.missing.display_name == "leaf.test"


def test_without_a_question_there_are_no_namesakes() -> None:
    assert namesakes(unverified(LEAF, LOWER, UPPER, ROOT)) == []
    assert namesakes(unverified(LEAF, anchors=(STRAY, ROOT))) == []
    assert namesakes(verified(LEAF, LOWER, UPPER, authority("Lower"))) == []
    nameless = make(x509.Name([]))
    assert namesakes(unverified(nameless, make(x509.Name([])), anchors=(make(x509.Name([])),))) == []


def test_a_certificate_of_its_issuers_name_is_no_namesake_of_itself() -> None:
    root = authority("Root")
    chain = unverified(make("Root", issuer=root))
    assert chain.path[0].self_signed is False
    assert namesakes(chain) == []
    assert namesakes(unverified(make("Root", issuer=root), anchors=(ROOT,))) == [("Root", "store")]


# Self-signed


def test_self_signed_is_asked_where_it_matters() -> None:
    assert [facts.self_signed for facts in unverified(LEAF, ROOT, LOWER).sent] == [False, True, False]
    assert verified(SELF_SIGNED, path=(SELF_SIGNED,)).path[0].self_signed is True
    # Of a trusted root nobody asks.
    assert [facts.self_signed for facts in verified(LEAF, LOWER, UPPER, ROOT).path] == [False, False, False, None]


def test_a_trusted_chain_needs_no_library() -> None:
    script = """
import sys
from check_starttls_cert.chain import build
from check_starttls_cert.observation import Trust
octets = sys.stdin.buffer.read()
path = []
while octets:
    size = 4 + int.from_bytes(octets[2:4], "big") if octets[1] == 0x82 else 3 + octets[2]
    path.append(octets[:size])
    octets = octets[size:]
chain = build(tuple(path[:-1]), tuple(path), Trust(verified=True))
print(chain.verified, chain.missing, [name for name in sys.modules if name.startswith("cryptography")])
"""
    octets = b"".join(ders((LEAF, LOWER, UPPER, ROOT)))
    run = subprocess.run([sys.executable, "-c", script], input=octets, capture_output=True, check=True, timeout=60)
    assert run.stdout.strip() == b"True None []"


# Oddities


@pytest.mark.parametrize(
    ("sent", "oddities"),
    [
        ((LEAF, LOWER, UPPER), []),
        ((LEAF,), []),
        ((LEAF, UPPER, LOWER), ["it is sent in the wrong order"]),
        ((LEAF, LOWER, LOWER, UPPER), ['"Lower" is sent more than once']),
        ((LEAF, LOWER, UPPER, ROOT), ['the root "Root" is sent though clients must have it']),
        ((LEAF, ROOT, LOWER, UPPER), ['the root "Root" is sent though clients must have it']),
        ((LEAF, LOWER, UPPER, STRAY), ['"Stray" is sent and not needed']),
        (
            (LEAF, ROOT, ROOT, STRAY, UPPER, LOWER),
            [
                '"Root" is sent more than once',
                'the root "Root" is sent though clients must have it',
                "it is sent in the wrong order",
                '"Stray" is sent and not needed',
            ],
        ),
    ],
)
def test_oddities_are_told_each_once(sent, oddities) -> None:
    assert verified(*sent).ordering_problems == oddities


def test_a_root_that_is_sent_is_odd_without_a_verdict_too() -> None:
    assert unverified(LEAF, LOWER, UPPER, ROOT).ordering_problems == [
        'the root "Root" is sent though clients must have it'
    ]


def test_a_certificate_alone_is_no_superfluous_root() -> None:
    assert unverified(ROOT).ordering_problems == []
    assert verified(ROOT, path=(ROOT,)).ordering_problems == []


# Bounds


def test_an_odd_chain_costs_a_bounded_number_of_signatures(monkeypatch) -> None:
    checks = 0
    verify = signature.verifies

    def counting(below, above):
        nonlocal checks
        checks += 1
        return verify(below, above)

    monkeypatch.setattr(signature, "verifies", counting)
    key = ec.generate_private_key(ec.SECP256R1())
    ring = [make("Same", key=key, extensions=(alternative_names(f"{number}.test"),)) for number in range(60)]
    crossed = make("leaf.test", issuer=ring[0])
    built = unverified(crossed, *ring, anchors=ring)
    assert len(built.sent) == chain.MAX_CERTIFICATES
    assert checks <= chain.MAX_CERTIFICATES**2
    checks = 0
    ring = [assemble(algorithm=UNKNOWN, subject=MADE[number], issuer=MADE[(number + 1) % 40]) for number in range(40)]
    assert len(unverified(*ring).path) == chain.MAX_CERTIFICATES
    assert checks <= chain.MAX_CERTIFICATES**2


MADE = [distinguished(attribute(f"Number {number}".encode())) for number in range(40)]


def test_the_way_up_may_be_asked_of_facts_alone() -> None:
    facts = tuple(certificate.read(made.der) for made in (LEAF, UPPER, LOWER))
    assert names(path_up(facts)) == ["leaf.test", "Lower", "Upper"]
