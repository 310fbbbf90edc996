"""Every output of a sweep."""

from __future__ import annotations

import pytest
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.sweep.outputs import OUTPUTS, printer


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_exit_code_is_that_of_the_worst(output) -> None:
    to = printer(output)
    assert to.end(tally(FINE)).exit_code == 0
    assert to.end(tally(FINE, REPORTS["not checked"])).exit_code == 3
    assert to.end(tally(REPORTS["not checked"], BAD, FINE)).exit_code == 2
