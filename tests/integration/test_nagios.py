"""The shipped definitions in Nagios Core: state, problems, long output and performance data arrive there as printed."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator

import pytest
from conftest import PATIENT, Program, Zoo, required
from servers import nagios, process
from servers.process import Server

CONTRIB = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "contrib", "nagios"
)

SHIPPED = f"{CONTRIB}/check_starttls_cert.cfg"

OK, WARNING, CRITICAL, UNKNOWN = range(4)


class Seen:
    """What Nagios shows, and what the plugin had printed."""

    def __init__(self, services: dict[str, nagios.Service], printed: list[tuple[str, str, str]]) -> None:
        self.services = services
        self.printed = printed


@pytest.fixture(scope="module")
def seen(folder: str, certificates: Zoo, check: Program, postfix: Server) -> Iterator[Seen]:
    """Return what Nagios saw of all services."""
    (closed,) = process.free_ports(1)
    good, bad = (
        f"-p {postfix.ports[name]} --ca-file {certificates.anchors(name)} {shlex.join(PATIENT)}"
        for name in ("good_rsa_2048", "expired_40_days")
    )
    names = {name: case.reference for name, case in certificates.cases.items()}
    services = {
        "good": (names["good_rsa_2048"], "127.0.0.1", f"check_starttls_cert!smtp!$HOSTNAME$!{good} -v"),
        "two problems": ("a", "127.0.0.1", f"check_starttls_cert!smtp!other.example.test!{bad}"),
        "unreachable": ("b", "127.0.0.1", f"check_starttls_cert!smtp!mta.example.test!-p {closed}"),
        "no protocol": ("c", "127.0.0.1", f"check_starttls_cert!!mta.example.test!{good}"),
        "no arguments": ("d", "127.0.0.1", "check_starttls_cert"),
    }
    if process.has_ipv6():
        services["good over IPv6"] = ("e", "::1", f"check_starttls_cert!smtp!{names['good_rsa_2048']}!{good}")
    environment = shlex.join(f"{name}={value}" for name, value in check.environment.items())
    program = f"env -i {environment} {shlex.join([sys.executable, '-m', 'check_starttls_cert'])}"
    own = f"{folder}/nagios"
    os.mkdir(own)
    with contextlib.ExitStack() as stack:
        with required("nagios4"):
            shown = nagios.run(stack, own, program, SHIPPED, services)
        yield Seen(shown, nagios.said(own))


def test_each_state_arrives(seen: Seen) -> None:
    states = {name: service.state for name, service in seen.services.items()}
    expected = {"good": OK, "two problems": CRITICAL, "unreachable": CRITICAL}
    expected |= {"no protocol": UNKNOWN, "no arguments": UNKNOWN}
    if process.has_ipv6():
        expected["good over IPv6"] = OK
    assert states == expected


def test_all_that_was_printed_arrives_as_it_was_printed(seen: Seen) -> None:
    # These cores turn a semicolon of the status line into a colon, and it is to be none between problems.
    printed = sorted((words.replace(";", ":"), below, data) for words, below, data in seen.printed)
    assert sorted((each.output, each.long_output, each.performance) for each in seen.services.values()) == printed


def test_problems_stay_apart(seen: Seen) -> None:
    said = seen.services["two problems"].output.partition(": ")[2]
    assert [problem.partition(" ")[0] for problem in said.split(" / ")] == ["expired", "name:"]


def test_the_long_output_has_a_fact_a_line(seen: Seen) -> None:
    lines = seen.services["good"].long_output.split("\n")
    assert lines[0].startswith("subject: ")
    assert len(lines) > 10


@pytest.mark.parametrize("name", ["good", "two problems"])
def test_the_performance_data_are_there_in_good_and_in_bad_times(seen: Seen, name: str) -> None:
    data = seen.services[name].performance
    labels = [datum.partition("=")[0] for datum in data.split(" ")]
    assert labels[:3] == ["days_until_expiration", "time", "public_key_size"]
    assert labels[3:] in ([], ["days_until_chain_expiration"])  # Python 3.9 does not tell the chain


def test_an_unreachable_service_has_its_time_and_advice(seen: Seen) -> None:
    service = seen.services["unreachable"]
    assert service.performance.startswith("time=")
    assert "connection refused (check that the service runs" in service.output


@pytest.mark.parametrize("name", ["no protocol", "no arguments"])
def test_an_empty_argument_is_a_usage_error_in_one_line(seen: Seen, name: str) -> None:
    service = seen.services[name]
    assert service.output.startswith("STARTTLS_CERT UNKNOWN - argument -P/--protocol: the protocol is empty")
    assert (service.long_output, service.performance) == ("", "")


@pytest.mark.servers
def test_the_examples_of_the_readme_are_such_that_nagios_takes(tmp_path) -> None:
    example, _, passive = process.read(f"{CONTRIB}/README.md").split("\n```\n")[1::2]
    host = "define host {\n use generic-host\n host_name mta.example.com\n max_check_attempts 1\n}\n"
    with required("nagios4"):
        nagios.configured(str(tmp_path), "true", f"{host}{example}\n{passive}", SHIPPED)


def test_the_example_in_the_shipped_file_is_that_of_the_readme() -> None:
    commented = [line[4:] for line in process.read(SHIPPED).splitlines() if line.startswith("#   ")]
    assert " ".join(" ".join(commented).split()) in " ".join(process.read(f"{CONTRIB}/README.md").split())
