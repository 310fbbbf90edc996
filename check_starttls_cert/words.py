"""Words that judgement and presentation share: durations, dates, octets and lists as people read them.

The rules of our messages, wherever they are made:

* no full stop at the end, no capital at the beginning: messages are joined, and stand behind a colon;
* problems are joined by ``JOINT``; a ``;`` may stand inside one where a ``:`` would say the same;
* the step that failed is named, and what the peer said is quoted, in double quotes;
* what to do comes last, in parentheses or behind a colon;
* foreign text passes through ``text.printable`` once;
* what is not known is never told as a fact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from check_starttls_cert.state import State
from check_starttls_cert.text import counted, printable

SECONDS_PER_DAY = 86400

JOINT = " / "
"""Between problems. Nagios, Naemon and Centreon turn each ``;`` of a status line into a ``:``."""

MAX_NAMES = 5
"""Names that one message lists."""


def counted_states(counts: Mapping[State, int]) -> str:
    """Return ``2 CRITICAL, 5 OK``; nothing where there is none."""
    return ", ".join(f"{counts[state]} {state.name}" for state in sorted(State, reverse=True) if counts[state])


def in_days(duration: timedelta) -> float:
    """The duration in days of 24 hours."""
    return duration.total_seconds() / SECONDS_PER_DAY


def shown_days(days: float) -> float:
    """``days`` as every output shows them: two decimals, and below zero once expired."""
    return min(round(days, 2), -0.01) if days < 0 else round(days, 2)


def span(duration: timedelta) -> str:
    """A positive duration in its largest unit, never more than it is: ``59 days``, ``5 hours``, ``1 second``."""
    days = math.floor(round(in_days(duration), 2))
    if days >= 1:
        return counted(days, "day")
    seconds = int(duration.total_seconds())
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(seconds // size, unit)
    return counted(seconds, "second") if seconds else "less than a second"


def date(moment: datetime, distance: timedelta) -> str:
    """The day of ``moment`` in UTC, with its time when that is less than two days away."""
    return str(moment.date()) if abs(distance) >= timedelta(days=2) else f"{moment:%Y-%m-%d %H:%M} UTC"


def address_text(packed: bytes) -> str:
    """An iPAddress as text; one of a wrong length in hexadecimal."""
    import ipaddress

    return str(ipaddress.ip_address(packed)) if len(packed) in (4, 16) else packed.hex()


def base64_text(digest: bytes) -> str:
    """A digest as pins are usually written."""
    import base64

    return base64.b64encode(digest).decode("ascii")


def quoted(name: str) -> str:
    """A name out of a certificate, cleaned and in quotes."""
    return f'"{printable(name, 80)}"'


def called(name: str) -> str:
    """A certificate by its name, or words for one that has none."""
    return quoted(name) if name else "a certificate without a name"


def enumerated(names: Iterable[str]) -> str:
    """The first names, quoted and cleaned, and how many more there are."""
    return listed([quoted(name) for name in names])


def listed(items: Sequence[str], most: int = MAX_NAMES) -> str:
    """The first items, and how many more there are. The one place that bounds a list."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")
