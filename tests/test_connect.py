"""Names become addresses and addresses a connection, both within the deadline."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading

import pytest

from check_starttls_cert import connect as connect_module
from check_starttls_cert.connect import Address, connect, resolve
from check_starttls_cert.errors import ConnectError, DeadlineExceeded, ResolveError
from check_starttls_cert.run import limit_reached
from check_starttls_cert.wire import Deadline

V4, V6 = socket.AF_INET, socket.AF_INET6
FIRST, SECOND, THIRD = (Address(V4, (f"192.0.2.{number}", 25)) for number in (1, 2, 3))


class Clock:
    """A clock that moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def found(*addresses):
    """Return what ``getaddrinfo`` would for ``addresses``."""
    return [(V6 if ":" in address else V4, socket.SOCK_STREAM, 6, "", (address, 25)) for address in addresses]


@pytest.fixture
def resolver(monkeypatch):
    """Return a function that sets what ``getaddrinfo`` does, and the list of its calls."""
    calls = []

    def answer(action):
        def getaddrinfo(*arguments):
            calls.append(arguments)
            result = action() if callable(action) else action
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return calls

    return answer


# Resolving


@pytest.mark.parametrize("literal", ["192.0.2.1", "2001:db8::1"])
def test_an_address_literal_needs_no_resolver(literal):
    addresses = resolve(literal, 25, socket.AF_UNSPEC, Deadline(10))
    assert [str(address) for address in addresses] == [literal]
    assert addresses[0].sockaddr[1] == 25


@pytest.mark.parametrize(
    ("literal", "family", "words"),
    [("2001:db8::1", V4, "cannot resolve 2001:db8::1 over IPv4: "), ("192.0.2.1", V6, "192.0.2.1 over IPv6: ")],
)
def test_a_literal_of_the_other_family_is_told_so(literal, family, words):
    with pytest.raises(ResolveError, match=words):
        resolve(literal, 25, family, Deadline(10))


def test_a_name_is_asked_for_in_its_ascii_form_and_family(resolver):
    calls = resolver(found("192.0.2.1"))
    assert resolve("Bücher.example.", 25, V4, Deadline(10)) == [FIRST]
    assert calls == [(b"xn--bcher-kva.example", 25, V4, socket.SOCK_STREAM)]


def test_duplicates_are_removed_and_the_order_is_the_system_s(resolver):
    resolver(found("2001:db8::1", "192.0.2.2", "2001:db8::1", "192.0.2.1", "192.0.2.2"))
    addresses = resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(10))
    assert [str(address) for address in addresses] == ["2001:db8::1", "192.0.2.2", "192.0.2.1"]
    assert [address.family for address in addresses] == [V6, V4, V4]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (OSError("odd"), "odd"),
        (UnicodeError("label too long"), "label too long"),
        (socket.gaierror(socket.EAI_FAIL, "a|b\nOK - fine"), r"a\\x7cb\\nOK - fine"),
    ],
)
def test_a_name_that_does_not_resolve_keeps_the_resolver_s_words(resolver, error, words):
    resolver(error)
    with pytest.raises(ResolveError, match=rf"cannot resolve mta.example.com: {words} \(check the host name"):
        resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(10))


@pytest.mark.parametrize(("family", "words"), [(V4, "over IPv4"), (V6, "over IPv6")])
def test_a_name_without_addresses_of_the_family_is_told_so(resolver, family, words):
    resolver(socket.gaierror(socket.EAI_NONAME, "no address"))
    with pytest.raises(ResolveError, match=f"cannot resolve mta.example.com {words}: no address"):
        resolve("mta.example.com", 25, family, Deadline(10))


def test_a_resolver_that_hangs_is_left_behind_at_the_deadline(resolver):
    release = threading.Event()
    before = set(threading.enumerate())

    def hang():
        release.wait(60)
        return found("192.0.2.1")

    resolver(hang)
    try:
        with pytest.raises(
            DeadlineExceeded,
            match=r"the resolver did not answer for mta.example.com within 0.05 s \(check this machine's resolver",
        ):
            resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(0.05))
        (left_behind,) = set(threading.enumerate()) - before
        assert left_behind.daemon, "the process could not end"
    finally:
        release.set()
        for thread in set(threading.enumerate()) - before:
            thread.join(60)


def test_nothing_is_resolved_after_the_deadline(resolver):
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now = 10.0
    calls = resolver(found("192.0.2.1"))
    with pytest.raises(DeadlineExceeded, match=r"resolver did not answer for mta.example.com"):
        resolve("mta.example.com", 25, socket.AF_UNSPEC, deadline)
    assert calls == []


def test_dns_servers_that_do_not_answer_are_not_the_host_s_fault(resolver):
    resolver(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))
    with pytest.raises(ResolveError, match=r"Temporary failure .*no DNS server answers") as caught:
        resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(10))
    assert "check the host name" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.EMFILE, "Too many open files"), OSError), (socket.gaierror(socket.EAI_MEMORY, "x"), MemoryError)],
)
def test_a_resolver_without_descriptors_or_memory_is_not_the_service_s_fault(resolver, error, raised):
    resolver(error)
    with pytest.raises(raised) as caught:
        resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(10))
    assert limit_reached(caught.value)


def test_no_thread_to_be_had_is_not_the_service_s_fault(monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError) as caught:
        resolve("mta.example.com", 25, socket.AF_UNSPEC, Deadline(10))
    assert limit_reached(caught.value) == "no thread to be had"


# Connecting


class FakeSocket:
    """A socket that connects as ``plan`` says: an exception, seconds that pass without an answer, or ``None``."""

    def __init__(self, plan, clock, made) -> None:
        self.plan, self.clock = plan, clock
        self.closed = False
        self.options = []
        made.append(self)

    def setsockopt(self, *option):
        """Remember."""
        self.options.append(option)

    def settimeout(self, seconds):
        """Remember."""
        self.timeout = seconds

    def connect(self, sockaddr):
        """Do what the plan says."""
        action = self.plan[sockaddr[0]]
        if action == "silent":
            self.clock.now += self.timeout
            raise socket.timeout("timed out")
        if action == "slow":
            self.clock.now += 9
            raise REFUSED
        if action is not None:
            raise action

    def close(self):
        """Remember."""
        self.closed = True


@pytest.fixture
def network(monkeypatch):
    """Return a function that plans the network by address; it returns the deadline and the sockets made."""

    def planned(**plan):
        clock, made = Clock(), []
        plan = {address.replace("_", ".").replace("a", "192.0.2."): action for address, action in plan.items()}
        monkeypatch.setattr(connect_module.socket, "socket", lambda *_: FakeSocket(plan, clock, made))
        return Deadline(9, clock), made

    return planned


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def test_the_first_address_that_accepts_is_taken(network):
    deadline, made = network(a1=None)
    sock, address = connect([FIRST, SECOND], deadline)
    assert (sock, address) == (made[0], FIRST)
    assert not sock.closed
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in sock.options


def test_an_address_that_refuses_does_not_hide_the_next(network):
    deadline, made = network(a1=REFUSED, a2=None)
    assert connect([FIRST, SECOND], deadline) == (made[1], SECOND)
    assert [sock.closed for sock in made] == [True, False]


def test_an_address_that_never_answers_leaves_time_for_the_others(network):
    deadline, made = network(a1="silent", a2="silent", a3=None)
    assert connect([FIRST, SECOND, THIRD], deadline)[1] == THIRD
    assert [sock.timeout for sock in made] == [3, 3, 3]


def test_an_address_that_refuses_gives_its_time_to_the_others(network):
    deadline, made = network(a1=REFUSED, a2="silent", a3=None)
    connect([FIRST, SECOND, THIRD], deadline)
    assert [sock.timeout for sock in made] == [3, 4.5, 4.5]


def test_each_address_tells_its_reason_when_none_accepts(network):
    unreachable = OSError(errno.EHOSTUNREACH, "No route to host")
    deadline, made = network(a1=REFUSED, a2=unreachable, a3="silent")
    with pytest.raises(ConnectError) as caught:
        connect([FIRST, SECOND, THIRD], deadline)
    assert caught.value.problem == (
        "cannot connect to 192.0.2.1: connection refused, 192.0.2.2: no route to host, 192.0.2.3: no answer"
    )
    assert all(sock.closed for sock in made)


def test_many_addresses_that_fail_are_counted(network):
    deadline, _ = network(**{f"a{number}": REFUSED for number in range(1, 201)})
    with pytest.raises(ConnectError) as caught:
        connect([Address(V4, (f"192.0.2.{number}", 25)) for number in range(1, 201)], deadline)
    assert caught.value.problem.endswith("192.0.2.5: connection refused and 195 more")


def test_addresses_that_there_is_no_time_for_do_not_hide_what_the_others_said(network):
    deadline, _ = network(a1="slow", a2=None, a3=None)
    with pytest.raises(ConnectError, match=r"192.0.2.1: connection refused, 192.0.2.2: no time left, 192.0.2.3: no"):
        connect([FIRST, SECOND, THIRD], deadline)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
def test_no_descriptor_to_be_had_is_not_the_service_s_fault(monkeypatch, number):
    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(connect_module.socket, "socket", full)
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as caught:
        connect([FIRST, SECOND], Deadline(10, Clock()))
    assert limit_reached(caught.value) == os.strerror(number).lower()


def test_no_descriptor_to_connect_with_leaves_no_socket_open(network):
    deadline, made = network(a1=OSError(errno.ENOBUFS, "No buffer space available"), a2=None)
    with pytest.raises(OSError, match="No buffer space"):
        connect([FIRST, SECOND], deadline)
    assert [sock.closed for sock in made] == [True]


def test_a_failure_without_the_system_s_words_keeps_its_own(network):
    deadline, _ = network(a1=OSError("Odd"))
    with pytest.raises(ConnectError, match=r"192.0.2.1: odd"):
        connect([FIRST], deadline)


def test_a_family_that_this_machine_lacks_is_a_reason_too(monkeypatch):
    def no_family(*_):
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    monkeypatch.setattr(connect_module.socket, "socket", no_family)
    with pytest.raises(ConnectError, match="address family not supported"):
        connect([Address(V6, ("2001:db8::1", 25, 0, 0))], Deadline(10, Clock()))


def test_no_connection_is_tried_after_the_deadline_and_no_socket_left_open(network):
    deadline, made = network(a1=None)
    deadline._clock.now = 9.0
    with pytest.raises(DeadlineExceeded, match="no connection within 9 s"):
        connect([FIRST], deadline)
    assert all(sock.closed for sock in made)


def test_a_real_server_is_connected_to_and_a_closed_port_is_not():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(V4, listener.getsockname())
        sock, used = connect([address], Deadline(10))
        with sock:
            assert sock.getpeername() == listener.getsockname()
        assert used == address
    with pytest.raises(ConnectError, match=r"127.0.0.1: connection refused"):
        connect([address], Deadline(10))
