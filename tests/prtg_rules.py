"""PRTG, as far as its manual and its shipped lookup files tell: what it accepts, and which state it shows.

PRTG itself cannot run in the tests. Everything that it would check is checked here.
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

import jsonschema

import check_starttls_cert

NONE, OK, WARNING, ERROR = "None", "OK", "Warning", "Error"
STATES = (NONE, OK, WARNING, ERROR)
"""From the least to the worst; a value in the state None does not count."""

LOOKUP = "prtg.standardlookups.sslcertificatesensor."

LOOKUPS = {
    "cncheck": {(0, 0): OK, (1, 1): ERROR, (2, 2): OK, (3, 3): OK, (4, 4): ERROR, (5, 5): OK, (6, 6): ERROR},
    "publickey": {(-1, -1): NONE, (0, 1023): ERROR, (1024, 1024): WARNING, (1025, 2048): OK, (2049, 999999): OK},
    "publickeyecc": {(-1, -1): NONE, (0, 127): ERROR, (128, 192): OK, (193, 999999): OK},
    "trustedroot": {(0, 0): OK, (1, 1): WARNING},
    "selfsigned": {(0, 0): OK, (1, 1): OK},
}
"""The lookup files that PRTG ships for its SSL Certificate sensor: first and last value, and the state."""

ELEMENTS = {"channel", "value", "unit", "customunit", "limitmode", "valuelookup", "warning"}
LIMITS = {"limitminwarning", "limitminerror", "limitmaxwarning", "limitmaxerror"}
"""What a channel of the advanced JSON may have, as far as we use it."""

MAX_MESSAGE, MAX_CHANNELS = 2000, 50

with open(
    os.path.join(os.path.dirname(check_starttls_cert.__file__), "outputs", "prtg_v2_schema.json"), encoding="utf-8"
) as file:
    SCHEMA = json.load(file)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def lookup_state(lookup: str, value: int) -> str:
    """Return the state that a shipped lookup gives a value; fail where it does not define it."""
    assert lookup.startswith(LOOKUP), lookup
    for (first, last), state in LOOKUPS[lookup[len(LOOKUP) :]].items():
        if first <= value <= last:
            return state
    raise AssertionError(f"{lookup} does not define {value}")


def limit_state(value: float, lower: tuple[Any, Any] = (None, None), upper: tuple[Any, Any] = (None, None)) -> str:
    """Return the state of a value under limits, each (warning, error); a value equal to a limit is within it."""
    for index, state in ((1, ERROR), (0, WARNING)):
        low, high = (math.nan if side[index] is None else float(side[index]) for side in (lower, upper))
        if value < low or value > high:
            return state
    return OK


def worst(states: list[str]) -> str:
    """Return the state of a sensor whose channels are in these states."""
    return max([OK, *states], key=STATES.index)


def parsed(text: str) -> Any:
    """Return the one JSON document that ``text`` is; nothing may stand beside it, and any reader can take it."""
    assert text.isascii()
    assert "\n" not in text.rstrip("\r\n")
    document = json.loads(text)
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")  # no NaN, no half of a character
    return document


def advanced(text: str) -> dict[str, Any]:
    """Return what is in a document of the advanced JSON, after checking everything that PRTG checks."""
    document = parsed(text)
    assert list(document) == ["prtg"]
    sensor = document["prtg"]
    assert isinstance(sensor["text"], str)
    assert 0 < len(sensor["text"]) <= MAX_MESSAGE
    if "error" in sensor:
        assert sensor == {"error": 1, "text": sensor["text"]}
        return sensor
    assert set(sensor) == {"text", "result"}
    assert 0 < len(sensor["result"]) <= MAX_CHANNELS
    names = [channel["channel"] for channel in sensor["result"]]
    assert len(set(names)) == len(names)
    for channel in sensor["result"]:
        assert set(channel) <= ELEMENTS | LIMITS
        assert type(channel["value"]) is int  # the element float is not there
        if "valuelookup" in channel:
            assert channel["unit"] == "Custom"
            assert not {"limitmode", "customunit"} & set(channel)
        else:
            assert (channel["unit"] == "Custom") == ("customunit" in channel)
            assert channel["unit"] in ("Count", "Custom")
            assert channel["limitmode"] == 1
        assert channel.get("warning", 0) in (0, 1)
        for key in LIMITS & set(channel):
            assert channel["limitmode"] == 1
            assert str(int(channel[key])) == channel[key]
    return sensor


def script_v2(text: str) -> dict[str, Any]:
    """Return a Script v2 document, after checking everything that PRTG checks."""
    document = parsed(text)
    VALIDATOR.validate(document)
    ids = [channel["id"] for channel in document["channels"]]
    assert len(set(ids)) == len(ids)
    return document


def channel_state(channel: dict[str, Any]) -> str:
    """Return the state that PRTG gives a channel of either format when it has created it just now."""
    lookup = channel.get("valuelookup") or channel.get("lookup_name")
    if lookup:
        return lookup_state(lookup, channel["value"])
    limits = channel.get("limits", {})
    sides = {
        "lower": (channel.get("limitminwarning"), channel.get("limitminerror")),
        "upper": (channel.get("limitmaxwarning"), channel.get("limitmaxerror")),
    }
    for side in sides:
        if limits:
            sides[side] = (limits.get("warning", {}).get(side), limits.get("error", {}).get(side))
    state = limit_state(channel["value"], **sides)
    return worst([state, WARNING]) if channel.get("warning") else state


def sensor_state(document: dict[str, Any]) -> str:
    """Return the state of the sensor that shows a document of ``advanced`` or ``script_v2``."""
    if "status" in document:
        own = {"ok": OK, "warning": WARNING, "error": ERROR}[document["status"]]
        return worst([own, *map(channel_state, document["channels"])])
    return ERROR if "error" in document else worst(list(map(channel_state, document["result"])))
