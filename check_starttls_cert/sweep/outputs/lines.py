"""For people and scripts: what ``-o nagios`` prints of each target as it is judged, and a last line for all."""

from __future__ import annotations

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.outputs.nagios import render
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.outputs.nagios import head
from check_starttls_cert.terminal import PIPE, Screen


def show(report: Report) -> str:
    """Return the single check's output."""
    return render(report).text


def end(tally: Tally, screen: Screen = PIPE) -> Rendered:
    """Tell the counts."""
    return Rendered(head(tally), tally.state.exit_code)
