"""Nagios, Icinga, Naemon, Checkmk: a status line with performance data, long output below it.

Monitoring Plugins guidelines: the exit code is the state; what stands after ``|`` in the first line
is performance data, and it stands there only (Icinga misreads it when it is split over lines).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from check_starttls_cert.outputs import Rendered

if TYPE_CHECKING:
    from nagiosplugin import Check

UNKNOWN = 3


def render(check: Check) -> Rendered:
    """Return the evaluated check as plugin output."""
    from check_starttls_cert.summary import label, worst

    state = worst(check.results)
    first = f"{check.name} {label(state)} - {check.summary_str} | {' '.join(check.perfdata)}"
    return Rendered("\n".join([first, *check.verbose_str]), int(state))


def failure(message: str) -> Rendered:
    """Return the output of a run without a verdict."""
    return Rendered(f"STARTTLS_CERT UNKNOWN - {message}", UNKNOWN)
