"""The house rules that no single module can keep: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import check_starttls_cert

PACKAGE = Path(check_starttls_cert.__file__).parent
NAME = PACKAGE.name

LAYERS = {
    "values": "static_typing settings errors packages durations thresholds names text words state",
    "facts": (
        "ber der oids algorithm distinguished_name extensions public_key certificate signature chain openssl "
        "wire connect tls server_hello trust_store starttls observation probe"
    ),
    "judgement": "questions advice report plugin",
    "presentation": (
        "summary outputs terminal signals prtg.channels prtg.sensor_api prtg.shared_sensor sweep.outcome sweep.outputs"
    ),
    "front doors": (
        "options peers meant cli demo run __main__ prtg prtg.parameters prtg.python_script_advanced "
        "prtg.script_v2 sweep sweep.deliveries"
    ),
}
"""Every module or package of modules, in its layer. A module imports from its own layer and those above it here."""

RANK = {module: rank for rank, modules in enumerate(LAYERS.values()) for module in modules.split()}


def sources() -> dict[str, ast.Module]:
    """Return the parsed modules by their name inside the package; packages by their own."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join(parts)] = ast.parse(file.read_text(encoding="utf-8"))
    del found[""]  # the version
    return found


SOURCES = sources()


def imports(module: str) -> set[str]:
    """Return what a module imports of this package, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(SOURCES[module]):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == NAME:
            place = node.module.split(".")[1:]
            for alias in node.names:
                whole = ".".join([*place, alias.name])
                found.add(whole if whole in SOURCES else ".".join(place))
    return found - {""}


def rank(module: str) -> int:
    """Return the layer of a module, or of the package that it is in."""
    return RANK[module] if module in RANK else RANK[module.rpartition(".")[0]]


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_no_import_runs_against_the_line_from_facts_to_presentation(module) -> None:
    assert {imported for imported in imports(module) if rank(imported) > rank(module)} == set()


def test_there_is_no_circle_of_imports() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for imported in sorted(imports(module)):
                visit(imported, (*path, module))
            done.add(module)

    for module in sorted(SOURCES):
        visit(module, ())


def test_one_module_imports_nagiosplugin() -> None:
    users = {
        module
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(alias.name == "nagiosplugin" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "nagiosplugin")
    }
    assert users == {"plugin"}
