"""What all of the shipped files have in common."""

from __future__ import annotations

import os
import re

import pytest
from observations import HERE

CONTRIB = os.path.join(os.path.dirname(HERE), "contrib")

NO_REMARK = {f"debian/{name}" for name in ("changelog", "copyright", "docs", "install", "links", "source/format")}
"""Data of the packaging; what that needs is in ``debian/control``."""

DOCUMENTS = (".md", ".1", ".png", ".svg")


def shipped() -> list[str]:
    """Return each file that a program reads, as a path below ``contrib``."""
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(CONTRIB) for name in names]
    names = {os.path.relpath(path, CONTRIB).replace(os.sep, "/") for path in paths if "__pycache__" not in path}
    return sorted(name for name in names - NO_REMARK if not name.endswith(DOCUMENTS))


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_file_says_what_it_needs(name) -> None:
    with open(os.path.join(CONTRIB, *name.split("/")), encoding="utf-8") as file:
        assert re.search(r"\bNeeds \w", file.read())
