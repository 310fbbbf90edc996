"""What an endpoint costs, as the README and its picture have it; ``benchmarks/sweep.py --write`` writes it.

The picture is drawn from the README's table, so that the two cannot differ.
"""

from __future__ import annotations

import math
import os
import re
import textwrap
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
README = os.path.join(TOP, "README.md")
PICTURE = os.path.join(TOP, "contrib", "pictures", "sweep.svg")

SINGLE, SWEEP, BARE = "`check_starttls_cert`", "`check_starttls_cert sweep`, {:,} targets", "a bare client in Python"
SIZES = (100, 1_000, 10_000)
SWEEPS = tuple(SWEEP.format(size) for size in SIZES)
CHECK_SSL_CERT, S_CLIENT, CHECK_SMTP = "`check_ssl_cert`", "`openssl s_client`", "`check_smtp`"
ROWS = (CHECK_SSL_CERT, SINGLE, S_CLIENT, CHECK_SMTP, *SWEEPS, BARE)
"""What is measured, in the order of the table."""

BEGIN, END = "<!-- Written by tests/benchmarks/sweep.py --write -->\n", "<!-- end -->\n"

HEAD = "| for each endpoint | CPU, ms | elapsed, ms | memory, MB |\n|---|--:|--:|--:|\n"
ROW = re.compile(r"^\| (\S.*?) \| ([0-9.,]+) \| ", re.MULTILINE)

WIDTH, LINE, LEFT, RIGHT, TOP_MARGIN = 760, 30, 330, 70, 46
"""Of the picture, in its units."""

TITLE = "CPU time for each endpoint, in milliseconds"

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.axis { font-size: 11px; fill: #59636e }
line { stroke: #d1d9e0 }
rect { fill: #8c959f }
.own { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .axis { fill: #9198a1 }
  line { stroke: #3d444d }
  rect { fill: #656c76 }
  .own { fill: #3fb950 }
}
"""


class Cost(NamedTuple):
    """What an endpoint takes."""

    cpu: float
    """Milliseconds."""
    elapsed: float
    """Milliseconds."""
    memory: float | None
    """Megabytes of the whole process at its peak; nothing where it was not measured."""


def shown(number: float) -> str:
    """Return a number with three digits that count."""
    return f"{number:,.{max(0, 2 - math.floor(math.log10(number)))}f}"


def label(name: str) -> str:
    """Return a row's name in SVG."""
    return escape(name.replace("`", ""))


def table(costs: Mapping[str, Cost], remark: str) -> str:
    """Return what stands between the README's marks."""
    rows = (
        f"| {name} | {shown(costs[name].cpu)} | {shown(costs[name].elapsed)} | "
        f"{'' if (memory := costs[name].memory) is None else f'{memory:.0f}'} |\n"
        for name in ROWS
    )
    return f"{HEAD}{''.join(rows)}\n{textwrap.fill(remark, 120)}\n"


def written(text: str, block: str) -> str:
    """Return the README with another table."""
    before, found, rest = text.partition(BEGIN)
    assert found
    return f"{before}{BEGIN}\n{block}\n{END}{rest.partition(END)[2]}"


def figures(text: str) -> dict[str, float]:
    """Return the milliseconds of CPU time that the README names, by row."""
    block = text.partition(BEGIN)[2].partition(END)[0]
    return {name: float(number.replace(",", "")) for name, number in ROW.findall(block)}


def picture(costs: Mapping[str, float]) -> str:
    """Return the bars, on a scale where each step is ten times the last: SVG, readable in the dark and in the light."""
    least = math.floor(math.log10(min(costs.values())) - 0.3)
    most = math.ceil(math.log10(max(costs.values())))
    height = TOP_MARGIN + LINE * len(costs) + 8
    size = f'width="{WIDTH}" height="{height}"'

    def place(number: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(number) - least) / (most - least)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size} role="img">',
        f"<title>{TITLE}</title>",
        f"<desc>{'; '.join(f'{label(name)}: {shown(number)}' for name, number in costs.items())}</desc>",
        f"<style>{STYLE}</style>",
        f'<text class="axis" x="0" y="16">{TITLE}; each step is ten times the last</text>',
    ]
    for power in range(least, most + 1):
        x = place(10**power)
        lines += [
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP_MARGIN - 6}" y2="{height}"/>',
            f'<text class="axis" x="{x:.1f}" y="{TOP_MARGIN - 10}" text-anchor="middle">{10**power:,g}</text>',
        ]
    for number, (name, cost) in enumerate(costs.items()):
        y = TOP_MARGIN + LINE * number
        own = ' class="own"' if name in (SINGLE, *SWEEPS) else ""
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end">{label(name)}</text>',
            f'<rect{own} x="{LEFT}" y="{y + 2}" width="{place(cost) - LEFT:.1f}" height="{LINE - 8}" rx="2"/>',
            f'<text x="{place(cost) + 6:.1f}" y="{y + 17}">{shown(cost)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
