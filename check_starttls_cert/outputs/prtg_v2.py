"""PRTG's Script v2 JSON: a document with a status, a message and channels known by their ids.

Version 2 of the format has no limits, so ``status`` carries the verdict. Version 3 (PRTG 25.3.112 and newer)
adds them; ``--prtg-schema 3`` asks for it. Exit code 0 always: PRTG discards the output of any other.
``prtg_v2_schema.json`` beside this file describes both.
"""

from __future__ import annotations

import json

from check_starttls_cert.outputs import Endpoint, Rendered
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.prtg.channels import Channel
    from check_starttls_cert.report import Report

LIMITS_SINCE = 3
"""The version of the format that knows limits."""

STATUS = {State.OK: "ok", State.UNKNOWN: "warning", State.WARNING: "warning", State.CRITICAL: "error"}


def render(report: Report) -> Rendered:
    """Show a report as a Script v2 document."""
    from check_starttls_cert.prtg.channels import channels, message

    version = report.job.prtg_schema
    if report.observation.presented is None:
        # No values to show: an error of the sensor, whatever --unreachable makes of it elsewhere.
        return _document(version, "error", message(report), [])
    shown = [_channel(channel, version) for channel in channels(report)]
    return _document(version, STATUS[report.state], message(report), shown)


def failure(text: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show why there is no report, in the version that every PRTG takes."""
    from check_starttls_cert.prtg.sensor_api import MAX_TEXT

    return _document(2, "error", text[:MAX_TEXT], [])


def _document(version: int, status: str, message: str, channels: list[dict[str, Any]]) -> Rendered:
    document = {"version": version, "status": status, "message": message, "channels": channels}
    return Rendered(json.dumps(document), 0)


def _channel(channel: Channel, version: int) -> dict[str, Any]:
    from check_starttls_cert.prtg.channels import LOOKUP

    shown: dict[str, Any] = {"id": channel.id, "name": channel.name, "type": "integer", "value": channel.value}
    if channel.lookup is not None:
        return {**shown, "type": "lookup", "lookup_name": LOOKUP + channel.lookup}
    shown.update({"kind": "custom", "display_unit": channel.unit} if channel.unit else {"kind": "count"})
    if version >= LIMITS_SINCE:
        bounds = {"lower": channel.lower, "upper": channel.upper}
        limits = {
            severity: {side: pair[index] for side, pair in bounds.items() if pair[index] is not None}
            for index, severity in enumerate(("warning", "error"))
        }
        shown["limits"] = {severity: sides for severity, sides in limits.items() if sides}
    return shown
