"""Results that their receiver does not take, now or ever: the first of them by name, and how many there are."""

from __future__ import annotations

from check_starttls_cert.text import counted, printable

MAX_NAMED = 10
"""Results that are named."""


class Unwanted:
    """The results of one sweep that are not taken for one reason."""

    def __init__(self, why: str) -> None:
        self._why = why
        self._named: list[str] = []
        self._count = 0

    def add(self, name: str) -> None:
        """Count one."""
        self._count += 1
        if name not in self._named and len(self._named) < MAX_NAMED:
            self._named.append(name)

    def __str__(self) -> str:
        if not self._count:
            return ""
        shown = ", ".join(printable(name) for name in self._named)
        more = f" and {self._count - len(self._named)} more" if self._count > len(self._named) else ""
        return f"{counted(self._count, 'result')} {self._why}: {shown}{more}"
