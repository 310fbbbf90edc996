"""What the files for Icinga say without Icinga; ``integration/test_icinga2`` runs them."""

from __future__ import annotations

import json
import re

import icinga2_files
import lists

from check_starttls_cert.sweep.command import parse_budget

README = lists.read(f"{lists.ICINGA}/README.md")

ARGUMENTS = list(icinga2_files.arguments())
SWEEP_ARGUMENTS = list(icinga2_files.sweep_arguments())


def test_the_variables_that_the_readme_names_are_those_of_options() -> None:
    named = set(re.findall(r"\bstarttls_cert_\w+\b(?!\.conf)", README))
    assert len(named) > 5
    sweep = {icinga2_files.SWEEP, f"{icinga2_files.SWEEP}_inventory"}
    assert named <= {argument.variable for argument in ARGUMENTS + SWEEP_ARGUMENTS} | sweep


def test_the_readme_names_every_switch() -> None:
    (listed,) = re.findall(r"^- ((?:`\w+`(?:,| and)\s)+`\w+`) are `true`", README, re.MULTILINE)
    switches = [argument.variable for argument in ARGUMENTS if argument.switch]
    assert sorted(re.findall(r"\w{4,}", listed)) == sorted(switches)


def test_the_timeout_that_the_readme_names_is_the_commands() -> None:
    assert f"after {icinga2_files.TIMEOUT} seconds" in README
    assert f"after {icinga2_files.SWEEP_TIMEOUT} seconds" in README.replace("\n", " ")


def test_a_sweep_ends_itself_before_icinga_does() -> None:
    assert parse_budget(icinga2_files.BUDGET) < icinga2_files.SWEEP_TIMEOUT


def test_nothing_in_the_basket_has_a_uuid() -> None:
    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    found = keys(json.loads(lists.read(f"{lists.ICINGA}/director_basket.json")))
    assert ("object_name" in found, "uuid" in found) == (True, False)
