"""Files that are replaced whole, or not at all."""

from __future__ import annotations

import errno
import os

import pytest

from check_starttls_cert.errors import UsageError
from check_starttls_cert.sweep.files import not_written, replaced, writable


def test_until_it_is_whole_the_old_file_is_there(tmp_path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with replaced(str(path)) as file:
        file.write("new\n")
        assert path.read_text() == "old"
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"new\n", ["x"])


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def broken() -> None:
        with replaced(str(path)) as file:
            file.write("new")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["x"])


def test_a_file_needs_a_directory_and_must_not_be_one(tmp_path) -> None:
    assert writable(str(tmp_path / "x"), "--html") == str(tmp_path / "x")
    assert writable("x", "--html") == "x"
    for path in ("missing/x", "."):
        with pytest.raises(UsageError, match=r'^--html: cannot write ".*"; allowed is a file in a directory that is'):
            writable(str(tmp_path / path), "--html")


def test_why_it_is_not_there_is_said_in_a_line() -> None:
    assert not_written("the page is", "a\nb", OSError(errno.ENOSPC, "No space left on device")) == (
        'the page is not in "a\\nb": no space left on device'
    )
    assert not_written("the page is", "a", OSError("odd")) == 'the page is not in "a": odd'
