"""The table of protocols: everything that is known of one before its module is imported."""

from __future__ import annotations

from check_starttls_cert.static_typing import NamedTuple


class Banner(NamedTuple):
    """What a server of a protocol says first."""

    description: str
    pattern: bytes
    """A regular expression for its first bytes, without case; compiled only when a conversation has failed."""


class Row(NamedTuple):
    """What is known of a protocol."""

    port: int | None
    """The registered port; ``None`` where there is none."""
    title: str
    """What people call the protocol."""
    specification: str
    module: str | None = None
    """The file here that speaks it; ``None`` for protocols that need no words."""
    banner: Banner | None = None
    replies: bool = False
    """The server greets, and answers each command with a reply in lines: the module is ``Replying``."""
    plaintext_goodbye: bool = True
    """Whether the goodbye works before TLS; it does not where the protocol begins anew inside TLS."""
    implicit_tls: bool = False
    """TLS comes first (RFC 8314 section 3)."""
    alpn: str | None = None
    """With implicit TLS: the protocol's name in the registry of RFC 7301."""
    sibling: str | None = None
    """With implicit TLS: the same protocol with STARTTLS."""


SMTP = Banner("an SMTP greeting", rb"220[ -].*\bE?SMTP\b")
LMTP = Banner("an LMTP greeting", rb"220[ -].*\bLMTP\b")
IMAP = Banner("an IMAP greeting", rb"\* (OK|PREAUTH|BYE)\b")
POP3 = Banner("a POP3 greeting", rb"(\+OK|-ERR)\b")
SIEVE = Banner("a ManageSieve greeting", rb'"(IMPLEMENTATION|SIEVE|SASL|VERSION)"')
FTP = Banner("an FTP greeting", rb"220[ -].*(\bFTP\b|FTPd|FileZilla)")
NNTP = Banner("an NNTP greeting", rb"20[01] ")
LDAP = Banner("an LDAP message", rb"0(\x84[\s\S]{4}|[\x05-\x7f])\x02[\x01-\x04]")
XMPP = Banner("an XMPP stream", rb"(<\?xml[^>]*>\s*)?<stream:")
IRC = Banner("an IRC greeting", rb":\S+ (NOTICE|[0-9]{3}) |NOTICE |ERROR :")
POSTGRES = Banner("a PostgreSQL error", rb"E\x00\x00[\s\S]{2}S")
MYSQL = Banner("a MySQL greeting", rb"[\s\S]{2}\x00\x00(\x0a[0-9]|\xff)")
MSSQL = Banner("a TDS packet", rb"\x04\x01[\s\S]{2}\x00\x00[\s\S]\x00")
RDP = Banner("an RDP answer", rb"\x03\x00[\s\S]{2}[\x06-\x0e]\xd0")
NBD = Banner("an NBD greeting", rb"NBDMAGIC")

XMPP_TLS = "RFC 6120 section 5"

PROTOCOLS = {
    "smtp": Row(25, "SMTP", "RFC 5321, RFC 3207", "smtp", SMTP, replies=True),
    "submission": Row(587, "SMTP", "RFC 6409, RFC 3207", "smtp", SMTP, replies=True),
    "lmtp": Row(24, "LMTP", "RFC 2033, RFC 3207", "lmtp", LMTP, replies=True),
    "ldap": Row(389, "LDAP", "RFC 4511 section 4.14", "ldap", LDAP),
    "imap": Row(143, "IMAP", "RFC 9051 section 6.2.1", "imap", IMAP, replies=True),
    "pop3": Row(110, "POP3", "RFC 2595 section 4", "pop3", POP3, replies=True),
    "sieve": Row(4190, "ManageSieve", "RFC 5804 section 2.2", "sieve", SIEVE, plaintext_goodbye=False),
    "ftp": Row(21, "FTP", "RFC 4217", "ftp", FTP, replies=True),
    "nntp": Row(119, "NNTP", "RFC 4642", "nntp", NNTP, replies=True),
    "xmpp-client": Row(5222, "XMPP", XMPP_TLS, "xmpp_client", XMPP, plaintext_goodbye=False),
    "xmpp-server": Row(5269, "XMPP", XMPP_TLS, "xmpp_server", XMPP, plaintext_goodbye=False),
    "irc": Row(6667, "IRC", "IRCv3 tls", "irc", IRC),
    "postgres": Row(5432, "PostgreSQL", "PostgreSQL SSLRequest", "postgres", POSTGRES),
    "mysql": Row(3306, "MySQL", "MySQL protocol 10", "mysql", MYSQL, plaintext_goodbye=False),
    "mssql": Row(1433, "TDS", "MS-TDS section 2.2.6.5", "mssql", MSSQL),
    "rdp": Row(3389, "RDP", "MS-RDPBCGR section 2.2.1", "rdp", RDP),
    "nbd": Row(10809, "NBD", "NBD protocol, NBD_OPT_STARTTLS", "nbd", NBD, plaintext_goodbye=False),
}


def _implicit(starttls: str, port: int | None, specification: str, alpn: str | None = None) -> Row:
    """Make the row of a protocol's sibling with implicit TLS."""
    return PROTOCOLS[starttls]._replace(
        port=port, specification=specification, alpn=alpn, implicit_tls=True, sibling=starttls
    )


PROTOCOLS.update(
    {
        "smtps": _implicit("smtp", 465, "RFC 8314 section 3"),
        "submissions": _implicit("submission", 465, "RFC 8314 section 3.3"),
        "lmtps": _implicit("lmtp", None, "RFC 2033"),
        "ldaps": _implicit("ldap", 636, "LDAP inside TLS"),
        "imaps": _implicit("imap", 993, "RFC 8314 section 3.2", alpn="imap"),
        "pop3s": _implicit("pop3", 995, "RFC 8314 section 3.1", alpn="pop3"),
        "ftps": _implicit("ftp", 990, "FTP inside TLS", alpn="ftp"),
        "nntps": _implicit("nntp", 563, "RFC 8143 section 2", alpn="nntp"),
        "xmpps-client": _implicit("xmpp-client", 5223, "XEP-0368", alpn="xmpp-client"),
        "xmpps-server": _implicit("xmpp-server", 5270, "XEP-0368", alpn="xmpp-server"),
        "ircs": _implicit("irc", 6697, "RFC 7194", alpn="irc"),
        "sieves": _implicit("sieve", None, "RFC 5804", alpn="managesieve"),
        "https": Row(443, "HTTP", "RFC 9110 section 4.2.2", implicit_tls=True, alpn="http/1.1"),
        "mqtts": Row(8883, "MQTT", "MQTT 5.0 section 4.2", implicit_tls=True, alpn="mqtt"),
        "amqps": Row(5671, "AMQP", "AMQP 1.0 section 5.2", implicit_tls=True),
        "tls": Row(None, "TLS", "RFC 8446", implicit_tls=True),
    }
)


def sibling(protocol: str) -> str | None:
    """Name the same protocol with implicit TLS, or, for one of those, with STARTTLS."""
    with_implicit_tls = (name for name, row in PROTOCOLS.items() if row.sibling == protocol)
    return PROTOCOLS[protocol].sibling or next(with_implicit_tls, None)
