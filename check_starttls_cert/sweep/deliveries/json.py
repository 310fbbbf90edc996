"""JSON lines: the single check's document for each target, in one line each."""

from __future__ import annotations

import json

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.outputs.json import document
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.outcome import Tally


def show(report: Report) -> str:
    """Return the document."""
    return json.dumps(document(report))


def end(tally: Tally) -> Rendered:
    """Add nothing to the documents; the exit code is that of the worst."""
    return Rendered("", tally.state.exit_code)
