"""``python -m check_starttls_cert``, and the command of the same name."""

from __future__ import annotations

import sys

from check_starttls_cert import cli, run


def main() -> int:
    """Run the command line as a process of its own and return the exit code."""
    return run.process(cli.main)


if __name__ == "__main__":
    sys.exit(main())
