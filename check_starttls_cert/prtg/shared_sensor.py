"""A PRTG sensor that several targets share, with a channel for each.

A channel has the days that the certificate has left, under the limits of a sensor of its own. PRTG colours a channel
by its number alone, and shows 0 for one that a push leaves out. So each document has all channels, and none looks
better than its target: what is critical for another reason than its days, or has no certificate to show, has ``BROKEN``
for its days; what warns for another reason has PRTG's element ``warning``, which is there for whole sensors. The
sensor's message says what is wrong with which target.
"""

from __future__ import annotations

import json

from check_starttls_cert.outputs.prtg import keywords
from check_starttls_cert.prtg.channels import EXPIRED, Channel, channels, days_channel
from check_starttls_cert.prtg.sensor_api import MAX_TEXT, element
from check_starttls_cert.questions import QUESTIONS, Judgement
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.summary import line
from check_starttls_cert.text import counted, shortened
from check_starttls_cert.words import JOINT, counted_states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from check_starttls_cert.report import Report

MAX_CHANNELS = 50
"""Channels of a sensor that PRTG takes."""

BROKEN = -1
"""Days: below every limit that alarms for an expired certificate."""

UNKNOWN_LIFETIME = 90.0
"""Days: what percentages are of, where PRTG creates a channel and freezes its limits before a certificate was seen."""

MAX_WORDS = 500
"""Characters of a target in the message."""

(EXPIRY,) = (question for question in QUESTIONS if question.key == "expiry")


def member(report: Report, name: str) -> str:
    """Return what ``document`` needs of a target whose channel has this name."""
    channel = days(report)._replace(name=name)
    worse = report.state > told(channel)
    if worse and report.state is State.CRITICAL:
        channel = channel._replace(value=BROKEN)
    warning = {"warning": 1} if worse and report.state is not State.CRITICAL else {}
    words = shortened(f"{report.state.name} {line(report)}", MAX_WORDS) if report.state else ""
    return json.dumps([int(report.state), words, {**element(**keywords(channel)), **warning}])


def days(report: Report) -> Channel:
    """Return the channel of the days, also where they are not known."""
    if report.observation.presented is not None:
        return channels(report)[0]
    limits = report.job.policy.thresholds.limits(UNKNOWN_LIFETIME)
    return days_channel(Judgement(EXPIRY, False, State.CRITICAL, "", EXPIRED, limits))


def told(channel: Channel) -> State:
    """Return the state in which PRTG shows the number."""
    for state, index in ((State.CRITICAL, 1), (State.WARNING, 0)):
        low, high = channel.lower[index], channel.upper[index]
        if (low is not None and channel.value < low) or (high is not None and channel.value > high):
            return state
    return State.OK


def document(members: Iterable[str]) -> str:
    """Return the advanced JSON of a sensor with these targets."""
    known = sorted(map(json.loads, members), key=lambda each: each[2]["channel"])
    states = [State(state) for state, _, _ in known]
    counts = counted_states({state: states.count(state) for state in State})
    text = f"{max(states).name}. {counted(len(states), 'target')}: {counts}"
    bad = sorted((each for each in known if each[0]), key=lambda each: -each[0])
    for number, (_, words, _) in enumerate(bad):
        more = f"{JOINT}and {len(bad) - number} more"
        if len(text) + len(JOINT) + len(words) + len(more) > MAX_TEXT:
            text += more
            break
        text += JOINT + words
    return json.dumps({"prtg": {"text": text, "result": [made for _, _, made in known]}})
