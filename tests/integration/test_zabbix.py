"""The shipped Zabbix template in Zabbix: taken by its API, run by its server, shown by its items and problems."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Program, Zoo, required
from servers import process, zabbix
from servers.process import Server
from servers.running import Certificate

TEMPLATE = (Path(__file__).parent.parent.parent / "contrib/zabbix/check_starttls_cert.yaml").read_text("utf-8")

SERVED = "mta.example.test"
"""The name of the certificates: the host's, or one that stands beside a service."""

GOOD, SOON, EXPIRED, ALONE = "good_rsa_2048", "expires_in_10_days", "expired_40_days", "self_signed_anchor"
CLOSED, MISTAKEN = "nothing listens", "a protocol that there is not"

EXTERNAL, CHECK_NOW, UNSUPPORTED = "10", 6, "1"
"""Of the API: the type of an item, the type of a task, the state of an item."""

pytestmark = pytest.mark.slow


class Seen:
    """What Zabbix shows of the host."""

    def __init__(self, ports: dict[str, int], items: list[dict[str, Any]], problems: list[dict[str, Any]]) -> None:
        self.ports = ports
        self.items = items
        self.problems = problems

    def value(self, kind: str, name: str) -> str | None:
        """Return the last value of a dependent item of a service, or ``None`` where it never had one."""
        start = f"starttls_cert.{kind}["
        (found,) = (each for each in self.items if each["key_"].startswith(start) and self._is_of(name, each["key_"]))
        return found["lastvalue"] if found["lastclock"] != "0" else None

    def problem(self, name: str) -> dict[str, Any] | None:
        """Return the problem of a service, if it has one."""
        found = [each for each in self.problems if f":{self.ports[name]} " in each["name"]]
        assert len(found) <= 1
        return found[0] if found else None

    def _is_of(self, name: str, key: str) -> bool:
        return f",{self.ports[name]}," in key


@pytest.fixture(scope="module")
def api(folder: str, certificates: Zoo, check: Program) -> Iterator[zabbix.Api]:
    """Return Zabbix, which has taken the template."""
    files = (certificates.chain(GOOD), certificates.key(GOOD), certificates.both(GOOD), certificates.anchors(GOOD))
    trusted = "".join(process.read(certificates.anchors(name)) for name in (GOOD, ALONE))
    environment = {**check.environment, "SSL_CERT_FILE": process.write(f"{folder}/zabbix.anchors.pem", trusted)}
    given = shlex.join(f"{name}={value}" for name, value in environment.items())
    script = f'#!/bin/sh\nexec env -i {given} {shlex.join([sys.executable, "-m", "check_starttls_cert"])} "$@"\n'
    own = f"{folder}/zabbix"
    os.mkdir(own)
    with contextlib.ExitStack() as stack:
        with required("Zabbix"):
            started = zabbix.start(stack, own, Certificate(certificates.cases[GOOD].reference, *files), script)
        # Not a reason to skip: what the API does not take is wrong in the template.
        rules = {key: {"createMissing": True} for key in ("groups", "templates", "discoveryRules", "valueMaps")}
        started("configuration.import", {"format": "yaml", "rules": rules, "source": TEMPLATE})
        yield started


def add_host(api: zabbix.Api, name: str, services: str) -> tuple[str, str]:
    """Add a host with the template; return its number and that of its discovery rule."""
    (group,) = api("hostgroup.get", {"filter": {"name": "Templates"}})
    (template,) = api("template.get", {"filter": {"host": "Certificates behind STARTTLS"}})
    values = {
        "{$STARTTLS_CERT.SERVICES}": services,
        # The machine may be busy: this server waits longer than Zabbix does unless told otherwise.
        "{$STARTTLS_CERT.TIMEOUT}": "25",
    }
    (host,) = api(
        "host.create",
        {
            "host": name,
            "groups": [{"groupid": group["groupid"]}],
            "templates": [{"templateid": template["templateid"]}],
            "interfaces": [{"type": 1, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": "10050"}],
            "macros": [{"macro": macro, "value": value} for macro, value in values.items()],
        },
    )["hostids"]
    (rule,) = api("discoveryrule.get", {"hostids": host})
    return host, rule["itemid"]


def run_until(api: zabbix.Api, items: list[str], done: Any) -> None:
    """Have items asked until that is done; the server may not know them yet when it is told to."""

    def asked() -> bool:
        api("task.create", [{"type": CHECK_NOW, "request": {"itemid": item}} for item in items])
        time.sleep(1)
        return done()

    process.await_that(asked, lambda: process.read(f"{api.folder}/server.log"))


@pytest.fixture(scope="module")
def seen(api: zabbix.Api, postfix: Server) -> Seen:
    """Return what Zabbix shows once each service has been asked."""
    closed, mistaken = process.free_ports(2)
    ports = {name: postfix.ports[name] for name in (GOOD, SOON, EXPIRED, ALONE)} | {CLOSED: closed, MISTAKEN: mistaken}
    services = {name: f"{'smpt' if name == MISTAKEN else 'smtp'}:{port}" for name, port in ports.items()}
    services[SOON] += f":{SERVED}"
    host, rule = add_host(api, SERVED, " ".join(services.values()))

    def items() -> list[dict[str, Any]]:
        return api("item.get", {"hostids": host, "output": ["itemid", "type", "key_", "lastvalue", "lastclock"]})

    def states() -> list[str]:
        return [each["key_"] for each in items() if "state[" in each["key_"] and each["lastclock"] != "0"]

    run_until(api, [rule], items)
    asked = [each["itemid"] for each in items() if each["type"] == EXTERNAL]
    run_until(api, asked, lambda: len(states()) == len(ports))
    time.sleep(2)
    return Seen(ports, items(), api("problem.get", {"hostids": host, "output": ["name", "severity"]}))


def test_each_state_arrives(seen: Seen) -> None:
    expected = {GOOD: "0", SOON: "1", EXPIRED: "2", ALONE: "0", CLOSED: "2", MISTAKEN: "3"}
    assert {name: seen.value("state", name) for name in seen.ports} == expected


def test_the_days_arrive_where_they_are_known(seen: Seen) -> None:
    days = {name: seen.value("days", name) for name in seen.ports}
    assert {name: int(float(value)) for name, value in days.items() if value} == {
        GOOD: 200,
        SOON: 10,
        EXPIRED: -40,
        ALONE: 200,
    }
    chain = {name for name in seen.ports if seen.value("chain_days", name)}
    assert chain in ({GOOD, SOON, EXPIRED}, set())  # Python 3.9 does not tell the chain


def test_the_message_arrives(seen: Seen) -> None:
    assert "expires in 200 days" in seen.value("message", GOOD)
    assert "connection refused (check that the service runs" in seen.value("message", CLOSED)
    assert '"smpt" is no protocol, the nearest is smtp' in seen.value("message", MISTAKEN)


def test_a_problem_has_its_severity_and_the_message_in_its_name(seen: Seen) -> None:
    severities = {name: problem["severity"] for name in seen.ports if (problem := seen.problem(name))}
    assert severities == {SOON: "2", EXPIRED: "4", CLOSED: "4", MISTAKEN: "3"}
    for name in severities:
        assert seen.problem(name)["name"].endswith(f": {seen.value('message', name)}")


def test_a_service_without_a_port_is_said_to_be_wrong(api: zabbix.Api) -> None:
    _, rule = add_host(api, "mistaken", "smtp")

    def error() -> str:
        (shown,) = api("discoveryrule.get", {"itemids": rule, "output": ["state", "error"]})
        return shown["error"] if shown["state"] == UNSUPPORTED else ""

    run_until(api, [rule], error)
    assert '"smtp" is not PROTOCOL:PORT or PROTOCOL:PORT:NAME' in error()
