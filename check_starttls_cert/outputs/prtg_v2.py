"""PRTG's Script v2 JSON: a document with a status, a message and channels known by their ids.

Version 2 of the format has no limits, so ``status`` carries the verdict. Version 3 (PRTG 25.3.112 and newer)
adds them; ``--prtg-schema 3`` asks for it. Exit code 0 always: PRTG discards the output of any other.
``prtg_v2_schema.json`` beside this file describes both.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from check_starttls_cert.outputs import Rendered

if TYPE_CHECKING:
    from nagiosplugin import Check

    from check_starttls_cert.prtg.channels import Channel

LIMITS_SINCE = 3
"""The version of the format that knows limits."""


def render(check: Check) -> Rendered:
    """Return the evaluated check as a Script v2 document."""
    from nagiosplugin import Critical, Ok

    from check_starttls_cert.prtg.channels import channels, message
    from check_starttls_cert.summary import worst

    (resource,) = check.resources
    version = resource.settings.prtg_schema
    if resource.observation.chain is None:
        # No values to show: an error of the sensor, whatever --unreachable makes of it elsewhere.
        return _document(version, "error", message(check), [])
    state = worst(check.results)
    status = {Ok: "ok", Critical: "error"}.get(state, "warning")
    shown = [_channel(channel, version) for channel in channels(check)]
    return _document(version, status, message(check), shown)


def failure(text: str) -> Rendered:
    """Return the document of a run without a verdict, in the version that every PRTG takes."""
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
    shown["kind"] = "count"
    if version >= LIMITS_SINCE:
        bounds = {"lower": channel.lower, "upper": channel.upper}
        limits = {
            severity: {side: pair[index] for side, pair in bounds.items() if pair[index] is not None}
            for index, severity in enumerate(("warning", "error"))
        }
        if limits := {severity: sides for severity, sides in limits.items() if sides}:
            shown["limits"] = limits
    return shown
