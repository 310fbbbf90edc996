"""For tests of a sweep's outputs and deliveries: reports of all kinds, and what a sweep with them comes to."""

from __future__ import annotations

from observations import NOW, REFUSED, SITUATIONS, evaluated, unseen

from check_starttls_cert import options
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.outcome import Tally, outcome, unjudged

REPORTS = {name: evaluated(situation) for name, situation in SITUATIONS.items()}
REPORTS["not checked"] = unjudged(options.job({"host": "h.test"}), NOW, "not checked: why")


def tally(*reports: Report, total: int = 0) -> Tally:
    """Return what a sweep with these reports comes to."""
    made = Tally(total or len(reports))
    for number, report in enumerate(reports):
        made.add(outcome(number, report, ()))
    made.elapsed = 1.5
    return made


FINE, BAD = REPORTS["fine"], evaluated(unseen(REFUSED))
