"""Packages of others that only some users need: imported when they are asked for, told in a line where missing."""

from __future__ import annotations

from check_starttls_cert.errors import UsageError


def require(package: str, asked: str, debian: str) -> None:
    """Raise ``UsageError`` where a package is not installed that ``asked`` needs; ``debian`` is its name there."""
    try:
        __import__(package)
    except ModuleNotFoundError:
        raise UsageError(
            f"{asked} needs the package {package} for the Python that runs this; "
            f"pip or the system's packages (Debian: {debian}) install it"
        ) from None
