"""Start the program as its users do, against one behaviour, and measure: verdict, time, memory, output."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

import plugin_format

from check_starttls_cert.starttls import PROTOCOLS
from hostile import behaviours, chains
from hostile.behaviours import BEHAVIOURS, HANDS, HELLO, INSIDE, NETWORK, WORDS, Behaviour
from hostile.peer import DIALOGUES, FAMILIES, Peer

TIMEOUT = 2
"""Seconds that the program is given with ``-t``."""

SPARE = 1
"""Seconds that it may take beyond them, its start and end included."""

HANGING = 60
"""Seconds after which it hangs, however busy the machine is."""

MAX_MEMORY = 64 * 1024
"""KB above an idle Python."""

WHOLE = {*(family[0] for family in FAMILIES.values()), "mssql"}
"""Protocols that are tried with every value. The others have the readers of one of these; TDS has its own records."""

FEW, SEVERAL = 3, 32
"""Values that a behaviour is tried with for the others, and where there are hundreds."""

WITH_EVERY_ALERT = ("tls", "smtp")

HERE = os.path.dirname(os.path.abspath(__file__))


class Case(NamedTuple):
    """One behaviour, where it happens."""

    behaviour: str
    protocol: str
    stage: str
    step: int = 0
    """Which of the plaintext replies."""
    value: Any = None

    @property
    def good(self) -> bool:
        """Whether OK is the right verdict."""
        return self.stage == INSIDE or BEHAVIOURS[self.behaviour].good(self.value)

    def __str__(self) -> str:
        place = f"reply {self.step + 1}" if self.stage == WORDS else self.stage
        shown = "" if self.value is None else f" {self.value!r}"
        return f"{self.behaviour}{shown[:60]} at {self.protocol}, {place}"


class Ended(NamedTuple):
    """A process that is over."""

    exit_code: int | None
    """``None`` where it had to be killed."""
    stdout: bytes
    stderr: bytes = b""
    memory: int = 0
    """KB at the peak."""
    cpu: float = 0.0
    """Seconds."""
    seconds: float = 0.0
    """From start to end, by the wall clock."""


class Outcome(NamedTuple):
    """One run of the program."""

    case: Case
    state: str
    seconds: float
    """From start to end, by the wall clock."""
    cpu: float
    """Seconds, of the program."""
    memory: int
    """KB above an idle Python, at the most."""
    longest: int
    """Characters of the longest line."""
    stdout: str
    faults: tuple[str, ...]
    """What is wrong, whatever the machine was doing meanwhile."""

    @property
    def late(self) -> bool:
        """Whether it took longer than it may on a machine that has nothing else to do."""
        return self.seconds > TIMEOUT + SPARE

    @property
    def starved(self) -> bool:
        """Whether the kit's own honest server may have been too slow, on a machine that has other things to do."""
        return self.case.good and f" within {TIMEOUT} s" in self.stdout


def places(behaviour: Behaviour, protocol: str) -> Iterator[tuple[str, int]]:
    """Yield where in a protocol's conversation a behaviour can take place."""
    for stage in behaviour.stages:
        if stage == WORDS:
            implicit = PROTOCOLS[protocol].implicit_tls
            yield from ((WORDS, step) for step in range(0 if implicit else len(DIALOGUES[protocol].replies)))
        else:
            yield stage, 0


def cases(names: Sequence[str], protocols: Sequence[str]) -> Iterator[Case]:
    """Yield every behaviour of these names, everywhere, with every value; with ``FEW`` where others tell as much."""
    for name, protocol in itertools.product(names, protocols):
        for stage, step in places(BEHAVIOURS[name], protocol):
            for value in some(BEHAVIOURS[name].values, limit(name, protocol)):
                yield Case(name, protocol, stage, step, value)


def limit(name: str, protocol: str) -> int | None:
    """Return how many of a behaviour's values a protocol is tried with; ``None`` for all."""
    if protocol not in WHOLE:
        return FEW
    return SEVERAL if len(BEHAVIOURS[name].values) > 100 and protocol not in WITH_EVERY_ALERT else None


def some(values: Sequence[Any], limit: int | None) -> Sequence[Any]:
    """Return at most ``limit`` values, from the first to the last."""
    if limit is None or len(values) <= limit:
        return values
    return [values[index * (len(values) - 1) // max(1, limit - 1)] for index in range(limit)]


def selection() -> list[Case]:
    """Return every behaviour once at each stage for each family, with one value, and every chain once.

    Which step and which value differs by family; protocols of a family take turns.
    """
    chosen = []
    turns = itertools.count()
    for number, name in enumerate(BEHAVIOURS):
        for turn, protocols in enumerate(FAMILIES.values()):
            protocol = protocols[number % len(protocols)]
            for stage in BEHAVIOURS[name].stages:
                found = [case for case in cases([name], [protocol]) if case.stage == stage]
                if found:
                    chosen.append(found[(turn * len(found) // len(FAMILIES) + next(turns)) % len(found)])
    protocols = list(itertools.chain(*FAMILIES.values()))
    chosen += [
        Case("chain", protocols[number % len(protocols)], HANDS, value=value)
        for number, value in enumerate(BEHAVIOURS["chain"].values)
    ]
    return list(dict.fromkeys(chosen))


class Server:
    """One listener, which treats every visitor to one behaviour."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.failure: Exception | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.settimeout(0)
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self) -> None:
        """Serve visitors, until the listener is closed."""
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock: socket.socket) -> None:
        """Hold the honest part of the conversation, and misbehave."""
        case = self.case
        with sock:
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = Peer(sock, case.protocol)
                if case.stage == WORDS:
                    peer.step = case.step
                    peer.converse(case.step)
                else:
                    peer.converse()
                if case.stage == HELLO:
                    peer.record()
                elif case.stage == INSIDE:
                    peer.shake_hands(behaviours.openssl())
                BEHAVIOURS[case.behaviour].behave(peer, case.value)
            except OSError:
                pass  # the client has left
            except Exception as error:  # noqa: BLE001 - a thread of the kit must not lose it
                self.failure = error


@contextmanager
def full_queues(port_file: list[int]) -> Iterator[None]:
    """Have 20 addresses of the loopback interface whose listeners take nobody more: packets to them are dropped."""
    with ExitStack() as stack:
        first = stack.enter_context(socket.socket())
        first.bind(("127.78.0.1", 0))
        port = first.getsockname()[1]
        port_file.append(port)
        for number in range(1, 21):
            listener = first
            if number > 1:
                listener = stack.enter_context(socket.socket())
                listener.bind((f"127.78.0.{number}", port))
            listener.listen(0)
            for _ in range(4):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((f"127.78.0.{number}", port))
        yield


class Runner:
    """Runs the program. To be used in a ``with`` statement: its files are gone afterwards.

    ``patient`` gives the program more time where the right verdict is OK, so that no busy machine spoils that.
    """

    def __init__(self, patient: bool = False) -> None:
        self.patient = patient

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hostile")
        self.numbers = itertools.count()
        specification = importlib.util.find_spec("check_starttls_cert")
        assert specification is not None
        assert specification.origin is not None
        package = os.path.dirname(os.path.dirname(specification.origin))
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
        self.environment = {
            **kept,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([os.path.join(HERE, "child"), package]),
            "PYTHONPYCACHEPREFIX": os.path.join(self.folder, "pycache"),
        }
        self.anchors = os.path.join(self.folder, "anchors.pem")
        with open(self.anchors, "wb") as file:
            file.write(chains.pem(chains.root()))
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)
        self.idle = min(self.start(["-c", "pass"]).memory for _ in range(3))
        self.start(["-m", "check_starttls_cert", "--version"])  # compiles what is not compiled yet
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, arguments: list[str], **environment: str) -> Ended:
        """Run Python to its end, or until it hangs."""
        report = os.path.join(self.folder, f"report{next(self.numbers)}")
        started = time.monotonic()
        with subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.work,
            env={**self.environment, **environment, "KIT_REPORT": report},
        ) as process:
            exit_code: int | None = None
            try:
                stdout, stderr = process.communicate(timeout=HANGING)
                exit_code = process.returncode
            except subprocess.TimeoutExpired:
                process.kill()
                stdout, stderr = process.communicate()
        seconds = time.monotonic() - started
        memory, cpu = 0, 0.0
        with suppress(OSError):
            with open(report, encoding="ascii") as file:
                first, second = file.read().split()
            memory, cpu = int(first), float(second)
            os.unlink(report)
        return Ended(exit_code, stdout, stderr, memory, cpu, seconds)

    def run(self, case: Case, *more: str) -> Outcome:
        """Run the program once against a case."""
        with ExitStack() as stack:
            server = stack.enter_context(Server(case))
            host, environment, ports = "127.0.0.1", {}, [server.port]
            if case.stage == NETWORK:
                host, environment = "mta.example.test", {"KIT_RESOLVER": case.value or case.behaviour}
                if case.behaviour == "silent addresses":
                    stack.enter_context(full_queues(ports))
            timeout = HANGING // 2 if self.patient and case.good else TIMEOUT
            where = ["-H", host, "-p", str(ports[-1]), "-P", case.protocol, "-n", chains.HOST, "-t", str(timeout)]
            found = self.start(["-m", "check_starttls_cert", *where, "--ca-file", self.anchors, *more], **environment)
            return self.judged(case, server.failure, found)

    def judged(self, case: Case, failure: Exception | None, ended: Ended) -> Outcome:
        """Return what a run was like; ``failure`` is one of the kit's own server."""
        exit_code, stdout, stderr, memory, cpu, seconds = ended
        text = stdout.decode("utf-8", "replace")
        faults = [] if failure is None else [f"the kit itself: {failure!r}"]
        if exit_code is None:
            faults.append(f"hangs: no end within {HANGING} s")
        if stderr:
            faults.append(f"stderr: {stderr[-300:].decode('utf-8', 'replace')}")
        state = ""
        try:
            read = plugin_format.parse(text, -1 if exit_code is None else exit_code)
            state = read.state
            assert read.long_output == (), f"{1 + len(read.long_output)} lines"
            assert "time" in read.performance, "performance data are not whole"
            allowed = HANGING if self.patient and case.good else 2 * (TIMEOUT + SPARE)
            assert read.performance["time"].value <= allowed, "the program's own clock says it is late"
            assert "please report it" not in read.words, "a bug"
        except AssertionError as error:
            faults.append(str(error).split("\n")[0])
        if "�" in text:
            faults.append("not UTF-8")
        if (state == "OK") != case.good:
            faults.append(f"{state or 'nothing'}, where the right verdict is {'OK' if case.good else 'not OK'}")
        above = max(0, memory - self.idle)
        if above > MAX_MEMORY:
            faults.append(f"{above // 1024} MB of memory")
        if left := os.listdir(self.work):
            faults.append(f"files left behind: {left[:3]}")
        return Outcome(case, state, seconds, cpu, above, max(map(len, text.split("\n"))), text, tuple(faults))

    def all(self, selected: Sequence[Case], together: int) -> Iterator[Outcome]:
        """Run the program against every case, several at a time.

        Unless the runner is patient, those that the machine may have made late are run again, by themselves.
        """
        again: list[Outcome] = []
        with ThreadPoolExecutor(together) as pool:
            for outcome in pool.map(self.run, selected):
                if not self.patient and (outcome.starved or (outcome.late and not outcome.faults)):
                    again.append(outcome)
                else:
                    yield outcome
        for outcome in again:
            yield self.run(outcome.case)
