"""Our performance data in RRDs, as pnp4nagios keeps them with the shipped file and without it.

``process_perfdata.pl`` is in no Debian package; what it does with rrdtool is written anew: the first run of a number
creates its file, each later one updates it; MULTIPLE has a file for each label, SINGLE one for all, by their places.
"""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from conftest import required
from observations import HERE, SITUATIONS, evaluated
from perfdata_readers import pnp4nagios
from servers import process

from check_starttls_cert.outputs import nagios

pytestmark = pytest.mark.servers

SHIPPED = f"{HERE}/../contrib/nagios/pnp4nagios/check_starttls_cert.cfg"

STEP = 60
"""Seconds; of pnp4nagios' own configuration, as is the number of seconds after which a value is unknown."""
DEFAULT_HEARTBEAT = 8640

INTERVAL = 6 * 3600
"""Between two runs, as in the shipped service template."""

RUNS = ("fine", "self_signed", "unreachable", "unknown_key", "fine")

START = 1_800_000_000 // INTERVAL * INTERVAL


@pytest.fixture(scope="module")
def rrdtool() -> str:
    """Return the path of rrdtool."""
    with required("rrdtool"):
        return process.find("rrdtool")


def settings(path: str) -> dict[str, str]:
    """Return what pnp4nagios reads in a file of etc/check_commands."""
    lines = (re.sub("#.*| ", "", line) for line in process.read(path).splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line)


def store(rrdtool: str, path: str, when: int, values: list[float], heartbeat: int) -> str:
    """Create a file, or update it; return rrdtool's complaint."""
    if os.path.exists(path):
        command = ["update", path, ":".join(map(str, (when, *values)))]
    else:
        sources = [f"DS:{place}:GAUGE:{heartbeat}:U:U" for place, _ in enumerate(values, 1)]
        command = ["create", path, f"--start={when}", f"--step={STEP}", *sources, "RRA:AVERAGE:0.5:360:100"]
    return subprocess.run([rrdtool, *command], capture_output=True, text=True, check=False).stderr


def drawn(rrdtool: str, path: str) -> list[str]:
    """Return the averages of the intervals between the runs, to two decimals."""
    command = [rrdtool, "fetch", path, "AVERAGE", f"--start={START}", f"--end={START + (len(RUNS) - 1) * INTERVAL - 1}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    values = [line.split()[1] for line in lines]
    return ["unknown" if "nan" in value else f"{float(value):.2f}" for value in values]


def multiple(rrdtool: str, folder: str, heartbeat: int) -> dict[str, list[str]]:
    """Store all runs in a file for each label; return what a graph shows of each."""
    labels = {}
    for number, situation in enumerate(RUNS):
        data = nagios.render(evaluated(SITUATIONS[situation])).text.partition(" | ")[2]
        for label, reading in pnp4nagios(data).items():
            labels[label] = f"{folder}/{label}.rrd"
            assert store(rrdtool, labels[label], START + number * INTERVAL, [reading.value], heartbeat) == ""
    return {label: drawn(rrdtool, path) for label, path in labels.items()}


def test_with_the_shipped_file_each_number_is_drawn_whatever_is_missing(rrdtool, tmp_path) -> None:
    shipped = settings(SHIPPED)
    assert shipped["RRD_STORAGE_TYPE"] == "MULTIPLE"
    # An interval is known where the run at its end stored a number and the last that did so is not too long ago.
    assert multiple(rrdtool, str(tmp_path), int(shipped["RRD_HEARTBEAT"])) == {
        "days_until_expiration": ["59.40", "59.40", "59.40", "59.40"],
        "time": ["0.03", "0.03", "0.03", "0.03"],
        "public_key_size": ["2048.00", "unknown", "unknown", "unknown"],
        "days_until_chain_expiration": ["unknown", "unknown", "unknown", "2000.00"],
    }


def test_with_the_default_heartbeat_nothing_would_be_drawn(rrdtool, tmp_path) -> None:
    shown = multiple(rrdtool, str(tmp_path), DEFAULT_HEARTBEAT)
    assert {value for values in shown.values() for value in values} == {"unknown"}


def test_one_file_for_all_numbers_refuses_a_run_that_has_fewer(rrdtool, tmp_path) -> None:
    complaints = {}
    for number, situation in enumerate(RUNS):
        data = nagios.render(evaluated(SITUATIONS[situation])).text.partition(" | ")[2]
        values = [reading.value for reading in pnp4nagios(data).values()]
        said = store(rrdtool, f"{tmp_path}/all.rrd", START + number * INTERVAL, values, DEFAULT_HEARTBEAT)
        complaints[number, situation] = "expected 4 data source readings" in said
    assert [situation for (_, situation), refused in complaints.items() if refused] == [
        "self_signed",
        "unreachable",
        "unknown_key",
    ]
