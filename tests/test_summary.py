"""The status line and the lines below it."""

from __future__ import annotations

import pytest
from observations import SESSION, SITUATIONS, evaluated, facts, seen, unread

from check_starttls_cert import summary
from check_starttls_cert.observation import Store
from check_starttls_cert.wire import Spoken


def test_the_line_of_a_good_service_names_it_and_its_certificate() -> None:
    assert summary.line(evaluated(SITUATIONS["fine"])) == (
        "smtp mta.example.com:25: mta.example.com expires in 59 days (2027-01-22), trusted, RSA 2048"
    )


def test_a_certificate_without_a_common_name_is_known_by_its_first_alternative_name() -> None:
    observed = seen(facts(common_names=(), dns_names=("mta.example.com", "b.test")))
    assert ": mta.example.com expires" in summary.line(evaluated(observed))


def test_a_nameless_certificate_is_not_named() -> None:
    line = summary.line(evaluated(SITUATIONS["no_names"], name_check="none"))
    assert line.startswith("smtp mta.example.com:25: expires in 59 days")


def test_every_problem_stands_in_the_first_line_and_nothing_else() -> None:
    line = summary.line(evaluated(SITUATIONS["everything_wrong"]))
    assert line.split(": ", 1)[1].split(" / ") == [
        'name: mta.example.com not covered by "old.example.net"',
        'chain incomplete: the server does not send "R11", issuer of "old.example.net"',
        'not trusted: unable to get local issuer certificate: if "R11" is your own root, name it with --ca-file',
        'signature: "old.example.net" is signed with SHA-1',
        "expires in 20 days (2026-12-14)",
        "RSA 1024 is too short, 2048 bits are the minimum",
    ]


@pytest.mark.parametrize("situation", ["fine", "everything_wrong", "unreachable"])
def test_without_v_there_is_nothing_below_the_first_line(situation) -> None:
    assert not summary.details(evaluated(SITUATIONS[situation]))


def test_v_tells_facts_and_vv_the_conversation_too() -> None:
    one, two, three = (summary.details(evaluated(SITUATIONS["fine"], verbose=level)) for level in (1, 2, 3))
    assert "subject: CN=mta.example.com" in one
    assert not any(line.startswith(("S: ", "C: ")) for line in one)
    assert two[: len(one)] == one
    assert two[len(one) :][1:3] == ["S: 220 mta.example.com ESMTP", "C: EHLO client.example.com"]
    assert three == two


@pytest.mark.parametrize(
    ("number", "end"), [(19, "19.test"), (20, "20.test"), (21, "20.test and 1 more"), (200, "20.test and 180 more")]
)
def test_twenty_names_are_listed_at_most(number, end) -> None:
    observed = seen(facts(dns_names=tuple(f"{index + 1}.test" for index in range(number))))
    (names,) = (line for line in summary.details(evaluated(observed, verbose=1)) if "alternative names" in line)
    assert names.endswith(f", DNS:{end}")


@pytest.mark.parametrize(
    ("number", "shown"), [(None, ""), (0, ", 0 anchors"), (1, ", 1 anchor"), (142, ", 142 anchors")]
)
def test_v_tells_the_store_and_its_anchors_where_they_can_be_counted_without_loading(number, shown) -> None:
    lines = summary.details(evaluated(seen(store=Store("/etc/ssl/certs", number)), verbose=1))
    assert f"trust store: /etc/ssl/certs{shown}" in lines


def test_v_tells_the_chain_and_its_ordering_problems() -> None:
    lines = summary.details(evaluated(SITUATIONS["disordered"], verbose=1))
    assert [line for line in lines if line.startswith("chain: ")] == [
        'chain: 6 certificates sent; path "mta.example.com" <- "R11" <- "R1" <- "ISRG Root X1"',
        'chain: "R11" is sent more than once',
        'chain: the root "ISRG Root X1" is sent though clients must have it',
        "chain: it is sent in the wrong order",
        'chain: "Stray" is sent and not needed',
    ]


def test_a_service_that_was_not_read_still_tells_what_is_known() -> None:
    lines = summary.details(evaluated(SITUATIONS["not_offered"], verbose=2))
    assert "connections: 1 to 192.0.2.25" in lines
    assert "S: 220 mta.example.com ESMTP" in lines


def test_a_conversation_that_goes_on_is_cut_and_said_to_be() -> None:
    long = (Spoken("S", b"250-x\r\n" * 1000), Spoken("C", b"QUIT\r\n"))
    lines = summary.details(evaluated(seen(transcript=long), verbose=2))
    assert lines[-1] == "*: the conversation went on; no more of it is shown"
    assert lines.count("S: 250-x") == summary.MAX_SPOKEN_LINES


def test_where_python_tells_no_chain_that_is_said_and_nothing_made_up() -> None:
    lines = summary.details(evaluated(seen(chain=unread(facts())), verbose=1))
    (line,) = (line for line in lines if line.startswith("chain: "))
    assert line.startswith("chain: not known; this Python tells the server's own certificate only")


def test_what_is_said_of_the_server_stands_behind_the_certificate() -> None:
    line = summary.line(evaluated(seen(session=SESSION._replace(wants_client_certificate=True))))
    assert line.endswith("trusted, RSA 2048, the server wants a client certificate")
