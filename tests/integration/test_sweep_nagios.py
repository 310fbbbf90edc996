"""A sweep's results in Nagios Core: what was printed arrives, once and in order, also when the core was away."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

import killed_sweep
import pytest
from conftest import Program, Run, Zoo, required
from observations import HOSTILE, evaluated, facts, seen
from servers import nagios, process
from servers.process import Server
from sweeps import tally

from check_starttls_cert.outputs import nagios as nagios_output
from check_starttls_cert.sweep.deliveries import opened
from check_starttls_cert.sweep.service import HOST, NAME

SHIPPED = os.path.abspath(f"{os.path.dirname(__file__)}/../../contrib/nagios/check_starttls_cert.cfg")

GOOD, EXPIRED, UNREACHABLE = "good_rsa_2048", "expired_40_days", "unreachable"

FOREIGN = "unknown to the core"

TARGET = """
[[targets]]
host = "127.0.0.1"
port = {port}
name = "{name}"
ca_file = "{anchors}"
monitoring_host = "mail"
monitoring_service = "{service}"
"""


class Estate:
    """A core that was not started, and the sweeps that deliver to it."""

    def __init__(self, folder: str, certificates: Zoo, check: Program, postfix: Server) -> None:
        (closed,) = process.free_ports(1)
        self.core = nagios.Passive(folder, "mail", (GOOD, EXPIRED, UNREACHABLE), SHIPPED)
        self.spool = f"{folder}/spool"
        self.inventory = process.write(
            f"{folder}/estate.toml",
            "".join(
                TARGET.format(
                    port=postfix.ports.get(service, closed),
                    name=case.reference if (case := certificates.cases.get(service)) else f"{number}.test",
                    anchors=certificates.anchors(service if case else GOOD),
                    service=service,
                )
                for number, service in enumerate((GOOD, EXPIRED, UNREACHABLE, FOREIGN))
            ),
        )
        self.environment = check.environment
        self._check = check

    def sweep(self, *more: str) -> Run:
        """Run a sweep."""
        places = ("--nagios-results", self.core.directory, "--spool", self.spool)
        return self._check("sweep", self.inventory, "-t", "120", *places, *more)


@pytest.fixture
def estate(folder: str, certificates: Zoo, check: Program, postfix: Server, request) -> Estate:
    """Return an estate in a folder of its own."""
    own = f"{folder}/{request.node.name}"
    os.mkdir(own)
    with required("nagios4"):
        return Estate(own, certificates, check, postfix)


def test_what_was_printed_arrives_and_nothing_is_left(estate: Estate) -> None:
    run = estate.sweep("-o", "lines", "-v")
    assert (run.exit_code, run.stderr) == (2, "")
    with contextlib.ExitStack() as stack:
        estate.core.start(stack)
        estate.core.await_log("Unable to find service", "SERVICE ALERT: mail;unreachable;CRITICAL;")
        process.await_that(lambda: len(estate.core.shown()) == 3, lambda: estate.core.log)
        shown = estate.core.shown()
    assert {name: service.state for name, service in shown.items()} == {GOOD: 0, EXPIRED: 2, UNREACHABLE: 2}
    for service in shown.values():
        # These cores turn a semicolon of the status line into a colon.
        shown_as = f"{service.output} | {service.performance}\n{service.long_output}\n"
        assert shown_as.replace(";", ":") in run.stdout.replace(";", ":")
    assert shown[GOOD].performance.startswith("days_until_expiration=")
    assert "\nissuer: " in shown[GOOD].long_output
    assert f"Got check result for service '{FOREIGN}' on host 'mail'" in estate.core.log
    assert os.listdir(estate.core.directory) == []


def test_a_core_that_was_away_has_all_results_in_order(estate: Estate) -> None:
    os.rename(estate.core.directory, f"{estate.core.directory}.away")
    run = estate.sweep()
    assert run.exit_code == 3
    assert f'4 results for Nagios kept in the spool: cannot write to "{estate.core.directory}": no such' in run.lines[0]
    os.rename(f"{estate.core.directory}.away", estate.core.directory)
    assert estate.sweep("--unreachable", "warning").exit_code == 2
    with contextlib.ExitStack() as stack:
        estate.core.start(stack)
        estate.core.await_log("unreachable;CRITICAL;", "unreachable;WARNING;")
        assert estate.sweep("--unreachable", "ok").exit_code == 2
        estate.core.await_log("unreachable;OK;")
    assert re.findall(r"SERVICE ALERT: mail;unreachable;(\w+);", estate.core.log) == ["CRITICAL", "WARNING", "OK"]


TEXTS = (
    HOSTILE,
    "\\",
    "\\\\",
    "a\\nb\\",
    "\n\nhost_name=mail\nservice_description=0\noutput=forged",
    "\\n\\nhost_name=mail\\nservice_description=0\\noutput=forged",
    "# output=forged",
    "\0\r\n",
)


@pytest.mark.servers
def test_no_text_of_a_peer_forges_or_breaks_a_result(tmp_path) -> None:
    os.chmod(tmp_path, 0o755)
    reports = [evaluated(seen(facts(subject=text, issuer=text)), verbose=1) for text in TEXTS]
    services = tuple(map(str, range(len(reports))))
    with required("nagios4"), contextlib.ExitStack() as stack:
        core = nagios.Passive(str(tmp_path), "mail", services, SHIPPED)
        (delivery,) = opened({"nagios_results": core.directory, "spool": f"{tmp_path}/spool"})
        for report, name in zip(reports, services):
            marks = {HOST: "mail", NAME: name}
            delivery.take(delivery.show(report._replace(job=report.job._replace(marks=marks))))
        assert delivery.end(tally()) == ""
        core.start(stack)
        process.await_that(lambda: len(core.shown()) == len(services), lambda: core.log)
        shown = core.shown()
    for report, name in zip(reports, services):
        first, _, below = nagios_output.render(report).text.partition("\n")
        assert f"{shown[name].output} | {shown[name].performance}" == first
        assert shown[name].long_output == below


@pytest.mark.servers
def test_a_service_without_new_results_is_unknown(tmp_path) -> None:
    os.chmod(tmp_path, 0o755)
    with required("nagios4"), contextlib.ExitStack() as stack:
        core = nagios.Passive(str(tmp_path), "mail", ("x",), SHIPPED, "freshness_threshold 1")
        core.start(stack)
        process.await_that(lambda: "x" in core.shown(), lambda: core.log)
        shown = core.shown()["x"]
    assert (shown.state, shown.output) == (3, "UNKNOWN: no result of a sweep for 25 hours")


@pytest.mark.slow
def test_whenever_a_sweep_is_killed_the_core_has_each_result_once(estate: Estate) -> None:
    with contextlib.ExitStack() as stack:
        estate.core.start(stack)
        done = subprocess.run(
            [sys.executable, killed_sweep.__file__, os.path.dirname(estate.inventory), estate.core.directory],
            env=estate.environment,
            capture_output=True,
            text=True,
            timeout=process.PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        steps = int(done.stdout)
        expected = [f"{step}{letter}" for step in range(1, steps + 1) for letter in "abc"]
        estate.core.await_log(f"'{expected[-1]} ")
    assert re.findall(r"Got check result for service '(\w+) ", estate.core.log) == expected
