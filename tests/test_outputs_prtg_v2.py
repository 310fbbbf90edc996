"""PRTG's Script v2 JSON: the schema holds for every document, and the status is the verdict of the contexts."""

from __future__ import annotations

import copy
import json
from unittest import mock

import jsonschema
import prtg_rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    FOREIGN,
    NOW,
    PROPERTY,
    SITUATIONS,
    evaluated,
    facts,
    seen,
    self_signed,
    unseen,
    world,
)

from check_starttls_cert import cli
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.outputs import prtg_v2
from check_starttls_cert.outputs.prtg import render as render_advanced
from check_starttls_cert.thresholds import parse_threshold

VERSIONS = (2, 3)

IDS = {
    12: "Days until Expiration",
    17: "Common Name Check",
    15: "Public Key Size",
    13: "Root Authority Trusted",
    16: "Self-Signed",
}

ASKED_IDS = {20: "Chain", 21: "Signature", 22: "Pin", 23: "Lifetime", 24: "TLS Version"}

EVERYTHING_ASKED = {
    "state": (("chain", "critical"), ("signature", "critical")),
    "issuer": ("R11",),
    "max_lifetime": 398.0,
    "min_tls": "1.2",
}

STATUS = {"OK": "ok", "WARNING": "warning", "CRITICAL": "error", "UNKNOWN": "warning"}


def document(observation, version: int = 2, **values) -> dict:
    text, exit_code = prtg_v2.render(evaluated(observation, prtg_schema=version, **values))
    assert exit_code == 0
    found = prtg_rules.script_v2(text)
    assert found["version"] == version
    return found


def said(*arguments: str, situation: str = "fine") -> dict:
    """Return the document of the command line, whatever it asks."""
    try:
        text, exit_code = cli.answer([*arguments, "-o", "prtg-v2"], world(SITUATIONS[situation]))
    except cli.UsageError as error:
        text, exit_code = prtg_v2.failure(str(error))
    assert exit_code == 0
    return prtg_rules.script_v2(text)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("values", [{}, EVERYTHING_ASKED], ids=["as it comes", "everything asked"])
def test_status_and_message_are_the_verdict_of_the_contexts(situation, version, values) -> None:
    observation = SITUATIONS[situation]
    check = evaluated(observation, **values)
    found = document(observation, version, **values)
    if observation.presented is None:
        assert (found["status"], found["channels"]) == ("error", [])
        assert found["message"] == f"smtp mta.example.com:25: {observation.error}"
    else:
        verdict = check.state.name
        assert found["status"] == STATUS[verdict]
        assert found["message"].startswith(f"{verdict}. ")
        for judgement in check.judgements:
            assert not judgement.state or judgement.words[:60] in found["message"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_ids_stay_whatever_fails(situation, version) -> None:
    for values, ids in (({}, IDS), (EVERYTHING_ASKED, {**IDS, **ASKED_IDS})):
        found = document(SITUATIONS[situation], version, **values)["channels"]
        shown = {channel["id"]: channel["name"] for channel in found}
        assert shown == (ids if SITUATIONS[situation].presented else {})


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        ({"state": (("chain", "warning"),)}, 20),
        ({"state": (("signature", "ok"),)}, 21),
        ({"issuer": ("nobody",)}, 22),
        ({"fingerprint": (bytes(32),)}, 22),
        ({"spki_pin": (bytes(32),)}, 22),
        ({"max_lifetime": 47.0}, 23),
        ({"min_tls": "1.3"}, 24),
    ],
)
def test_a_question_that_is_asked_has_its_own_id(values, id_) -> None:
    assert [channel["id"] for channel in document(seen(), **values)["channels"]] == [*IDS, id_]


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_the_user_s_word_on_a_state_is_the_status(state) -> None:
    wrong_name = {"name": ("other.example.net",), "state": (("name", state),)}
    assert document(seen(), **wrong_name)["status"] == STATUS[state.upper()]


def test_an_expiring_certificate_turns_the_sensor_by_itself_where_there_are_no_limits() -> None:
    for days, status in ((28.5, "ok"), (27.5, "warning"), (6.5, "error"), (-0.5, "error")):
        assert document(seen(facts(days * DAY)))["status"] == status


def test_a_key_that_nobody_can_judge_is_a_warning_because_there_is_no_unknown() -> None:
    assert document(SITUATIONS["unknown_key"])["status"] == "warning"


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_a_service_that_cannot_be_read_is_an_error_because_there_are_no_values(state) -> None:
    assert document(SITUATIONS["unreachable"], unreachable=state)["status"] == "error"


def days(version: int, **values) -> dict:
    """Return the days' channel."""
    return document(seen(), version, **values)["channels"][0]


def test_version_2_has_no_limits_and_version_3_has_the_thresholds() -> None:
    channel = {"id": 12, "name": "Days until Expiration", "type": "integer", "value": 59, "kind": "custom"}
    channel["display_unit"] = "days"
    assert days(2) == channel
    assert days(3) == {**channel, "limits": {"warning": {"lower": 28}, "error": {"lower": 7}}}


@pytest.mark.parametrize(
    ("warning", "critical", "limits"),
    [
        ("20", "10", {"warning": {"lower": 20}, "error": {"lower": 10}}),
        ("36h", "5%", {"warning": {"lower": 2}, "error": {"lower": 19}}),
        ("7:400", "3:500", {"warning": {"lower": 7, "upper": 399}, "error": {"lower": 3, "upper": 499}}),
        ("@3:9", "4", {"error": {"lower": 4}}),
        ("@3:9", "@3:9", {"error": {"lower": 0}}),
    ],
)
def test_limits_of_version_3_are_those_of_the_advanced_format(warning, critical, limits) -> None:
    values = {"warning": parse_threshold(warning), "critical": parse_threshold(critical)}
    assert days(3, **values).get("limits") == limits
    found = prtg_rules.advanced(render_advanced(evaluated(seen(), **values)).text)["result"][0]
    for severity in ("warning", "error"):
        for side, minmax in (("lower", "min"), ("upper", "max")):
            limit = (limits or {}).get(severity, {}).get(side)
            assert found.get(f"limit{minmax}{severity}") == (None if limit is None else str(limit))


def test_the_state_of_an_asked_question_has_limits_in_version_3_only() -> None:
    asked = {"min_tls": "1.3", "max_lifetime": 47.0}
    two, three = (document(seen(), version, **asked)["channels"][5:] for version in VERSIONS)
    assert [channel["value"] for channel in two] == [2, 0]  # the lifetime warns
    assert all("limits" not in channel for channel in two)
    assert [channel["limits"] for channel in three] == [{"warning": {"upper": 0}, "error": {"upper": 2}}] * 2
    assert [{**channel, "limits": None} for channel in two] == [{**channel, "limits": None} for channel in three]


@pytest.mark.parametrize("version", VERSIONS)
def test_channels_with_a_lookup_have_neither_kind_nor_limits(version) -> None:
    for channel in document(SITUATIONS["everything_wrong"], version)["channels"][1:]:
        assert set(channel) == {"id", "name", "type", "value", "lookup_name"}
        assert channel["type"] == "lookup"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_dialect_has_the_same_message_and_values(situation) -> None:
    observation = SITUATIONS[situation]
    old = prtg_rules.advanced(render_advanced(evaluated(observation, **EVERYTHING_ASKED)).text)
    for version in VERSIONS:
        new = document(observation, version, **EVERYTHING_ASKED)
        assert new["message"] == old["text"]
        values = [(channel["name"], channel["value"]) for channel in new["channels"]]
        assert values == [(channel["channel"], channel["value"]) for channel in old.get("result", [])]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-p", "smtp"), "argument -p/--port"),
        ((), "-H/--host is missing"),
        (("-H", "h", "--prtg-schema", "4"), "choose one of 2, 3"),
        (("-H", "h", "--bogus\udcff\u00fc\x1b|"), "unrecognized arguments"),
        (("-H", "h", "-4", "-6"), "do not go together"),
        (("-V",), "check_starttls_cert "),
        (("-h",), "usage: "),
    ],
)
def test_whatever_is_no_verdict_is_an_error_in_version_2_that_every_prtg_takes(arguments, message) -> None:
    for more in ((), ("--prtg-schema", "3")):
        if "--prtg-schema" not in arguments:
            found = said(*more, *arguments)
            assert (found["version"], found["status"], found["channels"]) == (2, "error", [])
            assert message in found["message"]


def test_a_bug_is_an_error(capsys) -> None:
    with mock.patch.object(cli, "rendered", side_effect=KeyError("a|b\n")):
        assert cli.main(["-H", "h", "-o", "prtg-v2", "--prtg-schema", "3"]) == 0
    found = prtg_rules.script_v2(capsys.readouterr().out)
    assert found["status"] == "error"
    assert "internal error: KeyError" in found["message"]
    assert found["message"].isprintable()


def test_a_long_message_is_cut_where_prtg_would_refuse_it() -> None:
    assert len(prtg_rules.script_v2(prtg_v2.failure("x" * 5000).text)["message"]) == 2000


@PROPERTY
@given(FOREIGN, st.lists(FOREIGN, max_size=8), st.sampled_from(VERSIONS), st.booleans())
def test_no_certificate_breaks_the_document(text, names, version, own) -> None:
    made = self_signed if own else facts
    observed = seen(made(subject=text, issuer=text, common_names=tuple(names), dns_names=(text,)))
    assert document(observed, version, **EVERYTHING_ASKED)["message"].isprintable()


@PROPERTY
@given(FOREIGN)
def test_no_server_breaks_the_document(quote) -> None:
    assert document(unseen(ProbeError("the server refuses STARTTLS", quote=quote)))["message"].isprintable()


def change(path: str, value: object) -> dict:
    """Return a document of version 3 in which something has been changed; ``None`` takes it away."""
    made = copy.deepcopy(document(seen(), 3))
    *way, last = path.split(".")
    place = made
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made


def test_the_schema_knows_a_good_document() -> None:
    assert prtg_rules.VALIDATOR.is_valid(change("version", 3))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 1),
        ("version", "3"),
        ("version", 2),  # which has no limits
        ("version", None),
        ("status", "critical"),
        ("status", None),
        ("message", None),
        ("message", ""),
        ("message", "x" * 2001),
        ("channels", None),
        ("channels", [{"id": number, "name": "a", "type": "integer", "value": 1} for number in range(10, 61)]),
        ("extra", 1),
        ("channels.0.id", 9),
        ("channels.0.id", 2147483648),
        ("channels.0.id", None),
        ("channels.0.name", ""),
        ("channels.0.name", None),
        ("channels.0.type", "lookup"),
        ("channels.0.type", "gauge"),
        ("channels.0.value", 1.5),
        ("channels.0.value", "1"),
        ("channels.0.value", None),
        ("channels.0.kind", "days"),
        ("channels.0.display_unit", None),  # which a custom kind needs
        ("channels.0.lookup_name", "a"),
        ("channels.0.extra", 1),
        ("channels.0.limits", {}),
        ("channels.0.limits.warning", {}),
        ("channels.0.limits.warning", {"lower": "28"}),
        ("channels.0.limits.info", {"lower": 28}),
        ("channels.1.kind", "count"),
        ("channels.1.lookup_name", None),
        ("channels.1.limits", {"error": {"upper": 1}}),
        ("channels.1.type", "integer"),
    ],
)
def test_the_schema_refuses_what_prtg_refuses(path, value) -> None:
    with pytest.raises(jsonschema.ValidationError):
        prtg_rules.VALIDATOR.validate(change(path, value))


def test_the_document_is_one_line_of_ascii() -> None:
    text, _ = prtg_v2.render(evaluated(SITUATIONS["hostile_certificate"], NOW))
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["status"]
