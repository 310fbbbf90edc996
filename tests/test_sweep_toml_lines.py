"""The line of everything in a TOML document, and exactly of what the parser finds in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies
from observations import PROPERTY

from check_starttls_cert.sweep.toml_lines import lines
from check_starttls_cert.sweep.toml_tables import FaultError, loads

try:
    loads("")
except FaultError:
    pytest.skip("there is no parser of TOML", allow_module_level=True)

DOCUMENT = '''\
top = 1 # a comment with ] and " and }
"quo.ted" . bare = [ 1979-05-27 07:32:00, "]", 'a # b',
  [2, 3], { x = 1, y.z = "}" },
]
text = """
[not.a.table]
key = 1 \\""" ""quoted"""""
literal = \'\'\'
# no comment
\'\'\'

[table]
key = true
[[list]]
a = 1
[[list]]
b = 2
[list.inside]
c = 3
[[list.deeper]]
d = 4
[ table . "sub table" ]
e = 5
'''

PLACES = {
    ("top",): 1,
    ("quo.ted", "bare"): 2,
    ("quo.ted", "bare", 0): 2,
    ("quo.ted", "bare", 2): 2,
    ("quo.ted", "bare", 3): 3,
    ("quo.ted", "bare", 3, 1): 3,
    ("quo.ted", "bare", 4, "y", "z"): 3,
    ("text",): 5,
    ("literal",): 8,
    ("table",): 12,
    ("table", "key"): 13,
    ("list", 0, "a"): 15,
    ("list", 1): 16,
    ("list", 1, "b"): 17,
    ("list", 1, "inside", "c"): 19,
    ("list", 1, "deeper", 0, "d"): 21,
    ("table", "sub table", "e"): 23,
}


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Return the paths of all that is in a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path, *(found for key, each in inside for found in paths(each, (*path, key)))}


@pytest.mark.parametrize("path", PLACES)
def test_each_thing_has_its_line(path) -> None:
    assert lines(DOCUMENT, loads)[path] == PLACES[path]


def test_nothing_is_left_out_and_nothing_is_added() -> None:
    assert set(lines(DOCUMENT, loads)) | {()} == paths(loads(DOCUMENT))


def test_the_ends_of_lines_may_be_those_of_windows() -> None:
    assert lines("a = 1\r\n[b]\r\nc = [\r\n1\r\n]\r\n", loads)[("b", "c", 0)] == 4


def test_of_a_long_key_only_the_first_parts_are_told_apart() -> None:
    assert list(lines(".".join("abcdefgh") + " = 1\n", loads)) == [tuple("abcdef"[:end]) for end in range(1, 7)]


KEYS = strategies.sampled_from(["a", "b-c", '"d e"', "'f.g'", '"h\\u0020"', '"]="'])
SCALARS = strategies.one_of(
    strategies.integers(0, 99).map(str),
    strategies.sampled_from(["true", "1.5", "1979-05-27 07:32:00Z", "'[[x]]'", '"""\n[y]\n"""', "'''\n}'''"]),
    strategies.text(strategies.sampled_from("]}[{,=#'\\\n\" a")).map(json.dumps),
)
VALUES = strategies.recursive(
    SCALARS,
    lambda inner: strategies.one_of(
        strategies.lists(inner, max_size=3).map(lambda each: "[" + ", # ]\n".join([*each, ""]) + "]"),
        strategies.dictionaries(KEYS, inner.filter(lambda text: "\n" not in text), max_size=2).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)
PAIRS = strategies.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}\n")
HEADERS = strategies.lists(KEYS, min_size=1, max_size=2).map(".".join)
PIECES = strategies.one_of(
    PAIRS, HEADERS.map("[{}]\n".format), HEADERS.map("[[{}]] # [\n".format), strategies.just("# x = 1 [\n\n")
)


@given(strategies.lists(PIECES, max_size=8).map("".join))
@PROPERTY
def test_the_paths_of_any_document_are_those_of_the_parser(text) -> None:
    try:
        document = loads(text)
    except ValueError:
        return  # a key is there twice
    found = lines(text, loads)
    assert set(found) | {()} == paths(document)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
