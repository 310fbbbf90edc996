"""What do the tests cost the one who waits for them? Runs pytest with this script's arguments, and judges nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time


def main() -> int:
    """Run, print CPU and elapsed seconds, and return pytest's exit code."""
    started, before = time.perf_counter(), os.times()
    exit_code = subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], check=False).returncode
    after = os.times()
    # The children of a child count once it has awaited them, as pytest does its workers, and these their programs.
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    sys.stdout.write(
        f"CPU {user + system:.1f} s ({user:.1f} s user, {system:.1f} s system), "
        f"elapsed {time.perf_counter() - started:.1f} s, {os.cpu_count()} cores, Python {sys.version.split()[0]}\n"
    )
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
