"""The options that decide what a certificate is judged by, against real servers."""

# ruff: noqa: PLR0913, PLR0917 - a test's arguments are fixtures

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import Program, Zoo, required, where
from servers import process
from servers.process import Server

GOOD = "good_rsa_2048"

NOWHERE = "/there/is/no/such/store"


def channels(text: str) -> dict[str, int]:
    """Return the values of a PRTG document by channel."""
    return {channel["channel"]: channel["value"] for channel in json.loads(text)["prtg"]["result"]}


@pytest.fixture(scope="session")
def bundles(folder: str, certificates: Zoo) -> dict[str, str]:
    """Return hashed directories: one with the lab's root and its PEM file, one with another root."""
    made = {}
    for name, case in {"right": GOOD, "wrong": "self_issued"}.items():
        made[name] = f"{folder}/{name}"
        os.mkdir(made[name])
        shutil.copy(certificates.anchors(case), f"{made[name]}/bundle.pem")
        with required("openssl rehash"):
            process.run([process.find("openssl"), "rehash", made[name]])
    return made


# Where trust comes from


@pytest.fixture
def plain(certificates: Zoo, server: Server) -> tuple[str, ...]:
    """Return a command line that names no trust anchors."""
    return (*where(server, GOOD), "-n", certificates.cases[GOOD].reference)


def test_ca_dir_is_trusted(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    run = check(*plain, "--ca-dir", bundles["right"], SSL_CERT_FILE=NOWHERE, SSL_CERT_DIR=NOWHERE)
    assert (run.exit_code, "trusted" in run.stdout) == (0, True)


def test_ca_dir_takes_the_place_of_the_system_store(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    run = check(*plain, "--ca-dir", bundles["wrong"], SSL_CERT_DIR=bundles["right"])
    assert (run.exit_code, "not trusted" in run.stdout) == (2, True)


def test_ca_file_takes_the_place_of_the_system_store(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    run = check(*plain, "--ca-file", f"{bundles['wrong']}/bundle.pem", SSL_CERT_FILE=f"{bundles['right']}/bundle.pem")
    assert (run.exit_code, "not trusted" in run.stdout) == (2, True)


def test_ssl_cert_file_is_the_system_store(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    run = check(*plain, SSL_CERT_FILE=f"{bundles['right']}/bundle.pem", SSL_CERT_DIR=NOWHERE)
    assert (run.exit_code, "trusted" in run.stdout) == (0, True)


def test_ssl_cert_dir_is_the_system_store(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    run = check(*plain, SSL_CERT_FILE=NOWHERE, SSL_CERT_DIR=bundles["right"])
    assert (run.exit_code, "trusted" in run.stdout) == (0, True)


def test_either_of_ssl_cert_file_and_ssl_cert_dir_suffices(
    check: Program, bundles: dict[str, str], plain: tuple[str, ...]
):
    for file, directory in (("right", "wrong"), ("wrong", "right"), ("right", "right")):
        run = check(*plain, SSL_CERT_FILE=f"{bundles[file]}/bundle.pem", SSL_CERT_DIR=bundles[directory])
        assert (run.exit_code, "trusted" in run.stdout) == (0, True)


def test_anchor_that_only_the_bundle_has_is_found(check: Program, bundles: dict[str, str], plain: tuple[str, ...]):
    # The hashed directory does not have the bundle's certificate, which lies there unhashed.
    stale = f"{bundles['wrong']}/unhashed.pem"
    shutil.copy(f"{bundles['right']}/bundle.pem", stale)
    run = check(*plain, SSL_CERT_FILE=stale, SSL_CERT_DIR=bundles["wrong"])
    assert (run.exit_code, "trusted" in run.stdout) == (0, True)


def test_anchors_that_cannot_be_read_are_a_usage_error(check: Program, certificates: Zoo, plain: tuple[str, ...]):
    for arguments in (("--ca-file", NOWHERE), ("--ca-file", certificates.key(GOOD)), ("--ca-dir", NOWHERE)):
        run = check(*plain, *arguments)
        assert run.exit_code == 3
        assert len(run.lines) == 1
        assert arguments[1] in run.stdout


# How an untrusted chain is judged


@pytest.mark.parametrize(("state", "exit_code"), [("ok", 0), ("warning", 1), ("critical", 2)])
def test_untrusted_sets_the_state_and_hides_nothing(
    check: Program, certificates: Zoo, server: Server, state: str, exit_code: int
):
    arguments = certificates.command("unknown_root", server, "--untrusted", state)
    run, prtg = check.together(arguments, (*arguments, "-o", "prtg"))
    assert run.exit_code == exit_code
    assert "not trusted" in run.stdout
    assert channels(prtg.stdout)["Root Authority Trusted"] == 1


def test_untrusted_ok_does_not_excuse_a_self_signed_certificate(check: Program, certificates: Zoo, server: Server):
    run = check(*certificates.command("self_signed", server, "--untrusted", "ok"))
    assert (run.exit_code, "self-signed" in run.stdout) == (2, True)


def test_allow_self_signed_does_not_excuse_an_unknown_root(check: Program, certificates: Zoo, server: Server):
    run = check(*certificates.command("unknown_root_sent", server, "--allow-self-signed"))
    assert (run.exit_code, "not trusted" in run.stdout) == (2, True)


# Where the name is looked for


@pytest.mark.parametrize(
    ("case", "where_to_look", "exit_code", "values"),
    [
        ("another_name", "none", 0, {2}),
        ("another_name", "cn", 2, {1, 4}),
        ("another_name", "cn_san", 2, {6}),
        ("common_name_only", "cn", 0, {0, 3}),
        ("mixed_case_name", "cn", 2, {1, 4}),
        ("mixed_case_name", "cn_san", 0, {5}),
        ("no_common_name", "cn", 2, {1, 4}),
        ("wildcard", "cn", 0, {0, 3}),
        ("ip_address_name", "cn", 2, {1, 4}),
    ],
)
def test_name_check_decides_where_the_name_is_looked_for(
    check: Program, certificates: Zoo, postfix: Server, case: str, where_to_look: str, exit_code: int, values: set[int]
):
    arguments = certificates.command(case, postfix, "--name-check", where_to_look)
    run, prtg = check.together(arguments, (*arguments, "-o", "prtg"))
    assert run.exit_code == exit_code
    assert ("not covered" in run.stdout) == (exit_code == 2)
    assert channels(prtg.stdout)["Common Name Check"] in values


# Thresholds


@pytest.mark.parametrize(
    ("case", "arguments", "exit_code"),
    [
        (GOOD, ("-w", "199"), 0),
        (GOOD, ("-w", "201"), 1),
        (GOOD, ("-w", "60%"), 1),  # 219 of 365 days
        (GOOD, ("-w", "50%"), 0),
        (GOOD, ("-w", "60%,28"), 0),
        (GOOD, ("-w", "4900h"), 1),
        (GOOD, ("-w", "300", "-c", "201:"), 2),
        ("expired_1_hour", ("-w", "0", "-c", "0"), 2),
        ("expired_40_days", ("-w", "~:", "-c", "~:"), 2),  # a range without ends never alarms
        ("expired_40_days", ("-w", "~:1000", "-c", "~:1000"), 2),
        ("not_yet_valid", ("-w", "1", "-c", "1"), 2),
    ],
)
def test_thresholds_decide_what_is_soon(
    check: Program, certificates: Zoo, postfix: Server, case: str, arguments: tuple[str, ...], exit_code: int
):
    assert check(*certificates.command(case, postfix, *arguments)).exit_code == exit_code


def test_prtg_gets_the_thresholds_as_limits(check: Program, certificates: Zoo, postfix: Server):
    document = json.loads(check(*certificates.command(GOOD, postfix, "-o", "prtg")).stdout)
    days = document["prtg"]["result"][0]
    assert (days["limitminwarning"], days["limitminerror"]) == ("28", "7")


def test_prtg_message_is_the_original_sensors(check: Program, certificates: Zoo, server: Server):
    text = json.loads(check(*certificates.command(GOOD, server, "-o", "prtg")).stdout)["prtg"]["text"]
    start, thumbprint, end = text.partition("Thumbprint: ")[0], text.split("Thumbprint: ")[1][:40], text[-30:]
    assert start == "OK. Certificate Common Name: mta.example.test - Certificate "
    assert thumbprint == thumbprint.upper()
    assert end.endswith(f" - STARTTLS Protocol: {server.protocol.upper()}")


# Addresses


def test_ipv4_only(check: Program, certificates: Zoo, server: Server):
    run = check(*certificates.command(GOOD, server, "-4"))
    assert run.exit_code == 0


def test_ipv4_only_finds_localhost(check: Program, certificates: Zoo, server: Server):
    run = check(*certificates.command(GOOD, server, "-4", "-H", "localhost"))
    assert (run.exit_code, f" localhost:{server.ports[GOOD]}: " in run.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [(), ("-6",)])
def test_ipv6(check: Program, certificates: Zoo, server: Server, arguments: tuple[str, ...]):
    if not process.has_ipv6():
        pytest.skip("this machine has no ::1")
    for host in ("::1", "[::1]"):
        run = check(*certificates.command(GOOD, server, *arguments, "-H", host))
        assert (run.exit_code, f" [::1]:{server.ports[GOOD]}: " in run.stdout) == (0, True)


@pytest.mark.parametrize(("host", "family", "shown"), [("127.0.0.1", "-6", "IPv6"), ("::1", "-4", "IPv4")])
def test_an_address_of_the_other_family_is_wrong_usage(
    check: Program, certificates: Zoo, postfix: Server, host: str, family: str, shown: str
):
    run = check(*certificates.command(GOOD, postfix, "-H", host, family))
    assert (run.exit_code, host in run.stdout, shown in run.stdout) == (3, True, True)


# The process


@pytest.mark.parametrize("output", ["nagios", "prtg"])
def test_output_survives_a_stdout_that_knows_only_ascii(
    check: Program, certificates: Zoo, postfix: Server, output: str
):
    arguments = certificates.command("odd_subject", postfix, "-vv", "-o", output)
    run = check(*arguments, PYTHONIOENCODING="ascii")
    assert (run.exit_code, run.stderr, run.stdout.isascii()) == (0, "", True)


def test_program_raises_no_warnings(check: Program, certificates: Zoo, server: Server):
    for case in (GOOD, "unknown_root"):
        # Development mode shows a socket that is left open.
        run = check(*certificates.command(case, server), PYTHONDEVMODE="1", PYTHONWARNINGS="error")
        assert run.stderr == ""
        assert "UNKNOWN" not in run.stdout


def test_python_script_advanced_sensor_reads_a_real_server(check: Program, certificates: Zoo, server: Server):
    script = os.path.join(os.path.dirname(__file__), "..", "..", "contrib", "prtg", "python", "starttls_cert_sensor.py")
    parameters = {
        "port": server.ports[GOOD],
        "protocol": server.protocol,
        "cert_domainname": "mta.example.test",
        "cert_domainname_validation": "cn_san",
        "ca_file": certificates.anchors(GOOD),
    }
    argument = {
        "sensorid": "1234",
        "host": "127.0.0.1",
        "params": ", ".join(f"{key}: {value}" for key, value in parameters.items()),
    }
    run = subprocess.run(
        [sys.executable, script, json.dumps(argument)],
        capture_output=True,
        check=True,
        cwd=check.folder,
        env=check.environment,
    )
    assert run.stderr == b""
    assert channels(run.stdout.decode("ascii")) == {
        "Days until Expiration": 200,
        "Common Name Check": 5,
        "Public Key Size": 2048,
        "Root Authority Trusted": 0,
        "Self-Signed": 0,
    }
