"""The table of protocols."""

from __future__ import annotations

import pytest

from check_starttls_cert.starttls.protocols import PROTOCOLS, sibling

WITH_STARTTLS = {
    "smtp": 25, "submission": 587, "lmtp": 24, "ldap": 389, "imap": 143, "pop3": 110, "sieve": 4190, "ftp": 21,
    "nntp": 119, "xmpp-client": 5222, "xmpp-server": 5269, "irc": 6667, "postgres": 5432, "mysql": 3306,
    "mssql": 1433, "rdp": 3389, "nbd": 10809,
}  # fmt: skip
IMPLICIT_TLS = {
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
    assert {name: protocol.port for name, protocol in PROTOCOLS.items()} == {**WITH_STARTTLS, **IMPLICIT_TLS}
    assert {name for name, protocol in PROTOCOLS.items() if protocol.implicit_tls} == set(IMPLICIT_TLS)


def test_those_with_implicit_tls_name_themselves_in_alpn():
    assert {name: protocol.alpn for name, protocol in PROTOCOLS.items() if protocol.alpn} == ALPN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_names_its_specification(protocol):
    assert PROTOCOLS[protocol].specification


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sibling_is_mutual_and_starts_the_other_way(protocol):
    other = sibling(protocol)
    if other is not None:
        assert sibling(other) == protocol
        assert PROTOCOLS[other].implicit_tls != PROTOCOLS[protocol].implicit_tls


def test_the_protocols_without_a_sibling_are_known():
    assert {name for name in PROTOCOLS if sibling(name) is None} == {
        "postgres", "mysql", "mssql", "rdp", "nbd", "https", "mqtts", "amqps", "tls"
    }  # fmt: skip


def test_submission_is_smtp_on_another_port():
    assert PROTOCOLS["submission"] == PROTOCOLS["smtp"]._replace(
        port=587, specification=PROTOCOLS["submission"].specification
    )


def test_a_sibling_with_implicit_tls_is_called_the_same():
    assert all(row.title == PROTOCOLS[row.sibling].title for row in PROTOCOLS.values() if row.sibling)
