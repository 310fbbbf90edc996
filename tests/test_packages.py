"""Packages that only some users need."""

from __future__ import annotations

import sys

import pytest

from check_starttls_cert.errors import UsageError
from check_starttls_cert.packages import require


def test_what_is_there_is_fine() -> None:
    require("nagiosplugin", "a check", "python3-nagiosplugin")


def test_what_is_missing_is_named_with_who_has_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "nagiosplugin", None)
    with pytest.raises(UsageError, match=r"^a check needs the package nagiosplugin .*\(Debian: python3-nagiosplugin\)"):
        require("nagiosplugin", "a check", "python3-nagiosplugin")
