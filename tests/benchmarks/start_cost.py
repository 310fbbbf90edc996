"""What does one check cost, beside the imports that nobody can avoid?

Measures CPU time (user and system) of child processes, in turns, and compares the minima:

a) ``python -c "import ssl, argparse, nagiosplugin; from cryptography import x509"``
b) ``python -m check_starttls_cert``, a full check of the demo's server, which runs in this process
c) the same, of a server that is not trusted by the system's store

Its arguments are the Pythons to measure, each with the dependencies installed; without any, the one that runs it.
Exits 1 when a check costs more than ``LIMITS`` times the imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import check_starttls_cert
from check_starttls_cert import demo, run

RUNS = 40
MOST_RUNS = 200
LIMITS = {"a full check": 0.75, "of an untrusted server": 0.85}
"""Times the imports."""

MEASURED_FOR_ITSELF = 1.6
"""Of an untrusted server on Python 3.9, which cannot read the refused handshake: three connections, and the bundle."""

IMPORTS = ["-c", "import ssl, argparse, nagiosplugin; from cryptography import x509"]

OK, CRITICAL = 0, 2


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return the CPU time of one child; where the system does not tell, the time that it took."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        taken = usage.ru_utime + usage.ru_stime
    else:
        process.wait()
        taken = time.perf_counter() - started
    if process.returncode not in (OK, CRITICAL):
        raise SystemExit(f"exit code {process.returncode} of {command}")
    return taken


def main() -> int:
    """Measure, print and judge."""
    return max([measured(python) for python in sys.argv[1:] or [sys.executable]])


def measured(python: str) -> int:
    """Measure and judge one Python."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(check_starttls_cert.__file__)))
    with tempfile.TemporaryDirectory() as folder, demo.server(run.utc_now(), folder) as (port, anchor):
        unfair = ("PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        environment = {name: value for name, value in os.environ.items() if name not in unfair}
        environment.update(PYTHONPATH=package, PYTHONPYCACHEPREFIX=os.path.join(folder, "bytecode"))
        check = [python, "-m", "check_starttls_cert", "-H", demo.HOST, "-p", str(port), "-n", demo.NAME]

        commands = ([python, *IMPORTS], [*check, "--ca-file", anchor], check)
        for command in commands:
            seconds(command, environment)  # writes the bytecode
        old = subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"], check=False).returncode
        limits = {**LIMITS, **({"of an untrusted server": MEASURED_FOR_ITSELF} if old else {})}
        taken: list[list[float]] = []
        # What else runs on the machine can only add to a minimum: where there is too much, more runs tell.
        while not taken or (exceeded(taken, limits) and len(taken) < MOST_RUNS):
            taken += [[seconds(command, environment) for command in commands] for _ in range(RUNS)]

    imports, *checks = map(min, zip(*taken))
    kind = "CPU time" if hasattr(os, "wait4") else "elapsed time (this system does not tell a child's CPU time)"
    sys.stdout.write(f"Minimum {kind} of {len(taken)} runs each, {python}:\n")
    sys.stdout.write(f"  {'imports alone':<22} {imports * 1000:6.1f} ms\n")
    for (name, limit), whole in zip(limits.items(), checks):
        sys.stdout.write(f"  {name:<22} {whole * 1000:6.1f} ms, ratio {whole / imports:5.3f} (limit {limit})\n")
    return int(exceeded(taken, limits))


def exceeded(taken: list[list[float]], limits: dict[str, float]) -> bool:
    """Return whether a check costs more than its limit, by the minima of the runs."""
    imports, *checks = map(min, zip(*taken))
    return any(whole / imports > limit for limit, whole in zip(limits.values(), checks))


if __name__ == "__main__":
    sys.exit(main())
