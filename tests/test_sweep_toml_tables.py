"""An inventory in TOML: what is in which table, and what is none."""

from __future__ import annotations

import importlib
import sys

import pytest

from check_starttls_cert.sweep import toml_tables
from check_starttls_cert.sweep.tables import Fault, FaultError, Table
from check_starttls_cert.sweep.toml_tables import TomlTables

try:
    toml_tables.loads("")
except FaultError:
    pytest.skip("there is no parser of TOML", allow_module_level=True)


def test_targets_are_tables_and_texts_and_belong_to_groups_or_to_none() -> None:
    tables = TomlTables(
        "[defaults]\ntimeout = 5\n"
        '[groups.mail]\nprotocol = "imap"\ntargets = ["a.test:143", {host = "b.test"}]\n'
        '[[targets]]\nhost = "c.test"\nport = 25\n'
    )
    group = Table(("groups", "mail"), {"protocol": "imap"})
    assert tables.defaults == Table(("defaults",), {"timeout": 5})
    assert list(tables) == [
        Table(("groups", "mail", "targets", 0), {"host": "a.test", "port": "143"}, group),
        Table(("groups", "mail", "targets", 1), {"host": "b.test"}, group),
        Table(("targets", 0), {"host": "c.test", "port": 25}),
    ]


def test_a_line_is_that_of_the_key_or_of_what_it_is_in() -> None:
    tables = TomlTables('targets = [\n  "a.test:x",\n  {host = "b.test",  port = 0},\n]\n')
    assert tables.line(("targets", 0, "port")) == 2
    assert tables.line(("targets", 1, "port")) == 3
    assert tables.line(("defaults",)) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("\n[default]\n", Fault(2, "default is no part of an inventory: defaults, groups, targets")),
        ("defaults = 1", Fault(1, "defaults is no table of options")),
        ("groups = []", Fault(1, "groups is no table of groups")),
        ("[groups]\nx = 1", Fault(2, "the group x has no targets")),
        ("[groups.mail]\nprotocol = 'imap'", Fault(1, "the group mail has no targets")),
        ("[groups.mail]\ntargets = 'a'", Fault(2, "targets is no list of targets")),
        ("targets = {host = 'a'}", Fault(1, "targets is no list of targets")),
        ("targets = [\n'a', 25]", Fault(2, "a target is a table of options, or a text like imap://host:143")),
    ],
)
def test_what_has_another_form_is_told_with_its_line(text, fault) -> None:
    assert fault in list(TomlTables(text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb 2\n", 2),
        ("a = [\n1,\n", 3),
        ('a = "', 1),
        ("a = 1\na = 2\n", 2),
        ("[[a]\n", 1),
    ],
)
def test_what_is_no_toml_is_told_in_one_line_with_its_place(text, line) -> None:
    with pytest.raises(FaultError) as caught:
        TomlTables(text)
    assert caught.value.fault.line in (line, line + 1)
    assert caught.value.fault.words.startswith("this is not TOML: ")
    assert caught.value.fault.words.isprintable()


def test_a_number_that_python_does_not_read_is_told_without_python_s_advice() -> None:
    with pytest.raises(FaultError) as caught:
        TomlTables("a = " + "9" * 5000)
    assert caught.value.fault == Fault(0, "a number in it has too many digits")


def test_what_is_nested_too_deeply_is_no_bug() -> None:
    with pytest.raises(FaultError) as caught:
        TomlTables("a = " + "[" * 100_000)
    assert "\n" not in caught.value.fault.words


def test_without_a_parser_the_package_is_named_that_brings_one(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(FaultError, match=r"check_starttls_cert\[sweep\]"):
        TomlTables("a = 1")


def test_tomli_serves_where_python_has_no_parser_of_its_own(monkeypatch) -> None:
    parser = next(filter(None, map(found, ("tomllib", "tomli"))))
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", parser)
    assert TomlTables("targets = ['a']").line(("targets", 0)) == 1


def found(module: str) -> object:
    """Return a module, if there is one."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None
