"""Fuzz with atheris: ``python tests/fuzz/run.py [--seconds N] [--jobs N] [--write] [TARGET ...]``.

Prints executions, distinct crashes and seconds of CPU of each target, and exits 1 where there was a crash; its inputs
are kept in the folder that is named. With ``--write`` the figures go into SECURITY.md, in the place of those of
the same targets.

Needs ``pip install -e ".[dev,fuzz]"`` and a Python that atheris has a wheel for (3.9 to 3.13, on Linux).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from warnings import simplefilter

HERE = Path(__file__).parent

sys.path.insert(0, str(HERE.parent))

from targets import TARGETS, seeds  # noqa: E402 - from the folder above

SECURITY = HERE.parent.parent / "SECURITY.md"

BEGIN, END = "<!-- fuzzing -->", "<!-- end -->"

HEAD = ("target", "executions", "crashes", "CPU seconds")

SECONDS_FOR_ONE = 100
"""After so long for one input it counts as a crash, on a busy machine too."""

MEGABYTES = 2048
"""After so much memory the process counts as a crash."""

MAX_LENGTH = 20_000
"""Octets of an input."""


class Figures(NamedTuple):
    """What came of one target."""

    target: str
    executions: int
    crashes: int
    seconds: int

    @property
    def row(self) -> str:
        """The figures as a row of a table."""
        return f"| {self.target} | {self.executions:,} | {self.crashes} | {self.seconds} |"


def fuzz(target: str, seconds: int, folder: Path) -> Figures:
    """Fuzz one target in a process of its own; its crashes, and what it printed, go into the folder."""
    corpus, crashes = folder / "corpus", folder / "crashes"
    corpus.mkdir(parents=True)
    crashes.mkdir()
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, str(HERE / "one.py"), target, str(crashes), str(seconds), str(corpus)),
                # A slow unit is a file among the crashes as well: by the clock, not by the CPU's time.
                *(f"-max_len={MAX_LENGTH}", f"-timeout={SECONDS_FOR_ONE}", f"-report_slow_units={SECONDS_FOR_ONE}"),
                *(f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1", f"-artifact_prefix={crashes}{os.sep}"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
        )
        _, status, usage = os.wait4(process.pid, 0)  # what it took: one that hangs ends early
        process.returncode = os.waitstatus_to_exitcode(status)
    said = (folder / "log.txt").read_text("utf-8", "replace")
    counted = re.search(r"stat::number_of_executed_units: (\d+)", said)
    found = len([file for file in crashes.iterdir() if not file.name.endswith(".txt")])
    if process.returncode and not found:
        raise SystemExit(f"{target} could not be fuzzed:\n{said[-2000:]}")
    return Figures(target, int(counted[1]) if counted else 0, found, round(usage.ru_utime + usage.ru_stime))


def written(text: str, figures: list[Figures]) -> str:
    """Return the text with the figures between its markers; other targets keep theirs."""
    before, _, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"there is no {BEGIN} … {END} to write to")
    rows = {row.split("|")[1].strip(): row for row in re.findall(r"^\| .*\|$", old, re.MULTILINE)[1:]}
    rows.update({each.target: each.row for each in figures})
    head = f"| {' | '.join(HEAD)} |\n|---|---:|---:|---:|"
    table = "\n".join([head, *(rows[target] for target in TARGETS if target in rows)])
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> int:
    """Fuzz what the command line names, print the figures; return the exit code."""
    command = argparse.ArgumentParser(description="Fuzz check_starttls_cert.", epilog=f"targets: {', '.join(TARGETS)}")
    command.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    command.add_argument("--seconds", type=int, default=600, help="of CPU for each target (default 600)")
    command.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: one a core)")
    command.add_argument("--write", action="store_true", help="write the figures to SECURITY.md")
    arguments = command.parse_args()
    simplefilter("ignore")  # libraries warn of odd certificates
    if unknown := set(arguments.targets) - set(TARGETS):
        command.error(f"no such target: {', '.join(sorted(unknown))}")
    if arguments.write:
        written(SECURITY.read_text("utf-8"), [])  # before the time is spent
    folder = Path(tempfile.mkdtemp(prefix="check_starttls_cert-fuzz-"))
    print(f"| {' | '.join(HEAD)} |", flush=True)  # noqa: T201 - a command's output
    figures = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        names = arguments.targets or list(TARGETS)
        for each in pool.map(lambda name: fuzz(name, arguments.seconds, folder / name), names):
            figures.append(each)
            print(each.row, flush=True)  # noqa: T201
    print(f"crashes, corpus and logs: {folder}")  # noqa: T201
    if arguments.write:
        SECURITY.write_text(written(SECURITY.read_text("utf-8"), figures), "utf-8")
    return 1 if any(each.crashes for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
