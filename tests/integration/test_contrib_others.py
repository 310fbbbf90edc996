"""The lines for Checkmk, Telegraf and Centreon, run as these run them, against a real server.

Debian has none of the three. What they do with a line is written anew from their sources: ``run_cached`` and
``run_mrpe`` of Checkmk's agent, ``inputs.exec`` of Telegraf. Centreon Engine comes from Nagios, which is run here.
"""

# ruff: noqa: PLR0913, PLR0917 - a test's arguments are fixtures

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import perfdata_readers
import pytest
from conftest import PATIENT, Program, Zoo, required
from servers import nagios, process
from servers.process import Server

CONTRIB = Path(__file__).parent.parent.parent / "contrib"
README = (CONTRIB / "README.md").read_text(encoding="utf-8")

PLUGIN = "/usr/lib/nagios/plugins/check_starttls_cert"


def shipped(path: str) -> str:
    return (CONTRIB / path).read_text(encoding="utf-8")


class Lab(NamedTuple):
    """What stands in for the hosts, paths and names of the shipped lines."""

    program: str
    anchors: str
    port: int
    name: str
    environment: dict[str, str]

    def local(self, text: str) -> str:
        """Return a text whose commands go to the server of the test."""
        text = re.sub(r"-H \S+", f"-H 127.0.0.1 -p {self.port} {shlex.join(PATIENT)}", text)
        text = re.sub(r"-P \S+", "-P smtp", re.sub(r" -n \S+", "", text)).replace("-P smtp", f"-P smtp -n {self.name}")
        return text.replace(PLUGIN, self.program).replace("/etc/ssl/corp root.pem", self.anchors)


@pytest.fixture(params=["good_rsa_2048", "expires_in_10_days", "nothing listens"])
def state(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def lab(state: str, folder: str, certificates: Zoo, check: Program, postfix: Server, tmp_path: Path) -> Lab:
    """Return a server in that state, and the program as a command whose path has no space, as the shipped one."""
    (closed,) = process.free_ports(1)
    anchors = f"{tmp_path}/corp root.pem"
    process.write(anchors, process.read(certificates.anchors("good_rsa_2048")))
    environment = {**check.environment, "SSL_CERT_FILE": anchors}
    given = shlex.join(f"{name}={value}" for name, value in environment.items())
    command = shlex.join([sys.executable, "-m", "check_starttls_cert"])
    program = process.write(f"{folder}/check_starttls_cert", f'#!/bin/sh\nexec env -i {given} {command} "$@"\n')
    os.chmod(program, 0o755)
    name = certificates.cases["good_rsa_2048"].reference
    return Lab(program, anchors, postfix.ports.get(state, closed), name, environment)


def said(arguments: list[str], lab: Lab, state: str) -> None:
    """Run a command, and assert that it tells that state, and numbers that every program reads."""
    done = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=process.PATIENCE * 2, check=False
    )
    output = done.stdout.rstrip("\n")
    assert done.returncode == {"good_rsa_2048": 0, "expires_in_10_days": 1}.get(state, 2), output + done.stderr
    plugin = perfdata_readers.assert_all_read(output, done.returncode)
    assert "time" in plugin.performance
    assert ("days_until_expiration" in plugin.performance) == (state != "nothing listens")


MRPE = [line for line in shipped("checkmk/mrpe.cfg").splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("line", MRPE)
def test_checkmks_agent_runs_its_lines(line, lab, state) -> None:
    name, interval, command = re.fullmatch(r"(\S+) \(interval=([0-9]+)\) (.*)", line).groups()
    assert urllib.parse.unquote(name).startswith("Certificate ")
    assert int(interval) == 3600
    assert "'" not in command, "run_cached puts the command between single quotes"
    said(["bash", "-c", 'eval "$1"', "bash", lab.local(command)], lab, state)


def test_checkmks_server_runs_its_line(lab, state) -> None:
    (command,) = re.findall(r"^check_starttls_cert .*HOSTADDRESS.*", README, re.MULTILINE)
    macros = {"$HOSTADDRESS$": "192.0.2.25", "$HOSTNAME$": "mta.example.com"}
    for macro, value in macros.items():
        command = command.replace(macro, value)
    assert "$" not in command
    said(["sh", "-c", lab.local(f"{PLUGIN}{command.partition('check_starttls_cert')[2]}")], lab, state)


def telegraf() -> list[dict]:
    """Return the sections of the shipped file."""
    try:
        import tomllib
    except ImportError:  # before Python 3.11; pytest brings it
        import tomli as tomllib
    document = tomllib.loads(shipped("telegraf/check_starttls_cert.conf"))
    assert list(document) == ["inputs"]
    assert list(document["inputs"]) == ["exec"]
    return document["inputs"]["exec"]


@pytest.mark.parametrize("section", telegraf(), ids=lambda section: section["tags"]["service"])
def test_telegraf_runs_its_sections(section, lab, state) -> None:
    assert set(section) == {"commands", "data_format", "interval", "timeout", "tags"}
    assert section["data_format"] == "nagios"
    # A Go duration; unless told otherwise Telegraf kills after 5 seconds, and the check gives up after 10.
    assert int(re.fullmatch("([0-9]+)s", section["timeout"])[1]) > 10
    (command,) = section["commands"]
    assert not set(command.partition(" ")[0]) & set("*?[]"), "Telegraf looks for files of such names"
    said(shlex.split(lab.local(command)), lab, state)


def test_centreon_runs_its_command(lab, state, tmp_path) -> None:
    (command,) = re.findall(r"^\$USER1\$.*_SERVICE.*", README, re.MULTILINE)
    macros = {"_PROTOCOL": "smtp", "_NAME": lab.name, "_OPTIONS": f"-p {lab.port} {shlex.join(PATIENT)}"}
    definitions = process.write(
        f"{tmp_path}/centreon.cfg",
        f"define command {{\n command_name centreon\n command_line {command}\n}}\n"
        "define service {\n name starttls-cert\n use generic-service\n register 0\n"
        + "".join(f" {macro} {value}\n" for macro, value in macros.items())
        + "}\n",
    )
    own = f"{tmp_path}/nagios"
    os.mkdir(own)
    with contextlib.ExitStack() as stack, required("nagios4"):
        services = {"certificate": ("mta", "127.0.0.1", "centreon")}
        seen = nagios.run(stack, own, lab.program, definitions, services)["certificate"]
    assert seen.state == {"good_rsa_2048": 0, "expires_in_10_days": 1}.get(state, 2)
    assert seen.output.startswith(
        f"STARTTLS_CERT {('OK', 'WARNING', 'CRITICAL')[seen.state]} - smtp 127.0.0.1:{lab.port}"
    )


@pytest.mark.parametrize("page", ["README.md", "MIGRATING.md"])
def test_what_the_pages_name_is_there(page) -> None:
    links = re.findall(r"\]\(([\w/.]+)(?:#[\w-]+)?\)", shipped(page))
    assert links
    for link in links:
        assert (CONTRIB / link).exists(), link
