"""The dialects of monitoring systems: a renderer each, chosen by ``--output``.

A renderer is a module with two functions. It decides nothing.

``render(check)``
    The evaluated check as text and exit code.
``failure(message)``
    The same for a run without a verdict: a usage error or a bug of ours.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import NamedTuple

OUTPUTS = ("nagios", "prtg", "prtg-v2", "json")
DEFAULT_OUTPUT = "nagios"


class Rendered(NamedTuple):
    """What goes to stdout, without the final line end, and the exit code."""

    text: str
    exit_code: int


def renderer(output: str) -> ModuleType:
    """Return the renderer of one of ``OUTPUTS``."""
    return importlib.import_module(f"{__name__}.{output.replace('-', '_')}")
