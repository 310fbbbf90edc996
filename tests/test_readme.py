"""The README's tables and commands say what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from check_starttls_cert import cli
from check_starttls_cert.prtg.parameters import parse_parameters
from check_starttls_cert.starttls import PROTOCOLS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below ``heading``, without its head."""
    section = README.split(f"## {heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_the_option_table_is_the_parsers() -> None:
    documented = {
        tuple(re.findall(r"`(-[^`]*)`", names)): meaning.rstrip("|").strip() for names, meaning in table("Options")
    }
    actions = cli.parser()._actions
    assert documented == {tuple(action.option_strings): action.help.replace("%%", "%") for action in actions}


def test_the_option_table_shows_what_an_option_takes() -> None:
    documented = {re.search(r"`(--[^`]*)`", names)[1]: names.split("`")[-1].strip() for names, _ in table("Options")}
    for action in cli.parser()._actions:
        flag = next(flag for flag in action.option_strings if flag.startswith("--"))
        assert documented[flag] == (action.metavar or "")


def test_the_protocol_table_is_the_registry() -> None:
    rows = {
        name.strip("`"): (port, specification.rstrip("|").strip()) for name, port, specification in table("Protocols")
    }
    assert rows == {name: (str(protocol.port or "—"), protocol.specification) for name, protocol in PROTOCOLS.items()}


@pytest.mark.parametrize("example", re.findall(r"`(port: [^`]*)`", README))
def test_the_prtg_examples_are_understood(example: str) -> None:
    assert parse_parameters(example)["port"] == 7025


def test_there_are_exactly_two_commands_for_a_fresh_machine() -> None:
    section = README.split("## Try it, test it\n", 1)[1].split("\n## ", 1)[0]
    demo, tests = re.findall(r"```\n(.*)\n```", section)
    assert demo.endswith("check_starttls_cert --demo")
    assert tests.endswith("-m pytest")
