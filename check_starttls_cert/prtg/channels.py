"""What a PRTG sensor shows of a check: message and channels, the same in every PRTG dialect.

PRTG decides a channel's state by a lookup or by limits; a channel has one of the two or neither. Lookups are
those that PRTG ships, limits and the unit are taken only when PRTG creates the channel.
Source: PRTG Manual, "Custom Sensors"; lookup files as shipped with PRTG.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from check_starttls_cert.prtg.sensor_api import MAX_TEXT
from check_starttls_cert.settings import ORIGINAL
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from check_starttls_cert.questions import Judgement
    from check_starttls_cert.report import Report
    from check_starttls_cert.thresholds import Limits

LOOKUP = "prtg.standardlookups.sslcertificatesensor."

NAME_VALUES = {"client": (5, 6), "none": (2, 2), "cn": (0, 1), "cn_san": (5, 6), "san": (5, 6)}
"""Values of the lookup ``cncheck`` for a name check that succeeded, and for one that failed."""

ORIGINAL_NAMES = {12: "Days to Expiration", 15: "Public Key Length"}
"""What the original sensor's code calls two channels, by their ids. Its documentation calls them as we do."""

RSA_LIKE = ("RSA", "DSA")
"""Algorithms whose sizes mean the same as RSA's; all others are judged as elliptic curves."""

EXPIRED = -math.ulp(0.0)
"""Days: the most that an expired certificate has left."""


class Channel(NamedTuple):
    """One channel. Limits alarm below ``lower`` and above ``upper``; each is (warning, error)."""

    id: int
    """Fixed for ever: PRTG's Script v2 sensor knows a channel by it."""
    name: str
    value: int
    lookup: str | None = None
    lower: tuple[int | None, int | None] = (None, None)
    upper: tuple[int | None, int | None] = (None, None)
    unit: str = ""
    """Empty for a count, and where a lookup has words for the value."""


def channels(report: Report) -> list[Channel]:
    """Return the channels of a check that could read the certificate, the primary one first."""
    judged = {judgement.question.key: judgement for judgement in report.judgements}
    first = [show(judged[key], report) for key, show in SHOWN.items()]
    asked = [each for key, each in judged.items() if key not in SHOWN and each.asked and each.question.channel]
    shown = first + [_state(judgement) for judgement in asked]
    if report.job.channel_names == ORIGINAL:
        return [channel._replace(name=ORIGINAL_NAMES.get(channel.id, channel.name)) for channel in shown]
    return shown


def days_channel(judgement: Judgement) -> Channel:
    """Return the channel of the days that a certificate has left."""
    days = judgement.value or 0
    warning, critical = judgement.limits or (None, None)
    lower = [_end(warning, 0), _end(critical, 0)]
    upper = [_end(warning, 1), _end(critical, 1)]
    if lower[1] is None:  # expired is critical whatever the thresholds
        lower[1] = EXPIRED
    value, steps = whole_days(days, {end for end in (*lower, *upper) if end is not None})
    below = [None if end is None else steps[end] for end in lower]
    above = [None if end is None else steps[end] - 1 for end in upper]
    return _channel(judgement, value)._replace(lower=(below[0], below[1]), upper=(above[0], above[1]), unit="days")


def _end(limits: Limits | None, end: int) -> float | None:
    # PRTG has no limits for "inside a range"; the message speaks for those.
    return None if limits is None or limits.inside else limits[end]


def whole_days(days: float, limits: set[float]) -> tuple[int, dict[float, int]]:
    """Return ``days`` and, for each limit, a whole number that they reach exactly where ``days`` are above the limit.

    PRTG's channel is an integer, and a sensor keeps it for ever. A day that has begun to run out is not counted; in
    the day in which a limit lies, the number says on which side of it the days are.
    """
    whole = math.floor(days)
    steps: dict[float, int] = {}
    for limit in sorted(limits):
        steps[limit] = max([math.ceil(limit), *(step + 1 for step in steps.values())])  # two in one day are two steps
    for limit, step in steps.items():
        whole = max(whole, step) if days > limit else min(whole, step - 1)
    return whole, steps


def _name(judgement: Judgement, report: Report) -> Channel:
    matches, differs = NAME_VALUES[report.job.policy.name_check]
    return _channel(judgement, differs if judgement.value else matches, "cncheck")


def _key(judgement: Judgement, report: Report) -> Channel:
    key = report.observation.shown.leaf.key
    return _channel(judgement, key.bits, "publickey" if key.algorithm in RSA_LIKE else "publickeyecc")


def _trust(judgement: Judgement, report: Report) -> Channel:
    return _channel(judgement, 0 if report.observation.shown.trust.verified else 1, "trustedroot")


def _self_signed(judgement: Judgement, report: Report) -> Channel:
    return _channel(judgement, 1 if report.observation.shown.self_signed else 0, "selfsigned")


def _state(judgement: Judgement) -> Channel:
    # No lookup that PRTG ships has three states; limits on the state's number do.
    return _channel(judgement, int(judgement.state))._replace(upper=(int(State.OK), int(State.WARNING)))


SHOWN: dict[str, Callable[[Judgement, Report], Channel]] = {
    "expiry": lambda judgement, _: days_channel(judgement),
    "name": _name,
    "key-size": _key,
    "trust": _trust,
    "self-signed": _self_signed,
}
"""Questions whose channel is always there, and how it is made. All others have a channel when the user asked them:
it shows the number of their state."""


def _channel(judgement: Judgement, value: int, lookup: str | None = None) -> Channel:
    assert judgement.question.channel is not None
    return Channel(*judgement.question.channel, value, lookup)


def message(report: Report) -> str:
    """Return what PRTG shows as the sensor's message: the problems, and which certificate it is about."""
    target, presented = report.job.target, report.observation.presented
    if presented is None:
        return f"{target}: {report.observation.error}"[:MAX_TEXT]
    names = ", ".join(printable(name, 80) for name in presented.leaf.common_names[:5]) or "none"
    said = f"{report.state.name}. {JOINT.join(report.problems)}".rstrip(". ")
    details = (
        f". Certificate Common Name: {names} - Certificate Thumbprint: {presented.leaf.sha1} "
        f"- STARTTLS Protocol: {target.protocol.upper()}"
    )
    return said[: MAX_TEXT - len(details)] + details
