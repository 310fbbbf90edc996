"""``python -m check_starttls_cert``, and the command of the same name."""

from __future__ import annotations

import sys

from check_starttls_cert import signals
from check_starttls_cert.outputs import requested


def main() -> int:
    """Run the command line as a process of its own and return the exit code."""
    signals.answer(requested(sys.argv[1:]))
    # Only now: imports take most of the time of a check, and a signal may come at any moment.
    from check_starttls_cert import cli, run

    return run.process(cli.main)


if __name__ == "__main__":
    sys.exit(main())
