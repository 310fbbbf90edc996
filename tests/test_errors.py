"""An error says the problem, the peer's words and what to do next."""

from __future__ import annotations

import pytest

from check_starttls_cert import errors
from check_starttls_cert.errors import ProbeError, UsageError


@pytest.mark.parametrize(
    ("quote", "hint", "text"),
    [
        (b"", "", "refused"),
        (b"454 no", "", 'refused: "454 no"'),
        ("", "see its log", "refused (see its log)"),
        ("454 no", "see its log", 'refused: "454 no" (see its log)'),
        (b"a|b\r\n\x1b", "", r'refused: "a\x7cb\r\n\x1b"'),
    ],
)
def test_an_error_reads_as_one_line(quote, hint, text):
    assert str(ProbeError("refused", quote=quote, hint=hint)) == text


def test_a_long_quote_is_cut():
    assert len(str(ProbeError("refused", quote=b"x" * 10_000))) < 250


def test_the_tree_is_the_one_in_the_docstring():
    drawn = [line.split("- ")[1].split()[0] for line in errors.__doc__.splitlines() if "- " in line]
    defined = [name for name, value in vars(errors).items() if isinstance(value, type)]
    assert drawn == defined


def test_every_failure_of_a_service_says_what_to_do_next():
    for error in ProbeError.__subclasses__():
        assert error.advice
        assert str(error("refused")).startswith(f"refused ({error.advice}")


def test_what_the_user_did_wrong_is_not_the_service_s_failure():
    assert not issubclass(UsageError, ProbeError)
    below = {error for error in vars(errors).values() if isinstance(error, type)} - {UsageError, ProbeError}
    assert all(error.__bases__ == (ProbeError,) for error in below)
