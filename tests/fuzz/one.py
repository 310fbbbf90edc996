"""Fuzz one target in this process, with atheris: ``one.py TARGET CRASHES SECONDS LIBFUZZER-ARGUMENTS``.

``run.py`` starts it. It ends after so many seconds of CPU, so that on a busy machine it tries no less. A crash does not
end it: the input is kept in the folder CRASHES under the error and the place it comes from, once.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import signal
import sys
import time
import traceback
import warnings

import atheris

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PACKAGE = "check_starttls_cert"

with atheris.instrument_imports(include=[PACKAGE]):
    # All of it: what is imported inside functions later would run uncounted.
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

import targets  # noqa: E402 - what it imports of the package has to be instrumented


def main() -> None:
    """Run until the time is over."""
    name, crashes, seconds, *arguments = sys.argv[1:]
    limit = float(seconds)
    run = targets.TARGETS[name].run
    warnings.simplefilter("ignore")  # libraries warn of odd certificates

    def guarded(data: bytes) -> None:
        try:
            run(data)
        except Exception as error:  # noqa: BLE001 - every exception that passes a target is a crash
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__}-{os.path.basename(frame.filename)}-{frame.lineno}"
            path = os.path.join(crashes, place)
            if not os.path.exists(path):
                with open(path, "wb") as file:
                    file.write(data)
                with open(f"{path}.txt", "w", encoding="utf-8") as file:
                    file.write(f"{hashlib.sha256(data).hexdigest()}\n{data!r}\n\n{traceback.format_exc()}")

        if time.process_time() > limit:
            os.kill(os.getpid(), signal.SIGUSR1)  # libFuzzer's signal for an orderly end, figures included

    atheris.Setup([sys.argv[0], *arguments], guarded)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
