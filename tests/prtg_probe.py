"""A PRTG probe with HTTP Push Data Advanced sensors, as far as the manual tells: it takes what PRTG would take.

A sensor knows its channels by their names. Limits are those of the push that created a channel, and a channel that a
push leaves out is 0. Whatever PRTG would not show as it is meant fails, when the probe is left.
"""

from __future__ import annotations

import json
import ssl
from typing import Any
from urllib.parse import unquote

import prtg_rules
from http_receiver import HttpReceiver, Request


class Sensor:
    """One sensor, and what was pushed to it."""

    def __init__(self) -> None:
        self.pushes: list[dict[str, Any]] = []
        self._limits: dict[str, dict[str, Any]] = {}

    def push(self, text: str) -> None:
        """Take a document."""
        pushed = prtg_rules.advanced(text)
        for channel in pushed.get("result", []):
            self._limits.setdefault(channel["channel"], channel)
        self.pushes.append(pushed)

    @property
    def text(self) -> str:
        """The message."""
        return self.pushes[-1]["text"]

    @property
    def channels(self) -> dict[str, int]:
        """The values."""
        last = {channel["channel"]: channel["value"] for channel in self.pushes[-1].get("result", [])}
        return {name: last.get(name, 0) for name in self._limits}

    @property
    def state(self) -> str:
        """The state that PRTG shows."""
        last = self.pushes[-1]
        if "error" in last:
            return prtg_rules.ERROR
        given = {channel["channel"]: channel for channel in last["result"]}
        shown = [
            {**created, "value": given.get(name, {}).get("value", 0), "warning": given.get(name, {}).get("warning", 0)}
            for name, created in self._limits.items()
        ]
        return prtg_rules.worst([prtg_rules.channel_state(channel) for channel in shown])


class Probe(HttpReceiver):
    """The probe, while it is entered."""

    def __init__(self, *tokens: str, context: ssl.SSLContext | None = None) -> None:
        super().__init__(self.take, context)
        self.sensors = {token: Sensor() for token in tokens}
        self.failures: list[Exception] = []

    def take(self, asked: Request) -> tuple[int, str]:
        """Answer a push."""
        try:
            assert asked.method == "POST"
            assert asked.content_type == "application/json"
            assert asked.path.startswith("/")
            assert "/" not in asked.path[1:]
            sensor = self.sensors.get(unquote(asked.path[1:]))
            if sensor is not None:
                sensor.push(asked.body)
        except Exception as error:  # noqa: BLE001 - a test's thread must not lose it
            self.failures.append(error)
        return 200, json.dumps({"status": "Ok", "Matching Sensors": str(int(sensor is not None))})

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        assert self.failures == []
