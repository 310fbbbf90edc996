"""A server that speaks another protocol is recognised by its banner, and the administrator told what to use."""

from __future__ import annotations

import re

import pytest
from transcripts import BYTEWISE, WHOLE, Babbler, assert_safe, converse, vectors

from check_starttls_cert.errors import DeadlineExceeded, PeerClosed, ProtocolError, Refused
from check_starttls_cert.starttls import PROTOCOLS, sibling
from check_starttls_cert.starttls.recognise import (
    AMBIGUOUS,
    TLS_RECORD,
    UNSPOKEN,
    foreign_banner,
    may_begin,
    not_offered,
    recognised,
    refused,
)

ASKED = [name for name, protocol in PROTOCOLS.items() if not protocol.implicit_tls]

ALERT = bytes.fromhex("15030300020228")

FIRST_WORDS = [
    (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", "an HTTP answer of a web server, a proxy or a firewall", ()),
    (b"<!DOCTYPE HTML>\n<title>Blocked</title>", "an HTTP answer of a web server, a proxy or a firewall", ()),
    (b"\r\n<HTML><title>Blocked</title>\r\n", "an HTTP answer of a web server, a proxy or a firewall", ()),
    (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "an IMAP greeting", ("imap",)),
    (b"* BYE too many\r\n", "an IMAP greeting", ("imap",)),
    (b"+OK ready\r\n", "a POP3 greeting", ("pop3",)),
    (b"-ERR too many\r\n", "a POP3 greeting", ("pop3",)),
    (b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK\r\n', "a ManageSieve greeting", ("sieve",)),
    (b"<?xml version='1.0'?><stream:stream xmlns:stream='x'>", "an XMPP stream", ("xmpp-client", "xmpp-server")),
    (b"<stream:stream xmlns:stream='x'>", "an XMPP stream", ("xmpp-client", "xmpp-server")),
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "an SSH greeting", ()),
    (b"RFB 003.008\n", "a VNC greeting", ()),
    (b":irc.example.com NOTICE * :*** Looking up your hostname...\r\n", "an IRC greeting", ("irc",)),
    (b"NOTICE AUTH :*** Looking up your hostname...\r\n", "an IRC greeting", ("irc",)),
    (b"ERROR :Trying to reconnect too fast.\r\n", "an IRC greeting", ("irc",)),
    (b"220 mda.example.com Cyrus LMTP 3.8 ready\r\n", "an LMTP greeting", ("lmtp",)),
    (b"220 mta.example.com ESMTP Postfix\r\n", "an SMTP greeting", ("smtp", "submission")),
    (b"220-mta.example.com SMTP\r\n220 ready\r\n", "an SMTP greeting", ("smtp", "submission")),
    (b"220 ProFTPD Server (Debian)\r\n", "an FTP greeting", ("ftp",)),
    (b"220 (vsFTPd 3.0.3)\r\n", "an FTP greeting", ("ftp",)),
    (b"220 Microsoft FTP Service\r\n", "an FTP greeting", ("ftp",)),
    (b"220 ready\r\n", "an SMTP or FTP greeting", ("smtp", "submission", "lmtp", "ftp")),
    (b"200 news.example.com ready\r\n", "an NNTP greeting", ("nntp",)),
    (vectors("mysql")[0].server, "a MySQL greeting", ("mysql",)),
    (b"\x1a\0\0\0\xff\x10\x04Too many connections", "a MySQL greeting", ("mysql",)),
    (vectors("ldap")[0].server, "an LDAP message", ("ldap",)),
    (vectors("ldap")[1].server, "an LDAP message", ("ldap",)),
    (b"E\0\0\0\x20SFATAL\0", "a PostgreSQL error", ("postgres",)),
    (vectors("mssql")[0].server, "a TDS packet", ("mssql",)),
    (vectors("nbd")[0].server, "an NBD greeting", ("nbd",)),
    (vectors("rdp")[0].server, "an RDP answer", ("rdp",)),
]
"""What a server says first, what that is, and the protocols that may begin so."""

READ_ON = {"smtp", "submission", "lmtp", "ftp", "irc", "mysql"}
"""Conversations that go on after some other protocols' banners: the error is then a later one, and its hint tells."""

SAME_LETTER = {("postgres", b"ERROR")}
"""An E begins an error there too."""

CASES = [
    pytest.param(asked, first, id=f"{asked}-{first[0][:20]!r}")
    for first in FIRST_WORDS
    for asked in ASKED
    if asked not in first[2] and (asked, first[0][:5]) not in SAME_LETTER
]


@pytest.mark.parametrize(
    ("chunk", "end"),
    [
        (WHOLE, "silence"),
        pytest.param(WHOLE, "close", marks=pytest.mark.slow),
        pytest.param(BYTEWISE, "silence", marks=pytest.mark.slow),
        pytest.param(BYTEWISE, "close", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(("asked", "first"), CASES)
def test_the_error_names_the_protocol_that_it_found(asked, first, chunk, end):
    words, description, protocols = first
    error = converse(asked, Babbler(words, end, chunk))
    assert_safe(error)
    if f"it began with {description}; check protocol and port" in str(error):
        assert asked in READ_ON
    else:
        assert isinstance(error, ProtocolError)
        assert error.problem == f"this is {description}, not {PROTOCOLS[asked].title}"
        assert error.hint == "check protocol and port" + (f", or use -P {protocols[0]}" if protocols else "")
        assert error.quote


def test_every_banner_is_in_the_table():
    banners = {*UNSPOKEN, AMBIGUOUS, *(row.banner for row in PROTOCOLS.values() if row.banner)}
    assert {(banner.description, tuple(name for name in ASKED if may_begin(name, banner))) for banner in banners} == {
        (description, names) for _, description, names in FIRST_WORDS
    }


def test_every_protocol_with_a_conversation_has_a_banner():
    assert {name for name, row in PROTOCOLS.items() if row.banner} == {
        name for name, row in PROTOCOLS.items() if row.module
    }


@pytest.mark.parametrize("protocol", ASKED)
def test_no_good_server_is_taken_for_another(protocol):
    if protocol != "submission":
        for vector in vectors(protocol):
            if vector.expect == "ok":
                assert foreign_banner(vector.server, protocol) is None, vector.name
                assert recognised(vector.server, protocol) is None


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("record", [ALERT, b"\x16\x03\x01\x00\x05hello\n", b"\x15\x03\x01\x00\x02\x02\x0a\r\n"])
@pytest.mark.parametrize("end", ["silence", "close"])
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_tls_where_starttls_was_asked_names_the_option_to_use(asked, record, chunk, end):
    error = converse(asked, Babbler(record, end, chunk))
    instead = error.hint.rpartition(" ")[2]
    assert error.problem == f"the server starts with TLS, not with {PROTOCOLS[asked].title}"
    assert error.hint == f"use -P {instead}"
    assert PROTOCOLS[instead].implicit_tls
    assert instead == (sibling(asked) or "tls")


@pytest.mark.parametrize("octets", [b"\x16\x03", b"\x18\x03\x03", b"\x16\x02\x00", b"\x16\x03\x05", b""])
def test_what_is_no_tls_record_is_not_taken_for_one(octets):
    assert not re.match(TLS_RECORD, octets)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("end", "error"), [("silence", DeadlineExceeded), ("close", PeerClosed), ("reset", PeerClosed)]
)
def test_a_server_that_says_nothing_may_have_implicit_tls_or_wait_for_a_proxy(asked, end, error):
    ended = converse(asked, Babbler(b"", end, WHOLE))
    assert isinstance(ended, error)
    assert ended.hint.endswith(
        f"; it may also wait for a PROXY header, or start with TLS, then use -P {sibling(asked) or 'tls'}"
    )


@pytest.mark.parametrize("asked", ["smtp", "submission", "lmtp"])
@pytest.mark.parametrize(
    "words", ["421 4.7.0 Too many connections", "554 5.7.1 No service for 192.0.2.1", "521 Go away"]
)
def test_a_rate_limit_is_a_refusal_in_the_server_s_words(asked, words):
    error = converse(asked, Babbler(f"{words}\r\n".encode(), "close", WHOLE))
    assert isinstance(error, Refused)
    assert str(error).startswith(f'the server turns clients away with its greeting: "{words}" (')
    assert "limit clients by address or rate" in str(error)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("words", [b"\xff\xfe\xfd\xfc\r\n\r\n\r\n", b"what? is this\r\n"])
def test_a_greeting_that_nobody_knows_is_quoted(asked, words):
    error = converse(asked, Babbler(words, "close", WHOLE))
    assert isinstance(error, ProtocolError)
    assert error.problem.startswith("the ")
    assert f"is not {PROTOCOLS[asked].title}" in error.problem
    assert error.quote
    assert error.hint == "check protocol and port"


@pytest.mark.parametrize(("listed", "words"), [([b"A", b"B|"], r"it lists A, B\x7c"), ([], "it lists nothing")])
def test_what_a_server_lists_instead_is_in_the_error(listed, words):
    assert not_offered(listed, "STLS").problem == f"the server does not offer STLS, {words}"


def test_a_server_that_takes_back_its_offer_is_sent_to_its_key():
    assert str(refused(b"454 no")) == (
        'the server offers STARTTLS and then refuses it: "454 no" '
        "(its log says why; often it cannot read its own certificate or key)"
    )


def test_a_server_that_never_offered_is_only_quoted():
    assert refused(b"-ERR what?", "STLS", offered=False).problem == "the server refuses STLS"
