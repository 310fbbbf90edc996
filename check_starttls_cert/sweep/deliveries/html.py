"""One page for people, with nothing outside it: the most urgent targets, their details, and what ends when.

The details of the most urgent targets are kept; the counts and the calendar are of all. What a peer said enters the
page as text alone: Jinja2 escapes it, and the page's own policy lets nothing but its one script run, by its hash
(Content Security Policy Level 3, section 2.3.1).
"""

from __future__ import annotations

import heapq
import json
import math
import pkgutil
from datetime import date

from check_starttls_cert import __version__
from check_starttls_cert.packages import require
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.summary import facts, found
from check_starttls_cert.sweep.files import not_written, replaced, writable
from check_starttls_cert.words import base64_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally

MAX_ROWS = 2000
"""Targets that are listed: 3 to 6 MB, which a browser opens in a few seconds."""

MONTHS = 12
"""Of the calendar, at most."""

FULL = 90
"""Days left that fill a bar."""

BUFFERED = 1000
"""Pieces of the page that are written together."""


def opened(given: Mapping[str, Any]) -> Page:
    """Return the delivery. Raises ``UsageError``."""
    path = writable(given["html"], "--html")
    require("jinja2", "html", "python3-jinja2")
    return Page(path)


class Day(NamedTuple):
    """A day of the calendar."""

    number: int
    iso: str
    """As ISO 8601 writes it; nothing where the day is another month's."""
    ends: int = 0
    """Certificates that end on it."""
    state: str = ""
    """The worst that their days are judged."""
    listed: bool = False
    """A row of the table has one of them."""


class Page:
    """The page, while it is not there yet."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._taken = 0
        self._urgent: list[tuple[tuple[int, float, int], str]] = []
        """The rows, and what orders them."""
        self._begun = self._now = ""
        """When the first and the last target was judged; ISO 8601, in UTC."""
        self._ends: dict[str, tuple[int, int]] = {}
        """Of each day of the calendar, how many certificates end on it, and the worst that their days are judged."""
        self._ended = self._later = 0
        """Certificates that have ended, and those that end after the calendar."""

    @staticmethod
    def show(report: Report) -> str:
        """Return what orders and counts a target, and in a second line what is told of it."""
        target, presented = report.job.target, report.observation.presented
        expiry = next((each for each in report.judgements if each.question.key == "expiry"), None)
        now = report.now.replace(tzinfo=None).isoformat(" ", "minutes")
        days, judged = (expiry.value, expiry.state) if expiry else (None, None)
        until = str(presented.leaf.not_after.date()) if presented else ""
        said = {
            "service": str(target).partition(" ")[2],
            "protocol": target.protocol,
            "words": report.problems or [found(report)],
            "facts": [line.partition(": ")[::2] for line in facts(report)],
        }
        return f"{json.dumps([now, report.state, days, judged, until])}\n{json.dumps(said)}"

    def take(self, shown: str) -> None:
        """Count a target, and keep it if it is among the most urgent."""
        now, state, days, judged, until = json.loads(shown.partition("\n")[0])
        self._begun, self._now = self._begun or now, max(self._now, now)
        if until:
            self._count(days, judged, until)
        self._taken += 1
        entry = (state, -math.inf if days is None else -days, -self._taken), shown
        (heapq.heappushpop if len(self._urgent) == MAX_ROWS else heapq.heappush)(self._urgent, entry)

    def _count(self, days: float, judged: int, until: str) -> None:
        """Count a certificate by its end."""
        if days < 0:
            self._ended += 1
        elif months(until) - months(self._begun) >= MONTHS:
            self._later += 1
        else:
            count, worst = self._ends.get(until, (0, 0))
            self._ends[until] = count + 1, max(worst, judged)

    def end(self, tally: Tally) -> str:
        """Replace the page."""
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        style, script = source("page.css"), source("page.js")
        said = {
            # Ours, and the only two that are no foreign text.
            "style": Markup(style),  # noqa: S704 - ours
            "script": Markup(script),  # noqa: S704 - ours
            "style_hash": sha256(style),
            "script_hash": sha256(script),
            "state": tally.state.name,
            "counts": {state.name: tally.counts[state] for state in sorted(State, reverse=True)},
            "total": tally.total,
            "ended": tally.ended,
            "elapsed": tally.elapsed,
            "now": self._now,
            "version": __version__,
            "months": list(self._calendar()),
            "certificates_ended": self._ended,
            "certificates_later": self._later,
            "listed": len(self._urgent),
            "left_out": tally.left_out(State(state) for (state, _, _), _ in self._urgent),
            "rows": self._rows(),
            "full": FULL,
        }
        try:
            with replaced(self.path) as file:
                stream = environment.from_string(source("page.html.jinja")).stream(said)
                stream.enable_buffering(BUFFERED)
                file.writelines(stream)
        except OSError as error:
            return not_written("the page is", self.path, error)
        return ""

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield what the table says, the most urgent first."""
        seen = set()
        entries = [(state, days, shown) for (state, days, _), shown in self._urgent]
        for number, (_, _, shown) in enumerate(sorted(entries, key=urgency)):
            head, _, said = shown.partition("\n")
            _, state, days, judged, until = json.loads(head)
            yield {
                **json.loads(said),
                "number": number,
                "state": State(state).name,
                "days": days,
                "judged": "" if judged is None else State(judged).name,
                "until": until,
                "first": until not in seen,
            }
            seen.add(until)

    def _calendar(self) -> Iterator[tuple[str, list[list[Day]]]]:
        """Yield the months in which certificates end, each with its weeks."""
        import calendar

        listed = {json.loads(shown.partition("\n")[0])[-1] for _, shown in self._urgent}
        for month in sorted(set(map(months, self._ends))):
            first = date(month // 12, month % 12 + 1, 1)
            weeks = calendar.Calendar().monthdayscalendar(first.year, first.month)
            yield f"{first:%B %Y}", [[self._day(first, number, listed) for number in week] for week in weeks]

    def _day(self, first: date, number: int, listed: set[str]) -> Day:
        """Return a day of the month that begins with ``first``; 0 is a day of another."""
        iso = str(first.replace(day=number)) if number else ""
        count, worst = self._ends.get(iso, (0, 0))
        return Day(number, iso, count, State(worst).name, iso in listed)


def urgency(entry: tuple[int, float, str]) -> tuple[int, float, str]:
    """Return what orders a row: the worst first, then who ends first; of the same days, no thread decides."""
    state, days, shown = entry
    return -state, -days, shown.partition("\n")[2]


def months(iso: str) -> int:
    """Return the month of a date, counted from the year 0 on."""
    return int(iso[:4]) * 12 + int(iso[5:7]) - 1


def source(name: str) -> str:
    """Return a file beside this one."""
    return (pkgutil.get_data(__name__, name) or b"").decode("utf-8")


def sha256(text: str) -> str:
    """Return what the page's policy names a script or a style by."""
    import hashlib

    return f"sha256-{base64_text(hashlib.sha256(text.encode('utf-8')).digest())}"
