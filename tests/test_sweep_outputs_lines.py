"""A line for each target as it is judged, and one for the whole sweep."""

from __future__ import annotations

import pytest
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.outputs.nagios import render
from check_starttls_cert.sweep.outputs import printer


@pytest.mark.parametrize("name", REPORTS)
def test_lines_are_what_the_single_check_prints(name) -> None:
    report = REPORTS[name]
    for verbose in (0, 2):
        job = report.job._replace(verbose=verbose)
        assert printer("lines").show(report._replace(job=job)) == render(report._replace(job=job)).text


def test_the_last_line_counts() -> None:
    assert printer("lines").end(tally(FINE, BAD, FINE)) == (
        "STARTTLS_CERT CRITICAL - 3 targets: 1 CRITICAL, 2 OK",
        2,
    )
