"""Files that are replaced whole: whoever reads one sees the old one or the new, never half of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from check_starttls_cert.errors import UsageError
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import TextIO


def writable(path: str, option: str) -> str:
    """Return a path at which a file can be. Raises ``UsageError``."""
    if not os.path.isdir(os.path.dirname(path) or os.curdir) or os.path.isdir(path):
        raise UsageError(f'{option}: cannot write "{printable(path)}"; allowed is a file in a directory that is there')
    return path


@contextlib.contextmanager
def replaced(path: str) -> Iterator[TextIO]:
    """Yield the new file, which takes the old one's place once it is on the disk. Raises ``OSError``."""
    # Nobody who looks for *.prom or *.html sees it before it is whole.
    new = f"{path}.{os.getpid()}.tmp"
    try:
        with open(new, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


def not_written(what: str, path: str, error: OSError) -> str:
    """Return why the file is the old one."""
    return f'{what} not in "{printable(path)}": {printable(error.strerror or str(error)).lower()}'
