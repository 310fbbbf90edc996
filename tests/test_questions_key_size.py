"""Key sizes, at and around every boundary."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    INTERMEDIATE,
    authority,
    facts,
    issuing,
    judged,
    seen,
    verdict,
)

from check_starttls_cert.certificate import Key


@pytest.mark.parametrize(
    ("algorithm", "bits", "state"),
    [
        ("RSA", 0, "critical"),
        ("RSA", 1023, "critical"),
        ("RSA", 1024, "warning"),
        ("RSA", 2047, "warning"),
        ("RSA", 2048, "ok"),
        ("RSA", 16384, "ok"),
        ("DSA", 1023, "critical"),
        ("DSA", 1024, "warning"),
        ("DSA", 2047, "warning"),
        ("DSA", 2048, "ok"),
        ("EC", 191, "critical"),
        ("EC", 192, "warning"),
        ("EC", 255, "warning"),
        ("EC", 256, "ok"),
        ("Ed25519", 256, "ok"),
        ("Ed448", 456, "ok"),
        ("unknown key type", -1, "unknown"),
    ],
)
def test_a_key_is_judged_by_its_own_algorithms_sizes(algorithm, bits, state) -> None:
    assert verdict("key-size", seen(facts(key=Key(algorithm, bits))))[0] == state


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Key("RSA", 1024), "RSA 1024 is too short, 2048 bits are the minimum"),
        (Key("EC", 160), "EC 160 is too short, 256 bits are the minimum"),
        (Key("Ed25519", 256), "Ed25519 256"),
        (Key("unknown key type", -1), "unknown key type: its size cannot be judged"),
    ],
)
def test_a_key_is_told_with_its_size(key, words) -> None:
    assert verdict("key-size", seen(facts(key=key)))[1] == words


@pytest.mark.parametrize(
    ("option", "sizes", "key", "state"),
    [
        ("min_rsa_bits", (3072,), Key("RSA", 3072), "ok"),
        ("min_rsa_bits", (3072,), Key("RSA", 3071), "warning"),
        ("min_rsa_bits", (3072,), Key("RSA", 1023), "critical"),
        ("min_rsa_bits", (3072, 2048), Key("RSA", 2048), "warning"),
        ("min_rsa_bits", (3072, 2048), Key("RSA", 2047), "critical"),
        ("min_rsa_bits", (3072, 3072), Key("DSA", 3071), "critical"),
        ("min_rsa_bits", (1000,), Key("RSA", 1000), "ok"),
        ("min_rsa_bits", (1000,), Key("RSA", 999), "critical"),
        ("min_rsa_bits", (4096,), Key("EC", 256), "ok"),
        ("min_ec_bits", (384,), Key("EC", 256), "warning"),
        ("min_ec_bits", (384, 384), Key("EC", 256), "critical"),
        ("min_ec_bits", (521, 384), Key("EC", 384), "warning"),
        ("min_ec_bits", (521, 384), Key("RSA", 2048), "ok"),
        ("min_ec_bits", (521, 521), Key("Ed25519", 256), "ok"),
        ("min_ec_bits", (160,), Key("EC", 160), "ok"),
    ],
)
def test_minimum_sizes_are_the_users(option, sizes, key, state) -> None:
    assert verdict("key-size", seen(facts(key=key)), **{option: sizes})[0] == state


@pytest.mark.parametrize(
    ("key", "sizes", "words"),
    [
        (Key("RSA", 2048), (3072, 1024), "RSA 2048 is too short, 3072 bits are the minimum"),
        (Key("RSA", 2048), (4096, 3072), "RSA 2048 is too short, 4096 bits are the minimum"),
    ],
)
def test_a_short_key_is_told_with_what_would_be_enough(key, sizes, words) -> None:
    assert verdict("key-size", seen(facts(key=key)), min_rsa_bits=sizes)[1] == words


@pytest.mark.parametrize(
    ("bits", "state"), [(512, "critical"), (1023, "critical"), (1024, "warning"), (2047, "warning"), (2048, "ok")]
)
@pytest.mark.parametrize("place", ["issuer", "root"])
def test_the_keys_of_the_issuers_are_judged_too(bits, state, place) -> None:
    weak = {"key": Key("RSA", bits)}
    path = {"above": issuing(900 * DAY, **weak)} if place == "issuer" else {"root": authority("Issuing CA 2", **weak)}
    said = (
        f'"Issuing CA 2" has RSA {bits}, which is too short, 2048 bits are the minimum' if state != "ok" else "RSA 2048"
    )
    assert verdict("key-size", seen(**path)) == (state, said)


def test_an_issuers_key_on_no_path_is_nobodys_business() -> None:
    stray = authority("Stray", "Old root", key=Key("RSA", 512))
    assert verdict("key-size", seen(sent=(INTERMEDIATE, stray)))[0] == "ok"


def test_more_than_the_default_is_asked_of_the_servers_own_key_only() -> None:
    own = facts(key=Key("RSA", 4096))
    assert verdict("key-size", seen(own), min_rsa_bits=(4096,)) == ("ok", "RSA 4096")
    assert (
        verdict("key-size", seen(own, above=issuing(900 * DAY, key=Key("RSA", 1024))), min_rsa_bits=(1024,))[0] == "ok"
    )


def test_an_issuers_key_of_an_unknown_type_is_not_silently_good() -> None:
    observed = seen(above=issuing(900 * DAY, key=Key("unknown key type", -1)))
    assert verdict("key-size", observed) == ("unknown", '"Issuing CA 2" has unknown key type, which cannot be judged')


def test_the_number_is_that_of_the_servers_own_key() -> None:
    observed = seen(above=issuing(900 * DAY, key=Key("RSA", 512)))
    assert judged("key-size", observed).value == 2048
