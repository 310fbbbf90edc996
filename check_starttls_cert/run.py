"""One run: a job becomes a verdict on stdout, whatever happens on the way.

All front doors end here. This is where the clock is read, where bugs are caught, and where text meets
a stdout that may speak another encoding or be gone.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable

from check_starttls_cert import outputs, signals
from check_starttls_cert.errors import OWN_LIMITS, UsageError
from check_starttls_cert.outputs import Rendered, renderer
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from datetime import datetime
    from typing import TextIO

    from check_starttls_cert.observation import Observation
    from check_starttls_cert.outputs import Endpoint
    from check_starttls_cert.settings import Job


def utc_now() -> datetime:
    """Return the moment that this run judges by."""
    from datetime import datetime, timezone

    return datetime.now(timezone.utc)


def observe(job: Job) -> Observation:
    """Probe the service. Raises ``UsageError`` for trust anchors that cannot be read."""
    from check_starttls_cert.probe import probe
    from check_starttls_cert.trust_store import trust_store

    return probe(job.target, trust_store(job.policy.ca_file, job.policy.ca_dir), job.timeout)


class World(NamedTuple):
    """What a run takes from outside; a test passes its own."""

    now: Callable[[], datetime] = utc_now
    observe: Callable[[Job], Observation] = observe


WORLD = World()
"""The real one."""


def process(main: Callable[[], int]) -> int:
    """Run ``main`` as all that this process does, and return its exit code.

    The process ends after a tenth of a second, so collecting garbage only costs: a seventh of the CPU time that
    Python takes to start.
    """
    gc.disable()
    try:
        return main()
    finally:
        gc.freeze()


def rendered(job: Job, world: World = WORLD) -> Rendered:
    """Return the verdict in the dialect that was asked for. Raises ``UsageError``."""
    # Imported here, so that a usage error, --help and a missing package are answered at once.
    from check_starttls_cert.plugin import check

    return renderer(job.output).render(check(job, world.now(), world.observe))


def run(output: str, produce: Callable[[], Rendered], endpoint: Endpoint | None = None) -> int:
    """Print what ``produce`` returns, or why it could not, as ``output`` has it; return the exit code."""
    try:
        result = produce()
    except BaseException as error:  # noqa: BLE001 - a bug must reach monitoring as UNKNOWN, not as a traceback
        # All of them: a foreign module may exit when it is imported, and errors of Rust are no ``Exception``.
        result = failed(output, reason(error), endpoint)
    # Programs read the others in UTF-8 (OpenMetrics: with line feeds alone), whatever this machine's people use.
    return emit(result, sys.stdout, None if output == outputs.DEFAULT_OUTPUT else "utf-8")


def failed(output: str, message: str, endpoint: Endpoint | None = None) -> Rendered:
    """Return how the output says that there is no report, even where its renderer cannot be imported."""
    try:
        return renderer(output).failure(message, endpoint)
    except BaseException:  # noqa: BLE001 - what is wrong is in the message already
        return outputs.failure(output, message, endpoint)


def reason(error: BaseException) -> str:
    """Return why there is no report."""
    if isinstance(error, UsageError):
        return str(error)
    return "interrupted" if isinstance(error, KeyboardInterrupt) else culprit(error)


NO_THREAD = "can't start new thread"
"""What Python says when the operating system gives no more threads."""

NO_MEMORY = "error return without exception set"
"""What Python says when it has no memory for an exception."""

LOADER_LIMITS = {
    "failed to map segment from shared object": "out of memory",
    os.strerror(errno.ENOMEM): "out of memory",
    os.strerror(errno.EMFILE): "too many open files",
    os.strerror(errno.ENFILE): "too many open files in system",
}
"""How the dynamic loader's message ends where the system had nothing left for a library, and what that is called."""


def culprit(error: BaseException) -> str:
    """Return who is to blame for an error that nobody foresaw: the installation, this machine, or a bug of ours."""
    if limit := limit_reached(error):
        return f"this machine's limit is reached: {limit}; allow the program more (ulimit, systemd, cgroup)"
    modules = being_imported(error)
    if modules or isinstance(error, (ImportError, SyntaxError)):
        # Whatever a module raises while it is imported, it cannot be used: a broken or partly updated installation.
        said = (printable(str(error)) if isinstance(error, Exception) else "") or type(error).__name__
        if modules and not isinstance(error, ImportError):  # whose own words name the module
            said += f" in {printable(modules[-1])}"
        return (
            f"the Python that runs this ({sys.executable}) cannot import what it needs: {said}; "
            "install check_starttls_cert with its dependencies there"
        )
    if type(error).__module__ == "ssl":
        # What is wrong with a peer is told before; left is what OpenSSL needs before there is one.
        reason = str(getattr(error, "reason", None) or "it does not say why").replace("_", " ").lower()
        return f"this machine's OpenSSL cannot be used: {reason}; check its configuration (openssl.cnf) and its limits"
    return f"internal error: {described(error)}; please report it"


def limit_reached(error: BaseException) -> str:
    """Return which limit of this process or machine an error tells of; nothing where it tells of none."""
    if isinstance(error, MemoryError) or str(error) == NO_MEMORY:
        return "out of memory"
    if isinstance(error, OSError) and error.errno in OWN_LIMITS:
        return str(error.strerror).lower()
    if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        return "no thread to be had"
    if isinstance(error, ImportError):
        return next((limit for end, limit in LOADER_LIMITS.items() if str(error).endswith(end)), "")
    return ""


def being_imported(error: BaseException) -> list[str]:
    """Return the files of the modules that were being imported when the error was raised, the innermost last."""
    found, traceback = [], error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_name == "<module>":
            found.append(code.co_filename)
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        found.append(error.filename)
    return found


def described(error: BaseException) -> str:
    """Return the error and the place it comes from, in one line."""
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        place = f" ({os.path.basename(traceback.tb_frame.f_code.co_filename)}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return f"{type(error).__name__}: {printable(str(error))}{place}"


def emit(result: Rendered, stdout: TextIO | None, encoding: str | None = None) -> int:
    """Write the result; characters that the encoding, else stdout's own, lacks become escapes. Return the exit code."""
    signals.hold()
    if result.text:
        write(result.text, stdout, encoding)
    return result.exit_code


def write(text: str, stdout: TextIO | None, encoding: str | None = None) -> bool:
    """Write a line as ``emit`` does. Return whether there is a reader."""
    if stdout is None:  # pythonw.exe
        return False
    try:
        if encoding and hasattr(stdout, "reconfigure"):
            stdout.reconfigure(encoding=encoding, newline="\n")
        spoken = getattr(stdout, "encoding", None) or "ascii"
        print(text.encode(spoken, "backslashreplace").decode(spoken), file=stdout, flush=True)
    except (OSError, ValueError):
        # The reader is gone. The exit code still tells; keep the interpreter from failing at its own flush.
        sys.stdout = None
        return False
    return True
