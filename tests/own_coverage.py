"""Is each module of the package covered by its own tests, not by those of others that happen to pass through it?

``x/y.py`` belongs to ``test_x_y.py``, ``test_y.py`` or both; ``x/__init__.py`` to ``test_x.py``; the package's own
``__init__.py`` and ``__main__.py`` to ``test_package.py``; a protocol to the transcripts too.

Reads what ``pytest --cov`` has left (``.ci/test`` runs it), prints the missing lines and branches of each module
and exits 1 where there are any.

Child processes are not seen: what a test starts with ``subprocess`` covers nothing here.
"""

from __future__ import annotations

import importlib.util
import io
import os
import re
import sys

import coverage

PACKAGE = "check_starttls_cert"
HERE = os.path.dirname(os.path.abspath(__file__))


EXCEPTIONS = {
    "demo": "its test runs it in a child process, which must do without a network",
}
"""Module -> why its own tests cannot cover it."""


def modules(top: str) -> dict[str, str]:
    """Return the package's modules, by the name below the package: ``starttls.ftp`` -> file."""
    found = {}
    for folder, _, files in os.walk(top):
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(folder, file)
                name = os.path.relpath(path, top)[: -len(".py")].replace(os.sep, ".")
                found["package" if name == "__init__" else re.sub(r"\.__init__$", "", name)] = path
    return dict(sorted(found.items()))


def own_tests(module: str) -> list[str]:
    """Return the names of the test files that a module has for itself, whether they exist or not."""
    parts = module.split(".") if module != "__main__" else ["package"]
    tails = ["_".join(parts[start:]) for start in range(len(parts))]
    return [f"test_{name}.py" for name in tails]


def main() -> int:
    """Print what is missing; return the exit code."""
    specification = importlib.util.find_spec(PACKAGE)
    if specification is None or specification.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed here")
    measured = coverage.Coverage()
    measured.load()
    wrong = 0
    for module, path in modules(os.path.dirname(specification.origin)).items():
        tests = [test for test in own_tests(module) if os.path.exists(os.path.join(HERE, test))]
        # What runs when a module is imported belongs to no test, and has no name.
        contexts = ["^$", *(rf"^{re.escape(test)}$" for test in tests)]
        table = io.StringIO()
        try:
            covered = measured.report(morfs=[path], contexts=contexts, show_missing=True, file=table)
        except coverage.exceptions.NoDataError:
            raise SystemExit("nothing was measured: pytest --cov") from None
        whole = covered == 100.0
        if whole != (module in EXCEPTIONS):
            continue
        wrong += 1
        if whole:
            sys.stdout.write(f"{module} is covered, and needs no exception\n")
        else:
            missing = re.split(r"\d%\s+", table.getvalue().splitlines()[2])[-1]
            whose = " and ".join(tests) or f"its own tests, of which there are none ({own_tests(module)[0]})"
            sys.stdout.write(f"{module}: {covered:.0f} % by {whose}; missing: {missing}\n")
    if not wrong:
        sys.stdout.write("Each module is covered by its own tests.\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
