"""The dialects of monitoring systems: a renderer each, chosen by ``--output``.

A new dialect is one new module here and its name in ``OUTPUTS``. A renderer is a module with the two functions
of ``Renderer``. It decides nothing, asks nothing again and does no I/O.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from typing import Protocol

    from check_starttls_cert.report import Report

    class Renderer(Protocol):
        """What a dialect's module is."""

        def render(self, report: Report) -> Rendered:
            """Show a report."""

        def failure(self, message: str) -> Rendered:
            """Show why there is no report: a usage error, or a bug of ours."""


OUTPUTS = ("nagios", "prtg", "prtg-v2", "json")
DEFAULT_OUTPUT = "nagios"


class Rendered(NamedTuple):
    """What goes to stdout, without the final line end, and the exit code."""

    text: str
    exit_code: int


def renderer(output: str) -> Renderer:
    """Return the renderer of one of ``OUTPUTS``."""
    return cast("Renderer", importlib.import_module(f"{__name__}.{output.replace('-', '_')}"))


def requested(arguments: Sequence[str]) -> str:
    """Return the output that the arguments ask for, however wrong the rest of them is."""
    output = DEFAULT_OUTPUT
    for argument, following in zip(arguments, [*arguments[1:], ""]):
        flag, _, value = argument.partition("=" if argument.startswith("--") else "o")
        if flag == "--output" or (flag.startswith("-") and argument != flag and not flag[1:].strip("46vVh")):
            output = value.removeprefix("=") or following
    return output.lower() if output.lower() in OUTPUTS else DEFAULT_OUTPUT
