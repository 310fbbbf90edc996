"""The resolver's answers in a sweep: each name is asked for once, and every probe is told the same."""

from __future__ import annotations

import socket
import threading

import pytest

from check_starttls_cert import connect, options
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import DeadlineExceeded, ProbeError, ResolveError
from check_starttls_cert.sweep import addresses as module
from check_starttls_cert.sweep.addresses import Addresses
from check_starttls_cert.wire import Deadline

ANY = socket.AF_UNSPEC
FOUND = [Address(socket.AF_INET, ("192.0.2.1", 25)), Address(socket.AF_INET6, ("2001:db8::1", 25, 0, 0))]


@pytest.fixture
def asked(monkeypatch):
    """Return what the resolver was asked, and let it answer ``asked.answer``."""

    class Asked(list):
        answer: object = FOUND

    calls = Asked()

    def resolve(host, port, family, deadline):
        calls.append((host, port, family))
        if isinstance(calls.answer, Exception):
            raise calls.answer
        return calls.answer

    monkeypatch.setattr(connect, "resolve", resolve)
    return calls


def test_a_name_is_asked_for_once_and_answered_with_each_port(asked) -> None:
    addresses = Addresses()
    assert addresses.resolve("a.test", 25, ANY, Deadline(10)) == FOUND
    assert addresses.resolve("a.test", 143, ANY, Deadline(10)) == [
        Address(socket.AF_INET, ("192.0.2.1", 143)),
        Address(socket.AF_INET6, ("2001:db8::1", 143, 0, 0)),
    ]
    assert asked == [("a.test", 25, ANY)]


def test_another_family_is_another_question(asked) -> None:
    addresses = Addresses()
    addresses.resolve("a.test", 25, ANY, Deadline(10))
    addresses.resolve("a.test", 25, socket.AF_INET, Deadline(10))
    assert len(asked) == 2


def test_an_address_is_remembered_by_nobody(asked) -> None:
    addresses = Addresses()
    addresses.resolve("192.0.2.1", 25, ANY, Deadline(10))
    assert (len(asked), len(addresses._answers)) == (1, 0)


def test_a_name_without_an_address_is_so_for_all_with_an_error_each(asked) -> None:
    asked.answer = ResolveError("cannot resolve a.test: unknown")
    addresses = Addresses()
    raised = []
    for _ in range(2):
        with pytest.raises(ResolveError) as caught:
            addresses.resolve("a.test", 25, ANY, Deadline(10))
        raised.append(caught.value)
    assert str(raised[0]) == str(raised[1]) == str(asked.answer)
    assert raised[0] is not raised[1]
    assert len(asked) == 1


def test_an_answer_that_did_not_come_is_waited_for_again_by_who_has_more_time(asked) -> None:
    asked.answer = DeadlineExceeded("the resolver did not answer for a.test within 2 s")
    addresses = Addresses()
    for seconds, times in ((2, 1), (2, 1), (1, 1), (5, 2), (5, 2)):
        with pytest.raises(DeadlineExceeded):
            addresses.resolve("a.test", 25, ANY, Deadline(seconds))
        assert len(asked) == times


def test_what_this_machine_lacks_is_not_remembered(asked) -> None:
    asked.answer = ProbeError("cannot resolve a.test: no thread to be had")
    addresses = Addresses()
    with pytest.raises(ProbeError):
        addresses.resolve("a.test", 25, ANY, Deadline(10))
    asked.answer = FOUND
    assert addresses.resolve("a.test", 25, ANY, Deadline(10)) == FOUND


def test_the_memory_is_bounded(asked, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWERS", 3)
    addresses = Addresses()
    for host in "abcad":
        addresses.resolve(f"{host}.test", 25, ANY, Deadline(10))
    assert [host for host, _ in addresses._answers] == ["c.test", "a.test", "d.test"]


def test_who_comes_while_another_asks_waits_for_that_answer(monkeypatch) -> None:
    calls, asking, answered = [], threading.Event(), threading.Event()

    def resolve(*question):
        calls.append(question)
        asking.set()
        assert answered.wait(60)
        return FOUND

    monkeypatch.setattr(connect, "resolve", resolve)
    addresses = Addresses()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(addresses.resolve("a.test", 25, ANY, Deadline(60))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert asking.wait(60)
    answered.set()
    for thread in threads:
        thread.join()
    assert found == [FOUND] * 3
    assert len(calls) == 1


def test_who_waits_for_another_no_longer_than_the_deadline_says_so(monkeypatch) -> None:
    addresses = Addresses()
    answer = addresses._answer("a.test", ANY)
    with answer.lock, pytest.raises(DeadlineExceeded, match=r"the resolver did not answer for a\.test within 0 s"):
        addresses.resolve("a.test", 25, ANY, Deadline(0))


def test_a_target_s_addresses_are_those_that_its_probe_may_try(asked) -> None:
    assert Addresses().of(options.job({"host": "a.test"})) == {"192.0.2.1", "2001:db8::1"}
    asked.answer = ResolveError("cannot resolve a.test")
    assert Addresses().of(options.job({"host": "a.test"})) == frozenset()
