"""What does an endpoint cost: in a sweep, by the single check, by others' programs, and at least?

Starts a server of its own, which speaks SMTP with STARTTLS on every address of the loopback network and shows 500
certificates in turn, and measures child processes side by side in one run: CPU (user and system), elapsed time, and
memory at its peak. Needs Linux, where all of 127.0.0.0/8 is this machine.

``python tests/benchmarks/sweep.py`` sweeps 100 and 1,000 targets; ``--large`` 10,000 too, ``--hanging`` 1,000 of which
a tenth never answers. ``bare`` is a Python client that holds the same conversation and handshake over memory buffers
and does nothing else, in 16 threads: what Python and OpenSSL cost anybody. Programs that are not installed are left
out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.dirname(os.path.dirname(HERE))]

CERTIFICATES = 500
THREADS = 16
PORT, SILENT_PORT = 2525, 2526
TIMEOUT = 10
MTA = "mta.example.test"
FOLDERS = os.pathsep.join(("/usr/lib/nagios/plugins", os.environ.get("PATH", os.defpath)))


class Cost(NamedTuple):
    """What a child process took."""

    cpu: float
    """Seconds."""
    elapsed: float
    memory: float
    """Megabytes."""


def hosts(count: int) -> list[str]:
    return [f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}" for number in range(count)]


# The server


def serve(folder: str) -> None:
    """Serve until the process ends."""
    make_certificates(folder)
    contexts = []
    for number in range(CERTIFICATES):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{number}.pem")
        contexts.append(context)
    waiting: queue.Queue[socket.socket] = queue.Queue()

    def converse() -> None:
        while True:
            sock = waiting.get()
            with contextlib.suppress(OSError), sock:
                host = sock.getsockname()[0]
                *_, second, last = map(int, host.split("."))
                sock.settimeout(TIMEOUT * 3)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for said in (
                    b"220 mta ESMTP",
                    b"250-mta\r\n250-SIZE 10240000\r\n250 STARTTLS",
                    b"220 Ready to start TLS",
                ):
                    sock.sendall(said + b"\r\n")
                    if said[:3] == b"220" and said.endswith(b"TLS"):
                        break
                    sock.recv(4096)
                context = contexts[(second * 250 + last) % CERTIFICATES]
                with context.wrap_socket(sock, server_side=True) as inside:
                    while said := inside.recv(4096):
                        inside.sendall(b"250 2.0.0 Ok\r\n" if said[:4] == b"EHLO" else b"221 2.0.0 Bye\r\n")
                        if said[:4] == b"QUIT":
                            inside.recv(4096)
                            break

    for _ in range(THREADS):
        threading.Thread(target=converse, daemon=True).start()
    with (
        socket.create_server(("", PORT), backlog=4096) as listener,
        socket.create_server(("", SILENT_PORT), backlog=4096),
    ):
        while True:
            waiting.put(listener.accept()[0])


def make_certificates(folder: str) -> None:
    """Write the files that the server shows, and ``ca.pem``."""
    import zoo

    now = datetime.now(timezone.utc).replace(microsecond=0)
    issuer, key = zoo.intermediate(now, "Lab root"), zoo.key()
    for number in range(CERTIFICATES):
        days = timedelta(days=200)
        made = zoo.certificate(
            now, zoo.name(), key, issuer.name, issuer.key, remaining=days, lifetime=days * 2, names=zoo.dns(MTA)
        )
        with open(f"{folder}/{number}.pem", "wb") as file:
            file.write(zoo.private(key) + zoo.pem(made, issuer.certificate))
    with open(f"{folder}/ca.pem", "wb") as file:
        file.write(zoo.pem(zoo.root(now, "Lab root").certificate))


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run the server, and yield the folder with its certificates."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.executable, __file__, "--serve", folder])
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", SILENT_PORT)):
                    break
                time.sleep(0.05)
            yield folder
        finally:
            process.terminate()
            process.wait()


# The bare client


def bare(folder: str, count: int) -> None:
    """Hold the conversation and the handshake with that many endpoints."""
    context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
    context.check_hostname = False
    left, lock = iter(hosts(count)), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                host = next(left, None)
            if host is None:
                return
            converse_bare(host, context)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def converse_bare(host: str, context: ssl.SSLContext) -> None:
    with socket.create_connection((host, PORT), TIMEOUT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for said in (b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n"):
            sock.recv(4096)
            sock.sendall(said)
        sock.recv(4096)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=MTA)
        for step in (tls.do_handshake, lambda: tls.write(b"QUIT\r\n"), lambda: tls.read(4096)):
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    step()
                    if records := outgoing.read():
                        sock.sendall(records)
                    break
                if records := outgoing.read():
                    sock.sendall(records)
                incoming.write(sock.recv(16384))
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.unwrap()
        sock.sendall(outgoing.read())


# The measurement


def measured(command: list[str], runs: int = 1) -> Cost:
    """Return what a command takes, on the average of several runs. Exits where it fails."""
    costs = []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 2) or (process.returncode == 2 and "sweep" not in command):
            raise SystemExit(f"exit code {process.returncode} of {command}: {said.decode()[-500:]}")
        elapsed = time.perf_counter() - started
        costs.append(Cost(usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss / 1024))
    return Cost(*(sum(values) / runs for values in zip(*costs)))


def told(name: str, cost: Cost, endpoints: int = 1) -> None:
    cpu, elapsed = (seconds / endpoints * 1000 for seconds in cost[:2])
    sys.stdout.write(f"  {name:<34} {cpu:9.2f} ms CPU {elapsed:9.2f} ms elapsed {cost.memory:7.1f} MB\n")
    sys.stdout.flush()


def inventory(folder: str, count: int, hanging: int = 0) -> str:
    """Write an inventory; that many of its targets never answer, spread over it."""
    path = f"{folder}/{count}-{hanging}.txt"
    every = count // hanging if hanging else count + 1
    ports = (PORT if number % every else SILENT_PORT for number in range(1, count + 1))
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"smtp://{host}:{port}/{MTA}\n" for host, port in zip(hosts(count), ports))
    return path


def main() -> int:
    """Measure and print."""
    command = argparse.ArgumentParser()
    command.add_argument("--large", action="store_true", help="sweep 10,000 targets too")
    command.add_argument("--hanging", action="store_true", help="sweep 1,000 targets of which a tenth never answers")
    command.add_argument("--serve", help=argparse.SUPPRESS)
    command.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    given = command.parse_args()
    if given.serve:
        serve(given.serve)
    elif given.bare:
        bare(given.bare[0], int(given.bare[1]))
    else:
        with server() as folder:
            compare(folder, [100, 1000, *([10_000] if given.large else [])])
            if given.hanging:
                hang(folder)
    return 0


def compare(folder: str, sizes: list[int]) -> None:
    """Measure all programs, and sweeps of these sizes."""
    own = [sys.executable, "-m", "check_starttls_cert"]
    anchors = ["--ca-file", f"{folder}/ca.pem"]
    place = ["-H", "127.0.0.1", "-p", str(PORT)]
    programs = {
        "single check": (20, [*own, *place, "-n", MTA, *anchors]),
        "check_smtp": (50, ["check_smtp", *place, "-S", "-D", "30,14"]),
        "openssl s_client": (
            50,
            ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{PORT}", *("-CAfile", anchors[1])],
        ),
        "check_ssl_cert": (
            3,
            ["check_ssl_cert", *place, "-P", "smtp", "-r", anchors[1], "--cn", MTA, "--ignore-ocsp", "--ignore-sct"],
        ),
    }
    sys.stdout.write("For each endpoint:\n")
    for name, (runs, program) in programs.items():
        found = shutil.which(program[0], path=FOLDERS)
        if found:
            told(name, measured([found, *program[1:]], runs))
    told("bare client, 1,000", measured([sys.executable, __file__, "--bare", folder, "1000"]), 1000)
    for size in sizes:
        targets = inventory(folder, size)
        whole = measured([*own, "sweep", targets, *anchors])
        told(f"sweep, {size:,}", whole, size)
        start = measured([*own, "sweep", inventory(folder, 1), *anchors])
        told("  without what one target costs", Cost(whole.cpu - start.cpu, whole.elapsed, whole.memory), size - 1)


def hang(folder: str) -> None:
    """Measure how long targets hold others up that never answer."""
    own = [sys.executable, "-m", "check_starttls_cert", "sweep"]
    more = ["--ca-file", f"{folder}/ca.pem", "-t", str(TIMEOUT)]
    healthy = measured([*own, inventory(folder, 900), *more]).elapsed
    all_of_them = measured([*own, inventory(folder, 1000, hanging=100), *more]).elapsed
    sys.stdout.write(
        f"900 targets: {healthy:.1f} s; with 100 more that never answer, time-out {TIMEOUT} s: {all_of_them:.1f} s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
