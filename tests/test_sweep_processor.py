"""The threads of a sweep on one processor."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from check_starttls_cert.sweep import processor as module
from check_starttls_cert.sweep.processor import one_processor

pinning = pytest.mark.skipif(sys.platform != "linux", reason="done on Linux only")


def processors() -> set[int]:
    """Return where a new thread may run."""
    found: set[int] = set()
    thread = threading.Thread(target=lambda: found.update(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return found


@pinning
def test_threads_stay_on_one_of_the_processors_until_the_end() -> None:
    before = processors()
    with one_processor():
        inside = processors()
    assert len(inside) == 1
    assert inside <= before
    assert processors() == before


@pinning
def test_where_it_cannot_be_told_which_they_stay_where_they_may(monkeypatch) -> None:
    monkeypatch.setattr(module, "STAT", os.devnull + "/none")
    before = processors()
    with one_processor():
        assert processors() == before


@pinning
def test_a_system_that_takes_processors_away_meanwhile_ends_no_sweep(monkeypatch) -> None:
    before = os.sched_getaffinity(0)

    def refuse(pid, mask):
        raise OSError("EINVAL")

    with one_processor():
        monkeypatch.setattr(os, "sched_setaffinity", refuse)
    monkeypatch.undo()
    os.sched_setaffinity(0, before)


@pinning
def test_other_systems_leave_them_where_they_may_be(monkeypatch) -> None:
    before = processors()
    monkeypatch.setattr(sys, "platform", "win32")
    with one_processor():
        assert processors() == before


def test_who_computes_has_a_longer_turn_until_the_end() -> None:
    before = sys.getswitchinterval()
    with one_processor():
        assert sys.getswitchinterval() == pytest.approx(module.TURN)
    assert sys.getswitchinterval() == pytest.approx(before)
