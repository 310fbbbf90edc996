"""What an import costs: a check is a new process, thousands of times a day."""

from __future__ import annotations

import gc
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from observations import environment

import check_starttls_cert
from check_starttls_cert import __main__, __version__, signals


def imported(statement: str, tmp_path) -> set[str]:
    """Return the modules that ``statement`` adds to a fresh interpreter."""
    script = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_package_is_its_version_and_imports_nothing(tmp_path) -> None:
    assert imported("import check_starttls_cert", tmp_path) == {"check_starttls_cert"}


def test_the_version_is_three_numbers() -> None:
    assert all(number.isdecimal() for number in __version__.split("."))
    assert __version__.count(".") == 2


@pytest.fixture
def _process() -> Iterator[None]:
    """Have the garbage collector work again, which a process of the program's own does without, and signals too."""
    handlers = {number: signal.getsignal(number) for name in signals.NAMES if (number := getattr(signal, name, None))}
    yield
    gc.unfreeze()
    gc.enable()
    for number, handler in handlers.items():
        signal.signal(number, handler)  # the children of other tests would ignore what this process ignores


@pytest.mark.usefixtures("_process")
def test_the_package_is_started_as_its_command_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["check_starttls_cert", "--version"])
    monkeypatch.delitem(sys.modules, "check_starttls_cert.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("check_starttls_cert", run_name="__main__")
    assert (ended.value.code, __version__ in capsys.readouterr().out) == (3, True)


def test_the_word_sweep_is_answered_by_the_sweep(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["check_starttls_cert", "sweep", "--help"])
    assert __main__.answer().text.startswith("usage: check_starttls_cert sweep INVENTORY")


@pytest.mark.parametrize(
    ("module", "words"),
    [("outputs", "STARTTLS_CERT UNKNOWN - the Python"), ("signals", '{"prtg": {"error": 1, "text"')],
)
def test_a_package_that_is_not_whole_still_has_an_answer(module, words, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["check_starttls_cert", "-o", "prtg"])
    monkeypatch.delattr(check_starttls_cert, module)
    monkeypatch.setitem(sys.modules, f"check_starttls_cert.{module}", None)
    assert __main__.main() == (3 if module == "outputs" else 0)
    said = capsys.readouterr().out
    assert said.startswith(words)
    assert (
        "cannot import what it needs: ModuleNotFoundError" in said or "cannot import what it needs: ImportError" in said
    )


def test_the_last_words_are_one_line_without_performance_data(capsys) -> None:
    assert __main__.last_words(OSError("a|b\n\u00fc" + "x" * 1000)) == 3
    said = capsys.readouterr().out
    assert "OSError: a/b \\xfcxxx" in said
    assert len(said) < 600


def test_the_last_words_tell_of_memory(capsys) -> None:
    assert __main__.last_words(MemoryError()) == 3
    assert "out of memory" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["__main__", "cli", "prtg.python_script_advanced"])
def test_a_front_door_opens_without_the_expensive_packages(module, tmp_path) -> None:
    found = imported(f"import check_starttls_cert.{module}", tmp_path)
    assert f"check_starttls_cert.{module}" in found
    expensive = {
        "cryptography",
        "nagiosplugin",
        "ssl",
        "ipaddress",
        "dataclasses",
        "unicodedata",
        "encodings.idna",
        "typing",
        "hashlib",
        "rich",
        "jinja2",
    }
    assert not found & expensive


def test_contrib_and_tests_are_no_part_of_the_package(tmp_path) -> None:
    found = imported("import check_starttls_cert.__main__", tmp_path)
    assert not any(name.startswith(("contrib", "tests")) for name in found)
