"""The manual page, as troff reads it and as man shows it."""

from __future__ import annotations

import os
import subprocess

import man_page
import pytest
from conftest import required
from observations import HERE
from servers import process

from check_starttls_cert.cli import ROWS, parser

PAGE = os.path.join(os.path.dirname(HERE), "contrib", "shell", man_page.FILE)


def shown(arguments: list[str]) -> str:
    """Return what a program prints; it has nothing to warn of."""
    with required(arguments[0]):
        program = process.find(arguments[0])
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANOPT": "--nh --nj"}
    done = subprocess.run([program, *arguments[1:]], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def words(text: str) -> str:
    return " ".join(text.split())


def test_man_shows_every_option_with_its_help() -> None:
    page = words(shown(["man", "--warnings", "-l", PAGE]))
    for row in ROWS:
        assert words(f"{', '.join(row.flags)} {row.metavar} {row.help.replace('%%', '%')}") in page


def test_man_shows_what_help_says_below_the_options() -> None:
    page = words(shown(["man", "--warnings", "-l", PAGE]))
    for paragraph in (parser().epilog or "").split("\n\n"):
        title, _, text = paragraph.partition(":")
        assert f" {title.upper()} {words(text)} " in page


@pytest.mark.parametrize(
    "arguments", [["groff", "-man", "-ww", "-z"], ["mandoc", "-T", "lint"]], ids=["groff", "mandoc"]
)
def test_formatters_have_nothing_to_warn_of(arguments) -> None:
    assert shown([*arguments, PAGE]) == ""


def test_man_finds_the_page_by_what_it_is_about() -> None:
    assert "check_starttls_cert - check the certificate" in shown(["lexgrog", PAGE])


def test_text_that_looks_like_a_request_is_text() -> None:
    assert man_page.roff(".so /etc/passwd\n'x\n\\n-") == "\\&.so /etc/passwd\n\\&'x\n\\en\\-"
