"""Performance data as the programs that store and draw them read them, each by the rules of its own source.

Written anew: Icinga 2.13 (``PluginUtility``, ``PerfdataValue``), Checkmk 2.x (graphs; MRPE), Telegraf 1.x
(``data_format = "nagios"``), pnp4nagios 0.6 (``process_perfdata.pl``). Each returns what is left of the data there, or
raises ``ValueError`` where that program complains or drops them.
"""

from __future__ import annotations

import re
import shlex
from typing import Callable, NamedTuple, Optional

import plugin_format

Ends = tuple[Optional[float], Optional[float]]

NONE: Ends = (None, None)


class Reading(NamedTuple):
    """One number as a program has it."""

    value: float
    unit: str
    warning: Ends
    """The lower and the upper end of a range, as far as the program keeps them."""
    critical: Ends
    minimum: float | None = None


def icinga(data: str) -> dict[str, Reading]:
    """Split at the spaces behind values; a limit that is more than a number is ignored."""
    units = {"": "", "s": "seconds", "ms": "seconds", "us": "seconds", "%": "percent", "b": "bytes", "c": "counter"}
    found: dict[str, Reading] = {}
    position = 0
    while (equals := data.find("=", position)) >= 0:
        label = data[position:equals]
        end = data.find(" ", equals) if " " in data[equals:] else len(data)
        value, *limits = data[equals + 1 : end].split(";")
        number = re.match(r"[-+0-9.eE]*", value)[0]
        unit = value[len(number) :].lower()
        if unit not in units:
            raise ValueError(f"Invalid performance data unit: {unit}")
        plain = [float(limit) if re.fullmatch(r"[-+0-9.eE]+", limit) else None for limit in limits]
        warning, critical, minimum, *_ = [*plain, None, None, None]
        found[label] = Reading(float(number), units[unit], (None, warning), (None, critical), minimum)
        position = end + 1
    return found


def checkmk(data: str) -> dict[str, Reading]:
    """Split as a shell does; a number has neither a sign nor an exponent but ``-``, and a range has two ends."""
    found: dict[str, Reading] = {}
    for each in shlex.split(data):
        label, equals, values = each.partition("=")
        value, *limits = values.split(";")
        number = re.match(r"[0-9.,-]*", value)[0]
        if not equals or not number:
            raise ValueError(f"useless: {each}")
        warning, critical, minimum, *_ = [*limits, "", "", ""]
        found[label] = Reading(
            float(number), value[len(number) :], _ends(warning), _ends(critical), float(minimum) if minimum else None
        )
    return found


def _ends(written: str) -> Ends:
    low, _, high = written.rpartition(":")

    def number(text: str) -> float | None:
        return float(text) if re.fullmatch(r"-?[0-9.]+", text) else None

    return number(low), number(high)


def checkmk_mrpe(data: str) -> dict[str, Reading]:
    """Split at spaces; of a range the upper end is kept, and ``U`` makes the service UNKNOWN."""
    found: dict[str, Reading] = {}
    for each in data.split():
        label, value = each.split("=", 1)
        if value.startswith("U"):
            raise ValueError("Undefined metric")
        number, warning, critical, minimum, *_ = [part.rpartition(":")[2] for part in value.split(";")] + [""] * 4
        ends = [float(end) if re.fullmatch(r"-?[0-9.]+", end) else None for end in (warning, critical, minimum)]
        longest = next(length for length in range(len(number), 0, -1) if _is_number(number[:length]))
        found[label] = Reading(float(number[:longest]), number[longest:], (None, ends[0]), (None, ends[1]), ends[2])
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


TELEGRAF = re.compile(
    r"([^=]+)=([\d.\-+eE]+)([\w/%]*);?([\d.\-+eE:~@]+)?;?([\d.\-+eE:~@]+)?;?([\d.\-+eE]+)?;?([\d.\-+eE]+)?;?\s*"
)


def telegraf(data: str) -> dict[str, Reading]:
    """Take what a regular expression finds, and drop the rest."""
    found: dict[str, Reading] = {}
    for each in re.findall(r"[^=]+=\S+", data):
        match = TELEGRAF.fullmatch(each.strip())
        if match is None:
            raise ValueError(f"dropped: {each}")
        label, number, unit, warning, critical, minimum, _ = match.groups()
        found[label] = Reading(
            float(number), unit, _ends(warning or ""), _ends(critical or ""), float(minimum) if minimum else None
        )
    return found


PNP = re.compile(r"([^=]+)=([\d.-]+)([\w/%]*);?([\d.\-:~@]+)?;?([\d.\-:~@]+)?;?([\d.-]+)?;?([\d.-]+)?;?\s*", re.ASCII)


def pnp4nagios(data: str) -> dict[str, Reading]:
    """Take one after the other from the front; what does not fit ends it all."""
    found: dict[str, Reading] = {}
    rest = data
    while rest:
        match = PNP.match(rest)
        if match is None:
            raise ValueError(f"Invalid Perfdata detected: {rest}")
        label, number, unit, warning, critical, minimum, _ = match.groups()
        found[label] = Reading(
            float(number), unit, _ends(warning or ""), _ends(critical or ""), float(minimum) if minimum else None
        )
        rest = rest[match.end() :]
    return found


READERS: dict[str, Callable[[str], dict[str, Reading]]] = {
    "Icinga 2": icinga,
    "Checkmk": checkmk,
    "Checkmk MRPE": checkmk_mrpe,
    "Telegraf": telegraf,
    "pnp4nagios": pnp4nagios,
}


def assert_all_read(text: str, exit_code: int) -> plugin_format.Plugin:
    """Return what plugin output says by the guidelines; assert that every program has the same numbers in its place."""
    said = plugin_format.parse(f"{text}\n", exit_code)
    data = text.partition("\n")[0].partition(" | ")[2]
    for program, read in READERS.items():
        found = read(data)
        assert list(found) == list(said.performance), program
        for label, datum in said.performance.items():
            assert found[label].value == datum.value, program
            assert found[label].unit[:1] == datum.unit, program
            assert found[label].minimum == (0 if label == "time" else None), program
            whole = (_ends(datum.warning.lstrip("@")), _ends(datum.critical.lstrip("@")))
            kept = (found[label].warning, found[label].critical)
            for ends, all_ends in zip(kept, whole):
                assert all(end in (None, same) for end, same in zip(ends, all_ends)), program
    return said
