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
    assert deliveries.parse_probe("https://p.test:5051").port == 5051
    assert (deliveries.parse_token("t"), deliveries.parse_channel("c")) == ("t", "c")


def test_a_delivery_that_tells_services_needs_targets_that_are_such() -> None:
    assert not deliveries.need_services({"openmetrics": "x"})
    assert deliveries.need_services({"icinga2": "x"})


def test_the_address_of_icinga_is_a_url_with_tls() -> None:
    assert str(deliveries.parse_address("https://master.test:5665")) == "master.test:5665"
    with pytest.raises(ValueError, match="it is no URL; allowed are https://HOST:PORT"):
        deliveries.parse_address("http://master.test:5665")


@pytest.mark.parametrize(("text", "seconds"), [("25", 90_000), ("25h", 90_000), ("90m", 5400), ("2d", 172_800)])
def test_an_age_has_a_unit(text, seconds) -> None:
    assert deliveries.parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.0h", "-1", "1M", "x"])
def test_what_is_no_age_is_told(text) -> None:
    with pytest.raises(ValueError, match="is no time above 0; allowed are minutes, hours and days: 90m, 25h, 2d"):
        deliveries.parse_age(text)
