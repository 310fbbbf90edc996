"""``python -m check_starttls_cert``, and the command of the same name."""

from __future__ import annotations

import sys

from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from check_starttls_cert.outputs import Rendered


def main() -> int:
    """Run the command line as a process of its own and return the exit code."""
    try:
        from check_starttls_cert import run, signals
        from check_starttls_cert.outputs import requested
    except BaseException as error:  # noqa: BLE001 - there is always a verdict
        return last_words(error)
    output = requested(sys.argv[1:])
    signals.answer(output)
    return run.process(lambda: run.run(output, answer))


def answer() -> Rendered:
    """Return what the command line asks for. Raises whatever an import of this program may raise."""
    # Only now: imports take most of the time of a check, and a signal may come at any moment.
    from check_starttls_cert import cli

    return cli.answer(sys.argv[1:])


def last_words(error: BaseException) -> int:
    """Say what can be said with nothing imported; return the exit code."""
    said = f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace").decode("ascii").replace("|", "/")
    if isinstance(error, MemoryError):
        said = "out of memory"
    text = (
        f"STARTTLS_CERT UNKNOWN - the Python that runs this ({sys.executable}) cannot import what it needs: "
        f"{' '.join(said.split())[:300]}; install check_starttls_cert with its dependencies there"
    )
    print(text)  # noqa: T201 - stdout is the interface
    return 3


if __name__ == "__main__":
    sys.exit(main())
