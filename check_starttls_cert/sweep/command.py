"""``check_starttls_cert sweep INVENTORY``: reads the inventory, runs the sweep, prints, delivers."""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from functools import lru_cache

from check_starttls_cert import signals
from check_starttls_cert.cli import PROGRAM, Parser
from check_starttls_cert.durations import parse_duration
from check_starttls_cert.errors import UsageError
from check_starttls_cert.observation import Observation
from check_starttls_cert.options import OPTIONS, Option, one_of
from check_starttls_cert.outputs import Rendered, requested
from check_starttls_cert.probe import ask
from check_starttls_cert.run import WORLD, World, write
from check_starttls_cert.settings import Job
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep import deliveries, progress
from check_starttls_cert.sweep.addresses import Addresses
from check_starttls_cert.sweep.inventory import STDIN, Inventory, read_inventory
from check_starttls_cert.sweep.lanes import AT_ONCE
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.outputs import LINES, OUTPUTS, SERVICE, TABLE, printer
from check_starttls_cert.sweep.processor import one_processor
from check_starttls_cert.sweep.runner import DEFAULT_JOBS, Probes, Runner
from check_starttls_cert.terminal import is_terminal, screen
from check_starttls_cert.text import counted, printable
from check_starttls_cert.trust_store import trust_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from check_starttls_cert.sweep.deliveries import Delivery

MAX_JOBS = 1000

THE_SWEEP = "the sweep"

EPILOG = f"""\
an inventory has lines, or is CSV with a header of option names, or TOML:
  imap://mail.example.com:143/name    host;protocol;name    [[targets]]
What it says of a target counts before the command line.

exit codes: that of the worst target, 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
(not checked; wrong usage and help too). 3 as well where not all is delivered.

{PROGRAM} --help tells of a single check.
"""

OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""What Python looks for garbage after: a tenth of the CPU time of a sweep less than by default."""

MAX_STORES = 256
"""Trust stores that are kept: to find the system's again, a directory would be read for each target."""


def answer(arguments: list[str], world: World = WORLD) -> Rendered:
    """Run a sweep, print what it says on its way, and return the last of it. Raises ``UsageError``."""
    try:
        return answered(arguments, world)
    except UsageError as error:
        if requested(arguments) != "json":
            raise
        from check_starttls_cert.sweep.outputs import json

        return json.failure(str(error))


def answered(arguments: list[str], world: World) -> Rendered:
    """As ``answer``, which tells the error in a line where only lines are read."""
    command = parser()
    given = parsed(command, arguments)
    if "help" in given:
        return Rendered(command.format_help().rstrip(), State.UNKNOWN.exit_code)
    if "inventory" not in given:
        command.error("INVENTORY is missing; --help says what it is")
    only_check, only_config = given.pop("check", False), given.pop("icinga2_config", False)
    workers = given.pop("jobs", DEFAULT_JOBS)
    output, budget = given.pop("output", None), given.pop("budget", None)
    wanted = {option.key: given.pop(option.key) for option in deliveries.OPTIONS if option.key in given}
    inventory = read_inventory(given.pop("inventory"), given)
    wanted["prtg_sensors"] = sensors = deliveries.sensors(wanted)
    total = inventory.check(services=only_config or deliveries.need_services(wanted), sensors=sensors)
    if only_config:
        from check_starttls_cert.sweep.icinga2_config import configuration

        for part in configuration(inventory, wanted):
            if not write(part, sys.stdout, "utf-8"):
                break
        return Rendered("", 0)
    if only_check:
        return Rendered(f"{printable(inventory.name)}: {counted(total, 'target')}, no errors", 0)
    if output is None:
        output = usual_output()
    return sweep(inventory, total, output, deliveries.opened(wanted), min(workers, total), budget, world)


def parsed(command: Parser, arguments: list[str]) -> dict[str, Any]:
    """Return the values of what is given. Raises ``UsageError``, which names the nearest of an unknown option."""
    try:
        values = vars(command.parse_args(arguments))
    except UsageError:
        from check_starttls_cert.meant import nearest

        flags = (argument.partition("=")[0][2:] for argument in arguments if argument.startswith("--"))
        known = [flag[2:] for flag in command.flags if flag.startswith("--")]
        unknown = next((flag for flag in flags if flag not in known), "")
        if not unknown or not (near := nearest(unknown[:60], known)):
            raise
        raise UsageError(f"--{printable(unknown, 60)} is no option of a sweep, the nearest is --{near}") from None
    # Not ``in``: the state OK is equal to False.
    return {key: value for key, value in values.items() if value is not None and value is not False}


def usual_output() -> str:
    """Return the output that nobody has to ask for."""
    if not is_terminal(sys.stdout):
        return SERVICE
    from importlib.util import find_spec

    return TABLE if find_spec("rich") else LINES


def sweep(  # noqa: PLR0913, PLR0917 - what a command line says
    inventory: Inventory,
    total: int,
    output: str,
    delivered: Sequence[Delivery],
    workers: int,
    budget: float | None,
    world: World,
) -> Rendered:
    """Check all targets."""
    started = time.monotonic()
    reasons: list[str] = []
    signals.divert(lambda name: reasons.append(f"ended by {name}"))

    def end() -> str:
        if budget is not None and time.monotonic() - started >= budget:
            reasons.append(f"the budget of {budget:g} s is used up")
        return reasons[0] if reasons else ""

    # ``run.process`` has turned it off for the single check, which is over before there is any garbage.
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    gc.enable()
    to = printer(output)
    tally = Tally(total)
    shows = [to.show, *(each.show for each in delivered)]
    with one_processor(), progress.shown(output, tally, sys.stderr) as draw:

        def end_of_checks() -> str:
            draw()
            return end()

        runner = Runner(
            iter(inventory), probes(world), lambda report: tuple(show(report) for show in shows), end_of_checks
        )
        for outcome in runner.outcomes(workers):
            tally.add(outcome)
            said, *taken = outcome.shown
            for each, shown in zip(delivered, taken):
                each.take(shown)
            if said and not write(said, sys.stdout):
                reasons.append("nobody reads the output")
    tally.ended, tally.elapsed, tally.stop = runner.ended, time.monotonic() - started, end
    tally.undelivered = [words for each in delivered if (words := each.end(tally))]
    return to.end(tally, screen(sys.stdout, os.environ))


def probes(world: World) -> Probes:
    """Return what the workers ask with: the single check's probe, with what they can share."""
    addresses = Addresses()
    store = lru_cache(MAX_STORES)(trust_store)

    def asked(job: Job) -> Callable[[], Observation]:
        return ask(job.target, store(job.policy.ca_file, job.policy.ca_dir), job.timeout, resolver=addresses.resolve)

    return Probes(asked, addresses.of, world.now)


def parser() -> Parser:
    """Return the parser for ``ROWS``."""
    command = Parser(
        ROWS,
        prog=f"{PROGRAM} sweep",
        usage=f"{PROGRAM} sweep INVENTORY [OPTION ...]",
        description="Check every target of an inventory, all at once, each as the single check does.",
        epilog=EPILOG,
    )
    command.add_argument("inventory", nargs="?", metavar="INVENTORY", help=f"file of the targets; {STDIN} is stdin")
    return command


def parse_jobs(text: str) -> int:
    """Return a number of workers."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 0 < int(text) <= MAX_JOBS:
        raise ValueError(f'"{printable(text)}" is not allowed; allowed are whole numbers from 1 to {MAX_JOBS}')
    return int(text)


def parse_budget(text: str) -> float:
    """Return seconds."""
    seconds = parse_duration(text, "s")
    if not seconds:
        raise ValueError(f'"{printable(text)}" is no time above 0; allowed are seconds, minutes and hours: 90s, 5m, 1h')
    return seconds


ROWS = (
    Option(
        "output", ("-o", "--output"), one_of(tuple(OUTPUTS)), "OUTPUT",
        "; ".join(f"{name}: {said}" for name, said in OUTPUTS.items())
        + f" (default {SERVICE}; at a terminal {TABLE}, or {LINES} without the package rich)",
        THE_SWEEP,
        choices=tuple(OUTPUTS),
    ),
    Option(
        "jobs", ("--jobs",), parse_jobs, "N",
        f"targets that are checked at once (default {DEFAULT_JOBS}); one address gets {AT_ONCE} connections at most",
        THE_SWEEP,
    ),
    Option(
        "budget", ("--budget",), parse_budget, "TIME",
        "time for the whole sweep, like 90s, 5m or 1h; what is not checked by then is UNKNOWN",
        THE_SWEEP,
    ),
    Option("check", ("--check",), None, "", "read the inventory, tell its errors, check no target", THE_SWEEP),
    Option(
        "icinga2_config", ("--icinga2-config",), None, "",
        "print the services and hosts of the inventory for Icinga 2, check no target",
        THE_SWEEP,
    ),
    Option(
        "verbose", ("-v", "--verbose"), None, "", "with -o lines, add facts; -vv the conversation too",
        THE_SWEEP,
        many=True,
    ),
    Option("help", ("-h", "--help"), None, "", "print this help and exit", THE_SWEEP),
    *deliveries.OPTIONS,
    *(option for option in OPTIONS if option.key != "host"),
)  # fmt: skip
"""Every option of a sweep: its own, and those of the single check that can hold for all targets."""
