"""Signals, at any moment: one line or document, the right exit code, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import metrics_format
import pytest
from loopback import PATIENCE, Service
from observations import environment

from check_starttls_cert import outputs, signals
from check_starttls_cert.outputs import OUTPUTS, Endpoint, renderer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals to a child process")

ENDED = (3, "STARTTLS_CERT UNKNOWN - ended by SIGTERM before there was a verdict\n", "")

SIGNALS = [name for name in signals.NAMES if hasattr(signal, name)]

STARTED = (
    "import sys; from check_starttls_cert.__main__ import main; sys.argv[0] = 'check_starttls_cert'; sys.exit(main())"
)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_line_made_before_says_what_the_output_s_renderer_would(output) -> None:
    for endpoint in (None, Endpoint("192.0.2.25", "mta.example.com", "25", "smtp")):
        assert outputs.failure(output, "words", endpoint) == renderer(output).failure("words", endpoint)


MODULE = ("-m", "check_starttls_cert")
Child = subprocess.Popen


def answered(
    wait: Callable[[Child], object], *arguments: str, name: str = "SIGTERM", folders: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    """Start Python, and send it a signal once ``wait`` returns; return its exit code, stdout and stderr."""
    process = Child(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(*folders),
        text=True,
    )
    try:
        wait(process)
        process.send_signal(getattr(signal, name))
        stdout, stderr = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, stdout, stderr


def heard_by(peer: threading.Event) -> Callable[[Child], None]:
    """Return what waits until a check has reached its peer."""

    def wait(process: Child) -> None:
        while not peer.wait(0.1):
            assert process.poll() is None, process.communicate()

    return wait


def told_here(process: Child) -> None:
    """Wait until a check says that it is where it is to be ended."""
    assert process.stdout.readline() == "here\n"


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_check_that_is_ended_while_it_waits_has_an_answer(name, output) -> None:
    heard = threading.Event()

    def behave(sock):
        heard.set()
        return sock.recv(1)  # nothing comes: the client waits for a greeting until it is ended

    with Service(behave) as service:
        arguments = ("-H", "127.0.0.1", "-p", str(service.port), "-t", "3000", "-o", output)
        exit_code, stdout, stderr = answered(heard_by(heard), *MODULE, *arguments, name=name)
    said = f"ended by {name} before there was a verdict"
    assert (exit_code, stderr) == (0 if output.startswith("prtg") else 3, "")
    endpoint = Endpoint("127.0.0.1", "127.0.0.1", str(service.port), "smtp")
    assert stdout == renderer(output).failure(said, endpoint).text + "\n"
    if output == "openmetrics":
        metrics_format.parse(stdout)
    elif output != "nagios":
        json.loads(stdout)


def test_a_signal_during_the_imports_has_an_answer(tmp_path) -> None:
    # The first import of the program's own that is not needed to answer a signal never ends.
    (tmp_path / "argparse.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(3000)\n")
    assert answered(told_here, "-c", STARTED, "-H", "mta.example.com", folders=(str(tmp_path),)) == ENDED


TWICE = """
import os, signal
write = os.write
def and_again(descriptor, line):
    write(descriptor, line)
    os.kill(os.getpid(), signal.SIGHUP)
os.write = and_again
from check_starttls_cert import signals
signals.answer("prtg")
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
"""


def test_a_second_signal_writes_no_second_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWICE], env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == renderer("prtg").failure("ended by SIGTERM before there was a verdict").text + "\n"


WITHOUT_STDOUT = """
import os, signal
from check_starttls_cert import signals
signals.answer("nagios")
reader, writer = os.pipe()  # one of them has descriptor 1
reader = os.dup(reader)
os.dup2(writer, 1)
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
_, status = os.waitpid(child, 0)
os.set_blocking(reader, False)
try:
    sent = os.read(reader, 100)
except BlockingIOError:
    sent = b""
os._exit(0 if (os.WEXITSTATUS(status), sent) == (3, b"") else 1)
"""


def test_without_a_stdout_what_has_its_descriptor_is_told_nothing() -> None:
    # The connection to the server may have it: the system gives the lowest that is free.
    command = [sys.executable, "-c", WITHOUT_STDOUT]
    close = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(close, env=environment(), stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def started(tmp_path, prelude: str, *arguments: str) -> tuple[int, str, str]:
    """Start a check that says ``here`` where it is to be ended, and end it there."""
    (tmp_path / "sitecustomize.py").write_text(prelude)
    return answered(told_here, *MODULE, *arguments, folders=(str(tmp_path),))


def test_a_signal_while_the_resolver_is_silent_has_an_answer(tmp_path) -> None:
    silent = """
import socket, threading
def getaddrinfo(*_):
    print("here", flush=True)
    threading.Event().wait()
socket.getaddrinfo = getaddrinfo
"""
    assert started(tmp_path, silent, "-H", "mta.example.com", "-t", "3000") == ENDED


def test_a_signal_in_the_middle_of_a_tls_handshake_has_an_answer() -> None:
    heard = threading.Event()

    def behave(sock):
        sock.recv(4096)  # the ClientHello
        heard.set()
        return sock.recv(4096)

    with Service(behave) as service:
        arguments = ("-H", "127.0.0.1", "-p", str(service.port), "-t", "3000", "-P", "smtps")
        assert answered(heard_by(heard), *MODULE, *arguments) == ENDED


def test_a_signal_while_trust_anchors_are_read_has_an_answer(tmp_path) -> None:
    endless = """
import io
class Endless(io.BytesIO):
    name = "endless"
    def readline(self, size=-1):
        if not self.tell():
            self.seek(1)
            print("here", flush=True)
        return b"-\\n"
def opened(path, *arguments, open=open, **options):
    return Endless() if str(path).endswith("anchors.pem") else open(path, *arguments, **options)
import builtins
builtins.open = opened
"""
    (tmp_path / "anchors.pem").touch()
    anchors = str(tmp_path / "anchors.pem")
    with Service(lambda sock: sock.recv(1)) as service:
        arguments = ["-H", "127.0.0.1", "-p", str(service.port), "--ca-file", anchors, "-t", "3000"]
        assert started(tmp_path, endless, *arguments, "-P", "smtps") == ENDED


def test_a_signal_in_the_middle_of_rendering_has_an_answer(tmp_path) -> None:
    slow = """
import sys, time
class Finder:
    def find_spec(self, name, *_):
        if name == "check_starttls_cert.summary":
            print("here", flush=True)
            time.sleep(3000)
sys.meta_path.insert(0, Finder())
"""
    assert started(tmp_path, slow, "-H", "127.0.0.1", "-p", "1") == ENDED


def test_a_signal_that_the_parent_ignores_stays_ignored(monkeypatch) -> None:
    installed = []
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    monkeypatch.setattr(signal, "signal", lambda number, _: installed.append(number))
    signals.answer("nagios")
    assert installed == []


@pytest.fixture
def ended(monkeypatch):
    """Return what the handlers do instead of ending this process: (written, exit code), and the handlers."""
    handlers, done = {}, []
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    monkeypatch.setattr(os, "write", lambda _, line: done.append(line))
    monkeypatch.setattr(os, "_exit", done.append)
    monkeypatch.setattr(signals, "_handled", [])
    return handlers, done


def test_the_handler_writes_one_line_and_ends_the_process(ended) -> None:
    handlers, done = ended
    signals.answer("prtg")
    handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert done == [b'{"prtg": {"error": 1, "text": "ended by SIGTERM before there was a verdict"}}\n', 0]


def test_once_the_verdict_is_written_a_signal_comes_too_late(ended) -> None:
    handlers, _ = ended
    signals.answer("nagios")
    signals.hold()
    assert set(handlers.values()) == {signal.SIG_IGN}
    handlers.clear()
    signals.hold()
    assert handlers == {}


def test_without_a_stdout_the_handler_writes_nothing(ended, monkeypatch) -> None:
    handlers, done = ended
    monkeypatch.setattr(sys, "stdout", None)
    signals.answer("nagios")
    handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert done == [3]


def test_the_first_signal_is_noticed_and_the_next_one_is_answered_as_before(monkeypatch) -> None:
    number, heard = signal.SIGTERM, []
    before = signal.signal(number, lambda *_: heard.append("answered"))
    monkeypatch.setattr(signals, "_handled", [number])
    try:
        signals.divert(heard.append)
        signal.raise_signal(number)
        signal.raise_signal(number)
    finally:
        signal.signal(number, before)
    assert heard == ["SIGTERM", "answered"]
