"""The fuzzer's targets hold on what they begin with, whether or not a fuzzer is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from check_starttls_cert import thresholds
from check_starttls_cert.starttls import smtp

sys.path.append(str(Path(__file__).parent / "fuzz"))

import run
import targets

pytestmark = pytest.mark.filterwarnings("ignore")  # the library warns of odd certificates


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_seed_passes_its_target(name) -> None:
    number = 0
    for number, seed in enumerate(targets.seeds(name), 1):  # noqa: B007 - counts
        targets.TARGETS[name].run(seed)
    assert number > 0


def test_an_error_that_is_not_documented_passes_a_target(monkeypatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("k")

    monkeypatch.setattr(smtp, "read_reply", fails)
    with pytest.raises(KeyError):
        targets.TARGETS["smtp"].run(b"\0220 mta\r\n")


def test_words_that_are_not_safe_to_show_do_not_pass_a_target(monkeypatch) -> None:
    monkeypatch.setattr(thresholds, "printable", str)
    with pytest.raises(AssertionError):
        targets.TARGETS["threshold"].run(b"a|b")


def test_a_conversation_that_leaves_plaintext_behind_does_not_pass_its_target(monkeypatch) -> None:
    monkeypatch.setattr(targets.starttls, "starttls", lambda *_: None)
    with pytest.raises(AssertionError, match="plaintext"):
        targets.TARGETS["smtp"].run(b"\0220 mta\r\n")


def test_figures_take_the_place_of_those_of_the_same_target() -> None:
    text = f"before\n{run.BEGIN}\n{run.END}\nafter\n"
    first = run.written(text, [run.Figures("threshold", 5, 1, 10), run.Figures("smtp", 1234567, 0, 600)])
    assert "| smtp | 1,234,567 | 0 | 600 |\n| threshold | 5 | 1 | 10 |\n" in first
    second = run.written(first, [run.Figures("threshold", 7, 0, 20)])
    assert second == first.replace("| threshold | 5 | 1 | 10 |", "| threshold | 7 | 0 | 20 |")


def test_the_document_has_a_place_for_the_figures() -> None:
    assert "| smtp | 5 | 0 | 1 |" in run.written(run.SECURITY.read_text("utf-8"), [run.Figures("smtp", 5, 0, 1)])
