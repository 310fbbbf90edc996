"""Where a sweep brings its results beside stdout: a delivery each, all of them in one sweep if wanted.

A new delivery is one new module here, named like its first option, and one row in ``DELIVERIES``. It is a module with
``opened``, which returns a ``Delivery``.
"""

from __future__ import annotations

import importlib

from check_starttls_cert.durations import parse_duration
from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import Option, parse_host, parse_path
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast
from check_starttls_cert.sweep import service
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.client import Address
    from check_starttls_cert.sweep.outcome import Tally
    from check_starttls_cert.sweep.prtg_sensors import Sensors

    class Delivery(Protocol):
        """What one of the deliveries does, in this order."""

        def show(self, report: Report) -> str:
            """Return what it needs of a report. Called by the workers."""

        def take(self, shown: str) -> None:
            """Take what ``show`` returned, as soon as the target is judged. Never fails, never waits for a network."""

        def end(self, tally: Tally) -> str:
            """Bring the results to where they belong; return in one line what could not be brought, or nothing."""


def parse_address(text: str) -> Address:
    """Return the address in a URL with TLS."""
    from check_starttls_cert.sweep.client import address

    return address(text)


def parse_probe(text: str) -> Address:
    """Return the address in the URL of a PRTG probe."""
    from check_starttls_cert.sweep.deliveries import prtg_push

    return prtg_push.parse_probe(text)


def parse_token(text: str) -> str:
    """Return the token of a PRTG sensor."""
    from check_starttls_cert.sweep import prtg_sensors

    return prtg_sensors.parse_token(text)


def parse_channel(text: str) -> str:
    """Return the name of a PRTG channel."""
    from check_starttls_cert.sweep import prtg_sensors

    return prtg_sensors.parse_channel(text)


def parse_age(text: str) -> float:
    """Return seconds."""
    seconds = parse_duration(text, "h")
    if not seconds:
        raise ValueError(f'"{printable(text)}" is no time above 0; allowed are minutes, hours and days: 90m, 25h, 2d')
    return seconds * 3600


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
            "html", ("--html",), parse_path, "FILE",
            "write a page for people: the most urgent targets, what ends when, details; it is replaced when all are "
            "checked",
            GROUP,
        ),
    ),
    Row(
        Option(
            "icinga2", ("--icinga2",), parse_address, "URL",
            "bring each result to Icinga 2 by its API: https://master.example.com:5665; needs --spool",
            GROUP,
        ),
        (
            Option(
                "icinga2_credentials", ("--icinga2-credentials",), parse_path, "FILE",
                "one line user:password for the API (default: ICINGA2_API_USER and ICINGA2_API_PASSWORD in the "
                "environment)",
                GROUP,
            ),
            Option(
                "icinga2_ca", ("--icinga2-ca",), parse_path, "FILE",
                "PEM file of Icinga's own authority, ca.crt (default: the system's trust anchors)",
                GROUP,
            ),
            Option(
                "icinga2_name", ("--icinga2-name",), parse_host, "NAME",
                "name that the API's certificate must cover (default: the URL's host)",
                GROUP,
            ),
            Option(
                "icinga2_max_age", ("--icinga2-max-age",), parse_age, "TIME",
                "time after which Icinga has a service UNKNOWN without a new result: 90m, 2d (default 25h)",
                GROUP,
            ),
        ),
        SERVICE,
    ),
    Row(
        Option(
            "nagios_results", ("--nagios-results",), parse_path, "DIR",
            "hand passive results to Nagios or Naemon in their check_result_path; needs --spool",
            GROUP,
        ),
        marks=SERVICE,
    ),
    Row(
        Option(
            "prtg_push", ("--prtg-push",), parse_probe, "URL",
            "push each result to a PRTG probe's HTTP Push Data Advanced sensors: https://probe.example.com:5051; needs "
            "--spool",
            GROUP,
        ),
        (
            Option(
                "prtg_tokens", ("--prtg-tokens",), parse_path, "FILE",
                "tokens of the sensors, a target (or host) and its token a line, beside those of the inventory",
                GROUP,
            ),
            Option(
                "prtg_ca", ("--prtg-ca",), parse_path, "FILE",
                "PEM file of the authority of the probe's certificate (default: the system's trust anchors)",
                GROUP,
            ),
        ),
        (
            Option(
                "prtg_token", ("--prtg-token",), parse_token, "TOKEN",
                "token of the PRTG sensor that a target belongs to; targets with one token are its channels",
                GROUP,
            ),
            Option(
                "prtg_channel", ("--prtg-channel",), parse_channel, "NAME",
                "name of a target's channel in a PRTG sensor with others",
                GROUP,
            ),
        ),
    ),
)  # fmt: skip

SPOOL = Option(
    "spool", ("--spool",), parse_path, "DIR",
    "directory where results wait whose receiver is away; the next sweep sends them first",
    GROUP,
)  # fmt: skip

OPTIONS = (*(option for row in DELIVERIES for option in (row.option, *row.more)), SPOOL)
"""The command line's."""

MARKS = tuple(dict.fromkeys(option for row in DELIVERIES for option in row.marks))
"""The inventory's."""

SECRETS = ("prtg_token",)
"""Those that only this program's user may read."""


def need_services(given: Mapping[str, Any]) -> bool:
    """Return whether values of ``OPTIONS`` ask for a delivery that brings results to services."""
    return any(row.option.key in given for row in DELIVERIES if row.marks is SERVICE)


def sensors(given: Mapping[str, Any]) -> Sensors | None:
    """Return the PRTG sensors that values of ``OPTIONS`` ask for, to be filled. Raises ``UsageError``."""
    if "prtg_push" not in given:
        return None
    from check_starttls_cert.sweep.prtg_sensors import Sensors

    return Sensors(given.get("prtg_tokens"))


def opened(given: Mapping[str, Any]) -> list[Delivery]:
    """Return the deliveries that values of ``OPTIONS`` ask for. Raises ``UsageError``, also where one cannot begin."""
    for row in DELIVERIES:
        for option in row.more:
            if option.key in given and row.option.key not in given:
                raise UsageError(f"{option.flags[0]} is of no use without {row.option.flags[0]}")
    return [
        cast("Delivery", importlib.import_module(f"{__name__}.{row.option.key}").opened(given))
        for row in DELIVERIES
        if row.option.key in given
    ]
