"""An inventory of lines."""

from __future__ import annotations

import pytest

from check_starttls_cert.sweep.line_tables import LineTables, parts
from check_starttls_cert.sweep.tables import Table


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("mail.example.com", {"host": "mail.example.com"}),
        ("mail.example.com:143", {"host": "mail.example.com", "port": "143"}),
        (
            "imap://mail.example.com:143/name",
            {"protocol": "imap", "host": "mail.example.com", "port": "143", "name": "name"},
        ),
        (
            "imap://mail.example.com/a.test,b.test",
            {"protocol": "imap", "host": "mail.example.com", "name": "a.test,b.test"},
        ),
        ("imap://mail.example.com/", {"protocol": "imap", "host": "mail.example.com"}),
        ("192.0.2.1:25", {"host": "192.0.2.1", "port": "25"}),
        ("[2001:db8::1]:25", {"host": "[2001:db8::1]", "port": "25"}),
        ("[2001:db8::1]", {"host": "[2001:db8::1]"}),
        ("2001:db8::25", {"host": "2001:db8::25"}),
        ("ldap://2001:db8::25/dc1.test", {"protocol": "ldap", "host": "2001:db8::25", "name": "dc1.test"}),
        # What is wrong is left to the grammars of the options.
        ("mail.example.com:", {"host": "mail.example.com", "port": ""}),
        ("://mail.example.com", {"protocol": "", "host": "mail.example.com"}),
        (":25", {"host": "", "port": "25"}),
    ],
)
def test_a_target_is_written_in_one_line(target, options) -> None:
    assert parts(target) == options


def test_comments_and_empty_lines_say_nothing_and_lines_are_counted() -> None:
    tables = LineTables("# all\r\n\r\n  a.test  # one\r\nb.test#two\r\n\tc.test\n")
    assert list(tables) == [
        Table((3,), {"host": "a.test"}),
        Table((4,), {"host": "b.test#two"}),
        Table((5,), {"host": "c.test"}),
    ]
    assert tables.line((4, "host")) == 4
