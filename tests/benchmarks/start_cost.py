"""What does one check cost, beside the imports that nobody can avoid?

Measures CPU time (user and system) of two child processes, in turns, and compares the minima:

a) ``python -c "import ssl, argparse, nagiosplugin; from cryptography import x509"``
b) ``python -m check_starttls_cert``, a full check of the demo's server, which runs in this process

Exits 1 when a check costs more than 1.15 times the imports.
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
LIMIT = 1.15

IMPORTS = [sys.executable, "-c", "import ssl, argparse, nagiosplugin; from cryptography import x509"]


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
    if process.returncode != 0:
        raise SystemExit(f"exit code {process.returncode} of {command}")
    return taken


def main() -> int:
    """Measure, print and judge."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(check_starttls_cert.__file__)))
    with tempfile.TemporaryDirectory() as folder, demo.server(run.utc_now(), folder) as (port, anchor):
        unfair = ("PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        environment = {name: value for name, value in os.environ.items() if name not in unfair}
        environment.update(PYTHONPATH=package, PYTHONPYCACHEPREFIX=os.path.join(folder, "bytecode"))
        check = [sys.executable, "-m", "check_starttls_cert", "-H", demo.HOST, "-p", str(port)]
        check += ["-n", demo.NAME, "--ca-file", anchor]

        commands = (IMPORTS, check)
        for command in commands:
            seconds(command, environment)  # writes the bytecode
        taken = [[seconds(command, environment) for command in commands] for _ in range(RUNS)]

    imports, whole = map(min, zip(*taken))
    kind = "CPU time" if hasattr(os, "wait4") else "elapsed time (this system does not tell a child's CPU time)"
    sys.stdout.write(
        f"Minimum {kind} of {RUNS} runs each, Python {sys.version.split()[0]}:\n"
        f"  imports alone {imports * 1000:6.1f} ms\n"
        f"  a full check  {whole * 1000:6.1f} ms\n"
        f"  ratio         {whole / imports:6.3f} (limit {LIMIT})\n"
    )
    return int(whole / imports > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
