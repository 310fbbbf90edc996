"""A server that speaks something else is told by its voice, and the administrator what to use instead."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, WHOLE, Babbler, assert_safe, converse, vectors

from check_starttls_cert.errors import DeadlineExceeded, PeerClosed, ProtocolError, Refused
from check_starttls_cert.starttls import PROTOCOLS, sibling
from check_starttls_cert.starttls.recognise import TITLES, TLS_RECORD, VOICES, recognised, title, voice_of

ASKED = [name for name, protocol in PROTOCOLS.items() if not protocol.starts_with_tls]

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
"""What a server says first, whose voice that is, and who may speak so."""

READ_ON = {"smtp", "submission", "lmtp", "ftp", "irc", "mysql"}
"""Who takes some others' first words for their own: the error is then a later one, and its hint tells."""

SAME_LETTER = {("postgres", b"ERROR")}
"""An E begins an error there too."""

CASES = [
    pytest.param(asked, first, id=f"{asked}-{first[0][:20]!r}")
    for first in FIRST_WORDS
    for asked in ASKED
    if asked not in first[2] and (asked, first[0][:5]) not in SAME_LETTER
]


@pytest.mark.parametrize("end", ["silence", "close"])
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
@pytest.mark.parametrize(("asked", "first"), CASES)
def test_the_error_says_whose_voice_it_is(asked, first, chunk, end):
    words, voice, protocols = first
    error = converse(asked, Babbler(words, end, chunk))
    assert_safe(error)
    if f"it began with {voice}; check protocol and port" in str(error):
        assert asked in READ_ON
    else:
        assert isinstance(error, ProtocolError)
        assert error.problem == f"this is {voice}, not {title(asked)}"
        assert error.hint == "check protocol and port" + (f", or use -P {protocols[0]}" if protocols else "")
        assert error.quote


def test_every_voice_is_in_the_table():
    assert {voice.description: voice.protocols for voice in VOICES} == {voice: names for _, voice, names in FIRST_WORDS}
    assert {name for voice in VOICES for name in voice.protocols} == set(ASKED)


@pytest.mark.parametrize("protocol", ASKED)
def test_no_good_server_is_taken_for_another(protocol):
    if protocol != "submission":
        for vector in vectors(protocol):
            if vector.expect == "ok":
                assert voice_of(vector.server, protocol) is None, vector.name
                assert recognised(vector.server, protocol) is None


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("record", [ALERT, b"\x16\x03\x01\x00\x05hello\n", b"\x15\x03\x01\x00\x02\x02\x0a\r\n"])
@pytest.mark.parametrize("end", ["silence", "close"])
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_tls_where_starttls_was_asked_names_the_option_to_use(asked, record, chunk, end):
    error = converse(asked, Babbler(record, end, chunk))
    instead = error.hint.rpartition(" ")[2]
    assert error.problem == f"the server starts with TLS, not with {title(asked)}"
    assert error.hint == f"use -P {instead}"
    assert PROTOCOLS[instead].starts_with_tls
    assert instead == (sibling(asked) or "tls")


@pytest.mark.parametrize("octets", [b"\x16\x03", b"\x18\x03\x03", b"\x16\x02\x00", b"\x16\x03\x05", b""])
def test_what_is_no_tls_record_is_not_taken_for_one(octets):
    assert not TLS_RECORD.match(octets)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("end", "error"), [("silence", DeadlineExceeded), ("close", PeerClosed), ("reset", PeerClosed)]
)
def test_a_server_that_says_nothing_may_be_one_that_starts_with_tls(asked, end, error):
    ended = converse(asked, Babbler(b"", end, WHOLE))
    assert isinstance(ended, error)
    assert ended.hint.endswith(f"; if the server starts with TLS, use -P {sibling(asked) or 'tls'}")


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
def test_a_voice_that_nobody_knows_is_quoted(asked, words):
    error = converse(asked, Babbler(words, "close", WHOLE))
    assert isinstance(error, ProtocolError)
    assert error.problem.startswith("the ")
    assert f"is not {title(asked)}" in error.problem
    assert error.quote
    assert error.hint == "check protocol and port"


def test_titles_are_only_kept_for_names_that_need_them():
    assert set(TITLES) <= set(PROTOCOLS)
    assert all(TITLES[name] != name.upper() for name in TITLES)
