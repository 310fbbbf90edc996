"""PRTG's "advanced" JSON: Python Script Advanced, EXE/Script Advanced, SSH Script Advanced.

One document and nothing else, exit code 0 always. A run without a certificate is the error document, in
which PRTG ignores channels. Source: PRTG Manual, "Advanced Script, HTTP Data, and REST Custom Sensors".
"""

from __future__ import annotations

from check_starttls_cert.outputs import Endpoint, Rendered
from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from check_starttls_cert.prtg.channels import Channel
    from check_starttls_cert.report import Report


def render(report: Report) -> Rendered:
    """Show a report as a PRTG document."""
    from check_starttls_cert.prtg.channels import channels, message
    from check_starttls_cert.prtg.sensor_api import CustomSensorResult

    if report.observation.presented is None:
        return failure(message(report))
    primary, *others = channels(report)
    document = CustomSensorResult(text=message(report))
    document.add_primary_channel(**keywords(primary))
    for channel in others:
        document.add_channel(**keywords(channel))
    return Rendered(document.json_result, 0)


def failure(text: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show why there is no report: the error document."""
    from check_starttls_cert.prtg.sensor_api import MAX_TEXT, CustomSensorResult

    document = CustomSensorResult(text=text[:MAX_TEXT])
    document.error = text[:MAX_TEXT]
    return Rendered(document.json_result, 0)


def keywords(channel: Channel) -> dict[str, Any]:
    """Return a channel as the arguments of PRTG's sensor API."""
    from check_starttls_cert.prtg.channels import LOOKUP
    from check_starttls_cert.prtg.sensor_api import ValueUnit

    # Any other text than a unit of PRTG's is a custom unit.
    described: dict[str, Any] = {
        "name": channel.name,
        "value": channel.value,
        "unit": channel.unit or ValueUnit.COUNT,
    }
    if channel.lookup is not None:
        return {**described, "unit": ValueUnit.CUSTOM, "value_lookup": LOOKUP + channel.lookup}
    limits = {
        "limit_min_warning": channel.lower[0],
        "limit_min_error": channel.lower[1],
        "limit_max_warning": channel.upper[0],
        "limit_max_error": channel.upper[1],
    }
    return {**described, "is_limit_mode": True, **{key: limit for key, limit in limits.items() if limit is not None}}
