"""What does an endpoint cost: in a sweep, by the single check, by others' programs, and at least?

Starts a server of its own, which speaks SMTP with STARTTLS on every address of the loopback network and shows 500
certificates in turn, and measures child processes side by side in one run: CPU (user and system), elapsed time, and
memory at its peak; of several rounds the least, as what else runs on the machine can only add to it. Needs Linux, where
all of 127.0.0.0/8 is this machine.

``python tests/benchmarks/sweep.py`` takes some minutes; ``--write`` writes the README's table and its picture, for
which no program may be missing. A bare client in Python holds the same conversation and handshake over memory buffers
and does nothing else, in 16 threads on one processor: what Python and OpenSSL cost anybody.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import queue
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.dirname(os.path.dirname(HERE))]

from sweep_figures import (  # noqa: E402 - tests are no package
    BARE,
    CHECK_SMTP,
    CHECK_SSL_CERT,
    PICTURE,
    README,
    ROWS,
    S_CLIENT,
    SINGLE,
    SIZES,
    SWEEP,
    Cost,
    figures,
    picture,
    table,
    written,
)

CERTIFICATES = 500
THREADS = 16
PORT, SILENT_PORT = 2525, 2526
TIMEOUT = 10
MTA = "mta.example.test"
OWN = [sys.executable, "-m", "check_starttls_cert"]
ROUNDS = 3
FOLDERS = os.pathsep.join(("/usr/lib/nagios/plugins", os.environ.get("PATH", os.defpath)))


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
    from check_starttls_cert.sweep.processor import one_processor

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
    with one_processor():
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


def measured(command: list[str], endpoints: int, runs: int = 1) -> Cost:
    """Return what a command takes for each endpoint, on the average of several runs. Exits where it fails."""
    cpu = elapsed = memory = 0.0
    # An installed program has its bytecode; so has this one from the second round on.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 2) or (process.returncode == 2 and "sweep" not in command):
            raise SystemExit(f"exit code {process.returncode} of {command}: {said.decode()[-500:]}")
        elapsed += time.perf_counter() - started
        cpu += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss / 1024)
    # A small program's peak is that of the process that started it.
    python = command[0] == sys.executable
    return Cost(cpu * 1000 / runs / endpoints, elapsed * 1000 / runs / endpoints, memory if python else None)


def inventory(folder: str, count: int, hanging: int = 0) -> str:
    """Write an inventory; that many of its targets never answer, spread over it."""
    path = f"{folder}/{count}-{hanging}.txt"
    every = count // hanging if hanging else count + 1
    ports = (PORT if number % every else SILENT_PORT for number in range(1, count + 1))
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"smtp://{host}:{port}/{MTA}\n" for host, port in zip(hosts(count), ports))
    return path


def commands(folder: str, sizes: Sequence[int]) -> Iterator[tuple[str, list[str], int, int]]:
    """Yield what is measured: its row, the command, how many endpoints it checks, and how many runs a round has."""
    anchors = f"{folder}/ca.pem"
    place = ["-H", "127.0.0.1", "-p", str(PORT)]
    client = ["-starttls", "smtp", "-connect", f"127.0.0.1:{PORT}", "-CAfile", anchors]
    ssl_cert = ["-P", "smtp", "-r", anchors, "--cn", MTA, "--ignore-ocsp", "--ignore-sct"]
    yield SINGLE, [*OWN, *place, "-n", MTA, "--ca-file", anchors], 1, 20
    for row, program, runs in (
        (CHECK_SMTP, ["check_smtp", *place, "-S", "-D", "30,14"], 50),
        (S_CLIENT, ["openssl", "s_client", *client], 50),
        (CHECK_SSL_CERT, ["check_ssl_cert", *place, *ssl_cert], 3),
    ):
        if found := shutil.which(program[0], path=FOLDERS):
            yield row, [found, *program[1:]], 1, runs
    yield BARE, [sys.executable, __file__, "--bare", folder, "1000"], 1000, 1
    for size in sizes:
        yield SWEEP.format(size), [*OWN, "sweep", inventory(folder, size), "--ca-file", anchors], size, 1


def compared(folder: str, sizes: Sequence[int], rounds: int) -> dict[str, Cost]:
    """Measure everything, and return the least of each figure."""
    costs: dict[str, Cost] = {}
    for _ in range(rounds):
        for row, command, endpoints, runs in commands(folder, sizes):
            cost = measured(command, endpoints, runs)
            least = costs.get(row, cost)
            memory = None if cost.memory is None or least.memory is None else min(cost.memory, least.memory)
            costs[row] = Cost(min(cost.cpu, least.cpu), min(cost.elapsed, least.elapsed), memory)
    return costs


def hanging(folder: str) -> str:
    """Measure how long targets hold others up that never answer, and say so."""
    more = ["--ca-file", f"{folder}/ca.pem", "-t", str(TIMEOUT)]
    healthy = measured([*OWN, "sweep", inventory(folder, 900), *more], 1).elapsed / 1000
    together = measured([*OWN, "sweep", inventory(folder, 1000, hanging=100), *more], 1).elapsed / 1000
    return (
        f"A sweep of 900 targets took {healthy:.1f} s, and {together:.1f} s with 100 more that never answer and have "
        f"{TIMEOUT} s to do so."
    )


def main() -> int:
    """Measure, print and write."""
    command = argparse.ArgumentParser()
    command.add_argument("--quick", action="store_true", help="one round, and no sweep of 10,000 targets")
    command.add_argument("--write", action="store_true", help="write the README's table and its picture")
    command.add_argument("--serve", help=argparse.SUPPRESS)
    command.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    given = command.parse_args()
    if given.serve:
        serve(given.serve)
    if given.bare:
        bare(given.bare[0], int(given.bare[1]))
        return 0
    sizes, rounds = (SIZES[:-1], 1) if given.quick else (SIZES, ROUNDS)
    with server() as folder:
        costs = compared(folder, sizes, rounds)
        remark = hanging(folder)
    for name, cost in costs.items():
        memory = "" if cost.memory is None else f"{cost.memory:7.1f} MB"
        sys.stdout.write(f"{name:<42} {cost.cpu:9.2f} ms CPU {cost.elapsed:9.2f} ms elapsed {memory}\n")
    sys.stdout.write(f"{remark}\n")
    if given.write:
        write(costs, remark)
    return 0


def write(costs: Mapping[str, Cost], remark: str) -> None:
    """Write the README's table and its picture. Exits where a row is missing."""
    if missing := set(ROWS) - set(costs):
        raise SystemExit(f"not written: {', '.join(missing)} could not be measured")
    openssl = " ".join(ssl.OPENSSL_VERSION.split()[:2])
    versions = f"Python {platform.python_version()}, {openssl}, {os.cpu_count()} cores"
    with open(README, encoding="utf-8") as file:
        text = written(file.read(), table(costs, f"{remark} Measured with {versions}."))
    for path, new in ((README, text), (PICTURE, picture(figures(text)))):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(new)


if __name__ == "__main__":
    sys.exit(main())
