"""Lanes: two connections to an address, a pause, and nobody waits who could work; the clock is the test's."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, strategies
from observations import PROPERTY

from check_starttls_cert import options
from check_starttls_cert.sweep import lanes as module
from check_starttls_cert.sweep.lanes import AT_ONCE, PAUSE, Lanes, Work


class Clock:
    """A clock that moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def jobs(*hosts: str):
    """Yield a job for each host."""
    return (options.job({"host": host}) for host in hosts)


def take(lanes: Lanes) -> tuple[Work, bool]:
    """Return what a worker takes, in a test in which there is something to take."""
    taken = lanes.take()
    assert taken is not None
    return taken


def enter(lanes: Lanes, *addresses: str) -> tuple[Work, bool]:
    """Take a new target, and say where it may connect to."""
    work, admitted = take(lanes)
    assert not admitted
    work.addresses = addresses
    return work, lanes.enter(work)


def settle(lanes: Lanes) -> None:
    """Let those in whose turn it is."""
    with lanes._changed:
        lanes._end_pauses()


def test_targets_come_in_the_inventory_s_order(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c"), clock)
    taken = [take(lanes)[0] for _ in range(3)]
    assert [(work.number, work.job.target.host) for work in taken] == [(0, "a"), (1, "b"), (2, "c")]


def test_an_address_gets_two_connections_and_the_next_waits(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c", "d"), clock)
    assert [enter(lanes, "192.0.2.1")[1] for _ in range(3)] == [True, True, False]
    assert enter(lanes, "192.0.2.2")[1]


def test_who_waits_is_admitted_after_a_pause(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c", "d"), clock)
    first, _ = enter(lanes, "192.0.2.1")
    enter(lanes, "192.0.2.1")
    waiting, _ = enter(lanes, "192.0.2.1")
    lanes.leave(first)
    clock.now = PAUSE * 0.99
    assert take(lanes)[0].job.target.host == "d"
    clock.now = PAUSE
    assert take(lanes) == (waiting, True)


def test_an_address_that_is_free_again_rests_as_well(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c"), clock)
    first, _ = enter(lanes, "192.0.2.1")
    enter(lanes, "192.0.2.1")
    lanes.leave(first)
    assert not enter(lanes, "192.0.2.1")[1]


def test_a_target_counts_at_all_of_its_addresses(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c"), clock)
    assert enter(lanes, "192.0.2.1", "2001:db8::1")[1]
    assert enter(lanes, "2001:db8::1")[1]
    assert not enter(lanes, "192.0.2.1", "2001:db8::1")[1]


def test_who_waits_for_one_address_may_then_have_to_wait_for_another(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c", "d", "e"), clock)
    first, _ = enter(lanes, "192.0.2.1")
    enter(lanes, "192.0.2.1")
    both, _ = enter(lanes, "192.0.2.1", "192.0.2.2")
    other, _ = enter(lanes, "192.0.2.2")
    enter(lanes, "192.0.2.2")
    lanes.leave(first)
    clock.now = PAUSE
    settle(lanes)
    assert not lanes._admitted
    lanes.leave(other)
    clock.now = 2 * PAUSE
    assert take(lanes) == (both, True)


def test_without_addresses_nobody_waits(clock) -> None:
    lanes = Lanes(jobs("a", "b", "c"), clock)
    assert [enter(lanes)[1] for _ in range(3)] == [True] * 3


def test_an_address_that_rests_no_longer_is_forgotten(clock) -> None:
    lanes = Lanes(jobs(*(f"h{number}" for number in range(1000))), clock)
    for number in range(1000):
        work, _ = enter(lanes, f"address {number}")
        lanes.leave(work)
        lanes.claim(work)
        clock.now += PAUSE
    assert len(lanes._lanes) <= 1
    assert len(lanes._pauses) <= 1


def test_where_too_many_wait_no_more_is_read(clock, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    monkeypatch.setattr(module, "AHEAD", 1)
    read = []
    lanes = Lanes((read.append(each) or each for each in jobs(*"abcdefghij")), clock)
    first, _ = enter(lanes, "192.0.2.1")
    for _ in range(4):
        enter(lanes, "192.0.2.1")
    lanes.leave(first)
    clock.now = PAUSE
    assert take(lanes)[1]
    assert len(read) == 5


def test_the_inventory_is_read_several_at_a_time(clock, monkeypatch) -> None:
    monkeypatch.setattr(module, "AHEAD", 2)
    read = []
    lanes = Lanes((read.append(each) or each for each in jobs(*"abcde")), clock)
    counts = []
    for number in range(5):
        assert enter(lanes, f"192.0.2.{number}")[0].number == number
        counts.append(len(read))
    assert counts == [2, 2, 4, 4, 5]


def test_a_report_is_claimed_once_and_not_after_the_end(clock) -> None:
    lanes = Lanes(jobs("a", "b"), clock)
    (first, _), (second, _) = take(lanes), take(lanes)
    assert lanes.claim(first)
    lanes.stop()
    assert not lanes.claim(second)
    assert lanes.claimed == 1


def test_the_end_tells_what_has_no_report_in_the_inventory_s_order(clock) -> None:
    lanes = Lanes(jobs(*"abcdef"), clock)
    taken = [enter(lanes, "192.0.2.1")[0] for _ in range(4)]
    lanes.claim(taken[1])
    assert [work.job.target.host for work in lanes.stop()] == ["a", "c", "d", "e", "f"]
    assert lanes.take() is None


def test_who_finds_nothing_to_do_waits_until_all_is_told() -> None:
    lanes = Lanes(jobs("a"))
    work, _ = enter(lanes, "192.0.2.1")
    found: list[object] = []
    idle = threading.Thread(target=lambda: found.append(lanes.take()))
    idle.start()
    lanes.leave(work)
    assert lanes.claim(work)
    idle.join()
    assert found == [None]


def test_many_workers_never_meet_at_an_address_by_more_than_two() -> None:
    addresses = [f"192.0.2.{number}" for number in range(3)]
    lanes = Lanes(jobs(*(f"h{number}" for number in range(12))))
    lock, at, most, done = threading.Lock(), dict.fromkeys(addresses, 0), [0], []

    def worker() -> None:
        while taken := lanes.take():
            work, admitted = taken
            if not admitted:
                work.addresses = {addresses[work.number % 3], addresses[work.number // 3 % 3]}
                if not lanes.enter(work):
                    continue
            with lock:
                for address in work.addresses:
                    at[address] += 1
                most.append(max(at.values()))
            with lock:
                for address in work.addresses:
                    at[address] -= 1
            lanes.leave(work)
            lanes.claim(work)
            done.append(work.number)

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(12))
    assert max(most) <= AT_ONCE


@given(strategies.lists(strategies.sets(strategies.sampled_from("ABC"), max_size=3), max_size=12), strategies.randoms())
@PROPERTY
def test_whatever_the_order_every_target_gets_its_turn(wanted, dice) -> None:
    clock = Clock()
    lanes = Lanes(jobs(*(f"h{number}" for number in range(len(wanted)))), clock)
    inside: list[Work] = []
    new = len(wanted)
    done = 0
    while done < len(wanted):
        if inside and (dice.random() < 0.5 or not (new or lanes._admitted or lanes._pauses)):
            work = inside.pop(dice.randrange(len(inside)))
            lanes.leave(work)
            assert lanes.claim(work)
            done += 1
            continue
        clock.now += PAUSE
        settle(lanes)
        if not (new or lanes._admitted):
            assert inside  # otherwise somebody waits whom nobody will ever let in
            continue
        work, admitted = take(lanes)
        if not admitted:
            new -= 1
            work.addresses = wanted[work.number]
        if admitted or lanes.enter(work):
            inside.append(work)
            for address in "ABC":
                assert sum(address in each.addresses for each in inside) <= AT_ONCE
    assert lanes.take() is None
