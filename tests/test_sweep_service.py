"""The service of a monitoring system that a target is."""

from __future__ import annotations

import pytest

from check_starttls_cert import options
from check_starttls_cert.sweep.service import parse_object, service


def of(marks: dict[str, str] | None = None, **given) -> str:
    return str(service(options.job({"host": "mta.test", **given}).target, marks or {}))


@pytest.mark.parametrize(
    ("marks", "given", "expected"),
    [
        ({}, {}, "mta.test!starttls_cert-smtp"),
        ({}, {"protocol": "imap", "port": 143}, "mta.test!starttls_cert-imap"),
        ({}, {"protocol": "imap", "port": 1143}, "mta.test!starttls_cert-imap-1143"),
        ({}, {"name": ("mta.test",)}, "mta.test!starttls_cert-smtp"),
        ({}, {"name": ("mail.test", "b.test")}, "mta.test!starttls_cert-smtp-mail.test"),
        ({"monitoring_host": "mail.test"}, {"name": ("mail.test",)}, "mail.test!starttls_cert-smtp"),
        ({"monitoring_host": "A b"}, {}, "A b!starttls_cert-smtp"),
        ({"monitoring_service": "S"}, {"port": 26, "name": ("x.test",)}, "mta.test!S"),
        ({}, {"host": "2001:db8::1"}, "2001:db8::1!starttls_cert-smtp"),
    ],
)
def test_a_target_is_a_service(marks, given, expected) -> None:
    assert of(marks, **given) == expected


def test_a_name_may_have_blanks_and_any_language() -> None:
    assert parse_object('Küche "2"; x') == 'Küche "2"; x'


@pytest.mark.parametrize("text", ["", " ", " a", "a\n", "a\tb", "a!b", "x" * 256, "\u202ea"])
def test_what_is_no_name_is_told(text) -> None:
    with pytest.raises(ValueError, match="is no name of a host or service; allowed are up to 255 characters"):
        parse_object(text)
