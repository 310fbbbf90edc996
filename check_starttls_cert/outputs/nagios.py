"""Nagios, Icinga, Naemon, Checkmk: a status line with performance data, long output below it.

Monitoring Plugins guidelines: the exit code is the state; what stands after ``|`` in the first line
is performance data, and it stands there only (Icinga misreads it when it is split over lines).
"""

from __future__ import annotations

from check_starttls_cert.outputs import Endpoint, Rendered
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import shortened
from check_starttls_cert.thresholds import plain
from check_starttls_cert.words import shown_days

if TYPE_CHECKING:
    from check_starttls_cert.questions import Judgement
    from check_starttls_cert.report import Report
    from check_starttls_cert.thresholds import Limits

NAME = "STARTTLS_CERT"
"""The word that starts the status line."""

MAX_LINE = 1000
"""Characters of the first line, its performance data included."""

MAX_OUTPUT = 4000
"""Characters of all output without ``-v``."""

PLACES = ("days_until_expiration", "time", "public_key_size", "days_until_chain_expiration")
"""The order of the performance data: the main number, then what is least often missing. Graphs that know a number by
its place keep the others' when one is missing. Labels that are not here stand behind."""


def render(report: Report) -> Rendered:
    """Show a report as plugin output."""
    from check_starttls_cert.summary import details, line

    measured = (judgement for judgement in report.judgements if judgement.question.metric)
    data = {each.question.metric: performance(each) for each in measured if each.value is not None}
    data["time"] = f"{report.observation.elapsed:.3f}s;;;0"
    labels = dict.fromkeys((*PLACES, *data))
    performance_data = f" | {' '.join(f'{label}={data[label]}' for label in labels if label in data)}"
    # Icinga, Nagios and NRPE cut long lines, and with them the performance data, which stand last.
    words = shortened(f"{NAME} {report.state.name} - {line(report)}", MAX_LINE - len(performance_data))
    return Rendered("\n".join([words + performance_data, *details(report)]), report.state.exit_code)


def performance(judgement: Judgement) -> str:
    """Return a number, and its ranges where they tell the state: days and bits have no unit, Icinga's ``d`` is seconds.

    Graphs are coloured by number and ranges alone. They must not be red where the answer is good, nor green where it
    is bad for a reason that is not in the number, such as a certificate that is not yet valid.
    """
    value = judgement.value or 0
    if judgement.question.unit != "days":
        return plain(value)
    days = shown_days(value)
    if judgement.limits:
        # With two decimals a number may stand on its limit, and there a range does not alarm: the next one does.
        for near in (days, round(days - 0.01, 2), round(days + 0.01, 2)):
            if told(near, judgement.limits) is judgement.state:
                return ";".join(map(str, (plain(near), *judgement.limits)))
    return plain(days)


def told(days: float, limits: tuple[Limits, Limits]) -> State:
    """Return the state that a number and the ranges beside it tell."""
    warning, critical = (limit.written_breached_by(days) for limit in limits)
    return State.CRITICAL if critical else State.WARNING if warning else State.OK


def failure(message: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show why there is no report."""
    return Rendered(shortened(f"{NAME} {State.UNKNOWN.name} - {message}", MAX_OUTPUT), State.UNKNOWN.exit_code)
