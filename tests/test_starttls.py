"""The conversations: what is the same for all of them."""

from __future__ import annotations

import importlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import BYTEWISE, HERE, NAME, WHOLE, Babbler, wire_to

from check_starttls_cert import starttls
from check_starttls_cert.errors import PlaintextInjected, ProbeError, ProtocolError, Refused, StarttlsNotOffered
from check_starttls_cert.options import parse_protocol
from check_starttls_cert.starttls import PROTOCOLS

IMPLICIT_TLS = [name for name, row in PROTOCOLS.items() if row.implicit_tls]


def test_every_protocol_that_has_starttls_has_transcripts():
    assert {file.stem for file in HERE.glob("*.txt")} == {*PROTOCOLS} - {*IMPLICIT_TLS, "submission"}


@pytest.mark.parametrize("module", sorted({row.module for row in PROTOCOLS.values() if row.module}))
def test_every_module_has_what_its_row_promises(module):
    conversation = importlib.import_module(f"check_starttls_cert.starttls.{module}")
    assert callable(conversation.starttls)
    if next(row for row in PROTOCOLS.values() if row.module == module).replies:
        assert callable(conversation.read_reply)
        assert conversation.GOODBYE.endswith(b"\r\n")
    else:
        assert callable(conversation.goodbye)


@pytest.mark.parametrize("protocol", IMPLICIT_TLS)
def test_nothing_is_said_before_tls_by_those_that_start_with_it(protocol):
    starttls.starttls(protocol, wire_to(None), NAME)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (b"554 no service\r\n", Refused, 'its greeting: "554 no service"'),
        (b"* OK ready\r\n", ProtocolError, "this is an IMAP greeting"),
        (b"220 ready\r\n250 STARTTLS\r\n220 go\r\nmore", StarttlsNotOffered, "it lists nothing"),
        (b"220 ready\r\n250-mta\r\n250 STARTTLS\r\n220 go\r\nmore", PlaintextInjected, '"more"'),
    ],
)
def test_what_ends_a_conversation_is_explained(said, error, words):
    with pytest.raises(error, match=words):
        starttls.starttls("smtp", wire_to(Babbler(said, "silence", WHOLE)), NAME)


def test_after_the_go_ahead_tls_is_awaited():
    wire = wire_to(Babbler(b"S", "silence", WHOLE))
    starttls.starttls("postgres", wire, NAME)
    assert wire.step == "TLS handshake"


@pytest.mark.parametrize("protocol", [name for name, row in PROTOCOLS.items() if not row.plaintext_goodbye])
def test_where_the_goodbye_needs_tls_nothing_is_said_in_plaintext(protocol):
    starttls.goodbye(protocol, wire_to(None), NAME, in_plaintext=True)


@pytest.mark.parametrize("protocol", ["https", "mqtts", "amqps", "tls"])
def test_a_protocol_that_needs_no_words_has_no_goodbye(protocol):
    starttls.goodbye(protocol, wire_to(None), NAME)


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("smpt", "smtp"), ("xmpp_client", "xmpp-client"), ("imap4", "imap"), ("ldap-s", "ldaps"),
        ("postgresql", "postgres"), ("managesieve", "sieve"), ("pop", "pop3"), ("ms-sql", "mssql"),
        ("ssl", "tls"), ("tds", "mssql"), ("xmpp", "xmpp-client"), ("http", "https"), ("esmtp", "smtp"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_answered_with_the_nearest(unknown, nearest):
    with pytest.raises(ValueError, match=f'"{unknown}" is no protocol, the nearest is {nearest};'):
        parse_protocol(unknown)


@pytest.mark.parametrize("unknown", ["25", "foo", "gopher", "telnet", "x" * 100_000])
def test_a_name_that_is_like_none_is_answered_with_none(unknown):
    with pytest.raises(ValueError, match='" is no protocol; choose one of smtp, '):
        parse_protocol(unknown)


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_name_is_said_to_be_empty(empty):
    with pytest.raises(ValueError, match=r"^the protocol is empty; choose one of smtp, "):
        parse_protocol(empty)


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


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "flood", [b"x", b"\n", b">", b"220-x\r\n", b"* OK\r\n", b'"x"\r\n', b"NOTICE x\r\n", b"PING x\r\n"]
)
def test_a_goodbye_ends_however_much_the_server_says(protocol, flood):
    with suppress(ProbeError):
        starttls.goodbye(protocol, wire_to(Babbler(flood * (140_000 // len(flood)), "silence", WHOLE)), NAME)
