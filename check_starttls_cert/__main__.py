"""``python -m check_starttls_cert``, and the command of the same name."""

from __future__ import annotations

import sys

from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from check_starttls_cert.outputs import Endpoint, Rendered


def main() -> int:
    """Run the command line as a process of its own and return the exit code."""
    output, named = "", None
    try:
        from check_starttls_cert.outputs import endpoint, requested

        output = requested(sys.argv[1:])
        named = endpoint(output, sys.argv[1:])
        from check_starttls_cert import signals

        signals.answer(output, named)
        # Only now: imports take most of the time of a check, and a signal may come at any moment.
        from check_starttls_cert import run
    except BaseException as error:  # noqa: BLE001 - there is always a verdict
        return last_words(error, output, named)
    return run.process(lambda: run.run(output, answer, named))


def answer() -> Rendered:
    """Return what the command line asks for. Raises whatever an import of this program may raise."""
    if sys.argv[1:2] == ["sweep"]:
        from check_starttls_cert.sweep import command

        return command.answer(sys.argv[2:])
    from check_starttls_cert import cli

    return cli.answer(sys.argv[1:])


def last_words(error: BaseException, output: str = "", named: Endpoint | None = None) -> int:
    """Say what can be said before ``run`` is there to say it; ``output`` may be unknown. Return the exit code."""
    reason = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
    said = " ".join(reason.encode("ascii", "backslashreplace").decode("ascii").replace("|", "/").split())
    words = (
        f"the Python that runs this ({sys.executable}) cannot import what it needs: {said[:300]}; "
        "install check_starttls_cert with its dependencies there"
    )
    text, exit_code = f"STARTTLS_CERT UNKNOWN - {words}", 3
    if output:
        from check_starttls_cert.outputs import failure

        text, exit_code = failure(output, words, named)
    print(text)  # noqa: T201 - stdout is the interface
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
