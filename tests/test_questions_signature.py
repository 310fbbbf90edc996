"""Signatures: which hashes hold."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    INTERMEDIATE,
    SELF_SIGNED,
    authority,
    facts,
    issuing,
    seen,
    self_signed,
    unread,
    verdict,
)


@pytest.mark.parametrize(("name", "shown"), [("md2", "MD2"), ("md4", "MD4"), ("md5", "MD5"), ("sha1", "SHA-1")])
def test_a_broken_hash_anywhere_below_the_root_is_critical(name, shown) -> None:
    own = verdict("signature", seen(facts(signature_hash=name)))
    assert own == ("critical", f'signature: "mta.example.com" is signed with {shown}')
    over = verdict("signature", seen(above=issuing(900 * DAY, signature_hash=name)))
    assert over == ("critical", f'signature: "Issuing CA 2" is signed with {shown}')


@pytest.mark.parametrize("name", ["sha224", "sha256", "sha384", "sha512", "sha3-256", "sm3", ""])
def test_every_other_hash_and_none_are_fine(name) -> None:
    assert verdict("signature", seen(facts(signature_hash=name))) == ("ok", "")


def test_every_broken_signature_is_told() -> None:
    observed = seen(facts(signature_hash="sha1"), above=issuing(900 * DAY, signature_hash="md5"))
    assert verdict("signature", observed)[1] == (
        'signature: "mta.example.com" is signed with SHA-1, "Issuing CA 2" is signed with MD5'
    )


def test_the_roots_own_signature_is_nobodys_business() -> None:
    root = authority("Old root", signature_hash="sha1")
    assert verdict("signature", seen(root=root)) == ("ok", "")
    assert verdict("signature", seen(root=root, sent=(INTERMEDIATE, root))) == ("ok", "")
    assert verdict("signature", seen(self_signed(signature_hash="sha1"), SELF_SIGNED)) == ("ok", "")


def test_a_broken_signature_that_is_not_on_the_path_is_nobodys_business() -> None:
    stray = authority("Stray", "Old root", signature_hash="md5")
    assert verdict("signature", seen(sent=(INTERMEDIATE, stray))) == ("ok", "")


def test_where_python_tells_no_path_the_servers_own_signature_is_judged() -> None:
    own = facts(signature_hash="md5")
    assert verdict("signature", seen(own, chain=unread(own)))[0] == "critical"


def test_where_the_way_up_is_not_known_the_servers_own_certificate_is_no_anchor() -> None:
    own = facts(signature_hash="sha1")
    trusted = unread(own)._replace(verified=True)
    assert verdict("signature", seen(own, chain=trusted))[0] == "critical"
    own = self_signed(signature_hash="sha1")
    assert verdict("signature", seen(own, chain=unread(own)._replace(verified=True)))[0] == "ok"
