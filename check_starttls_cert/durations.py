"""How long? The one grammar of a duration, wherever a user writes one; pure.

::

    duration := number [unit]                  without a unit, in that of its option
    unit     := "s" | "m" | "h" | "d"          in either case, but for M
"""

from __future__ import annotations

import re

NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"

SECONDS = {"s": 1, "S": 1, "m": 60, "h": 3600, "H": 3600, "d": 86400, "D": 86400}
"""In each unit. Nobody can know whether 1M is a minute or a month."""

UNITS = "".join(SECONDS)


def parse_duration(text: str, unit: str) -> float | None:
    """Return the duration in ``unit``, which a number alone has too; ``None`` where ``text`` is none."""
    parts = re.fullmatch(rf"({NUMBER})([{UNITS}]?)", text)
    return in_unit(float(parts[1]), parts[2] or unit, unit) if parts else None


def in_unit(number: float, of: str, unit: str) -> float:
    """Return ``number`` of one unit in another."""
    # Multiply first: the quotient of two whole numbers is rounded once.
    return number * SECONDS[of] / SECONDS[unit]
