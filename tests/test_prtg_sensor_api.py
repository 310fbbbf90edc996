"""Our sensor API and PRTG's own give the same document.

PRTG's is on no package index: a stand-in is built here, as strict as the original's known interface.
"""

from __future__ import annotations

import json
import runpy
import sys

import pytest
from observations import child

from check_starttls_cert.prtg import sensor_api
from check_starttls_cert.prtg.sensor_api import OwnCustomSensorResult, OwnValueUnit

RESULT = """
import json

KEYWORDS = {
    "name": "Channel", "value": "Value", "unit": None, "is_float": "Float", "is_limit_mode": "LimitMode",
    "limit_min_error": "LimitMinError", "limit_min_warning": "LimitMinWarning", "limit_max_error": "LimitMaxError",
    "limit_max_warning": "LimitMaxWarning", "limit_error_msg": "LimitErrorMsg", "limit_warning_msg": "LimitWarningMsg",
    "value_lookup": "ValueLookup", "show_table": "ShowTable",
}


def element(**keywords):
    assert {"name", "value", "unit"} <= set(keywords) <= set(KEYWORDS), keywords
    assert type(keywords["value"]) is (float if keywords.get("is_float") else int)
    unit = keywords.pop("unit")
    custom = isinstance(unit, str)
    assert not custom or "value_lookup" not in keywords
    assert ("value_lookup" in keywords) <= (custom or unit.name == "CUSTOM")
    limited = keywords.pop("is_limit_mode", False)
    channel = {"SpeedSize": "One", "VolumeSize": "One", "SpeedTime": "Second", "Mode": "Absolute"}
    channel.update({"Unit": "Custom", "CustomUnit": unit} if custom else {"Unit": unit.value})
    for keyword, value in keywords.items():
        if keyword.startswith("limit"):
            if limited:
                channel[KEYWORDS[keyword]] = str(value)
        else:
            channel[KEYWORDS[keyword]] = value
    if limited:
        channel["LimitMode"] = 1
    return channel


class CustomSensorResult:
    __slots__ = ("text", "error", "primary", "others")

    def __init__(self, text="OK"):
        self.text, self.error, self.primary, self.others = text, None, [], []

    def add_primary_channel(self, **keywords):
        assert not self.primary
        self.primary.append(element(**keywords))

    def add_channel(self, **keywords):
        self.others.append(element(**keywords))

    @property
    def json_result(self):
        if self.error:
            return json.dumps({"prtg": {"error": 1, "text": self.error}})
        return json.dumps({"prtg": {"text": self.text, "result": self.primary + self.others}})
"""

UNITS = """
import enum

class ValueUnit(enum.Enum):
    COUNT = "Count"
    CUSTOM = "Custom"
    PERCENT = "Percent"
    TIMERESPONSE = "TimeResponse"
    TIMESECONDS = "TimeSeconds"
"""

ADDED_BY_PRTG = {"speedsize", "volumesize", "speedtime", "mode"}


@pytest.fixture
def stand_in(tmp_path) -> str:
    folder = tmp_path / "paesslerag_prtg_sensor_api" / "sensor"
    folder.mkdir(parents=True)
    for name, text in (("__init__", ""), ("result", RESULT), ("units", UNITS)):
        (folder / f"{name}.py").write_text(text)
    (folder.parent / "__init__.py").write_text("")
    return str(tmp_path)


def lowered(found):
    if isinstance(found, dict):
        return {key.lower(): lowered(value) for key, value in found.items() if key.lower() not in ADDED_BY_PRTG}
    return [lowered(one) for one in found] if isinstance(found, list) else found


def document(
    situation: str, *folders: str, arguments: tuple[str, ...] = ("-H", "mta.example.com")
) -> tuple[str, object]:
    process = child(situation, "cli", *arguments, "-o", "prtg", folders=folders)
    stdout, stderr = process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    return stdout.decode("ascii"), lowered(json.loads(stdout))


@pytest.mark.parametrize("situation", ["fine", "everything_wrong", "elliptic_curve", "hostile_certificate"])
def test_the_channels_are_the_same_with_and_without_prtgs_own(situation, stand_in) -> None:
    arguments = ("-H", "mta.example.com", "-w", "7:400", "-c", "36h")
    (theirs_raw, theirs), (_, ours) = (
        document(situation, *folders, arguments=arguments) for folders in ((stand_in,), ())
    )
    assert '"SpeedSize"' in theirs_raw
    assert theirs == ours


@pytest.mark.parametrize(
    ("situation", "arguments"),
    [("unreachable", ("-H", "mta.example.com")), ("fine", ("-p", "smtp")), ("fine", ("-V",))],
)
def test_the_error_is_the_same_with_and_without_prtgs_own(situation, arguments, stand_in) -> None:
    theirs, ours = (document(situation, *folders, arguments=arguments)[1] for folders in ((stand_in,), ()))
    assert theirs == ours
    assert theirs["prtg"]["error"] == 1


def test_prtgs_own_classes_are_taken_where_they_are_installed(stand_in, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("paesslerag_prtg_sensor_api")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(stand_in)
    try:
        found = runpy.run_path(sensor_api.__file__)
    finally:
        for name in [name for name in sys.modules if name.startswith("paesslerag_prtg_sensor_api")]:
            del sys.modules[name]
    assert found["CustomSensorResult"].__module__ == "paesslerag_prtg_sensor_api.sensor.result"
    assert found["ValueUnit"].__module__ == "paesslerag_prtg_sensor_api.sensor.units"


def test_a_sensor_api_that_is_broken_is_not_used(tmp_path) -> None:
    (tmp_path / "paesslerag_prtg_sensor_api.py").write_text("raise RuntimeError('not for this Python')\n")
    assert document("unreachable", str(tmp_path)) == document("unreachable")


def test_the_primary_channel_comes_first_however_late_it_is_added() -> None:
    result = OwnCustomSensorResult(text="fine")
    result.add_channel(name="b", value=2, unit=OwnValueUnit.CUSTOM, value_lookup="lookup")
    result.add_primary_channel(name="a", value=1, unit=OwnValueUnit.COUNT)
    assert json.loads(result.json_result) == {
        "prtg": {
            "text": "fine",
            "result": [
                {"channel": "a", "value": 1, "unit": "Count"},
                {"channel": "b", "value": 2, "unit": "Custom", "valuelookup": "lookup"},
            ],
        }
    }


def test_a_text_is_a_custom_unit() -> None:
    result = OwnCustomSensorResult()
    result.add_channel(name="a", value=1, unit="days")
    (channel,) = json.loads(result.json_result)["prtg"]["result"]
    assert channel == {"channel": "a", "value": 1, "unit": "Custom", "customunit": "days"}


def test_limits_are_strings_and_only_there_in_limit_mode() -> None:
    result = OwnCustomSensorResult()
    result.add_channel(name="a", value=1, unit=OwnValueUnit.COUNT, is_limit_mode=True, limit_min_error=7)
    result.add_channel(name="b", value=1, unit=OwnValueUnit.COUNT, limit_min_error=7)
    limited, unlimited = json.loads(result.json_result)["prtg"]["result"]
    assert limited == {"channel": "a", "value": 1, "unit": "Count", "limitmode": 1, "limitminerror": "7"}
    assert unlimited == {"channel": "b", "value": 1, "unit": "Count"}


def test_an_error_leaves_the_channels_out() -> None:
    result = OwnCustomSensorResult()
    result.add_channel(name="a", value=1, unit=OwnValueUnit.COUNT)
    result.error = "what is wrong"
    assert json.loads(result.json_result) == {"prtg": {"error": 1, "text": "what is wrong"}}
