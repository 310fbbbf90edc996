"""The workers of a sweep: every target has one outcome, whatever goes wrong with it or ends the sweep."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from observations import NOW, REFUSED, SITUATIONS, unseen

from check_starttls_cert import options
from check_starttls_cert.errors import UsageError
from check_starttls_cert.settings import Job
from check_starttls_cert.state import State
from check_starttls_cert.sweep import runner as module
from check_starttls_cert.sweep.outcome import Outcome
from check_starttls_cert.sweep.runner import Probes, Runner


def jobs(count: int) -> Iterator[Job]:
    """Yield jobs for as many hosts."""
    return (options.job({"host": f"h{number}", "name": ("mta.example.com",)}) for number in range(count))


def number_of(job: Job) -> int:
    """Return the number of a job's host."""
    return int(job.target.host[1:])


def fine(job: Job):
    """Return an observation without a fault."""
    return SITUATIONS["fine"]


def own(job: Job) -> frozenset[str]:
    """Return an address for each host."""
    return frozenset({job.target.host})


def answered(observe):
    """Return what asks, for a function that sees at once."""

    def ask(job):
        seen = observe(job)
        return lambda: seen

    return ask


def swept(  # noqa: PLR0913 - what a test changes
    count=10, observe=fine, *, addresses=own, show=lambda report: (report.job.target.host,), end=lambda: "", workers=4
) -> list[Outcome]:
    """Return the outcomes of a sweep, in the inventory's order."""
    runner = Runner(jobs(count), Probes(answered(observe), addresses, lambda: NOW), show, end)
    return sorted(runner.outcomes(workers))


@pytest.mark.parametrize("workers", [1, 3, 40])
def test_every_target_has_one_outcome(workers) -> None:
    found = swept(30, workers=workers)
    assert [(each.number, each.state, each.shown) for each in found] == [
        (number, State.OK, (f"h{number}",)) for number in range(30)
    ]


def test_each_is_judged_as_the_single_check_would() -> None:
    (good, bad) = swept(2, lambda job: unseen(REFUSED) if number_of(job) else fine(job))
    assert (good.state, bad.state) == (State.OK, State.CRITICAL)
    assert str(REFUSED) in bad.words


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (UsageError("cannot read trust anchors"), "h3:25: cannot read trust anchors"),
        (ZeroDivisionError("division by zero"), "h3:25: internal error: ZeroDivisionError: division by zero ("),
        (MemoryError(), "h3:25: this machine's limit is reached: out of memory"),
        (SystemExit(1), "h3:25: internal error: SystemExit: 1 ("),
    ],
)
def test_a_worker_s_fault_is_its_target_s_unknown_and_nobody_else_s(raised, said) -> None:
    def observe(job):
        if number_of(job) == 3:
            raise raised
        return fine(job)

    found = swept(10, observe)
    assert [each.number for each in found if each.state] == [3]
    assert found[3].state is State.UNKNOWN
    assert said in found[3].words


def test_a_fault_of_the_resolver_is_left_to_the_probe() -> None:
    def addresses(job):
        raise ValueError("a bug")

    assert [each.state for each in swept(5, addresses=addresses)] == [State.OK] * 5


def test_a_fault_in_showing_a_report_is_its_target_s_too() -> None:
    def show(report):
        if report.state is State.OK and number_of(report.job) == 3:
            raise ValueError("a bug")
        return (report.state.name,)

    found = swept(5, show=show)
    assert [each.shown[0] for each in found] == ["OK", "OK", "OK", "UNKNOWN", "OK"]
    assert "internal error: ValueError: a bug" in found[3].words


def test_an_inventory_that_breaks_ends_the_sweep_with_the_error() -> None:
    def broken():
        yield from jobs(3)
        raise ZeroDivisionError

    runner = Runner(broken(), Probes(answered(fine), own, lambda: NOW), lambda _: (), lambda: "")
    with pytest.raises(ZeroDivisionError):
        list(runner.outcomes(1))


def test_an_output_that_always_fails_ends_the_sweep_with_the_error() -> None:
    def show(report):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        swept(50, show=show, workers=4)


def test_two_at_once_are_at_one_address() -> None:
    lock, inside, most = threading.Lock(), [0], []

    def observe(job):
        with lock:
            inside[0] += 1
            most.append(inside[0])
        with lock:
            inside[0] -= 1
        return fine(job)

    assert len(swept(8, observe, addresses=lambda _: frozenset({"192.0.2.1"}), workers=8)) == 8
    assert max(most) <= 2


def test_who_hangs_holds_nobody_up() -> None:
    go_on = threading.Event()

    def observe(job):
        if number_of(job) < 3:
            assert go_on.wait(60)
        return fine(job)

    runner = Runner(jobs(50), Probes(answered(observe), own, lambda: NOW), lambda _: (), lambda: "")
    outcomes = runner.outcomes(4)
    first = [next(outcomes).number for _ in range(47)]
    assert sorted(first) == list(range(3, 50))
    go_on.set()
    assert sorted(each.number for each in outcomes) == [0, 1, 2]


def test_what_is_not_checked_when_the_sweep_ends_is_told() -> None:
    go_on = threading.Event()
    reasons: list[str] = []

    def observe(job):
        if number_of(job) in (1, 2):
            assert go_on.wait(60)
        return fine(job)

    probes = Probes(
        answered(observe), lambda job: frozenset({"same"} if 2 < number_of(job) < 6 else {job.target.host}), lambda: NOW
    )
    runner = Runner(jobs(1000), probes, lambda report: report.job.target.host, lambda: "".join(reasons))
    found = []
    for each in runner.outcomes(3):
        found.append(each)
        if len(found) == 20:
            reasons.append("ended by SIGTERM")
    assert sorted(each.number for each in found) == list(range(1000))
    left = [each for each in found if each.state]
    assert {1, 2} <= {each.number for each in left}
    assert {each.state for each in left} == {State.UNKNOWN}
    assert {each.words for each in left} == {f"smtp h{each.number}:25: not checked: ended by SIGTERM" for each in left}
    assert runner.ended == "ended by SIGTERM"
    go_on.set()


def test_a_sweep_that_is_ended_at_once_has_an_outcome_for_each_target() -> None:
    assert len(swept(100, end=lambda: "no time")) == 100


def test_what_is_told_late_does_not_grow(monkeypatch) -> None:
    monkeypatch.setattr(module, "QUEUED", 5)
    probed = []
    told = threading.Event()

    def observe(job):
        probed.append(job)
        if len(probed) == 9:
            told.set()
        return fine(job)

    outcomes = Runner(jobs(100), Probes(answered(observe), own, lambda: NOW), lambda _: (), lambda: "").outcomes(3)
    next(outcomes)
    assert told.wait(60)
    # One told, five queued, one with each worker that waits for room.
    assert len(probed) <= 1 + 5 + 3
    assert len(list(outcomes)) == 99


@pytest.mark.parametrize("given", [0, 2])
def test_a_system_that_gives_few_threads_has_few_workers_and_one_that_gives_none_is_at_its_limit(
    monkeypatch, given
) -> None:
    started = []

    class Thread(threading.Thread):
        def start(self):
            if len(started) == given:
                raise RuntimeError("can't start new thread")
            started.append(self)
            super().start()

    monkeypatch.setattr(module.threading, "Thread", Thread)
    if given:
        assert len(swept(10)) == 10
    else:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            swept(10)


def test_as_many_are_checked_at_once_as_there_are_workers() -> None:
    met = threading.Barrier(10)

    def observe(job):
        met.wait(60)
        return fine(job)

    assert len(swept(10, observe, workers=10)) == 10
