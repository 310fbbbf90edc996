"""One Nagios service for the whole sweep: the worst first, then counts as performance data."""

from __future__ import annotations

import math

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.outputs.nagios import MAX_LINE, MAX_OUTPUT, NAME
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.terminal import PIPE, Screen
from check_starttls_cert.text import counted, shortened
from check_starttls_cert.thresholds import plain
from check_starttls_cert.words import JOINT, counted_states, shown_days

MORE = "and {} more"


def show(report: Report) -> str:
    """Say nothing yet."""
    return ""


def end(tally: Tally, screen: Screen = PIPE) -> Rendered:
    """Tell the counts, then the problems: the first line has the worst, the lines below it as many as fit."""
    worst = tally.worst
    bad = sum(tally.counts.values()) - tally.counts[State.OK]
    said = head(tally)
    if worst:
        said += f"{JOINT}{worst[0].state.name} {worst[0].words}"
    data = f" | {performance(tally)}"
    lines = [shortened(said, MAX_LINE - len(data)) + data]
    left = MAX_OUTPUT - len(lines[0]) - len(MORE) - 10
    for outcome in worst:
        line = shortened(f"{outcome.state.name} - {outcome.words}", MAX_LINE)
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    if len(lines) - 1 < bad:
        lines.append(MORE.format(bad - len(lines) + 1))
    return Rendered("\n".join(lines), tally.state.exit_code)


def head(tally: Tally) -> str:
    """Return the beginning of the status line: state and counts."""
    ended = f" ({tally.ended})" if tally.ended else ""
    head = f"{NAME} {tally.state.name} - {counted(tally.total, 'target')}{ended}: {counted_states(tally.counts)}"
    return JOINT.join([head, *tally.undelivered])


def performance(tally: Tally) -> str:
    """Return the counts; what can be missing stands last."""
    counts = [f"{state.name.lower()}={tally.counts[state]};;;0" for state in sorted(State, reverse=True)]
    days = [] if tally.days == math.inf else [f"days_until_expiration={plain(shown_days(tally.days))}"]
    return " ".join([f"targets={tally.total};;;0", *counts, f"time={tally.elapsed:.3f}s;;;0", *days])
