"""The chain: which way it leads up, what is missing, and what need not be there."""

from __future__ import annotations

import pytest
from certificates import FUTURE, PAST, Made, authority, make

from check_starttls_cert.certificate import facts
from check_starttls_cert.chain import Chain, path_of

ROOT = authority("Root")
UPPER = authority("Upper", issuer=ROOT)
LOWER = authority("Lower", issuer=UPPER)
LEAF = make("leaf.test", issuer=LOWER)
STRAY = authority("Stray")


def read(*chain: Made):
    return tuple(facts(made.der) for made in chain)


def names(path) -> list[str]:
    return [certificate.display_name for certificate in path]


def verified(*sent: Made) -> Chain:
    return Chain(read(*sent), read(LEAF, LOWER, UPPER, ROOT), verified=True)


def unverified(*sent: Made) -> Chain:
    return Chain(read(*sent), path_of(read(*sent)), verified=False)


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
    assert names(path_of(read(*sent))) == path


def test_an_issuer_is_who_signed_and_not_who_has_the_name() -> None:
    namesake = authority("Lower")
    assert names(path_of(read(LEAF, namesake))) == ["leaf.test"]
    assert names(path_of(read(LEAF, namesake, LOWER))) == ["leaf.test", "Lower"]


@pytest.mark.parametrize("expired_first", [True, False])
def test_of_two_certificates_for_one_key_the_one_that_lasts_is_on_the_path(expired_first) -> None:
    ends = (PAST, FUTURE) if expired_first else (FUTURE, PAST)
    both = [authority("Lower", issuer=UPPER, key=LOWER.key, end=end) for end in ends]
    assert path_of(read(LEAF, *both))[1].not_after == FUTURE


def test_certificates_that_certify_each_other_do_not_make_an_endless_path() -> None:
    one = authority("One")
    two = authority("Two", issuer=one)
    crossed = authority("One", issuer=two, key=one.key)
    assert names(path_of(read(make("leaf.test", issuer=one), crossed, two))) == ["leaf.test", "One", "Two"]


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


def test_without_a_verdict_only_the_servers_own_issuer_counts_as_missing() -> None:
    assert unverified(LEAF).missing.issuer_name == "Lower"
    assert unverified(LEAF, STRAY).missing.issuer_name == "Lower"
    # "Upper" may be an anchor that is not known here.
    assert unverified(LEAF, LOWER).missing is None
    assert unverified(ROOT).missing is None


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
    assert verified(*sent).oddities == oddities


def test_a_certificate_alone_is_no_superfluous_root() -> None:
    assert unverified(ROOT).oddities == []
    assert Chain(read(ROOT), read(ROOT), verified=True).oddities == []


def test_nothing_is_missing_where_openssl_found_the_anchor_and_dislikes_something_else():
    assert Chain(read(LEAF), read(LEAF), verified=False, anchored=True).missing is None
    assert Chain(read(LEAF), read(LEAF), verified=False).missing is not None
