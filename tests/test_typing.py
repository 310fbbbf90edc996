"""mypy finds what is misspelt or left out behind a joint, and each registry's modules fit their protocol."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import check_starttls_cert
from check_starttls_cert.outputs import OUTPUTS
from check_starttls_cert.questions import QUESTIONS
from check_starttls_cert.starttls import PROTOCOLS

if importlib.util.find_spec("mypy") is None:
    pytest.skip("mypy is not installed", allow_module_level=True)

PACKAGE = Path(check_starttls_cert.__file__).parent
NAME = PACKAGE.name
CONFIGURATION = PACKAGE.parent / "pyproject.toml"

FAULTS = {
    "outputs/json.py": ("seen.timings", "seen.timing"),
    "outputs/openmetrics.py": ("report.observation", "report.observed"),
    "outputs/nagios.py": ("report.judgements", "report.judgments"),
    "outputs/prtg.py": ("report.observation.presented", "report.observation.present"),
    "outputs/prtg_v2.py": ("report.state", "report.status"),
    "outputs/__init__.py": ("-> Rendered:", "-> Rendred:"),
    "prtg/channels.py": ("judgement.limits", "judgement.limit"),
    "prtg/parameters.py": ("option.parse", "option.parser"),
    "prtg/python_script_advanced.py": ("sys.argv", "sys.argvs"),
    "prtg/script_v2.py": ("lexer.whitespace_split", "lexer.whitespace_splits"),
    "prtg/sensor_api.py": ("self._channels.append", "self._channels.appended"),
    "prtg/shared_sensor.py": ("report.job.policy", "report.job.polices"),
    "summary.py": ("session.cipher", "session.ciphers"),
    "starttls/__init__.py": (".starttls(wire, name)", ".starttls(wire)"),
    "questions/__init__.py": (".judge(observation, policy, now)", ".judge(observation, policy)"),
    "questions/trust.py": ("trust.verified", "trust.verifed"),
    "plugin.py": ("job.policy", "job.polices"),
}
"""A misspelt name or a missing argument for each file; the first place is where it is planted."""


@pytest.fixture
def copy(tmp_path) -> Path:
    """Return a copy of the package, beside the settings of mypy."""
    if not CONFIGURATION.exists():
        pytest.skip("the settings of mypy are not beside the package")
    shutil.copytree(PACKAGE, tmp_path / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CONFIGURATION, tmp_path)
    return tmp_path


def complaints(folder: Path, *arguments: str) -> str:
    """Return what mypy says of the package in ``folder``."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder / "cache"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.mark.slow
def test_a_fault_in_any_file_behind_a_joint_is_found(copy) -> None:
    for file, (right, wrong) in FAULTS.items():
        source = (copy / NAME / file).read_text(encoding="utf-8")
        assert right in source, file
        (copy / NAME / file).write_text(source.replace(right, wrong, 1), encoding="utf-8")
    found = complaints(copy)
    assert {file for file in FAULTS if f"{NAME}/{file}:" not in found.replace("\\", "/")} == set()


def test_every_file_of_the_outputs_and_of_prtg_has_a_fault_to_find() -> None:
    files = {
        file.relative_to(PACKAGE).as_posix() for place in ("outputs", "prtg") for file in (PACKAGE / place).glob("*.py")
    }
    assert files - set(FAULTS) == {"prtg/__init__.py"}  # a docstring


@pytest.mark.slow
def test_every_module_of_a_registry_is_what_its_protocol_says(copy) -> None:
    modules = {
        ("questions", "Judge"): [question.key.replace("-", "_") for question in QUESTIONS],
        ("outputs", "Renderer"): [output.replace("-", "_") for output in OUTPUTS],
        ("starttls", "Replying"): sorted({row.module for row in PROTOCOLS.values() if row.module and row.replies}),
        ("starttls", "Leaving"): sorted({row.module for row in PROTOCOLS.values() if row.module and not row.replies}),
    }
    lines = [
        f"import {NAME}.{package}.{module}\n"
        f"FIT_{package}_{module}: {NAME}.{package}.{protocol} = {NAME}.{package}.{module}"
        for (package, protocol), names in modules.items()
        for module in names
    ]
    (copy / "fit.py").write_text("\n".join(lines), encoding="utf-8")
    assert re.search(r"^Success: ", complaints(copy, "fit.py"), re.MULTILINE)
    # The same words find a module that does not fit.
    broken = copy / NAME / "outputs" / "json.py"
    broken.write_text(broken.read_text(encoding="utf-8").replace("def failure(message: str, ", "def failure("), "utf-8")
    assert "FIT_" in complaints(copy, "fit.py") or "Incompatible types in assignment" in complaints(copy, "fit.py")
