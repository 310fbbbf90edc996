"""When does a number of days alarm? The grammar of ``--warning`` and ``--critical``; pure.

::

    threshold := bound ("," bound)* | range
    bound     := (duration | number "%") [":"]      the smallest counts; a space may stand for the comma
    range     := ["@"] [number | "~"] ":" [number]  as the Monitoring Plugins guidelines define it, in days
"""

from __future__ import annotations

import math
import re

from check_starttls_cert.durations import NUMBER, UNITS, in_unit
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.text import printable

GRAMMAR = (
    "days (28 or 28d), hours, minutes or seconds (36h, 90m, 30s), percent of the lifetime (30%), "
    "several of these of which the smallest counts (28d,30% or 28d 30%), or a Nagios range in days (28:, 7:400, @0:7)"
)

BOUND = rf"({NUMBER})([{UNITS}%]?):?"
RANGE = rf"(@?)(?:(~|{NUMBER})?:)?({NUMBER})?"


class Limits(NamedTuple):
    """A range of remaining days, resolved for one certificate.

    ``None`` is infinity. Values outside alarm; with ``inside`` set, values inside do.
    """

    low: float | None
    high: float | None = None
    inside: bool = False

    def breached_by(self, days: float) -> bool:
        """Return whether ``days`` alarm. The lower limit itself does: 28 days left are not more than 28."""
        too_low = self.low is not None and (days < self.low if self.inside else days <= self.low)
        too_high = self.high is not None and days > self.high
        return (too_low or too_high) != self.inside

    def written_breached_by(self, days: float) -> bool:
        """Return whether who reads ``str(self)`` sees ``days`` alarm: the guidelines let a limit itself pass."""
        low, high = (bound if bound is None else round(bound, 2) for bound in (self.low, self.high))
        outside = (low is not None and days < low) or (high is not None and days > high)
        return outside != self.inside

    def __str__(self) -> str:
        """Return the range as performance data writes it: ``28:``, ``@0:7``."""
        low = "~:" if self.low is None else f"{plain(self.low)}:"
        return ("@" if self.inside else "") + low + ("" if self.high is None else plain(self.high))


class Threshold(NamedTuple):
    """A threshold as the user wrote it, before the certificate is known."""

    bounds: tuple[tuple[float, str], ...] = ()
    """Lower bounds: number and unit, of ``durations.UNITS`` or ``%``."""
    limits: Limits | None = None
    """A range in days, instead of bounds."""

    def for_lifetime(self, lifetime_days: float) -> Limits:
        """Return the limits in force for a certificate whose whole validity is ``lifetime_days``."""
        if self.limits is not None:
            return self.limits
        # Multiply first: 6 / 100 * 30 is less than 1.8.
        return Limits(
            min(
                number * lifetime_days / 100 if unit == "%" else in_unit(number, unit, "d")
                for number, unit in self.bounds
            )
        )

    def alarms_before(self, other: Threshold) -> bool:
        """Return whether this threshold alarms before ``other``, at either end, for every lifetime."""
        if self.limits is not None or other.limits is not None:
            mine, theirs = self.ends, other.ends
            too_low = mine[0] is not None and theirs[0] is not None and mine[0] > theirs[0]
            too_high = mine[1] is not None and theirs[1] is not None and mine[1] < theirs[1]
            return too_low or too_high
        # Days and percent cannot be compared with each other: the certificate's lifetime decides.
        kinds = {unit == "%" for _, unit in self.bounds + other.bounds}
        return all(self._smallest(percent) > other._smallest(percent) for percent in kinds)

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The lower and the upper limit in days, each where it is one and does not depend on the certificate."""
        if self.limits is not None:
            return (None, None) if self.limits.inside else (self.limits.low, self.limits.high)
        return (None if any(unit == "%" for _, unit in self.bounds) else self._smallest(percent=False), None)

    def _smallest(self, percent: bool) -> float:
        comparable = (
            number if percent else in_unit(number, unit, "d")
            for number, unit in self.bounds
            if (unit == "%") is percent
        )
        return min(comparable, default=math.inf)

    def __str__(self) -> str:
        """Return the threshold as the user may write it."""
        if self.limits is not None:
            return str(self.limits)
        return ",".join(f"{plain(number)}{unit}" for number, unit in self.bounds)


def parse_threshold(text: str) -> Threshold:
    """Return the threshold that ``text`` means. Raises ``ValueError``, which says what is allowed."""
    bounds = [re.fullmatch(BOUND, part) for part in re.split(r"\s*,\s*|\s+", text.strip())]
    if all(bounds):
        threshold = Threshold(tuple((float(b[1]), b[2].lower() or "d") for b in bounds if b))
        units = [unit for _, unit in threshold.bounds]
        if len(set(units)) < len(units):
            first, second = (f"{plain(number)}{unit}" for number, unit in threshold.bounds[:2])
            raise ValueError(
                f'"{printable(text)}" has two bounds of one unit; for two thresholds use -w {first} -c {second} '
                "(the list is for different units, like 28d,30%)"
            )
        if all(number <= 100 for number, unit in threshold.bounds if unit == "%"):
            return threshold
    elif (parts := re.fullmatch(RANGE, text.strip())) and (parts[2] or parts[3]):
        # Monitoring Plugins guidelines, "Threshold and Ranges": an omitted start is 0, an omitted end infinity.
        low = None if parts[2] == "~" else float(parts[2] or 0)
        high = float(parts[3]) if parts[3] else None
        if low is None or high is None or low <= high:
            return Threshold(limits=Limits(low, high, inside=bool(parts[1])))
    raise ValueError(f'"{printable(text)}" is no threshold; allowed are {GRAMMAR}')


def plain(number: float) -> str:
    """Return ``number`` with two decimals at most, and never an exponent."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
