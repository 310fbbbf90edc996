"""Files that hold a password or a token: they are read only where nobody else can."""

from __future__ import annotations

import os
import stat

from check_starttls_cert.errors import UsageError
from check_starttls_cert.text import printable

MAX_SIZE = 1024 * 1024
"""Octets."""


def read_private(option: str, path: str) -> str:
    """Return the text of a file that an option names. Raises ``UsageError``; its words have nothing of the file."""
    try:
        # A pipe without a writer must not hold the program.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            octets = file.read(MAX_SIZE + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        reason = printable(error.strerror or str(error)).lower()
        raise UsageError(f'{option}: cannot read "{printable(path)}": {reason}') from error
    require_private(option, path, mode)
    if not stat.S_ISREG(mode) or len(octets) > MAX_SIZE:
        raise UsageError(f'{option}: "{printable(path)}" is no file of at most {MAX_SIZE} bytes')
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f'{option}: "{printable(path)}" is not UTF-8') from None


def require_private(option: str, path: str, mode: int) -> None:
    """Raise ``UsageError`` where the mode of a file (``st_mode``) lets everybody read or change it."""
    # Windows has no such modes: there, a folder's access control list is what protects.
    if os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise UsageError(
            f'{option}: everybody can read or change "{printable(path)}", which holds a secret; '
            "chmod 640 or 600 takes that away"
        )
