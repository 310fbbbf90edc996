"""The timer for systemd: systemd takes it, and the program takes what it starts."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from conftest import required
from servers import process
from systemd_files import INVENTORY, TIMER, UNIT, command, drop_ins, settings

from check_starttls_cert.sweep.command import parser
from check_starttls_cert.sweep.inventory import read_inventory


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux'")
def test_systemd_takes_the_timer_and_what_it_starts(tmp_path) -> None:
    with required("systemd-analyze"):
        program = process.find("systemd-analyze")
    # It looks whether the program is there.
    text = UNIT.read_text("utf-8").replace(command()[0], sys.executable)
    (tmp_path / UNIT.name).write_text(text, "utf-8")
    shutil.copy(TIMER, tmp_path)

    def verified() -> str:
        analyze = [program, "--man=no", "verify", *(str(tmp_path / file.name) for file in (UNIT, TIMER))]
        done = subprocess.run(analyze, capture_output=True, text=True, check=False, timeout=process.PATIENCE)
        return done.stdout + done.stderr

    assert verified() == ""
    (tmp_path / UNIT.name).write_text("[Service]\nExecStart=/nowhere/at/all\n", "utf-8")
    assert verified() != ""


@pytest.mark.parametrize("environment", ["", *drop_ins()])
def test_the_program_takes_the_command_line_with_the_deliveries_of_the_handbook(environment) -> None:
    _, sweep, *words = command(environment)
    assert sweep == "sweep"
    given = vars(parser().parse_args(words))
    assert given["inventory"] == f"/etc/{INVENTORY.name}"


def test_only_unknown_is_a_failure() -> None:
    assert settings()["SuccessExitStatus"] == ["1 2"]


def test_the_example_is_an_inventory(tmp_path) -> None:
    shutil.copy(INVENTORY, tmp_path)
    (tmp_path / "ssl").mkdir()
    (tmp_path / "ssl" / "corp-root.pem").touch()
    assert read_inventory(str(tmp_path / INVENTORY.name), {}).check() == 4
