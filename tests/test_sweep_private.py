"""Files with secrets are read, but not where everybody can."""

from __future__ import annotations

import os

import pytest

from check_starttls_cert.errors import UsageError
from check_starttls_cert.sweep import private
from check_starttls_cert.sweep.private import read_private

posix = pytest.mark.skipif(os.name != "posix", reason="modes and pipes are POSIX's")


@pytest.fixture
def secret(tmp_path) -> str:
    path = tmp_path / "secret"
    path.write_bytes("\ufeffgeheim ü\n".encode())
    path.chmod(0o640)
    return str(path)


def test_a_file_of_one_s_own_or_of_a_group_is_read(secret) -> None:
    assert read_private("--x", secret) == "geheim ü\n"


def refused(path: object) -> str:
    with pytest.raises(UsageError) as caught:
        read_private("--x", str(path))
    assert "geheim" not in str(caught.value)
    return str(caught.value)


@posix
@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_file_that_everybody_can_read_or_change_is_refused(secret, mode) -> None:
    os.chmod(secret, mode)
    assert refused(secret) == (
        f'--x: everybody can read or change "{secret}", which holds a secret; chmod 640 or 600 takes that away'
    )


def test_where_there_are_no_modes_the_folder_protects(secret, monkeypatch) -> None:
    monkeypatch.setattr(private.os, "name", "nt")
    os.chmod(secret, 0o644)
    assert read_private("--x", secret) == "geheim ü\n"


def test_what_cannot_be_read_is_told(tmp_path, secret, monkeypatch) -> None:
    assert refused(tmp_path / "missing") == f'--x: cannot read "{tmp_path / "missing"}": no such file or directory'
    (tmp_path / "latin").write_bytes(b"geheim \xfc")
    (tmp_path / "latin").chmod(0o600)
    assert refused(tmp_path / "latin").endswith(" is not UTF-8")
    monkeypatch.setattr(private, "MAX_SIZE", 3)
    assert refused(secret).endswith(" is no file of at most 3 bytes")


@posix
def test_a_pipe_without_a_writer_does_not_hold_it(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refused(tmp_path / "pipe").endswith("is no file of at most 1048576 bytes")
