"""For people: a table of the most urgent targets, the worst first, and a last line for all."""

from __future__ import annotations

import io

from check_starttls_cert.outputs import Rendered
from check_starttls_cert.packages import require
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.outcome import Outcome, Tally
from check_starttls_cert.sweep.outputs.nagios import head
from check_starttls_cert.terminal import COLOURS, PIPE, Screen, coloured

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

require("rich", "table", "python3-rich")

NARROW = 100
"""Columns of a terminal below which what was found stands under its target, not beside it."""

NARROWEST = 40
"""Columns that the table needs; on less, the terminal breaks the lines."""


def show(report: Report) -> str:
    """Say nothing yet."""
    return ""


def end(tally: Tally, screen: Screen = PIPE) -> Rendered:
    """Show the table."""
    outcomes, said = tally.urgent, head(tally)
    lines = [drawn(outcomes, screen), coloured(said) if screen.colour else said]
    if rest := tally.left_out(outcome.state for outcome in outcomes):
        lines.insert(1, f"and {sum(tally.counts.values()) - len(outcomes)} more: {rest}")
    return Rendered("\n".join(lines), tally.state.exit_code)


def drawn(outcomes: list[Outcome], screen: Screen) -> str:
    """Return the rows of a table. Only ``Text`` is given to rich, in which nothing is markup."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file,
        width=max(screen.columns, NARROWEST),
        force_terminal=True,
        color_system="standard" if screen.colour else None,
        legacy_windows=False,
    )
    console.print(table(outcomes, narrow=screen.columns < NARROW))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def table(outcomes: list[Outcome], *, narrow: bool) -> Table:
    """Return the table."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    made.add_column("STATE")
    made.add_column("DAYS", justify="right")
    for heading in ("TARGET",) if narrow else ("TARGET", "FOUND"):
        made.add_column(heading, overflow="fold")
    for outcome in outcomes:
        state = Text(outcome.state.name, f"bold {colour_of(outcome.state)}")
        # As a duration in words: never more than there is.
        days = "" if outcome.days in (float("inf"), float("-inf")) else str(int(outcome.days))
        texts = [Text(outcome.target), Text(outcome.found)]
        made.add_row(state, days, *([stacked(*texts)] if narrow else texts))
    return made


def stacked(target: Text, found: Text) -> Text:
    """Return two texts, one below the other."""
    return target.append("\n").append_text(found)


def colour_of(state: State) -> str:
    """Return rich's word for the colour of a state."""
    return f"color({COLOURS[state.name] - 30})"
