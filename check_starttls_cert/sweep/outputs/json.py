"""JSON lines: the single check's document for each target, in one line each."""

from __future__ import annotations

import json

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.outputs import json as json_output
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.terminal import PIPE, Screen


def show(report: Report) -> str:
    """Return the document."""
    return json.dumps(json_output.document(report))


def failure(message: str) -> Rendered:
    """Say in one line as well why there is nothing to tell."""
    text, exit_code = json_output.failure(message)
    return Rendered(json.dumps(json.loads(text)), exit_code)


def end(tally: Tally, screen: Screen = PIPE) -> Rendered:
    """Add nothing to the documents; the exit code is that of the worst."""
    return Rendered("", tally.state.exit_code)
