"""The README's figures of what an endpoint costs: the rows of the benchmark, and the picture of these figures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import sweep_figures
from lists import read
from sweep_figures import ROWS, Cost

TEXT = read(sweep_figures.README)


def test_the_table_has_the_rows_that_the_benchmark_writes() -> None:
    assert tuple(sweep_figures.figures(TEXT)) == ROWS


def test_the_picture_shows_the_figures_of_the_table() -> None:
    assert read(sweep_figures.PICTURE) == sweep_figures.picture(sweep_figures.figures(TEXT))


def test_the_readme_shows_the_picture() -> None:
    assert "(contrib/pictures/sweep.svg)" in TEXT


def test_what_is_written_is_read_again_and_leaves_the_rest_as_it_is() -> None:
    costs = {name: Cost(1.234 * 10**number, 5.0, None) for number, name in enumerate(ROWS)}
    block = sweep_figures.table(costs, "A remark.")
    new = sweep_figures.written(TEXT, block)
    assert list(sweep_figures.figures(new).values()) == [
        float(f"{cost.cpu:.3g}") if cost.cpu < 1000 else round(cost.cpu) for cost in costs.values()
    ]
    before, _, rest = TEXT.partition(sweep_figures.BEGIN)
    assert new.startswith(before)
    assert new.endswith(rest.partition(sweep_figures.END)[2])


@pytest.mark.parametrize(
    ("number", "text"), [(0.0123, "0.0123"), (1.15, "1.15"), (53.82, "53.8"), (892.9, "893"), (1634.1, "1,634")]
)
def test_a_number_has_three_digits_that_count(number, text) -> None:
    assert sweep_figures.shown(number) == text


def test_a_bar_is_longer_where_more_is_needed() -> None:
    costs = {name: 3.0 * 10**number for number, name in enumerate(ROWS)}
    svg = ET.fromstring(sweep_figures.picture(costs))
    widths = [float(bar.get("width")) for bar in svg.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == sorted(widths)
    steps = [round(after - before, 1) for before, after in zip(widths, widths[1:])]
    assert max(steps) - min(steps) < 0.2
