"""CONTRIBUTING and the other documents for people say what the code says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from test_architecture import SOURCES

from check_starttls_cert import __version__, words
from check_starttls_cert.outputs import OUTPUTS
from check_starttls_cert.questions import QUESTIONS
from check_starttls_cert.starttls import PROTOCOLS

TOP = Path(__file__).parent.parent
DOCUMENTS = {
    name: (TOP / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
}
CONTRIBUTING = DOCUMENTS["CONTRIBUTING.md"]

CLONE = pytest.mark.skipif(not (TOP / ".ci").exists(), reason="this is no clone of the project")
"""For what is said of files that a clone has."""


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = CONTRIBUTING.split(f"\n## {heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


INSTANCES = {
    "a protocol": [name for name, row in PROTOCOLS.items() if row.module and row.module == name.replace("-", "_")],
    "a question": [question.key for question in QUESTIONS],
    "an output": list(OUTPUTS),
}
"""Of each errand, all that have been run."""


@pytest.mark.parametrize(("errand", "name"), [(errand, name) for errand in INSTANCES for name in INSTANCES[errand]])
@CLONE
def test_every_file_that_an_errand_writes_is_there_for_all_that_were_run(errand, name) -> None:
    (written,) = (write for found, write, *_ in rows("Errands") if found == errand)
    for template in re.findall(r"`([^`]*)`", written):
        spelt = name if template.endswith(".txt") else name.replace("-", "_")
        assert (TOP / template.replace("NAME", spelt)).is_file(), template


@CLONE
def test_every_file_that_an_errand_adds_to_is_there() -> None:
    for _, _, *others in rows("Errands"):
        for path in re.findall(r"`([\w./]+/\w[\w./]*)`", " ".join(others)):
            assert (TOP / path).exists(), path


def test_the_rules_of_messages_are_those_of_the_module_that_makes_them() -> None:
    stated = re.findall(r"^\* (.*)$", words.__doc__, re.MULTILINE)
    quoted = re.findall(r"^- (.*)$", CONTRIBUTING.split("\n## Rules of messages\n")[1].split("\n## ")[0], re.MULTILINE)
    assert quoted == [rule.replace("``", "`") for rule in stated]


@CLONE
def test_the_verbs_are_programs() -> None:
    for verb, _ in rows("Verbs"):
        assert (TOP / verb.strip("`")).stat().st_mode & 0o111


def test_the_modules_that_alone_import_cryptography_are_those_that_are_named() -> None:
    users = {
        f"{module}.py"
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography")
    }
    (sentence,) = re.findall(r"`cryptography` verifies.*?alone import it", CONTRIBUTING, re.DOTALL)
    assert set(re.findall(r"`(\w+\.py)`", sentence)) == users


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_modules_that_a_document_names_are_there(name) -> None:
    top = Path(words.__file__).parent
    for path in set(re.findall(r"`((?:\w+/)?[a-z_0-9]+\.py)`", DOCUMENTS[name])):
        assert (top / path).is_file() or (top.parent / path).is_file() or (TOP / path).is_file(), path


def test_the_changelog_keeps_its_format() -> None:
    headings = re.findall(r"^## (.*)$", DOCUMENTS["CHANGELOG.md"], re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert headings[1] == f"[{__version__}]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\](?: - \d{4}-\d\d-\d\d)?", heading) for heading in headings[1:])
