"""One run: a job becomes a verdict on stdout, whatever happens on the way.

All front doors end here. This is where the clock is read, where bugs are caught, and where text meets
a stdout that may speak another encoding or be gone.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from check_starttls_cert import signals
from check_starttls_cert.errors import OWN_LIMITS, UsageError
from check_starttls_cert.outputs import Rendered, renderer
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import TextIO

    from check_starttls_cert.observation import Observation
    from check_starttls_cert.settings import Job


def utc_now() -> datetime:
    """Return the moment that this run judges by."""
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


def run(output: str, produce: Callable[[], Rendered]) -> int:
    """Print what ``produce`` returns, or why it could not, as ``output`` has it; return the exit code."""
    try:
        result = produce()
    except UsageError as error:
        result = renderer(output).failure(str(error))
    except KeyboardInterrupt:
        result = renderer(output).failure("interrupted")
    except Exception as error:  # noqa: BLE001 - a bug must reach monitoring as UNKNOWN, not as a traceback
        result = renderer(output).failure(culprit(error))
    return emit(result, sys.stdout)


def culprit(error: Exception) -> str:
    """Return who is to blame for an error that nobody foresaw: the installation, this machine, or a bug of ours."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) in OWN_LIMITS:
        reason = getattr(error, "strerror", None) or "out of memory"
        return f"this machine's limit is reached: {reason.lower()}; allow the program more (ulimit, systemd, cgroup)"
    if isinstance(error, (ImportError, SyntaxError)) or "<module>" in codes(error):
        # Whatever a module raises while it is imported, it cannot be used: a broken or partly updated installation.
        said = printable(str(error)) or type(error).__name__
        return (
            f"the Python that runs this ({sys.executable}) cannot import what it needs: {said}; "
            "install check_starttls_cert with its dependencies there"
        )
    return f"internal error: {described(error)}; please report it"


def codes(error: Exception) -> list[str]:
    """Return the names of the code that the error came through; that of a module's body is ``<module>``."""
    found, traceback = [], error.__traceback__
    while traceback is not None:
        found.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return found


def described(error: Exception) -> str:
    """Return the error and the place it comes from, in one line."""
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        place = f" ({os.path.basename(traceback.tb_frame.f_code.co_filename)}:{traceback.tb_lineno})"
        traceback = traceback.tb_next
    return f"{type(error).__name__}: {printable(str(error))}{place}"


def emit(result: Rendered, stdout: TextIO | None) -> int:
    """Write the result; characters that ``stdout`` cannot encode become escapes. Return the exit code."""
    signals.hold()
    if stdout is None:  # pythonw.exe
        return result.exit_code
    encoding = getattr(stdout, "encoding", None) or "ascii"
    text = result.text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, file=stdout, flush=True)
    except (OSError, ValueError):
        # The reader is gone. The exit code still tells; keep the interpreter from failing at its own flush.
        sys.stdout = None
    return result.exit_code
