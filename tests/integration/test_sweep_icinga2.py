"""A sweep delivers to a real Icinga: what arrives there, also when it was away or the sweep was killed in between."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import plugin_format
import pytest
from conftest import Program, Zoo, required
from servers import icinga2, process
from servers.process import Server

GOOD, EXPIRED = "good_rsa_2048", "expired_40_days"

NAME = "mta.example.test"
"""What the certificates are for."""

CODES = {"OK": 0, "CRITICAL": 2}

HOSTILE = """Küche "2" 'a' \\\\b $macro$ {{{x}}} // /* */; <&>"""


WEAK = f'object ApiUser "weak" {{ password = "{icinga2.PASSWORD}", permissions = [ "objects/query/*" ] }}'
"""A user to whom Icinga says that there are no services, where it does not allow to tell their results."""


class Lab(NamedTuple):
    """A master with the services of an inventory."""

    folder: str
    master: Any
    inventory: str
    environment: dict[str, str]
    anchors: str

    def sweep(self, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
        """Run a sweep that delivers; ``code`` runs before it."""
        run = f"{code}\nimport sys\nfrom check_starttls_cert.__main__ import main\nsys.exit(main())"
        return subprocess.run(
            [
                sys.executable, "-c", run, "sweep", self.inventory, "--ca-file", self.anchors, "-t", "50",
                "--icinga2", f"https://127.0.0.1:{self.master.port}", "--icinga2-name", "master",
                "--icinga2-ca", self.master.authority, "--spool", f"{self.folder}/spool", *arguments,
            ],
            capture_output=True, text=True, check=False, timeout=process.PATIENCE, env=self.environment,
        )  # fmt: skip

    def services(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row["attrs"] for row in self.master("GET", "objects/services")}

    def arrived(self, events: list[dict[str, Any]], count: int) -> list[tuple[str, float]]:
        """Return which results came in, when there are that many: the name of the service, and when it was checked."""
        process.await_that(lambda: len(events) >= count, lambda: f"{len(events)} of {count}: {events}")
        return [(event["service"], event["check_result"]["execution_start"]) for event in events]


@pytest.fixture(scope="module")
def lab(folder: str, certificates: Zoo, postfix: Server, check: Program) -> Lab:
    own = f"{folder}/sweep_icinga2"
    os.mkdir(own)
    ports = [postfix.ports[GOOD], postfix.ports[EXPIRED], *process.free_ports(1)]
    marks = ['monitoring_service = "good"', "", f"monitoring_host = {json.dumps(HOSTILE)}"]
    targets = (f'[[targets]]\nhost = "127.0.0.1"\nport = {port}\n{mark}\n' for port, mark in zip(ports, marks))
    inventory = process.write(f"{own}/inventory.toml", f'[defaults]\nname = "{NAME}"\n{"".join(targets)}')
    environment = {**check.environment, "ICINGA2_API_USER": icinga2.USER, "ICINGA2_API_PASSWORD": icinga2.PASSWORD}
    with required("icinga2"):
        known = f"{own}/known"
        os.mkdir(known)
        icinga2.identities(known)
    return configured(Lab(own, None, inventory, environment, certificates.anchors(GOOD)), "25h")


def configured(lab: Lab, max_age: str) -> Lab:
    """Return the lab with a master that has what is printed for the inventory."""
    printed = subprocess.run(
        [
            sys.executable, "-m", "check_starttls_cert", "sweep", lab.inventory,
            "--icinga2-config", "--icinga2-max-age", max_age,
        ],
        capture_output=True, check=True, env=lab.environment,
    ).stdout.decode("utf-8")  # fmt: skip
    own = f"{lab.folder}/{max_age}"
    os.mkdir(own)
    files = {"swept.conf": printed, "users.conf": WEAK}
    nodes = icinga2.configure(own, f"{lab.folder}/known", own, {icinga2.MASTER: files})
    # Not a reason to skip: what Icinga does not take is wrong in what is printed.
    accepted = subprocess.run(
        icinga2.daemon(own, icinga2.MASTER, "--validate"), capture_output=True, text=True, check=False
    )
    assert accepted.returncode == 0, accepted.stdout
    assert "warning" not in accepted.stdout.lower(), accepted.stdout
    return lab._replace(folder=own, master=nodes[icinga2.MASTER])


def test_without_results_a_service_becomes_unknown(lab) -> None:
    own = configured(lab._replace(folder=os.path.dirname(lab.folder)), "1s")

    def unknown() -> bool:
        return all(row["state"] == 3 and row["last_check_result"] for row in own.services().values())

    with contextlib.ExitStack() as stack:
        icinga2.start_master(stack, own.folder, own.master)
        process.await_that(icinga2.looked(unknown), lambda: str(own.services()))
        outputs = {row["last_check_result"]["output"] for row in own.services().values()}
    assert outputs == {"No Passive Check Result Received."}


@pytest.fixture
def running(lab: Lab) -> Iterator[icinga2.Node]:
    with contextlib.ExitStack() as stack:
        with required("icinga2"):
            icinga2.start_master(stack, lab.folder, lab.master)
        yield lab.master


@pytest.mark.usefixtures("running")
def test_icinga_shows_of_each_target_what_the_check_prints(lab) -> None:
    done = lab.sweep("-o", "lines", "-v")
    assert (done.stderr, done.returncode) == ("", 2)
    services = lab.services()
    names = sorted(services)
    assert [name.partition("!")[0] for name in names] == ["127.0.0.1", "127.0.0.1", HOSTILE]
    printed = [
        plugin_format.parse(f"STARTTLS_CERT {text}", CODES[text.split(" - ")[0]])
        for text in done.stdout.split("STARTTLS_CERT ")[1:-1]
    ]
    shown = {service["last_check_result"]["output"]: service for service in services.values()}
    for plugin in printed:
        output = "\n".join([f"STARTTLS_CERT {plugin.state} - {plugin.words}", *plugin.long_output])
        service = shown[output]
        result = service["last_check_result"]
        assert (service["state"], result["check_source"]) == (
            CODES[plugin.state],
            socket.gethostname(),
        )
        assert result["active"] is False
        assert result["performance_data"][0].startswith(("days_until_expiration=", "time="))
        assert result["execution_start"] <= result["execution_end"]
    assert services["127.0.0.1!good"]["state"] == 0
    assert services["127.0.0.1!good"]["last_check_result"]["output"].startswith("STARTTLS_CERT OK - smtp 127.0.0.1:")


def test_what_was_checked_while_icinga_was_away_arrives_before_what_came_after(lab) -> None:
    away = lab.sweep()
    assert (away.returncode, away.stderr) == (3, "")
    said = f" / 3 results for Icinga 2 kept in the spool: 127.0.0.1:{lab.master.port}: connection refused / CRITICAL "
    assert said in away.stdout
    with contextlib.ExitStack() as stack:
        icinga2.start_master(stack, lab.folder, lab.master)
        with icinga2.events(lab.master) as events:
            back = lab.sweep()
            assert (back.returncode, back.stderr) == (2, "")
            arrived = lab.arrived(events, 6)
    first, second = arrived[:3], arrived[3:]
    assert {name for name, _ in first} == {name for name, _ in second}
    assert max(when for _, when in first) < min(when for _, when in second)


KILLED = """
import os
from check_starttls_cert.sweep.client import Client

request = Client.request

def mortal(self, method, path, body=None):
    answer = request(self, method, path, body)
    if method == "POST":
        os._exit(9)  # Icinga has it, and nobody has noted that
    return answer

Client.request = mortal
"""


@pytest.mark.usefixtures("running")
def test_what_icinga_has_when_the_sweep_is_killed_is_not_sent_again(lab) -> None:
    with icinga2.events(lab.master) as events:
        assert lab.sweep(code=KILLED).returncode == 9
        assert lab.sweep().returncode == 2
        arrived = lab.arrived(events, 4)
        lab.sweep()
        arrived = lab.arrived(events, len(arrived) + 3)
    assert len(set(arrived)) == len(arrived)
    for name in {name for name, _ in arrived}:
        times = [when for each, when in arrived if each == name]
        assert times == sorted(times)


@pytest.mark.usefixtures("running")
def test_a_service_that_icinga_does_not_know_is_named_and_not_kept(lab, tmp_path) -> None:
    inventory = tmp_path / "hosts"
    inventory.write_text("127.0.0.1:1\n")
    done = lab._replace(inventory=str(inventory)).sweep()
    assert " / 1 result unknown to Icinga 2: 127.0.0.1!starttls_cert-smtp-1 / CRITICAL smtp 127.0.0.1:1" in done.stdout
    assert done.returncode == 3
    file = sqlite3.connect(f"{lab.folder}/spool/icinga2.spool")
    assert file.execute("SELECT count(*) FROM results").fetchone() == (0,)
    file.close()


@pytest.mark.usefixtures("running")
def test_a_wrong_password_is_told_and_the_results_are_kept(lab, tmp_path) -> None:
    wrong = lab._replace(environment={**lab.environment, "ICINGA2_API_PASSWORD": "s3cret"})
    done = wrong.sweep("--spool", str(tmp_path / "own"))
    assert " / 3 results for Icinga 2 kept in the spool: " in done.stdout
    assert " refuses the API user with HTTP status 401: " in done.stdout
    assert "s3cret" not in done.stdout + done.stderr
    assert lab.sweep("--spool", str(tmp_path / "own")).returncode == 2


@pytest.mark.usefixtures("running")
def test_a_user_who_may_not_tell_results_is_told_and_the_results_are_kept(lab, tmp_path) -> None:
    weak = lab._replace(environment={**lab.environment, "ICINGA2_API_USER": "weak"})
    done = weak.sweep("--spool", str(tmp_path / "own"))
    said = f"127.0.0.1:{lab.master.port}: the API user may not actions/process-check-result (permissions)"
    assert f" / 3 results for Icinga 2 kept in the spool: {said} / CRITICAL " in done.stdout
    assert done.returncode == 3
