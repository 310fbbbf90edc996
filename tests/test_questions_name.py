"""Does the certificate cover every name?"""

from __future__ import annotations

import pytest
from observations import (
    facts,
    named,
    seen,
    verdict,
)

IPV4, IPV6 = bytes([192, 0, 2, 25]), bytes.fromhex("20010db8000000000000000000000001")


def name(reference: str, name_check: str = "cn_san", **changes) -> str:
    return verdict("name", seen(facts(**changes)), name=(reference,), name_check=name_check)[0]


@pytest.mark.parametrize(
    ("reference", "common_names", "dns_names", "cn", "cn_san"),
    [
        ("a.test", ("a.test",), ("a.test",), "ok", "ok"),
        ("a.test", ("a.test",), (), "ok", "ok"),
        ("a.test", (), ("a.test",), "critical", "ok"),
        ("a.test", ("b.test",), ("c.test", "a.test"), "critical", "ok"),
        ("a.test", ("b.test", "a.test"), (), "ok", "ok"),
        ("a.test", ("A.TEST",), (), "ok", "ok"),
        ("mx.a.test", ("*.a.test",), (), "ok", "ok"),
        ("a.test", ("*.a.test",), ("*.a.test",), "critical", "critical"),
        ("a.test", (), (), "critical", "critical"),
    ],
)
def test_where_a_name_is_looked_for(reference, common_names, dns_names, cn, cn_san) -> None:
    names = {"common_names": common_names, "dns_names": dns_names}
    assert name(reference, "cn", **names) == cn
    assert name(reference, "cn_san", **names) == cn_san
    assert name(reference, "none", **names) == "ok"


@pytest.mark.parametrize(
    ("reference", "changes", "cn", "cn_san"),
    [
        ("192.0.2.25", {"ip_addresses": (IPV4,)}, "critical", "ok"),
        ("2001:db8::1", {"ip_addresses": (IPV4, IPV6)}, "critical", "ok"),
        ("2001:0DB8:0::0001", {"ip_addresses": (IPV6,)}, "critical", "ok"),
        ("2001:db8::1%eth0", {"ip_addresses": (IPV6,)}, "critical", "ok"),
        ("192.0.2.26", {"ip_addresses": (IPV4,)}, "critical", "critical"),
        ("192.0.2.25", {"common_names": ("192.0.2.25",)}, "ok", "ok"),
        ("192.0.2.25", {"dns_names": ("192.0.2.25",)}, "critical", "critical"),
        ("192.0.2.25", {"dns_names": ("*.0.2.25",)}, "critical", "critical"),
        ("192.0.2.25", {"ip_addresses": (IPV4 + b"\0",)}, "critical", "critical"),
    ],
)
def test_an_address_is_compared_with_addresses(reference, changes, cn, cn_san) -> None:
    names = {"common_names": (), "dns_names": (), **changes}
    assert name(reference, "cn", **names) == cn
    assert name(reference, "cn_san", **names) == cn_san
    assert name(reference, "none", **names) == "ok"


def test_a_mismatch_lists_the_names_without_repeating_any() -> None:
    observed = seen(
        facts(common_names=("b.test",), dns_names=("b.test", "*.c.test"), ip_addresses=(IPV4, IPV6, b"\x01"))
    )
    assert verdict("name", observed, name=("a.test",))[1] == (
        'name: a.test not covered by "b.test", "*.c.test", "192.0.2.25", "2001:db8::1", "01"'
    )


def test_a_mismatch_lists_five_names_at_most() -> None:
    names = tuple(f"{letter}.test" for letter in "bcdefgh")
    assert verdict("name", seen(facts(common_names=(), dns_names=names)), name=("a.test",))[1] == (
        'name: a.test not covered by "b.test", "c.test", "d.test", "e.test", "f.test" and 2 more'
    )


def test_a_check_of_the_common_name_does_not_list_alternative_names() -> None:
    observed = seen(facts(common_names=("b.test",), dns_names=("c.test",), ip_addresses=(IPV4,)))
    assert verdict("name", observed, name=("a.test",), name_check="cn")[1] == 'name: a.test not covered by "b.test"'


def test_a_disabled_check_says_so() -> None:
    assert verdict("name", seen(named("b.test")), name=("a.test",), name_check="none") == ("ok", "name not checked")


def test_a_name_that_matches_goes_without_saying() -> None:
    assert verdict("name", seen()) == ("ok", "")


def test_every_name_must_be_covered_and_those_that_are_not_are_named() -> None:
    observed = seen(facts(common_names=(), dns_names=("a.test", "*.b.test")))
    assert verdict("name", observed, name=("a.test", "x.b.test"))[0] == "ok"
    assert verdict("name", observed, name=("a.test", "b.test", "x.b.test", "c.test")) == (
        "critical",
        'name: b.test, c.test not covered by "a.test", "*.b.test"',
    )


@pytest.mark.parametrize(
    ("common_names", "dns_names", "state"),
    [(("a.test",), (), "critical"), (("b.test",), ("a.test",), "ok"), ((), ("*.test",), "ok")],
)
def test_san_looks_where_browsers_look(common_names, dns_names, state) -> None:
    assert name("a.test", "san", common_names=common_names, dns_names=dns_names) == state


def test_san_takes_addresses_from_the_alternative_names_only() -> None:
    assert name("192.0.2.25", "san", common_names=("192.0.2.25",), dns_names=()) == "critical"
    assert name("192.0.2.25", "san", common_names=(), dns_names=(), ip_addresses=(IPV4,)) == "ok"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("san", "name: a.test not covered, there is no subject alternative name"),
        ("cn", 'name: a.test not covered by "b.test"'),
        ("cn_san", 'name: a.test not covered by "b.test"'),
    ],
)
def test_a_mismatch_lists_only_what_was_asked(check, words) -> None:
    observed = seen(facts(common_names=("b.test",), dns_names=()))
    assert verdict("name", observed, name=("a.test",), name_check=check)[1] == words


def test_an_address_that_is_listed_and_not_covered_says_why() -> None:
    observed = seen(facts(common_names=(), dns_names=("192.0.2.25",)))
    assert verdict("name", observed, name=("192.0.2.25",))[1] == (
        'name: 192.0.2.25 not covered by "192.0.2.25" '
        "(an address takes an iPAddress entry, a dNSName or common name is none)"
    )


@pytest.mark.parametrize(
    ("reference", "changes", "state"),
    [
        ("a.test", {"common_names": ("a.test",)}, "ok"),
        ("mx.a.test", {"common_names": ("*.a.test",)}, "ok"),
        ("a.test", {"common_names": ("b.test",), "dns_names": ("a.test",)}, "ok"),
        ("a.test", {"common_names": ("a.test",), "dns_names": ("b.test",)}, "critical"),
        ("a.test", {"common_names": ("a.test",), "ip_addresses": (IPV4,)}, "critical"),
        ("a.test", {"common_names": ("a.test",), "malformed": ("subjectAltName",)}, "critical"),
        ("192.0.2.25", {"ip_addresses": (IPV4,)}, "ok"),
        ("192.0.2.25", {"common_names": ("192.0.2.25",)}, "critical"),
        ("192.0.2.25", {"dns_names": ("192.0.2.25",)}, "critical"),
    ],
)
def test_clients_look_at_the_common_name_only_where_there_is_no_other_identity_and_never_for_an_address(
    reference, changes, state
) -> None:
    names = {"common_names": (), "dns_names": (), **changes}
    assert name(reference, "client", **names) == state
    assert verdict("name", seen(facts(**names)), name=(reference,))[0] == state  # it is the default


def words(reference: str, name_check: str = "client", **changes) -> str:
    names = {"common_names": (), "dns_names": (), **changes}
    return verdict("name", seen(facts(**names)), name=(reference,), name_check=name_check)[1]


def test_a_match_that_clients_ignore_is_noted() -> None:
    both = {"common_names": ("a.test",), "dns_names": ("b.test",)}
    assert words("a.test", "cn_san", **both) == "a.test is the common name only, which clients ignore beside a dNSName"
    assert words("b.test", "cn_san", **both) == ""
    assert words("a.test", "cn_san", common_names=("a.test",)) == ""


@pytest.mark.parametrize("check", ["client", "san"])
def test_a_common_name_that_does_not_count_is_explained(check) -> None:
    said = words("a.test", check, common_names=("a.test",), dns_names=("b.test",))
    assert (
        said == 'name: a.test not covered by "b.test" (its common name is; clients look at the alternative names only)'
    )


def test_an_address_in_the_common_name_is_explained() -> None:
    assert words("192.0.2.25", common_names=("192.0.2.25",)).endswith(
        "(an address takes an iPAddress entry, a dNSName or common name is none)"
    )


def test_a_host_that_is_an_address_is_answered_with_the_option_for_its_name() -> None:
    observed = seen(facts(common_names=(), dns_names=("a.test",)))
    said = 'name: 192.0.2.25 not covered by "a.test"'
    assert verdict("name", observed, host="192.0.2.25")[1] == f"{said} (give the service's name with -n)"
    assert verdict("name", observed, name=("192.0.2.25",))[1] == said  # that is what was asked for


def test_alternative_names_that_cannot_be_read_are_not_said_to_be_missing() -> None:
    said = words("a.test", malformed=("subjectAltName",), common_names=("a.test",))
    assert said.startswith("name: a.test not covered, the subject alternative names cannot be read")


def test_many_names_that_are_not_covered_are_counted() -> None:
    observed = seen(facts(common_names=(), dns_names=("a.test",)))
    said = verdict("name", observed, name=tuple(f"{index}.example.org" for index in range(3000)))[1]
    assert said.startswith("name: 0.example.org, 1.example.org, ")
    assert " and 2995 more not covered by" in said
