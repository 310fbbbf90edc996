"""The configuration for Icinga 2; ``integration/test_sweep_icinga2`` has Icinga take it."""

from __future__ import annotations

import re

import pytest

from check_starttls_cert import options
from check_starttls_cert.settings import Job
from check_starttls_cert.sweep.icinga2_config import configuration, quoted


def job(host: str, port: int = 25, **marks: str) -> Job:
    return options.job({"host": host, "port": port})._replace(marks=marks)


def printed(*jobs: Job, **given: float) -> str:
    return "\n".join(configuration(jobs, given))


def test_each_target_is_a_service_and_each_host_is_there_once() -> None:
    text = printed(job("a.test"), job("a.test", 587), job("2001:db8::1"), job("b.test", monitoring_host='"A"'))
    services, _, hosts = text.partition("/* Hosts: ")
    assert re.findall(r"object Service (.*) \{\n  host_name = (.*)\n", services) == [
        ('"starttls_cert-smtp"', '"a.test"'),
        ('"starttls_cert-smtp-587"', '"a.test"'),
        ('"starttls_cert-smtp"', '"2001:db8::1"'),
        ('"starttls_cert-smtp"', r'"\"A\""'),
    ]  # fmt: skip
    assert re.findall(r"object Host (.*) \{\n.*\n  (.*)\n\}", hosts) == [
        ('"a.test"', 'address = "a.test"'),
        ('"2001:db8::1"', 'address6 = "2001:db8::1"'),
        (r'"\"A\""', 'address = "b.test"'),
    ]


@pytest.mark.parametrize(("given", "seconds"), [({}, "90000"), ({"icinga2_max_age": 5400.0}, "5400")])
def test_without_results_for_so_long_a_service_is_checked(given, seconds) -> None:
    assert f"  check_interval = {seconds}s\n" in printed(job("a.test"), **given)


@pytest.mark.parametrize(("text", "expected"), [("a", '"a"'), ('a"b\\c\\"', r'"a\"b\\c\\\""'), ("$x$", '"$x$"')])
def test_text_is_quoted(text, expected) -> None:
    assert quoted(text) == expected
