"""The README's tables, examples and commands say what the program says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import lists
import pytest
from observations import asked, evaluated, named, seen

from check_starttls_cert import cli
from check_starttls_cert.certificate import Facts
from check_starttls_cert.options import NAME_CHECKS, OPTIONS
from check_starttls_cert.prtg.parameters import parse_parameters
from check_starttls_cert.questions import QUESTIONS, SETTABLE
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import State
from check_starttls_cert.sweep import command

TOP = Path(__file__).parent.parent
README, PYPROJECT = ((TOP / name).read_text(encoding="utf-8") for name in ("README.md", "pyproject.toml"))


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below ``heading``, without its head."""
    section = README.split(f"## {heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_what_repeats_the_programs_tables_is_up_to_date() -> None:
    for path, before, after in lists.written():
        assert before == after, f"python tests/lists.py writes {path}"


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


def test_the_question_table_has_every_question_in_the_order_of_the_status_line() -> None:
    assert [row[0].strip("`") for row in table("What is checked")] == [question.key for question in QUESTIONS]


def test_the_questions_whose_state_cannot_be_set_are_named() -> None:
    (named_,) = re.findall(r"of a question's bad answer, of all but `([\w-]+)`", README)
    assert {question.key for question in QUESTIONS} - set(SETTABLE) == {named_}


@pytest.mark.parametrize("row", table("What is checked"), ids=lambda row: row[0])
def test_the_question_table_has_every_option_that_asks_a_question(row) -> None:
    (question,) = (question for question in QUESTIONS if question.key == row[0].strip("`"))
    flags = {
        option.flags[-1] for option in OPTIONS if any(key.startswith(option.key) for key in question.asked_by.split())
    }
    assert len(flags) == len(question.asked_by.split())
    assert flags <= set(re.findall(r"`(--[\w-]+)", " ".join(row)))


NAME_CHECK_ROWS = re.findall(
    r"^\| `(\w+)` \| ([^|]*) \|$", README.partition("| check | what is compared |")[2], re.MULTILINE
)
"""Of the second table below "What is checked"; the protocols' have three columns."""


def test_the_table_of_name_checks_has_each_once() -> None:
    assert sorted(check for check, _ in NAME_CHECK_ROWS) == sorted(NAME_CHECKS)


@pytest.mark.parametrize(("check", "compared"), NAME_CHECK_ROWS)
def test_the_table_of_name_checks_says_what_is_compared(check, compared) -> None:
    alone, beside = named("cn.test", dns_names=()), named("cn.test", dns_names=("san.test",))
    address = named("192.0.2.25", dns_names=())

    def covered(certificate: Facts, name: str) -> bool:
        return evaluated(seen(certificate), name=(name,), name_check=check).state is State.OK

    anything = compared == "nothing"
    assert covered(beside, "other.test") == anything
    assert covered(beside, "san.test") == ("dNSName" in compared or anything)
    assert covered(alone, "cn.test") == ("common name" in compared or anything)
    assert covered(beside, "cn.test") == (covered(alone, "cn.test") and "only in a certificate without" not in compared)
    assert covered(address, "192.0.2.25") == (covered(alone, "cn.test") and "never for an address" not in compared)


def test_the_examples_of_command_lines_are_understood() -> None:
    commands = re.findall(r"^(?:\$ )?check_starttls_cert (?!sweep )(.*)$", README, re.MULTILINE)
    assert len(commands) == 5
    for words in commands:
        assert asked(cli.answer, shlex.split(words)).target.host in words


def test_the_examples_of_sweeps_are_understood_and_the_inventory_has_no_errors(tmp_path) -> None:
    sweeps = re.findall(r"^check_starttls_cert sweep (.*)$", README, re.MULTILINE)
    assert len(sweeps) == 5
    for words in sweeps:
        assert command.parser().parse_args(shlex.split(words)).inventory
    (inventory,) = re.findall(r"```\n(\[defaults\].*?)```", README, re.DOTALL)
    (tmp_path / "hosts.toml").write_text(inventory)
    (tmp_path / "corp-root.pem").touch()
    assert command.answer([str(tmp_path / "hosts.toml"), "--check"]).text.endswith("hosts.toml: 3 targets, no errors")


def test_the_files_that_the_readme_names_are_there() -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (TOP / path).is_file()
    # The package is beside the README, or installed.
    assert (Path(cli.__file__).parent / "outputs/json_schema.json").is_file()


def test_there_are_exactly_two_commands_for_a_fresh_machine() -> None:
    section = README.split("## Try it, test it\n", 1)[1].split("\n## ", 1)[0]
    demo, tests = re.findall(r"```\n(.*)\n```", section)
    assert demo.endswith("check_starttls_cert --demo")
    assert tests.endswith("-m pytest")


def test_what_it_links_to_is_installed_with_it() -> None:
    packaged = re.findall(r'^"(.*)" = "share/doc/check_starttls_cert/(.*)"$', PYPROJECT, re.MULTILINE)
    assert ("README.md", "README.md") in packaged
    assert all(source == target for source, target in packaged)
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (TOP / link).exists(), link
        assert any(link == source or link.startswith(f"{source}/") for source, _ in packaged), link
