"""Run the program against the whole kit, and write what came of it as two tables.

``python -m tests.hostile``, from the project's top; a quarter of an hour on two cores. Exits with 1 where something is
wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), TOP]

from check_starttls_cert.starttls import PROTOCOLS  # noqa: E402 - wherever this is started
from hostile import runner  # noqa: E402
from hostile.behaviours import BEHAVIOURS, STAGES, sentence  # noqa: E402
from hostile.chains import CHAINS  # noqa: E402
from hostile.peer import FAMILIES  # noqa: E402
from hostile.runner import Case, Outcome, Runner, cases, selection  # noqa: E402

BEGIN, END = "<!-- hostile kit -->", "<!-- end -->"
HEADING = """\
## What hostile servers get

`tests/hostile/` has servers that misbehave on purpose. `python -m tests.hostile --write SECURITY.md` starts the program
against every behaviour, in the conversation of every protocol and at every step, and writes what follows; the tests run
a selection of them, each behaviour once for every kind of protocol.
"""
MARKED = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)


def main() -> int:
    """Run, report what is wrong, write the tables."""
    options = argparse.ArgumentParser(prog="python -m tests.hostile", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--behaviour", action="append", choices=list(BEHAVIOURS), help="only this one (repeatable)")
    options.add_argument("--protocol", action="append", choices=list(PROTOCOLS), help="only this one (repeatable)")
    options.add_argument("--selection", action="store_true", help="what the tests run: everything once for each family")
    options.add_argument(
        "--together", type=int, default=3 * (os.cpu_count() or 1), help="runs at a time (default %(default)s)"
    )
    options.add_argument("--write", metavar="FILE", help=f"put the tables between {BEGIN} and {END} of this file")
    values = options.parse_args()
    selected = list(cases(values.behaviour or list(BEHAVIOURS), values.protocol or list(PROTOCOLS)))
    if values.selection:
        selected = selection()
    outcomes = []
    started = time.monotonic()
    with Runner() as program:
        for outcome in program.all(selected, values.together):
            outcomes.append(outcome)
            if outcome.faults or outcome.late:
                say(f"{outcome.case}: {'; '.join(outcome.faults) or 'late'} ({outcome.seconds:.1f} s)")
                say(f"    {outcome.stdout[:400].strip()!r}")
            elif len(outcomes) % 500 == 0:
                say(f"{len(outcomes)} of {len(selected)} runs, {time.monotonic() - started:.0f} s")
    text = "\n".join(tables(outcomes))
    if values.write:
        write(values.write, text)
    else:
        say(text)
    return int(any(outcome.faults or outcome.late for outcome in outcomes))


def say(line: str) -> None:
    """Print a line at once: the command takes its time."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write(path: str, text: str) -> None:
    """Put ``text`` between the markers of a file, or at its end where it has none."""
    before = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            before = file.read()
    section = f"{BEGIN}\n{text}\n{END}"
    after = MARKED.sub(lambda _: section, before) if MARKED.search(before) else f"{before}\n{section}\n".lstrip("\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


def tables(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of the section: what was done, and both tables."""
    yield HEADING
    faults = sum(bool(outcome.faults) for outcome in outcomes)
    late = sum(outcome.late for outcome in outcomes)
    cpu = sum(outcome.cpu for outcome in outcomes) / max(1, len(outcomes))
    yield (
        f"{len(outcomes)} runs with `-t {runner.TIMEOUT}`, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}; "
        f"{faults} with a fault, {late} later than {runner.TIMEOUT + runner.SPARE} s, {cpu:.2f} s of CPU each. "
        "Time is the wall clock's, from the program's start to its end, on a machine that ran several of them at once; "
        "memory is the peak above an idle Python; the longest line is in characters. "
        "*fault* is a hang, a traceback, a broken or forged line, or a verdict that is not true."
    )
    yield ""
    yield f"| Behaviour | {' | '.join(FAMILIES)} | worst time | memory | longest line |"
    yield f"|---|{'---|' * len(FAMILIES)}--:|--:|--:|"
    by_row: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_row[(outcome.case.stage, *titled(outcome.case))].append(outcome)
    for stage, where in STAGES.items():
        rows = [(name, told, found) for (at, name, told), found in sorted(by_row.items(), key=place) if at == stage]
        if rows:
            yield f"| ***{where}*** |{' |' * (len(FAMILIES) + 3)}"
        for name, told, found in rows:
            by_family = ([each for each in found if each.case.protocol in family] for family in FAMILIES.values())
            cells = [verdicts(each) for each in by_family]
            yield f"| **{name}**: {told} | {' | '.join([*cells, *worst(found)])} |"
    yield ""
    yield "| Protocol | runs | verdicts | worst time | memory | longest line |"
    yield "|---|--:|---|--:|--:|--:|"
    for protocol in PROTOCOLS:
        found = [outcome for outcome in outcomes if outcome.case.protocol == protocol]
        if found:
            yield f"| `{protocol}` | {len(found)} | {' | '.join([verdicts(found), *worst(found)])} |"


def titled(case: Case) -> tuple[str, str]:
    """Return what a behaviour is called, and its sentence; each chain is a row of its own."""
    if case.behaviour == "chain":
        return case.value[0].replace("_", " "), sentence(CHAINS[case.value[0]])
    return case.behaviour, BEHAVIOURS[case.behaviour].sentence


def place(row: tuple[Any, Sequence[Outcome]]) -> tuple[int, int]:
    """Return where a row stands: in the order of the lists."""
    case = row[1][0].case
    chain = list(CHAINS).index(case.value[0]) if case.behaviour == "chain" else 0
    return list(BEHAVIOURS).index(case.behaviour), chain


def verdicts(outcomes: Sequence[Outcome]) -> str:
    """Return the states that came out, the best first."""
    states = sorted({"*fault*" if outcome.faults else outcome.state for outcome in outcomes})
    return ", ".join(reversed(states)) or "-"


def worst(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the worst of each figure."""
    return [
        f"{max(outcome.seconds for outcome in outcomes):.1f} s",
        f"{max(outcome.memory for outcome in outcomes) / 1024:.0f} MB",
        f"{max(outcome.longest for outcome in outcomes)}",
    ]


if __name__ == "__main__":
    sys.exit(main())
