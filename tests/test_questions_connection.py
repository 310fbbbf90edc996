"""A service that cannot be read."""

from __future__ import annotations

import pytest
from observations import (
    REFUSED,
    SESSION,
    seen,
    unseen,
    verdict,
)


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_an_unreachable_service_has_the_state_that_the_user_gave_it(state) -> None:
    assert verdict("connection", unseen(REFUSED), unreachable=state) == (state, str(REFUSED))


def test_an_unreachable_service_is_critical_by_default() -> None:
    assert verdict("connection", unseen(REFUSED))[0] == "critical"


def test_a_connection_that_works_goes_without_saying() -> None:
    assert verdict("connection", seen()) == ("ok", "")


def test_a_server_that_wants_a_client_certificate_is_fine_and_noted() -> None:
    observed = seen(session=SESSION._replace(wants_client_certificate=True))
    assert verdict("connection", observed) == ("ok", "the server wants a client certificate")
