"""The files for Icinga 2, in a master and an agent of the distribution's package, and in its Director."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import icinga2_files
import lists
import plugin_format
import pytest
import systemd_files
from conftest import Program, Zoo, required, started
from icinga2_files import Argument, quoted
from plugin_format import Plugin
from servers import director as director_server
from servers import icinga2, process
from servers.director import Director
from servers.icinga2 import Node
from servers.process import Server
from servers.running import Certificate

GOOD, EXPIRED, UNREACHABLE = "good_rsa_2048", "expired_40_days", "unreachable"

NAME, IPV6 = "mta.example.test", "IPv6 only"
"""Hosts; the first has the name that the certificates are for."""

SATELLITES = EAST, WEST = ("east", "west")
"""Zones of their own, which sweep an inventory each."""

VALUES = [argument for argument in icinga2_files.arguments() if not argument.switch]
SWITCHES = [argument for argument in icinga2_files.arguments() if argument.switch]

SWEEP_VALUES = [argument for argument in icinga2_files.sweep_arguments() if not argument.switch]
SWEEP_SWITCHES = [argument for argument in icinga2_files.sweep_arguments() if argument.switch]

ODD, OTHER = "one \"two\" 'three' \\ four; five", "-6"
"""Texts that whoever takes them apart, or takes them for an option, changes."""

EMPTY = ("", [""], [])
"""What a variable may be that has no value for an option."""

DICTIONARIES = ({}, {"key": "value"})

NODES = """
const NodeName = "master"
const PluginDir = "/usr/lib/nagios/plugins"
const PluginContribDir = PluginDir
include <itl>
include <plugins>
object Endpoint "master" { }
object Endpoint "mta.example.com" { }
object Zone "master" { endpoints = [ "master" ] }
object Zone "mta.example.com" { endpoints = [ "mta.example.com" ], parent = "master" }
object Zone "global-templates" { global = true }
include_recursive "conf.d"
"""

BASKET = lists.read(f"{lists.ICINGA}/director_basket.json")

BY_TEMPLATE = """
apply Service "starttls_cert-" for (service_name => config in host.vars.starttls_cert) {
  import "starttls_cert"
  vars += config
  command_endpoint = host.vars.agent_endpoint
}
"""
"""What an administrator makes of the basket's service template."""

Results = dict[str, dict[str, Any]]
"""The attributes of each service, by host and name."""


def shipped() -> dict[str, str]:
    """Return the files that belong into the global zone."""
    names = [name for name in sorted(os.listdir(lists.ICINGA)) if name.endswith(".conf")]
    return {name: lists.read(os.path.join(lists.ICINGA, name)) for name in names}


def literal(value: Any) -> str:
    """Return a value in Icinga's language."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(key)} = {literal(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(literal, value)) + " ]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def host(name: str, services: dict[str, dict[str, Any]], **attributes: Any) -> str:
    """Return a host with an entry a service in ``vars.starttls_cert``."""
    rows = {"check_command": "dummy", **attributes, "vars.starttls_cert": services}
    return f'object Host "{name}" {{ ' + ", ".join(f"{key} = {literal(value)}" for key, value in rows.items()) + " }\n"


def hosts(postfix: Server, certificates: Zoo) -> str:
    """Return the hosts of the lab: each way to be asked, and each way to be asked wrongly."""
    ports = {GOOD: postfix.ports[GOOD], EXPIRED: postfix.ports[EXPIRED], UNREACHABLE: process.free_ports(1)[0]}
    given = {"ca_file": certificates.anchors(GOOD), "timeout": 50, "verbose": True}
    options = {f"{icinga2_files.NAME}_{key}": value for key, value in given.items()}
    services = {case: {**options, "starttls_cert_port": port} for case, port in ports.items()}
    named = {case: {**service, "starttls_cert_name": NAME} for case, service in services.items()}
    ways = {
        "plain": {},
        "4": {"starttls_cert_ipv4": True},
        "6": {"starttls_cert_ipv6": True},
        "host": {"starttls_cert_host": "localhost"},
    }
    empty = {
        f"{argument.key}-{number}": {argument.variable: value}
        for argument in VALUES
        for number, value in enumerate(EMPTY)
    }
    for key in ("protocol", "name"):
        empty.update((f"{key}-{value}", {f"starttls_cert_{key}": value}) for value in DICTIONARIES)
    everything = {
        **{argument.variable: [ODD, OTHER] if argument.many else ODD for argument in VALUES},
        **{argument.variable: True for argument in SWITCHES},
    }
    agent = {"vars.agent_endpoint": icinga2.AGENT}
    return "".join(
        [
            host(NAME, services, address="127.0.0.1", **agent),
            host(IPV6, {**named, "plain": {}}, address6="::1", **agent),
            host("both", ways, address="127.0.0.1", address6="::1", **agent),
            host("no agent", {GOOD: named[GOOD]}, address="127.0.0.1"),
            host("no address", {"plain": {}}, **agent),
            host("empty", empty, address="127.0.0.1", **agent),
            host("list", {"plain": {"starttls_cert_protocol": ["smtp", "imap"]}}, address="127.0.0.1", **agent),
            host("everything", {"odd": everything}, address="127.0.0.1", **agent),
        ]
    )


@pytest.fixture(scope="module")
def plugins(folder: str, check: Program) -> str:
    """Return a plugin directory with the program in it."""
    path = f"{folder}/plugins"
    os.mkdir(path)
    run = f"PYTHONPATH={shlex.quote(check.environment['PYTHONPATH'])} exec {shlex.quote(sys.executable)}"
    script = process.write(f"{path}/check_starttls_cert", f'#!/bin/sh\n{run} -m check_starttls_cert "$@"\n')
    os.chmod(script, 0o755)
    return path


@pytest.fixture(scope="module")
def director(folder: str, certificates: Zoo) -> Iterator[Director]:
    """Return Director, the basket restored."""
    unused = Certificate("", *[certificates.both(GOOD)] * 4)
    with started("director", folder, director_server.start, unused) as running:
        running("basket", "restore", text=BASKET)
        yield running


@pytest.fixture(scope="module")
def identities(folder: str) -> str:
    """Return the folder with the nodes' certificates."""
    with required("icinga2"):
        return icinga2.identities(f"{folder}/identities", icinga2.AGENT, *SATELLITES)


@pytest.fixture(scope="module", params=["files", "basket"])
def results(  # noqa: PLR0913, PLR0917 - these are fixtures
    request: pytest.FixtureRequest, folder: str, identities: str, plugins: str, postfix: Server, certificates: Zoo
) -> Iterator[Results]:
    """Return what the master's API says of every service, each checked where it should be.

    The global zone has the shipped files, or what Director makes of the basket.
    """
    known = shipped()
    if request.param == "basket":
        director = request.getfixturevalue("director")
        known = {f"{kind}.conf": director(kind, "show", icinga2_files.NAME) for kind in ("command", "service")}
        known["rule.conf"] = BY_TEMPLATE
    zones = {icinga2.GLOBAL: known, icinga2.MASTER: {"hosts.conf": hosts(postfix, certificates)}}
    with started(f"icinga2 {request.param}", folder, icinga2.start, identities, plugins, zones) as nodes:
        yield icinga2.checked(nodes[icinga2.MASTER])


def plugin(service: dict[str, Any]) -> Plugin:
    """Return what the program printed, of which Icinga keeps the performance data apart."""
    result = service["last_check_result"]
    first, *below = result["output"].split("\n")
    data = " | " + " ".join(result["performance_data"])
    return plugin_format.parse("\n".join([first.rstrip(" ") + data, *below, ""]), result["state"])


def command_line(service: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the options of the command line with their values, sorted: Icinga has an order of its own."""
    switches = [argument.flag for argument in SWITCHES]
    words = iter(service["last_check_result"]["command"][1:])
    return sorted((word,) if word in switches else (word, next(words)) for word in words)


def usage_error(service: dict[str, Any], source: str = icinga2.AGENT) -> str:
    """Return the usage error that is all the output of a service."""
    result = service["last_check_result"]
    assert (result["state"], result["check_source"], result["performance_data"]) == (3, source, [])
    (line,) = result["output"].split("\n")
    return line.partition("STARTTLS_CERT UNKNOWN - ")[2]


def test_an_entry_is_a_service_that_is_checked_at_the_times_of_the_shipped_rule(results: Results) -> None:
    service = results[f"{NAME}!starttls_cert-{GOOD}"]
    times = [service[attribute] for attribute in ("check_interval", "retry_interval", "max_check_attempts")]
    assert times == [6 * 3600, 5 * 60, 3]


@pytest.mark.parametrize("host", [NAME, IPV6])
@pytest.mark.parametrize(("case", "state"), [(GOOD, "OK"), (EXPIRED, "CRITICAL"), (UNREACHABLE, "CRITICAL")])
def test_the_master_knows_all_that_the_program_says_on_the_agent(
    results: Results, check: Program, host: str, case: str, state: str
) -> None:
    if host == IPV6 and not process.has_ipv6():
        pytest.skip("this machine has no ::1")
    service = results[f"{host}!starttls_cert-{case}"]
    assert service["last_check_result"]["check_source"] == icinga2.AGENT
    run = check(*service["last_check_result"]["command"][1:])
    known, said = plugin(service), plugin_format.parse(run.stdout, run.exit_code)
    assert known.state == state
    assert (known.words, known.long_output) == (said.words, said.long_output)
    assert list(known.performance) == list(said.performance)
    for label, datum in said.performance.items():
        assert known.performance[label]._replace(value=0) == datum._replace(value=0)
        # Seconds are not the same twice; days move on.
        assert datum.unit == "s" or known.performance[label].value == pytest.approx(datum.value, abs=0.1)


def test_without_an_agent_the_check_runs_where_the_host_belongs(results: Results) -> None:
    service = results[f"no agent!starttls_cert-{GOOD}"]
    assert (service["last_check_result"]["check_source"], plugin(service).state) == (icinga2.MASTER, "OK")


@pytest.mark.parametrize(
    ("service", "shown"),
    [
        (f"{IPV6}!starttls_cert-plain", [("-H", "::1"), ("-n", IPV6)]),
        ("both!starttls_cert-plain", [("-H", "127.0.0.1"), ("-n", "both")]),
        ("both!starttls_cert-4", [("-4",), ("-H", "127.0.0.1"), ("-n", "both")]),
        ("both!starttls_cert-6", [("-6",), ("-H", "::1"), ("-n", "both")]),
    ],
)
def test_an_address_of_the_host_is_asked_for_the_hosts_name(
    results: Results, service: str, shown: list[tuple[str, ...]]
) -> None:
    assert command_line(results[service]) == shown


@pytest.mark.parametrize("results", ["files"], indirect=True, scope="module")
def test_the_shipped_rule_leaves_the_name_to_a_host_that_the_entry_names(results: Results) -> None:
    assert command_line(results["both!starttls_cert-host"]) == [("-H", "localhost")]


def test_every_option_reaches_the_command_line_as_it_was_written(results: Results) -> None:
    expected: list[tuple[str, ...]] = [(argument.flag,) for argument in SWITCHES]
    for argument in VALUES:
        expected += [(argument.flag, value) for value in ([ODD, OTHER] if argument.many else [ODD])]
    assert command_line(results["everything!starttls_cert-odd"]) == sorted(expected)


@pytest.mark.parametrize("argument", VALUES, ids=lambda argument: argument.key)
@pytest.mark.parametrize("number", range(len(EMPTY)), ids=map(repr, EMPTY))
def test_an_empty_variable_is_a_usage_error(results: Results, argument: Argument, number: int) -> None:
    service = results[f"empty!starttls_cert-{argument.key}-{number}"]
    assert usage_error(service).startswith(f"argument {argument.flag}")


@pytest.mark.parametrize(("key", "flag"), [("protocol", "-P"), ("name", "-n")])
@pytest.mark.parametrize("value", DICTIONARIES, ids=repr)
def test_a_dictionary_is_a_usage_error(results: Results, key: str, flag: str, value: dict[str, str]) -> None:
    assert usage_error(results[f"empty!starttls_cert-{key}-{value}"]).startswith(f"argument {flag}")


def test_a_host_without_an_address_is_a_usage_error(results: Results) -> None:
    assert usage_error(results["no address!starttls_cert-plain"]).startswith("argument -H")


def test_a_list_for_an_option_that_takes_one_value_is_a_usage_error(results: Results) -> None:
    assert "imap" in usage_error(results["list!starttls_cert-plain"])


# A sweep a zone


@pytest.fixture(scope="module")
def inventories(folder: str, postfix: Server, dovecot: Server, certificates: Zoo) -> dict[str, str]:
    """Return the inventory of each zone: the mail servers in the east, and those in the west."""
    (closed,) = process.free_ports(1)
    targets = {
        EAST: [f"smtp://127.0.0.1:{port}" for port in (postfix.ports[GOOD], postfix.ports[EXPIRED], closed)],
        WEST: [f"lmtp://127.0.0.1:{dovecot.ports[GOOD]}"],
    }
    defaults = f'name = "{NAME}"\nca_file = "{certificates.anchors(GOOD)}"\ntimeout = "1m"\n'
    texts = {
        zone: f'targets = {json.dumps(lines)}\n[defaults]\nmonitoring_host = "servers in the {zone}"\n{defaults}'
        for zone, lines in targets.items()
    }
    return {zone: process.write(f"{folder}/{zone}.toml", text) for zone, text in texts.items()}


@pytest.fixture(scope="module")
def satellites(
    folder: str, identities: str, plugins: str, inventories: dict[str, str], check: Program
) -> Iterator[dict[str, Node]]:
    """Return a master and a satellite in each zone, which know hosts to sweep, and services that a timer sweeps for."""
    named = {zone: {"vars.starttls_cert_sweep_inventory": path} for zone, path in inventories.items()}
    swept = {
        zone: check("sweep", path, "--icinga2-config", "--icinga2-max-age", "3h", "-t", "60").stdout
        for zone, path in inventories.items()
    }
    odd = {
        **{f"vars.{argument.variable}": [ODD, OTHER] if argument.many else ODD for argument in SWEEP_VALUES},
        **{f"vars.{argument.variable}": True for argument in SWEEP_SWITCHES},
    }
    empty = {f"vars.{icinga2_files.SWEEP}_{key}": [] for key in ("protocol", "name")}
    zones = {
        icinga2.GLOBAL: shipped(),
        EAST: {
            "hosts.conf": host(EAST, {}, **named[EAST]) + host("odd", {}, **named[EAST], **odd),
            "swept.conf": swept[EAST],
        },
        WEST: {"hosts.conf": host(WEST, {}, **named[WEST]), "swept.conf": swept[WEST]},
        icinga2.MASTER: {
            "hosts.conf": host("agent", {}, **named[WEST], **{"vars.agent_endpoint": WEST})
            + host("away", {}, **{"vars.starttls_cert_sweep_inventory": f"{folder}/away"})
            + host("empty", {}, **named[WEST], **empty)
        },
    }
    with started("icinga2 zones", folder, icinga2.start, identities, plugins, zones, SATELLITES) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def sweeps(satellites: dict[str, Node]) -> Results:
    """Return what the master's API says of the sweeps."""
    return icinga2.checked(satellites[icinga2.MASTER])


@pytest.mark.parametrize(
    ("zone", "words"), [(EAST, "3 targets: 2 CRITICAL, 1 OK / CRITICAL smtp 127.0.0.1:"), (WEST, "1 target: 1 OK")]
)
def test_the_master_knows_what_each_zone_s_satellite_says_of_its_own_inventory(
    sweeps: Results, check: Program, zone: str, words: str
) -> None:
    service = sweeps[f"{zone}!starttls_cert_sweep"]
    result = service["last_check_result"]
    assert (service["zone"], service["command_endpoint"], result["check_source"]) == (zone, "", zone)
    known, said = plugin(service), check(*result["command"][1:], "-t", "60")
    again = plugin_format.parse(said.stdout, said.exit_code)
    assert known.words.startswith(words)
    assert (known.state, known.words, known.long_output) == (again.state, again.words, again.long_output)
    assert list(known.performance) == list(again.performance)
    assert known.performance["targets"].value == int(words[0])


def test_a_satellite_may_be_asked_by_a_host_of_the_master_s(sweeps: Results) -> None:
    service = sweeps["agent!starttls_cert_sweep"]
    assert (service["last_check_result"]["check_source"], plugin(service).state) == (WEST, "OK")


def test_a_zone_without_its_inventory_is_unknown(sweeps: Results) -> None:
    said = usage_error(sweeps["away!starttls_cert_sweep"], icinga2.MASTER)
    assert said.startswith("cannot read the inventory")


def test_an_empty_variable_of_a_sweep_is_a_usage_error(sweeps: Results) -> None:
    assert usage_error(sweeps["empty!starttls_cert_sweep"], icinga2.MASTER).startswith("argument -P")


def test_every_option_reaches_a_sweep_as_it_was_written(sweeps: Results) -> None:
    program, sweep, inventory, *words = sweeps["odd!starttls_cert_sweep"]["last_check_result"]["command"]
    names = os.path.basename(program), sweep, os.path.basename(inventory)
    assert names == ("check_starttls_cert", "sweep", f"{EAST}.toml")
    expected = [argument.flag for argument in SWEEP_SWITCHES]
    for argument in SWEEP_VALUES:
        expected += [word for value in ([ODD, OTHER] if argument.many else [ODD]) for word in (argument.flag, value)]
    assert sorted(words) == sorted(expected)


@pytest.mark.parametrize(("zone", "through", "states"), [(EAST, icinga2.MASTER, {0: 1, 2: 2}), (WEST, WEST, {0: 1})])
def test_a_timer_in_each_zone_brings_results_to_the_master_or_to_its_own_satellite(  # noqa: PLR0913, PLR0917 - fixtures
    satellites: dict[str, Node],
    inventories: dict[str, str],
    folder: str,
    check: Program,
    zone: str,
    through: str,
    states: dict[int, int],
) -> None:
    node, (environment,) = satellites[through], systemd_files.drop_ins()
    credentials = process.write(f"{folder}/credentials of {zone}", f"{icinga2.USER}:{icinga2.PASSWORD}\n")
    os.chmod(credentials, 0o600)
    places = {
        f"/etc/{systemd_files.INVENTORY.name}": inventories[zone],
        "https://master.example.com:5665": f"https://127.0.0.1:{node.port}",
        "/etc/icinga2-ca.crt": node.authority,
        "/etc/starttls_cert_icinga2": credentials,
        "/var/lib/starttls-cert": f"{folder}/spool of {zone}",
    }
    done = check(*systemd_files.arguments(places, environment), "--icinga2-name", through, "-t", "60")
    assert (done.exit_code, done.stderr) == (max(states), "")

    def known() -> list[int]:
        rows = [row["attrs"] for row in satellites[icinga2.MASTER]("GET", "objects/services")]
        return [
            int(row["state"])
            for row in rows
            if row["host_name"] == f"servers in the {zone}" and row["last_check_result"]
        ]

    expected = [state for state, count in states.items() for _ in range(count)]
    process.await_that(icinga2.looked(lambda: sorted(known()) == expected), lambda: f"{known()}\n{done.stdout}")


@pytest.mark.servers
@pytest.mark.parametrize("layout", ["with agents", "alone"])
def test_the_shipped_files_and_the_example_are_valid_where_the_readme_puts_them(folder: str, layout: str) -> None:
    own = f"{folder}/{layout}"
    with required("icinga2"):
        command = icinga2.command(own, "daemon", "--validate", "--config", f"{own}/etc/icinga2.conf")
    readme = lists.read(f"{lists.ICINGA}/README.md")
    global_zone, zone, alone = re.findall(r"`/etc/icinga2/((?:zones|conf)\.d[\w/-]*)/?`", readme)
    example = "".join(re.findall(r"```\n(object Host .*?)```", readme, re.DOTALL))
    for place in (global_zone, zone, alone):
        os.makedirs(f"{own}/etc/{place}")
    if layout == "alone":
        global_zone = zone = alone
        example = re.sub(r".*agent_endpoint.*\n", "", example)
    everything = {argument.variable: "" for argument in icinga2_files.arguments()}
    process.write(f"{own}/etc/icinga2.conf", NODES)
    for name, text in shipped().items():
        process.write(f"{own}/etc/{global_zone}/{name}", text)
    process.write(f"{own}/etc/{zone}/hosts.conf", example + host("everything", {"all": everything}))
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=process.PATIENCE)
    assert (run.returncode, [line for line in run.stdout.splitlines() if " information/" not in line]) == (0, [])
    assert "Instantiated 5 Services" in run.stdout


def test_director_has_what_the_basket_has(director: Director) -> None:
    basket = json.loads(BASKET)
    template, command = (director.rows(kind, "show", icinga2_files.NAME, "--json") for kind in ("service", "command"))
    assert template == basket["ServiceTemplate"]["starttls_cert"]
    # The numbers of fields are the database's own.
    numbers = [field.pop("datafield_id") for field in command["fields"]]
    for field in basket["Command"]["starttls_cert"]["fields"]:
        del field["datafield_id"]
    assert command == basket["Command"]["starttls_cert"]
    assert len(set(numbers)) == len(basket["Datafield"]) == len(list(icinga2_files.arguments()))
    assert director.rows("export", "datalists") == list(basket["DataList"].values())
    assert director.rows("export", "datafields") == list(basket["Datafield"].values())


def test_the_basket_can_be_restored_again(director: Director) -> None:
    def present() -> list[str]:
        kinds = (("export", "datalists"), ("export", "datafields"), ("command", "show", icinga2_files.NAME, "--json"))
        return [director(*kind) for kind in kinds]

    before = present()
    director("basket", "restore", text=BASKET)
    assert present() == before
