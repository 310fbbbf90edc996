"""Where a sweep brings its results beside stdout: a delivery each, all of them in one sweep if wanted.

A new delivery is one new module here, named like its first option, and one row in ``DELIVERIES``. It is a module with
``opened``, which returns a ``Delivery``.
"""

from __future__ import annotations

import importlib

from check_starttls_cert.options import Option, parse_path
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast
from check_starttls_cert.sweep import service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally

    class Delivery(Protocol):
        """What one of the deliveries does, in this order."""

        def show(self, report: Report) -> str:
            """Return what it needs of a report. Called by the workers."""

        def take(self, shown: str) -> None:
            """Take what ``show`` returned, as soon as the target is judged. Never fails, never waits for a network."""

        def end(self, tally: Tally) -> str:
            """Bring the results to where they belong; return in one line what could not be brought, or nothing."""


class Row(NamedTuple):
    """A delivery on the command line and in the inventory."""

    option: Option
    """Where to; the module is named like its key."""
    more: tuple[Option, ...] = ()
    """What else the command line says of it."""
    marks: tuple[Option, ...] = ()
    """What the inventory says to it of a target. A check makes nothing of them: see ``Job.marks``."""


GROUP = "deliveries"

SERVICE = (
    Option(
        service.HOST, ("--monitoring-host",), service.parse_object, "HOST",
        "the monitoring system's host that a target belongs to",
        GROUP,
    ),
    Option(
        service.NAME, ("--monitoring-service",), service.parse_object, "SERVICE",
        "the monitoring system's service that a target is",
        GROUP,
    ),
)  # fmt: skip
"""The marks of deliveries that bring a target's result to its service: see ``service.service``."""

DELIVERIES = (
    Row(
        Option(
            "openmetrics", ("--openmetrics",), parse_path, "FILE",
            "write the metrics of all targets to a file (*.prom) for node_exporter's textfile collector; it is "
            "replaced when all are checked",
            GROUP,
        ),
    ),
    Row(
        Option(
            "nagios_results", ("--nagios-results",), parse_path, "DIR",
            "hand passive results to Nagios or Naemon: their check_result_path",
            GROUP,
        ),
        marks=SERVICE,
    ),
)  # fmt: skip

SPOOL = Option(
    "spool", ("--spool",), parse_path, "DIR",
    "directory where results wait whose receiver is away; the next sweep sends them first",
    GROUP,
)  # fmt: skip

OPTIONS = (*(option for row in DELIVERIES for option in (row.option, *row.more)), SPOOL)
"""The command line's."""

MARKS = tuple(option for row in DELIVERIES for option in row.marks)
"""The inventory's."""


def opened(given: Mapping[str, Any]) -> list[Delivery]:
    """Return the deliveries that values of ``OPTIONS`` ask for. Raises ``UsageError``, also where one cannot begin."""
    return [
        cast("Delivery", importlib.import_module(f"{__name__}.{row.option.key}").opened(given))
        for row in DELIVERIES
        if row.option.key in given
    ]
