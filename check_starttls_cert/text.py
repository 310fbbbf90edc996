"""Foreign text made safe to show: one line, no ``|``, no control characters, bounded.

Text from servers, certificates and users may be hostile. Whatever they wrote passes through
``printable`` once, before it becomes part of a sentence.
"""

from __future__ import annotations

MAX_LENGTH = 200
"""Characters of one foreign text that are shown; monitoring systems cut lines at 1 KB."""


def printable(foreign: bytes | str, limit: int = MAX_LENGTH) -> str:
    r"""Return ``foreign`` as one line of at most ``limit`` characters that cannot do harm.

    Control characters, line and paragraph separators, bidirectional overrides, unassigned
    code points and the ``|`` that starts Nagios performance data become escapes (``\n``, ``\x7c``).
    """
    if isinstance(foreign, bytes):
        # An escape never shortens: the bytes beyond the limit cannot be seen, so do not decode megabytes.
        foreign = foreign[: 4 * limit + 4].decode("utf-8", "backslashreplace")
    text = foreign[: limit + 1]
    if not text.isprintable() or "|" in text:
        text = "".join(map(_escaped, text))
    return shortened(text, limit)


def shortened(text: str, limit: int) -> str:
    """Return ``text`` if it has at most ``limit`` characters; else its beginning, with dots for the rest."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _escaped(character: str) -> str:
    if character == "|":
        return r"\x7c"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def counted(number: int, noun: str) -> str:
    """Return ``1 day``, ``2 days``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
