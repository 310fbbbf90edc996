"""PRTG's handbook says what the program does: its tables, its examples, and every error text that it explains."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from typing import Any, Callable
from unittest import mock

import prtg_rules
import pytest
from loopback import Service
from observations import (
    DAY,
    HERE,
    INTERMEDIATE,
    NO_ISSUER,
    NOT_YET_VALID,
    REFUSED,
    SELF_SIGNED,
    SITUATIONS,
    asked,
    authority,
    environment,
    evaluated,
    facts,
    named,
    seen,
    self_signed,
    unseen,
)

from check_starttls_cert import cli
from check_starttls_cert.certificate import Key
from check_starttls_cert.observation import Session
from check_starttls_cert.options import NAME_CHECKS
from check_starttls_cert.outputs import prtg, prtg_v2
from check_starttls_cert.prtg import python_script_advanced, script_v2
from check_starttls_cert.prtg.channels import NAME_VALUES, SHOWN, channels
from check_starttls_cert.prtg.parameters import EXAMPLE, KEYS, REQUIRED, parse_parameters
from check_starttls_cert.questions import QUESTIONS
from check_starttls_cert.state import State
from check_starttls_cert.sweep import command

FOLDER = os.path.join(os.path.dirname(HERE), "contrib", "prtg")

with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
    HANDBOOK = file.read()

PARAMETERS = "port: 25, protocol: smtp, cert_domainname_validation: cn"


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    section = re.split(rf"^#+ {re.escape(heading)}\n", HANDBOOK, flags=re.MULTILINE)[1]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


# What alarms

EXPIRING = seen(above=(authority("R11", "ISRG Root X1", remaining=5 * DAY),))

FOUND: dict[str, tuple[Any, dict[str, Any]]] = {
    "all is well": (seen(), {}),
    "expires below the warning threshold": (seen(facts(20.5 * DAY)), {}),
    "expires below the critical threshold": (seen(facts(5.5 * DAY)), {}),
    "expired": (SITUATIONS["expired_3_days"], {"name_check": "none"}),
    "not yet valid": (seen(facts(366.5 * DAY), NOT_YET_VALID), {}),
    "the name is not covered": (seen(named("other.test")), {}),
    "the name is not covered, `name=ok`": (seen(named("other.test")), {"state": (("name", "ok"),)}),
    "not trusted": (seen(trust=NO_ISSUER), {}),
    "not trusted, `trust=ok`": (seen(trust=NO_ISSUER), {"state": (("trust", "ok"),)}),
    "self-signed": (seen(self_signed(), SELF_SIGNED), {}),
    "self-signed and allowed": (seen(self_signed(), SELF_SIGNED), {"allow_self_signed": True}),
    "self-signed and a trust anchor": (seen(self_signed()), {}),
    "RSA with 1024 bits": (seen(facts(key=Key("RSA", 1024))), {}),
    "RSA with 1536 bits": (seen(facts(key=Key("RSA", 1536))), {}),
    "RSA with 512 bits": (seen(facts(key=Key("RSA", 512))), {}),
    "elliptic curve with 160 bits": (seen(facts(key=Key("EC", 160))), {}),
    "a key of unknown type": (seen(facts(key=Key("unknown key type", -1))), {}),
    "an intermediate expires first": (EXPIRING, {}),
    "an intermediate expires first, `chain=critical`": (EXPIRING, {"state": (("chain", "critical"),)}),
    "signed with SHA-1": (seen(facts(signature_hash="sha1")), {}),
    "signed with SHA-1, `signature=critical`": (
        seen(facts(signature_hash="sha1")),
        {"state": (("signature", "critical"),)},
    ),
    "another issuer than `issuer`": (seen(above=(INTERMEDIATE,)), {"issuer": ("nobody",)}),
    "lives longer than `max_lifetime`": (seen(), {"max_lifetime": 47.0}),
    "TLS older than `min_tls`": (seen(session=Session("TLSv1", "AES")), {"min_tls": "1.2"}),
    "the certificate cannot be read": (unseen(REFUSED), {}),
    "the certificate cannot be read, `connection=ok`": (unseen(REFUSED), {"state": (("connection", "ok"),)}),
}


def test_the_table_of_what_alarms_has_every_case() -> None:
    assert [row[0] for row in table("What alarms")] == list(FOUND)


@pytest.mark.parametrize("row", table("What alarms"), ids=lambda row: row[0])
def test_the_table_of_what_alarms_is_right(row) -> None:
    found, verdict, newer, older = row
    observation, values = FOUND[found]
    check = evaluated(observation, **values)
    assert verdict == check.state.name
    assert newer == prtg_rules.sensor_state(prtg_rules.script_v2(prtg_v2.render(check).text))
    assert older == prtg_rules.sensor_state(prtg_rules.advanced(prtg.render(check).text))


def test_asking_for_chain_and_signature_alarms_as_the_handbook_says() -> None:
    (string,) = re.findall(r"`(state: [^`]*)`", HANDBOOK)
    ((option, value),) = re.findall(r"`(--state) ([^`]*)`", HANDBOOK)
    parsed = parse_parameters(f"{PARAMETERS}, {string}")["state"]
    assert parsed == (("chain", State.CRITICAL), ("signature", State.CRITICAL))
    assert vars(cli.parser().parse_args([option, value]))["state"] == list(parsed)


# Channels and parameters


def test_the_table_of_channels_is_right() -> None:
    everything = {"state": (("chain", "ok"), ("signature", "ok")), "issuer": ("a",), "max_lifetime": 1.0}
    shown = channels(evaluated(seen(), **everything, min_tls="1.0"))
    rows = table("Channels")
    assert [(int(row[0]), row[1]) for row in rows] == [(channel.id, channel.name) for channel in shown]
    for row, channel in zip(rows, shown):
        assert (f"lookup `{channel.lookup}`" in row[3]) == (channel.lookup is not None)
    assert {row[1] for row in rows[5:]} == {
        question.channel[1] for question in QUESTIONS if question.channel and question.key not in SHOWN
    }


def test_the_table_of_channels_has_the_values_of_every_name_check() -> None:
    (values,) = (row[2] for row in table("Channels") if row[1] == "Common Name Check")
    documented = {
        name: (int(good), int(bad))
        for good, bad, names in re.findall(r"(\d) and (\d) \(([^)]*)\)", values)
        for name in names.split(", ")
    }
    assert {**documented, "none": (2, 2)} == NAME_VALUES
    assert values.endswith("2: not checked")


def test_the_original_s_name_checks_keep_their_meaning_and_the_default_is_as_the_handbook_says() -> None:
    assert {"cn", "cn_san", "none"} < set(NAME_CHECKS)
    (default,) = re.findall(r"check by `(\w+)`\s+where nothing is said", HANDBOOK)
    assert wanted("-H a.test").policy.name_check == default


def test_the_table_of_parameters_names_each_once() -> None:
    rows = table("Parameters")
    assert sorted(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows))) == sorted(KEYS)
    assert [row[0].strip("`") for row in rows if row[1].startswith("required")] == list(REQUIRED)


def wanted(line: str) -> Any:
    """Return the job that a line of Script v2 asks for."""
    return asked(script_v2.answer, script_v2.split(line.replace("%host", "mta.example.com")))


@pytest.mark.parametrize("example", re.findall(r"`\s*(-H %host[^`]*)`", HANDBOOK))
def test_the_examples_of_lines_are_understood(example) -> None:
    assert wanted(example).target.host == "mta.example.com"


def test_the_examples_of_strings_are_understood_and_mean_what_the_handbook_says() -> None:
    first, second = re.findall(r"`(port: [^`]*)`", HANDBOOK)
    assert first == EXAMPLE
    argument = json.dumps({"host": "mta.example.com", "params": second})
    (line,) = re.findall(r"becomes `([^`]*)`", HANDBOOK)
    assert asked(python_script_advanced.answer, [argument])._replace(output="prtg-v2") == wanted(line)


@pytest.mark.parametrize("row", table("From the original sensor, Python Script Advanced 2.0.0"), ids=lambda row: row[0])
def test_the_original_s_parameters_are_those_of_the_right_column(row) -> None:
    original, here, option = (cell.strip("`") for cell in row)
    key, _ = KEYS[here]
    assert original == here
    assert option in next(action.option_strings for action in cli.parser()._actions if action.dest == key)


ORIGINAL = ["Days to Expiration", "Common Name Check", "Public Key Length", "Root Authority Trusted", "Self-Signed"]
"""The channels of the original sensor, as its code names them; so does PRTG's own sensor, which has Revoked as well."""


def test_the_channels_of_the_original_s_code_go_on_in_every_sensor_type() -> None:
    (string,) = set(re.findall(r"`(channel_names: [^`]*)`", HANDBOOK))
    (option,) = set(re.findall(r"`(--prtg-channel-names [^`]*)`", HANDBOOK))
    jobs = [
        asked(python_script_advanced.answer, [json.dumps({"host": "a.test", "params": f"{PARAMETERS}, {string}"})]),
        asked(cli.answer, ["-H", "a.test", *option.split(), "-o", "prtg"]),
        wanted(f"-H a.test {option}"),
    ]
    for job in jobs:
        assert [channel.name for channel in channels(evaluated(seen())._replace(job=job))] == ORIGINAL
    assert all(f"*{name}*" in HANDBOOK for name in (*ORIGINAL[::2][:2], "Revoked"))


@pytest.mark.parametrize("row", table("From the earlier Script v2 sensor"), ids=lambda row: row[0])
def test_the_earlier_sensor_s_parameters_mean_what_the_right_column_says(row) -> None:
    values = {"DEVICE": "a.test", "PORT": "26", "PROTOCOL": "lmtp", "NAME": "b.test", "FILE": "a.pem"}
    earlier, here = (re.sub(r"[A-Z]{4,}", lambda word: values[word[0]], cell.strip("`")) for cell in row)
    if earlier.startswith("no "):
        earlier = ""
    if "the default" in here:
        assert wanted("a.test 26 lmtp --ca-trust a.pem --system-ca-trust") == wanted("a.test 26 lmtp")
        return
    base = "a.test 26 lmtp" if not earlier.startswith("a.test") else ""
    also = "" if "--name-check" in here else " --name-check none"
    assert wanted(f"{base} {earlier}") == wanted(f"-H a.test -p 26 -P lmtp {here}{also}")


# Installation


def test_the_files_that_the_handbook_names_are_there() -> None:
    for path in re.findall(r"`((?:python|scripts|EXEXML)/[^`]*)`", HANDBOOK):
        assert os.path.isfile(os.path.join(FOLDER, path))


@pytest.mark.skipif(sys.platform != "linux", reason="the commands are for Linux")
def test_the_commands_for_linux_install_a_script_that_runs(tmp_path) -> None:
    commands = re.search(r"```\n(python3 -m venv .*?)```", HANDBOOK, re.DOTALL)[1].splitlines()
    _, _, copy, name, run = (line.replace("/opt/paessler/share/scripts", str(tmp_path)) for line in commands)
    subprocess.run(["sh", "-euc", f"{copy}\n{name}"], cwd=os.path.dirname(os.path.dirname(FOLDER)), check=True)
    script = tmp_path / "starttls_cert_sensor.py"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/opt/check_starttls_cert/bin/python3\n")
    assert shlex.split(run.partition("|")[2]) == [str(script)]
    assert wanted(shlex.split(run.partition("|")[0])[1]).target.host == "mta.example.com"


# Troubleshooting


def said(main: Callable[[list[str]], int], *arguments: str) -> str:
    """Return the message of a front door."""
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        assert main(list(arguments)) == 0
    document = json.loads(stdout.getvalue())
    return document["message"] if "message" in document else document["prtg"]["text"]


def advanced(parameters: str) -> str:
    return said(python_script_advanced.main, "script.py", json.dumps({"host": "mta.example.com", "params": parameters}))


def line(text: str) -> str:
    return said(script_v2.main, *text.split(" "))


def script_without(module: str, folder: str) -> str:
    """Return what the script says where a module is missing."""
    options = ("-I", "-S") if module == "check_starttls_cert" else ()
    with open(os.path.join(folder, f"{module}.py"), "w", encoding="utf-8") as shadow:
        shadow.write(f"raise ModuleNotFoundError(\"No module named '{module}'\")\n")
    done = subprocess.run(
        [sys.executable, *options, os.path.join(FOLDER, "scripts", "starttls_cert_sensor.py"), "-H", "h"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=environment(folder),
    )
    return prtg_rules.script_v2(done.stdout)["message"]


def no_stdin() -> str:
    reader, writer = os.pipe()
    try:
        with (
            open(reader, encoding="utf-8") as stdin,
            mock.patch.object(sys, "stdin", stdin),
            mock.patch.object(script_v2.threading.Thread, "join"),
        ):
            return said(script_v2.main)
    finally:
        os.close(writer)


def conversation(*replies: bytes) -> str:
    """Return what is said about an SMTP server that answers with ``replies``."""

    def behave(sock) -> None:
        for reply in replies:
            sock.sendall(reply)
            sock.recv(1000)
        if not replies:
            sock.recv(1000)

    with Service(behave) as service:
        return line(f"-H 127.0.0.1 -p {service.port} -t 0.5")


def wrapper() -> str:
    with open(os.path.join(FOLDER, "EXEXML", "starttls_cert_sensor.cmd"), encoding="utf-8") as script:
        return json.loads(re.search(r"echo (\{.*\})", script.read())[1])["prtg"]["text"]


def raising(error: Exception) -> str:
    """Return what is said about an error that nobody foresaw."""
    with mock.patch.object(cli, "rendered", side_effect=error):
        return line("-H a.test")


def ended(folder: str) -> str:
    """Return what the script says when it is ended during an import that never ends."""
    if os.name != "posix":
        pytest.skip("sends a POSIX signal")
    with open(os.path.join(folder, "socket.py"), "w", encoding="utf-8") as shadow:
        shadow.write("import time\nprint('importing', flush=True)\ntime.sleep(3000)\n")
    script = os.path.join(FOLDER, "scripts", "starttls_cert_sensor.py")
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, script], env=environment(folder), **streams) as process:
        assert process.stdout.readline() == "importing\n"
        process.terminate()
        return prtg_rules.script_v2(process.stdout.read())["message"]


def about(observation: Any) -> str:
    """Return the message about an observation."""
    return json.loads(prtg_v2.render(evaluated(observation)).text)["message"]


UNKNOWN_ROOT = seen(trust=NO_ISSUER)
"""The server sends the way up to a root that is no trust anchor."""

EMITTED: dict[str, Callable[[str], str]] = {
    "No module named 'check_starttls_cert'": lambda folder: script_without("check_starttls_cert", folder),
    "the Python that runs this": lambda folder: script_without("nagiosplugin", folder),
    "cannot run check_starttls_cert": lambda _: wrapper(),
    "the sensor has no parameters": lambda _: advanced(""),
    "no parameters came on stdin": lambda _: no_stdin(),
    "the parameters cannot be split": lambda _: said(lambda _: script_v2.run("prtg-v2", lambda: script_v2.split("'"))),
    "… is no option": lambda _: line("-H a.test --critcal 7"),
    "unrecognized arguments": lambda _: line("-H a.test --bogus"),
    "the port is given twice": lambda _: line("a.test 25 smtp -p 25"),
    "a Script v2 sensor has": lambda _: line("-H a.test -o nagios"),
    "-H/--host is missing": lambda _: line("-p 25"),
    "sensor parameters: … missing": lambda _: advanced("port: 25"),
    "sensor parameters: unknown key": lambda _: advanced(f"{PARAMETERS}, Port: 26"),
    'sensor parameters: "…" is no': lambda _: advanced(f"{PARAMETERS}, warning: 28d,30%"),
    "sensor parameters: …: the character": lambda _: advanced(f"{PARAMETERS}, ca_file: a(b"),
    "PRTG passes one argument": lambda _: said(python_script_advanced.main, "script.py"),
    "the argument is not JSON": lambda _: said(python_script_advanced.main, "script.py", "{host:"),
    "there is no file": lambda folder: line(f"-H a.test --ca-file {folder}/missing.pem"),
    "… cannot connect to": lambda _: line("-H 127.0.0.1 -p 1"),
    "… no greeting within": lambda _: conversation(),
    "… the server does not offer": lambda _: conversation(b"220 mta ESMTP\r\n", b"250 mta\r\n"),
    "CRITICAL. not trusted": lambda _: about(UNKNOWN_ROOT),
    "CRITICAL. self-signed": lambda _: about(SITUATIONS["self_signed"]),
    "this machine's limit": lambda _: raising(MemoryError()),
    "ended by": ended,
    "internal error": lambda _: raising(KeyError("a")),
}
"""For the beginning of each text in the handbook, a run that emits it."""

QUOTED = [row[0].strip("`") for row in table("Troubleshooting")]


def test_every_text_is_explained_once() -> None:
    assert len(QUOTED) == len(EMITTED)
    for begins, quoted in zip(EMITTED, QUOTED):
        assert quoted.startswith(begins)


@pytest.mark.parametrize(("begins", "quoted"), list(zip(EMITTED, QUOTED)))
def test_every_text_is_one_that_the_code_emits(begins, quoted, tmp_path) -> None:
    pattern = ".+".join(map(re.escape, quoted.split("…")))
    text = EMITTED[begins](str(tmp_path))
    assert re.fullmatch(pattern, text), text


def test_the_handbook_names_no_option_that_there_is_none() -> None:
    parsers = cli.parser(), command.parser()
    known = {flag for parser in parsers for action in parser._actions for flag in action.option_strings}
    earlier = {"--sni-domain", "--name-validation", "--ca-trust", "--system-ca-trust"}
    pip = {"--no-index", "--find-links", "--no-deps", "--break-system-packages"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", HANDBOOK)) <= known | earlier | pip
