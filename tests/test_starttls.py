"""The registry: which protocols there are, and what is the same for all of them."""

from __future__ import annotations

import importlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import BYTEWISE, NAME, WHOLE, Babbler, wire_to

from check_starttls_cert import starttls
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.options import parse_protocol
from check_starttls_cert.starttls import PROTOCOLS, sibling

WITH_STARTTLS = {
    "smtp": 25, "submission": 587, "lmtp": 24, "ldap": 389, "imap": 143, "pop3": 110, "sieve": 4190, "ftp": 21,
    "nntp": 119, "xmpp-client": 5222, "xmpp-server": 5269, "irc": 6667, "postgres": 5432, "mysql": 3306,
    "mssql": 1433, "rdp": 3389, "nbd": 10809,
}  # fmt: skip
STARTING_WITH_TLS = {
    "smtps": 465, "submissions": 465, "lmtps": None, "ldaps": 636, "imaps": 993, "pop3s": 995, "ftps": 990,
    "nntps": 563, "xmpps-client": 5223, "xmpps-server": 5270, "ircs": 6697, "sieves": None, "https": 443,
    "mqtts": 8883, "amqps": 5671, "tls": None,
}  # fmt: skip

ALPN = {
    "imaps": "imap", "pop3s": "pop3", "ftps": "ftp", "nntps": "nntp", "sieves": "managesieve", "ircs": "irc",
    "xmpps-client": "xmpp-client", "xmpps-server": "xmpp-server", "https": "http/1.1", "mqtts": "mqtt",
}  # fmt: skip
"""The names of IANA's registry of ALPN protocol identifiers; SMTP, LDAP and AMQP have none."""


def test_the_protocols_are_those_of_the_table():
    assert {name: protocol.port for name, protocol in PROTOCOLS.items()} == {**WITH_STARTTLS, **STARTING_WITH_TLS}
    assert {name for name, protocol in PROTOCOLS.items() if protocol.starts_with_tls} == set(STARTING_WITH_TLS)


def test_those_that_start_with_tls_say_what_they_speak():
    assert {name: protocol.alpn for name, protocol in PROTOCOLS.items() if protocol.alpn} == ALPN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_names_its_specification(protocol):
    assert PROTOCOLS[protocol].specification


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sibling_is_mutual_and_starts_the_other_way(protocol):
    other = sibling(protocol)
    if other is not None:
        assert sibling(other) == protocol
        assert PROTOCOLS[other].starts_with_tls != PROTOCOLS[protocol].starts_with_tls


def test_the_protocols_without_a_sibling_are_known():
    assert {name for name in PROTOCOLS if sibling(name) is None} == {
        "postgres", "mysql", "mssql", "rdp", "nbd", "https", "mqtts", "amqps", "tls"
    }  # fmt: skip


def module_of(protocol):
    return importlib.import_module(f"check_starttls_cert.starttls.{PROTOCOLS[protocol].module}")


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if PROTOCOLS[name].module])
def test_every_module_has_a_conversation_and_a_goodbye(protocol):
    assert callable(module_of(protocol).starttls)
    assert callable(module_of(protocol).goodbye)


@pytest.mark.parametrize("protocol", ["smtps", "submissions", "lmtps", "imaps", "pop3s", "ftps", "nntps"])
def test_a_module_whose_server_speaks_first_hears_its_greeting(protocol):
    # ManageSieve's goodbye hears the capabilities, which are its greeting too
    assert callable(module_of(protocol).greet)


@pytest.mark.parametrize("protocol", STARTING_WITH_TLS)
def test_nothing_is_said_before_tls_by_those_that_start_with_it(protocol):
    starttls.starttls(protocol, wire_to(None), NAME)


@pytest.mark.parametrize("protocol", ["https", "mqtts", "amqps", "tls"])
def test_a_protocol_that_needs_no_words_has_no_goodbye(protocol):
    starttls.goodbye(protocol, wire_to(None), NAME)


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("smpt", "smtp"), ("xmpp_client", "xmpp-client"), ("imap4", "imap"), ("ldap-s", "ldaps"),
        ("postgresql", "postgres"), ("managesieve", "sieve"), ("pop", "pop3"), ("ms-sql", "mssql"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_answered_with_the_nearest(unknown, nearest):
    with pytest.raises(ValueError, match=f'"{unknown}" is no protocol, the nearest is {nearest};'):
        parse_protocol(unknown)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("end", ["close", "silence"])
@settings(max_examples=20, deadline=None)
@given(
    said=st.binary(max_size=200) | st.sampled_from([b"+OK\r\n", b"* OK\r\n", b"OK\r\n", b"220 x\r\n", b"\7\0\0\3\0"]),
    chunk=st.sampled_from([WHOLE, BYTEWISE]),
)
def test_a_goodbye_ends_whatever_the_server_says(protocol, end, said, chunk):
    with suppress(ProbeError):
        starttls.goodbye(protocol, wire_to(Babbler(said, end, chunk)), NAME)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "flood", [b"x", b"\n", b">", b"220-x\r\n", b"* OK\r\n", b'"x"\r\n', b"NOTICE x\r\n", b"PING x\r\n"]
)
def test_a_goodbye_ends_however_much_the_server_says(protocol, flood):
    with suppress(ProbeError):
        starttls.goodbye(protocol, wire_to(Babbler(flood * 140_000, "silence", WHOLE)), NAME)
