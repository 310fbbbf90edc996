"""What a sweep prints: an output each, chosen by ``--output``.

A new output is one new module here and one row in ``OUTPUTS``. It is a module with the two functions of
``Output``; workers call the first.
"""

from __future__ import annotations

import importlib

from check_starttls_cert.static_typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import Protocol

    from check_starttls_cert.outputs import Rendered
    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally
    from check_starttls_cert.terminal import Screen

    class Output(Protocol):
        """What an output's module is."""

        def show(self, report: Report) -> str:
            """Return what is to be printed of a target as soon as it is judged; nothing where that is nothing."""

        def end(self, tally: Tally, screen: Screen = ...) -> Rendered:
            """Return what is to be printed in the end, for what shows it, and the exit code."""


OUTPUTS = {
    "nagios": "one verdict for the sweep, the worst first",
    "lines": "one line for each target as it is judged",
    "json": "one document a line for each target",
    "table": "a table for people, the most urgent targets first",
}

SERVICE, LINES, TABLE = "nagios", "lines", "table"
"""The default in a pipe, where a monitoring system reads; the one at a terminal, without rich and with it."""


def printer(output: str) -> Output:
    """Return one of ``OUTPUTS``."""
    return cast("Output", importlib.import_module(f"{__name__}.{output}"))
