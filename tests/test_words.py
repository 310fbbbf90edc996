"""Durations as people read them."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    HOUR,
    SECOND,
)

from check_starttls_cert.words import span


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (SECOND / 2, "less than a second"),
        (SECOND, "1 second"),
        (59 * SECOND, "59 seconds"),
        (60 * SECOND, "1 minute"),
        (100 * SECOND, "1 minute"),
        (59 * 60 * SECOND, "59 minutes"),
        (HOUR, "1 hour"),
        (23 * HOUR, "23 hours"),
        (DAY, "1 day"),
        (2 * DAY - HOUR, "1 day"),
        (3000 * DAY, "3000 days"),
    ],
)
def test_a_span_is_in_its_largest_unit(duration, words) -> None:
    assert span(duration) == words
