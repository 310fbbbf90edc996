"""The shipped Zabbix template in Zabbix: imported by its API, run by its server, shown by its items and triggers."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Program, Zoo, required
from servers import process, zabbix
from servers.process import Server
from servers.running import Certificate

TEMPLATE = Path(__file__).parent.parent.parent / "contrib/zabbix/check_starttls_cert.yaml"

RULES = {
    **dict.fromkeys(("templates", "discoveryRules", "items", "triggers", "valueMaps"), {"createMissing": True}),
    "groups": {"createMissing": True},
}

CHECK_NOW = 6
"""Type of a task of the API."""

CASES = ("good_rsa_2048", "expires_in_10_days", "expired_40_days", "self_signed_anchor")

pytestmark = pytest.mark.slow


class Seen:
    """What Zabbix shows of a host."""

    def __init__(self, items: list[dict[str, Any]], triggers: list[dict[str, Any]]) -> None:
        self.items = items
        self.triggers = triggers

    def value(self, kind: str, port: int) -> str:
        """Return the last value of an item."""
        (found,) = [each for each in self.items if each["key_"].startswith(f"starttls_cert.{kind}[smtp,{port},")]
        return found["lastvalue"] if found["lastclock"] != "0" else ""


@pytest.fixture(scope="module")
def api(folder: str, certificates: Zoo, check: Program) -> Iterator[zabbix.Api]:
    """Return Zabbix, with the template."""
    good = "good_rsa_2048"
    files = (certificates.chain(good), certificates.key(good), certificates.both(good), certificates.anchors(good))
    environment = shlex.join(f"{name}={value}" for name, value in check.environment.items())
    trusted = f"{folder}/zabbix.anchors.pem"
    process.write(trusted, "".join(process.read(certificates.anchors(name)) for name in CASES))
    script = f"#!/bin/sh\nexec env -i {environment} SSL_CERT_FILE={trusted} {shlex.join([sys.executable, '-m', 'check_starttls_cert'])} \"$@\"\n"
    own = f"{folder}/zabbix"
    os.mkdir(own)
    with contextlib.ExitStack() as stack:
        with required("Zabbix"):
            started = zabbix.start(stack, own, Certificate(certificates.cases[good].reference, *files), script)
        started("configuration.import", {"format": "yaml", "rules": RULES, "source": TEMPLATE.read_text("utf-8")})
        yield started


def test_explore(api, postfix, certificates):
    (closed,) = process.free_ports(1)
    ports = {name: postfix.ports[name] for name in CASES}
    (group,) = api("hostgroup.create", {"name": "g"})["groupids"]
    (template,) = api("template.get", {"output": ["templateid", "host"], "filter": {"host": "Certificates behind STARTTLS"}})
    (host,) = api("host.create", {"host": "mta.example.test", "groups": [{"groupid": group}],
        "templates": [{"templateid": template["templateid"]}],
        "interfaces": [{"type": 1, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": "10050"}],
        "macros": [{"macro": "{$STARTTLS_CERT.SERVICES}", "value": " ".join(f"smtp:{p}" for p in [*ports.values(), closed])},
                   {"macro": "{$STARTTLS_CERT.TIMEOUT}", "value": "25"}]})["hostids"]
    (rule,) = api("discoveryrule.get", {"hostids": host, "output": ["itemid","state","error"]})
    import time
    time.sleep(3)
    api("task.create", [{"type": CHECK_NOW, "request": {"itemid": rule["itemid"]}}])
    for i in range(60):
        items = api("item.get", {"hostids": host, "output": ["itemid","key_","type","state","error"]})
        if items: break
        print(api("discoveryrule.get", {"hostids": host, "output": ["itemid","state","error"]}))
        time.sleep(1)
    print(len(items))
    time.sleep(3)
    api("task.create", [{"type": CHECK_NOW, "request": {"itemid": each["itemid"]}} for each in items if each["type"]=="10"])
    time.sleep(10)
    for each in api("item.get", {"hostids": host, "output": ["key_", "lastvalue", "lastclock", "state", "error", "units"]}):
        print(each)
    for each in api("trigger.get", {"hostids": host, "output": ["description", "value", "opdata","error","state"], "expandDescription": 1}):
        print(each)
    print(open(api.folder+"/server.log").read()[-3000:])
    raise AssertionError
