"""A sensor of several targets: what PRTG takes, and no channel looks better than its target."""

from __future__ import annotations

import json

import prtg_rules
import pytest
from observations import DAY, NO_ISSUER, REFUSED, SELF_SIGNED, SITUATIONS, evaluated, facts, seen, unseen
from prtg_rules import ERROR, OK, WARNING, channel_state
from sweeps import BAD, FINE, REPORTS

from check_starttls_cert.outputs import prtg
from check_starttls_cert.prtg import shared_sensor
from check_starttls_cert.prtg.shared_sensor import MAX_CHANNELS, document, member
from check_starttls_cert.state import State
from check_starttls_cert.thresholds import parse_threshold

SHOWN = {State.OK: OK, State.UNKNOWN: WARNING, State.WARNING: WARNING, State.CRITICAL: ERROR}

POLICIES = [
    {},
    {"warning": parse_threshold("0"), "critical": parse_threshold("0")},
    {"warning": parse_threshold("@0:100"), "critical": parse_threshold("@0:50")},
    {"warning": parse_threshold("~:20"), "critical": parse_threshold("~:40")},
    {"warning": parse_threshold("50%"), "critical": parse_threshold("40%")},
    {"state": (("trust", "unknown"), ("name", "warning"), ("connection", "ok"))},
]


def sensor(*members: str) -> dict:
    """Return what is in the document, which PRTG takes."""
    return prtg_rules.advanced(document(members))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_channel_has_the_state_of_its_target(name, policy) -> None:
    report = evaluated(SITUATIONS[name], **policy)
    (channel,) = sensor(member(report, "x"))["result"]
    # What cannot be read is an error of the sensor, whatever --unreachable makes of it elsewhere.
    assert channel_state(channel) == (ERROR if report.observation.presented is None else SHOWN[report.state])


def test_a_channel_has_the_days_and_the_limits_of_a_sensor_of_its_own() -> None:
    (channel,) = sensor(member(FINE, "mta"))["result"]
    own = json.loads(prtg.render(FINE).text)["prtg"]["result"][0]
    assert channel == {**own, "channel": "mta"}
    (channel,) = sensor(member(evaluated(seen(facts(-3 * DAY))), "mta"))["result"]
    assert channel["value"] == -3


def test_what_is_broken_for_another_reason_has_no_days() -> None:
    for report in (evaluated(seen(trust=NO_ISSUER)), evaluated(seen(trust=SELF_SIGNED)), BAD):
        (channel,) = sensor(member(report, "x"))["result"]
        assert channel["value"] == shared_sensor.BROKEN


def test_limits_that_are_frozen_before_a_certificate_was_seen_suit_one_of_90_days() -> None:
    (channel,) = sensor(member(BAD, "x"))["result"]
    assert (channel["limitminwarning"], channel["limitminerror"]) == ("27", "7")
    (channel,) = sensor(member(evaluated(unseen(REFUSED), warning=parse_threshold("50%")), "x"))["result"]
    assert channel["limitminwarning"] == "45"


def test_the_message_tells_the_counts_and_then_what_is_wrong_the_worst_first() -> None:
    warning = evaluated(seen(facts(20.5 * DAY)))
    found = sensor(member(FINE, "a"), member(warning, "b"), member(BAD, "c"), member(REPORTS["not checked"], "d"))
    text = found["text"]
    assert text.startswith("CRITICAL. 4 targets: 1 CRITICAL, 1 WARNING, 1 UNKNOWN, 1 OK / CRITICAL smtp ")
    places = [text.index(f" / {name} ") for name in ("CRITICAL", "WARNING", "UNKNOWN")]
    assert places == sorted(places)
    assert " / WARNING smtp mta.example.com:25 (mta.example.com): expires in 20 days" in text
    assert text.endswith(" / UNKNOWN smtp h.test:25: not checked: why")
    assert sensor(member(FINE, "a"), member(FINE, "b"))["text"] == "OK. 2 targets: 2 OK"


def test_channels_have_an_order_that_does_not_depend_on_who_is_first() -> None:
    assert document([member(FINE, "b"), member(BAD, "a")]) == document([member(BAD, "a"), member(FINE, "b")])


def test_as_many_problems_are_told_as_prtg_takes() -> None:
    long = [member(evaluated(unseen(REFUSED), host=f"{'x' * 60}{number}.test"), str(number)) for number in range(50)]
    text = sensor(*long)["text"]
    told = text.count("cannot connect to ")
    assert len(long) == MAX_CHANNELS
    assert 0 < told < 50
    assert text.endswith(f" / and {50 - told} more")


def test_all_situations_fit_into_one_sensor() -> None:
    sensor(*(member(report, name) for name, report in REPORTS.items()))
