"""Does the program stay well against servers that are hostile at random? 1,000 starts, as its users start it.

Prints how they ended, and exits with 1 where one of them hung, left a file, a line too many or a traceback, or told
an untruth. ``soak.py COUNT SEED`` starts fewer or others; it ends after half an hour in any case.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from hostile.behaviours import BEHAVIOURS  # noqa: E402 - tests are no package
from hostile.runner import PROTOCOLS, Case, Runner, cases  # noqa: E402

MAX_SECONDS = 1800
TOGETHER = 3 * (os.cpu_count() or 1)


def at_random(count: int, seed: int) -> list[Case]:
    """Return that many cases: each behaviour as likely as the others, and then each protocol, place and value."""
    dice = random.Random(seed)
    chosen: list[Case] = []
    while len(chosen) < count:
        chosen += dice.sample(
            list(cases([dice.choice(list(BEHAVIOURS))], [dice.choice(list(PROTOCOLS))])) or chosen[:1], 1
        )
    return chosen


def main() -> int:
    """Start, count, and return the exit code."""
    count, seed = (int(text) for text in [*sys.argv[1:], "1000", "1"][:2])
    states: Counter[str] = Counter()
    faults, late, slowest, memory = 0, 0, 0.0, 0
    started = time.monotonic()
    with Runner() as program:
        before = set(os.listdir(os.path.dirname(program.folder)))
        chosen = at_random(count, seed)
        for begin in range(0, count, 100):
            if time.monotonic() - started > MAX_SECONDS:
                break
            for outcome in program.all(chosen[begin : begin + 100], TOGETHER):
                states[outcome.state or "none"] += 1
                late += outcome.late
                slowest, memory = max(slowest, outcome.seconds), max(memory, outcome.memory)
                if outcome.faults:
                    faults += 1
                    sys.stdout.write(f"{outcome.case}: {'; '.join(outcome.faults)}\n")
        files = len(set(os.listdir(os.path.dirname(program.folder))) - before)
    verdicts = ", ".join(f"{number} {state}" for state, number in states.most_common())
    sys.stdout.write(
        f"{sum(states.values())} starts in {time.monotonic() - started:.0f} s, seed {seed}: {verdicts}; "
        f"{faults} with a fault, {late} late, the slowest {slowest:.1f} s, {memory / 1024:.0f} MB above idle; "
        f"{files} files new in {os.path.dirname(program.folder)}\n"
    )
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
