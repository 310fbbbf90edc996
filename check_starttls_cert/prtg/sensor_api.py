"""PRTG's Python sensor API: the original where PRTG ships it, our equal elsewhere.

``paesslerag_prtg_sensor_api`` comes with PRTG's Python and is on no package index. What is defined here
has the same interface as far as this program uses it, and the same document comes out.
"""

from __future__ import annotations

import enum
import json

from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


__all__ = ["MAX_TEXT", "CustomSensorResult", "ValueUnit", "element"]

MAX_TEXT = 2000
"""Characters of a message that PRTG takes."""


class OwnValueUnit(enum.Enum):
    """Units of a channel's value."""

    COUNT = "Count"
    CUSTOM = "Custom"


class OwnCustomSensorResult:
    """One sensor result: a text and channels, or an error."""

    def __init__(self, text: str = "OK") -> None:
        self.text = text
        self.error: str | None = None
        self._channels: list[dict[str, Any]] = []

    def add_primary_channel(self, **channel: Any) -> None:
        """Add the channel that PRTG shows first; keywords as for ``add_channel``."""
        self._channels.insert(0, element(**channel))

    def add_channel(self, **channel: Any) -> None:
        """Add a channel."""
        self._channels.append(element(**channel))

    @property
    def json_result(self) -> str:
        """The document, in ASCII."""
        if self.error is not None:
            return json.dumps({"prtg": {"error": 1, "text": self.error}})
        return json.dumps({"prtg": {"text": self.text, "result": self._channels}})


def element(
    *,
    name: str,
    value: int,
    unit: OwnValueUnit | str,
    value_lookup: str | None = None,
    is_limit_mode: bool = False,
    **limits: int,
) -> dict[str, Any]:
    """Return a channel. A text is a custom unit; ``limits`` are ``limit_min_warning`` and its siblings."""
    channel: dict[str, Any] = {"channel": name, "value": value}
    if isinstance(unit, str):
        channel.update(unit=OwnValueUnit.CUSTOM.value, customunit=unit)
    else:
        channel["unit"] = unit.value
    if value_lookup is not None:
        channel["valuelookup"] = value_lookup
    if is_limit_mode:
        channel["limitmode"] = 1
        channel.update((key.replace("_", ""), str(limit)) for key, limit in limits.items())
    return channel


try:
    from paesslerag_prtg_sensor_api.sensor.result import CustomSensorResult
    from paesslerag_prtg_sensor_api.sensor.units import ValueUnit
except Exception:  # noqa: BLE001 - a broken API must not take the error document with it
    CustomSensorResult = OwnCustomSensorResult
    ValueUnit = OwnValueUnit
