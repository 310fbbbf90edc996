"""The ``openssl`` command, an oracle that we did not write."""

from __future__ import annotations

import subprocess
from typing import Any

from conftest import required
from servers import process


def openssl(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command, and return what it leaves. The test is skipped where there is none."""
    with required("the openssl command"):
        program = process.find("openssl")
    return subprocess.run([program, *arguments], capture_output=True, check=check, timeout=process.PATIENCE, **options)
