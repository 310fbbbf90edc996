"""What a PRTG sensor shows of a check: message and channels, the same in every PRTG dialect.

PRTG decides a channel's state by a lookup or by limits; a channel has one of the two or neither. Lookups are
those that PRTG ships, limits are taken only when PRTG creates the channel.
Source: PRTG Manual, "Custom Sensors"; lookup files as shipped with PRTG.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from check_starttls_cert.prtg.sensor_api import MAX_TEXT
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

RSA_LIKE = ("RSA", "DSA")
"""Algorithms whose sizes mean the same as RSA's; all others are judged as elliptic curves."""


class Channel(NamedTuple):
    """One channel. Limits alarm below ``lower`` and above ``upper``; each is (warning, error)."""

    id: int
    """Fixed for ever: PRTG's Script v2 sensor knows a channel by it."""
    name: str
    value: int
    lookup: str | None = None
    lower: tuple[int | None, int | None] = (None, None)
    upper: tuple[int | None, int | None] = (None, None)


def channels(report: Report) -> list[Channel]:
    """Return the channels of a check that could read the certificate, the primary one first."""
    judged = {judgement.question.key: judgement for judgement in report.judgements}
    first = [shown(judged[key], report) for key, shown in SHOWN.items()]
    asked = [each for key, each in judged.items() if key not in SHOWN and each.asked and each.question.channel]
    return first + [_state(judgement) for judgement in asked]


def _days(judgement: Judgement, report: Report) -> Channel:
    # PRTG alarms below a limit, so a day that has begun to run out is not counted.
    warning, error = judgement.limits or (None, None)
    return _channel(
        judgement,
        math.floor(judgement.value or 0),
        lower=(_lower(warning), _lower(error)),
        upper=(_upper(warning), _upper(error)),
    )


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
    return _channel(judgement, int(judgement.state), upper=(int(State.OK), int(State.WARNING)))


SHOWN: dict[str, Callable[[Judgement, Report], Channel]] = {
    "expiry": _days,
    "name": _name,
    "key-size": _key,
    "trust": _trust,
    "self-signed": _self_signed,
}
"""Questions whose channel is always there, and how it is made. All others have a channel when the user asked them:
it shows the number of their state."""


def _channel(
    judgement: Judgement,
    value: int,
    lookup: str | None = None,
    lower: tuple[int | None, int | None] = (None, None),
    upper: tuple[int | None, int | None] = (None, None),
) -> Channel:
    assert judgement.question.channel is not None
    return Channel(*judgement.question.channel, value, lookup, lower, upper)


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


def _lower(limits: Limits | None) -> int | None:
    """Return the lower limit in whole days, rounded so that PRTG alarms earlier.

    PRTG has no limits for "inside a range"; the message speaks for those.
    """
    return None if limits is None or limits.inside or limits.low is None else math.ceil(limits.low)


def _upper(limits: Limits | None) -> int | None:
    return None if limits is None or limits.inside or limits.high is None else math.floor(limits.high) - 1
