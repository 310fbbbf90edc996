"""What Debian's packaging repeats: the version and the licence. ``.ci/debian`` builds and installs the package."""

from __future__ import annotations

import os
import re

from observations import HERE

from check_starttls_cert import __version__

TOP = os.path.dirname(HERE)


def read(*path: str) -> str:
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def test_the_package_has_the_version_of_the_program() -> None:
    assert re.match(r"\S+ \((.*)\) ", read("contrib", "debian", "changelog"))[1] == __version__


def test_the_package_has_the_licence_of_the_project() -> None:
    title, holder, *licence = read("LICENSE").split("\n\n")
    copyright_file = read("contrib", "debian", "copyright").replace("\n .\n", "\n")
    assert " ".join(copyright_file.split()).endswith(" ".join(" ".join(licence).split()))
    assert title == "MIT License"
    assert holder.partition("(c) ")[2].strip() in copyright_file
