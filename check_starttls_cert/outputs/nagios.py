"""Nagios, Icinga, Naemon, Checkmk: a status line with performance data, long output below it.

Monitoring Plugins guidelines: the exit code is the state; what stands after ``|`` in the first line
is performance data, and it stands there only (Icinga misreads it when it is split over lines).
"""

from __future__ import annotations

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import shortened
from check_starttls_cert.thresholds import plain
from check_starttls_cert.words import shown_days

if TYPE_CHECKING:
    from check_starttls_cert.questions import Judgement
    from check_starttls_cert.report import Report

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
    """Return a number and its ranges: days and bits without a unit, since Icinga takes ``d`` for seconds."""
    value = judgement.value or 0
    shown = plain(shown_days(value)) if judgement.question.unit == "days" else plain(value)
    limits = "".join(f";{limit}" for limit in judgement.limits or ())
    return f"{shown}{limits}"


def failure(message: str) -> Rendered:
    """Show why there is no report."""
    return Rendered(shortened(f"{NAME} {State.UNKNOWN.name} - {message}", MAX_OUTPUT), State.UNKNOWN.exit_code)
