"""One run: settings become a verdict on stdout, whatever happens on the way.

Both front doors end here. This is where the clock is read, where bugs are caught, and where text meets
a stdout that may speak another encoding or be gone.
"""

from __future__ import annotations

import gc
import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Callable, TextIO

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import Rendered, renderer
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from nagiosplugin import Check

    from check_starttls_cert.settings import Settings


def process(main: Callable[[], int]) -> int:
    """Run ``main`` as all that this process does, and return its exit code.

    A process of a tenth of a second makes no garbage worth collecting: looking for it while the imports
    create objects, and once more at the end, is a seventh of the CPU time that Python takes to start.
    """
    gc.disable()
    try:
        return main()
    finally:
        gc.freeze()


def evaluated(settings: Settings, now: datetime) -> Check:
    """Return the check after it has probed the service and judged what it saw.

    Raises ``UsageError`` for trust anchors that cannot be read.
    """
    # Imported here, so that a usage error, --help and a missing package are answered at once.
    from nagiosplugin import Check

    from check_starttls_cert.contexts import contexts
    from check_starttls_cert.resource import StarttlsCertificate
    from check_starttls_cert.summary import CertificateSummary
    from check_starttls_cert.tls import trust_store

    store = trust_store(settings.ca_file, settings.ca_dir)
    resource = StarttlsCertificate(settings, store, now)
    resource.questions = contexts(settings)
    check = Check(resource, *resource.questions, CertificateSummary(resource))
    check()
    return check


def rendered(settings: Settings, now: datetime) -> Rendered:
    """Return the verdict in the dialect that was asked for."""
    rendering: Rendered = renderer(settings.output).render(evaluated(settings, now))
    return rendering


def run(output: str, produce: Callable[[], Rendered]) -> int:
    """Print what ``produce`` returns, or why it could not, as ``output`` has it; return the exit code."""
    try:
        result = produce()
    except UsageError as error:
        result = renderer(output).failure(str(error))
    except ImportError as error:
        result = renderer(output).failure(
            f"the Python that runs this ({sys.executable}) cannot import what it needs: {printable(str(error))}; "
            "install check_starttls_cert with its dependencies there"
        )
    except KeyboardInterrupt:
        result = renderer(output).failure("interrupted")
    except Exception as error:  # noqa: BLE001 - a bug must reach monitoring as UNKNOWN, not as a traceback
        result = renderer(output).failure(f"internal error: {described(error)}; please report it")
    return emit(result, sys.stdout)


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


def utc_now() -> datetime:
    """Return the moment that this run judges by."""
    return datetime.now(timezone.utc)
