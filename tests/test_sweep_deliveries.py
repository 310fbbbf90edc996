"""Every delivery of a sweep."""

from __future__ import annotations

import pytest
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.sweep.deliveries import DELIVERIES, delivery


@pytest.mark.parametrize("output", DELIVERIES)
def test_the_exit_code_is_that_of_the_worst(output) -> None:
    to = delivery(output)
    assert to.end(tally(FINE)).exit_code == 0
    assert to.end(tally(FINE, REPORTS["not checked"])).exit_code == 3
    assert to.end(tally(REPORTS["not checked"], BAD, FINE)).exit_code == 2
