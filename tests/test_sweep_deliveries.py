"""The table of a sweep's deliveries."""

from __future__ import annotations

import pytest
from sweeps import FINE, tally

from check_starttls_cert.errors import UsageError
from check_starttls_cert.state import State
from check_starttls_cert.sweep import deliveries
from check_starttls_cert.sweep.outputs import OUTPUTS, printer


def test_only_what_is_asked_for_is_opened(tmp_path) -> None:
    assert deliveries.opened({}) == []
    assert len(deliveries.opened({"openmetrics": str(tmp_path / "x.prom")})) == 1


@pytest.mark.parametrize(("option", "needed"), [("prtg_tokens", "--prtg-push"), ("icinga2_ca", "--icinga2")])
def test_what_belongs_to_a_delivery_is_of_no_use_without_it(option, needed) -> None:
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} is of no use without {needed}"):
        deliveries.opened({option: "x"})


@pytest.mark.parametrize(("option", "needs"), [("icinga2", True), ("nagios_results", True), ("prtg_push", False)])
def test_monitoring_systems_with_services_need_one_for_each_target(option, needs) -> None:
    assert deliveries.need_services({option: "x"}) is needs


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_could_not_be_delivered_is_unknown(output) -> None:
    made = tally(FINE)
    made.undelivered = ["the page is not there"]
    text, exit_code = printer(output).end(made)
    assert exit_code == State.UNKNOWN.exit_code
    assert output == "json" or "1 OK / the page is not there" in text


def test_sensors_are_asked_for_by_a_push_alone() -> None:
    assert deliveries.sensors({}) is None
    assert deliveries.sensors({"prtg_push": "x"}) is not None


def test_the_grammars_of_a_push_are_those_of_its_modules() -> None:
    assert deliveries.probe("https://p.test:5051").port == 5051
    assert (deliveries.token("t"), deliveries.channel("c")) == ("t", "c")
