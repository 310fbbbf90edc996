"""Sending in a thread: in order, again after a pause, and the sweep ends whatever the receiver does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from loopback import PATIENCE

from check_starttls_cert.sweep import sender
from check_starttls_cert.sweep.sender import Away, Sender
from check_starttls_cert.sweep.spool import Result, Spool


@pytest.fixture
def spool(tmp_path) -> Iterator[Spool]:
    made = Spool(str(tmp_path), "x")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", (0.0, 0.0, 0.0))


class Receiver:
    """What results arrive at; before that, each of ``faults`` is raised for one request."""

    def __init__(self, *faults: BaseException) -> None:
        self.faults = list(faults)
        self.requests: list[list[Result]] = []
        self.received: list[str] = []

    def send(self, results: list[Result]) -> None:
        self.requests.append(results)
        if self.faults:
            raise self.faults.pop(0)
        self.received += [result.text for result in results]


def sent(spool: Spool, receiver: Receiver, *texts: str, stop: str = "", at_once: int = 1) -> str:
    """Send texts; return what is said of it."""
    made = Sender(spool, "X", receiver.send, at_once)
    for text in texts:
        made.add(text)
    return made.end(lambda: stop)


def test_what_was_left_is_sent_first_and_all_of_it_once(spool) -> None:
    spool.add("a")
    spool.first()
    receiver = Receiver()
    assert sent(spool, receiver, "b", "c") == ""
    assert receiver.received == ["a", "b", "c"]
    assert [result.tried for (result,) in receiver.requests] == [True, False, False]
    assert spool.left == 0


def test_without_results_what_was_left_is_sent(spool) -> None:
    spool.add("a")
    assert sent(spool, receiver := Receiver()) == ""
    assert receiver.received == ["a"]


def test_results_are_sent_while_others_are_added(spool) -> None:
    idle = threading.Event()

    class Noticed(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            idle.set()
            return super().wait(timeout)

    receiver = Receiver()
    made = Sender(spool, "X", receiver.send)
    made._added = Noticed()
    for number in range(3):
        made.add("a")
        while len(receiver.received) <= number:
            assert idle.wait(PATIENCE)
            idle.clear()
    assert made.end(str) == ""


def test_as_many_at_once_as_the_receiver_takes(spool) -> None:
    for text in "abcde":
        spool.add(text)
    assert sent(spool, receiver := Receiver(), at_once=3) == ""
    assert [len(request) for request in receiver.requests] == [3, 2]


def test_a_fault_that_passes_is_not_told(spool) -> None:
    receiver = Receiver(*[Away("busy")] * 3)
    assert sent(spool, receiver, "a", "b") == ""
    assert receiver.received == ["a", "b"]
    assert [result.tried for (result,) in receiver.requests] == [False, True, True, True, False]


def test_after_the_last_pause_nothing_more_is_sent(spool) -> None:
    receiver = Receiver(*[Away("busy")] * 4)
    assert sent(spool, receiver, "a", "b") == "2 results for X kept in the spool: busy"
    assert (receiver.received, spool.left) == ([], 2)


def test_a_fault_that_lasts_is_not_tried_again(spool) -> None:
    receiver = Receiver(Away("wrong password", lasting=True))
    assert sent(spool, receiver, "a") == "1 result for X kept in the spool: wrong password"
    assert len(receiver.requests) == 1


def test_a_bug_is_told_and_nothing_is_lost(spool) -> None:
    said = sent(spool, Receiver(ValueError("what")), "a")
    assert said.startswith("1 result for X kept in the spool: internal error: ValueError: what (")


def test_results_that_are_lost_are_told_too(spool) -> None:
    spool.trouble = lambda: "1 result lost"
    assert sent(spool, Receiver()) == "1 result lost"
    assert sent(spool, Receiver()) == "1 result lost"


def test_both_are_told_in_one_line(spool) -> None:
    spool.trouble = lambda: "1 result lost"
    assert (
        sent(spool, Receiver(Away("no", lasting=True)), "a") == "1 result for X kept in the spool: no / 1 result lost"
    )


def test_a_spool_that_breaks_is_told(spool, tmp_path) -> None:
    made = Sender(spool, "X", Receiver().send)
    spool._file.execute("DROP TABLE results")
    made.add("a")
    path = tmp_path / "x.spool"
    assert made.end(str) == f'1 result lost: "{path}": no such table: results'


def test_a_spool_that_breaks_while_it_is_sent_is_told(spool, tmp_path) -> None:
    def send(_: list[Result]) -> None:
        spool._file.execute("CREATE TRIGGER no BEFORE DELETE ON results BEGIN SELECT RAISE(ABORT, 'torn'); END")

    made = Sender(spool, "X", send)
    made.add("a")
    assert made.end(str) == f'1 result for X kept in the spool: cannot use "{tmp_path / "x.spool"}": torn'


@contextlib.contextmanager
def hanging(spool: Spool) -> Iterator[Sender]:
    """Yield a sender whose receiver hangs until the end."""
    over, began = threading.Event(), threading.Event()

    def hang(_: list[Result]) -> None:
        began.set()
        over.wait()

    made = Sender(spool, "X", hang)
    made.add("a")
    made.add("b")
    began.wait()
    yield made
    over.set()
    assert made._thread is not None
    made._thread.join(PATIENCE)
    assert not made._thread.is_alive()


def test_a_receiver_that_hangs_does_not_hold_the_sweep(spool, monkeypatch) -> None:
    with hanging(spool) as made:
        monkeypatch.setattr(sender, "DEADLINE", 0.0)
        assert made.end(str) == "2 results for X kept in the spool: no answer within 0 s"


def test_whoever_ends_the_sweep_ends_the_sending(spool, tmp_path) -> None:
    with hanging(spool) as made:
        assert made.end(lambda: "ended by SIGTERM") == "2 results for X kept in the spool: ended by SIGTERM"
    again = Spool(str(tmp_path), "x")
    assert [(result.text, result.tried) for result in again.first(2)] == [("a", True), ("b", False)]
    again.close()


def test_the_end_of_a_sweep_ends_a_pause(spool, monkeypatch) -> None:
    monkeypatch.setattr(sender, "PAUSES", (PATIENCE,))
    made = Sender(spool, "X", Receiver(Away("busy")).send)
    made.add("a")
    assert made.end(lambda: "ended by SIGTERM" if made._why else "") == "1 result for X kept in the spool: busy"


def test_after_the_end_nothing_is_taken(spool) -> None:
    made = Sender(spool, "X", Receiver().send)
    made._stopped.set()
    assert made._next() == []


def test_without_a_thread_the_results_are_kept(spool, monkeypatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    said = sent(spool, Receiver(), "a")
    assert said.startswith("1 result for X kept in the spool: this machine's limit is reached: no thread to be had")
