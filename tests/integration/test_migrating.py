"""The tables of contrib/MIGRATING.md: the old command and the new one, against the same servers.

Skipped without the versions that the document names, which are Debian 12's. A cell that holds a state, a command or an
option is tried; what has no counterpart must be an option that their ``--help`` knows.
"""

# ruff: noqa: PLR0913, PLR0917 - a test's arguments are fixtures

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import zoo
from conftest import EXIT_CODES, Program, Zoo, required
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from observations import asked
from servers import dovecot_all, openldap, postfix, process, slapd
from servers.running import Certificate

from check_starttls_cert import cli
from check_starttls_cert.errors import UsageError

TOP = Path(__file__).parent.parent.parent
DOCUMENT = (TOP / "contrib/MIGRATING.md").read_text(encoding="utf-8")

PLUGINS = "/usr/lib/nagios/plugins"
THEIRS = ("check_smtp", "check_tcp", "check_ldap", "check_ssl_cert")

NAME = "mail.example.com"
NAMES = (x509.DNSName(NAME), *(x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")))
"""Not all of the old plugins can be told the name: so the address is one of the certificate's too."""

DAY = timedelta(days=1)


def tables(heading: str) -> list[list[str]]:
    """Return the cells of the table below ``heading``, without its head."""
    section = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in rows[2:]]


def quoted(cell: str) -> list[str]:
    """Return what stands between backquotes."""
    return re.findall("`([^`]*)`", cell)


COMMANDS = [(*quoted(before), *quoted(now)) for before, now in tables("Commands")]

STATES = {found: dict(zip((*THEIRS, "ours"), cells)) for found, *cells in tables("States")}

EVERYWHERE = ("all is well", "10 days left", "expired 40 days ago")
"""What is found on each kind of server, and for each name that an option has."""

SLOW = (*EVERYWHERE, "not yet valid", "another name", "unknown root", "self-signed", "nothing listens")
"""What is found by check_ssl_cert, which takes a second each time."""


def situations(plugin: str, now: str, *, is_first: bool) -> tuple[str, ...]:
    """Return what is to be found where an option is tried; less for the further names that it has."""
    if now in {"`-4`", "`-6`"}:
        return EVERYWHERE[:1]
    if not is_first:
        return EVERYWHERE
    return SLOW if plugin == "check_ssl_cert" else tuple(STATES)


OPTIONS = [
    (plugin, quoted(before), now, note) for plugin in THEIRS for before, now, note in tables(f"Options of {plugin}")
]
"""Plugin, its options that mean the same, what they are here, and what differs."""

TRIED = [
    pytest.param(
        plugin,
        old,
        "".join(quoted(now)),
        re.findall('"([^"]*)"', note),
        situations(plugin, now, is_first=old == before[0]),
        id=f"{plugin} {old}",
        marks=[pytest.mark.slow] if plugin == "check_ssl_cert" else [],
    )
    for plugin, before, now, note in OPTIONS
    for old in before
    if now != "none" and not now.startswith(("`-H`", "`-o "))
]
"""The same one by one, with what is found where they differ, and where they are tried. No state is in exit codes of
other outputs."""


def leaf(now: datetime, **special: Any) -> zoo.Case:
    return zoo.leaf(now, **{"subject": zoo.name(NAME), "names": NAMES, **special})


def self_signed(now: datetime) -> zoo.Case:
    name, key = zoo.name(NAME), zoo.key()
    made = zoo.certificate(now, name, key, name, key, remaining=200 * DAY, names=NAMES)
    return leaf(now)._replace(chain=zoo.pem(made), key=zoo.private(key))


CASES = {
    "all is well": leaf,
    # The zoo's certificates have an hour to spare.
    "30.5 days left": lambda now: leaf(now, remaining=30.5 * DAY),
    "20 days left": lambda now: leaf(now, remaining=20 * DAY),
    "10 days left": lambda now: leaf(now, remaining=10 * DAY),
    "expired an hour ago": lambda now: leaf(now, remaining=timedelta(0)),
    "expired 40 days ago": lambda now: leaf(now, remaining=-40 * DAY),
    "not yet valid": lambda now: leaf(now, remaining=370 * DAY),
    "another name": lambda now: leaf(now, subject=zoo.name("other.test"), names=zoo.dns("other.test")),
    "unknown root": lambda now: leaf(now, under="Another root"),
    "intermediate not sent": lambda now: leaf(now, sends_intermediate=False),
    "self-signed": self_signed,
}
"""What is found -> the certificate that the servers have."""


class Lab(NamedTuple):
    """Servers for what is found."""

    folder: str
    ports: dict[tuple[str, str], int]
    """By protocol and what is found."""
    good: x509.Certificate
    environment: dict[str, str]

    def arguments(self, command: str, protocol: str, found: str) -> list[str]:
        """Return a command of the document, for the server where that is found."""
        address = "::1" if re.search(" (-6|--use-ipv6)( |$)", command) else "127.0.0.1"
        command = re.sub(r" -H \S+", f" -H {address}", command)
        command = re.sub(r" (-p |--port[ =])\d+", "", command).replace("/etc/ssl", self.folder)
        for word, hash_ in (("SHA1", hashes.SHA1()), ("SHA256", hashes.SHA256())):
            command = re.sub(rf"\b{word}\b", self.good.fingerprint(hash_).hex(":").upper(), command)
        return [*shlex.split(command), "-p", str(self.ports[protocol, found])]

    def theirs(self, command: str, protocol: str, found: str) -> str:
        """Return the state that an old plugin tells."""
        plugin, *arguments = self.arguments(command, protocol, found)
        done = subprocess.run(
            [f"{PLUGINS}/{plugin}", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=process.PATIENCE,
            check=False,
        )
        return f"{state(done.returncode)}: {done.stdout.decode('utf-8', 'replace')}"

    def ours(self, check: Program, command: str, found: str) -> str:
        """Return the state that this program tells."""
        program, *arguments = self.arguments(command, protocol_of(command), found)
        assert program == "check_starttls_cert"
        run = check(*arguments, SSL_CERT_FILE=self.environment["SSL_CERT_FILE"], SSL_CERT_DIR="/nonexistent")
        return f"{state(run.exit_code)}: {run.stdout}"


def state(exit_code: int) -> str:
    return {code: name for name, code in EXIT_CODES.items()}[exit_code]


def protocol_of(command: str) -> str:
    """Return what a command of ours speaks."""
    found = re.findall(r" -P (\S+)", command)
    return found[-1] if found else "smtp"


@pytest.fixture(scope="session")
def plugins() -> None:
    """Skip where the old plugins are not installed, or others than the document's."""
    with required("the other plugins"):
        for plugin in THEIRS:
            told = subprocess.run([process.find(plugin, PLUGINS), "--version"], capture_output=True, check=False).stdout
            if not any(version in told.decode() for version in re.findall(r"\(\D*([0-9.]+)\)", DOCUMENT)):
                raise process.Unavailable(f"the document is of another version than {told.decode().strip()}")
        # check_ssl_cert is a shell script that needs these.
        for program in ("openssl", "host", "bc", "file", "nmap"):
            process.find(program)


@pytest.fixture(scope="module")
def lab(plugins: None, certificates: Zoo) -> Iterator[Lab]:
    """Return servers that show whatever is found."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    with tempfile.TemporaryDirectory(prefix="starttls") as folder, contextlib.ExitStack() as stack:
        os.chmod(folder, 0o755)
        cases = {found: make(now) for found, make in CASES.items()}
        root = process.write(f"{folder}/corp-root.pem", cases["all is well"].anchors)
        os.mkdir(f"{folder}/corp")
        shutil.copy(root, f"{folder}/corp")
        with required("openssl rehash"):
            process.run([process.find("openssl"), "rehash", f"{folder}/corp"])
        files = {
            found: Certificate(
                NAME,
                process.write(f"{folder}/{number}.chain.pem", case.chain),
                process.write(f"{folder}/{number}.key.pem", case.key),
                process.write(f"{folder}/{number}.both.pem", case.key + case.chain),
                root,
            )
            for number, (found, case) in enumerate(cases.items())
        }
        ports = {
            **mail(stack, folder, files, certificates.openssl),
            **directories(stack, folder, files),
            **others(stack, folder, files),
        }
        (free,) = process.free_ports(1)
        ports |= {(protocol, "nothing listens"): free for protocol, _ in ports}
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "SSL_CERT_FILE": root, "LDAPTLS_CACERT": root}
        yield Lab(folder, ports, x509.load_pem_x509_certificate(cases["all is well"].chain), environment)


Ports = dict[tuple[str, str], int]
Files = dict[str, Certificate]


def mail(stack: contextlib.ExitStack, folder: str, files: Files, lenient: str) -> Ports:
    """Start Postfix for everything."""
    without = {"smtpd_tls_security_level": "none"}
    services = {"smtp/no TLS offered": without, "smtps/no TLS offered": without}
    for found, each in files.items():
        services[f"smtp/{found}"] = {"smtpd_tls_chain_files": each.both}
        services[f"smtps/{found}"] = {"smtpd_tls_chain_files": each.both, "smtpd_tls_wrappermode": "yes"}
    os.mkdir(f"{folder}/postfix")
    with required("Postfix"):
        started = postfix.start(stack, f"{folder}/postfix", services, lenient)
    ports = {tuple(service.split("/")): port for service, port in started.ports.items()}
    return ports | {("submission", found): port for (protocol, found), port in ports.items() if protocol == "smtp"}


def directories(stack: contextlib.ExitStack, folder: str, files: Files) -> Ports:
    """Start slapd for everything."""
    os.mkdir(f"{folder}/slapd")
    with required("slapd"):
        services = {"no TLS offered": None, **{found: (each.chain, each.key) for found, each in files.items()}}
        started = slapd.start(stack, f"{folder}/slapd", services)
    return {("ldap", found): port for found, port in started.ports.items()}


def others(stack: contextlib.ExitStack, folder: str, files: Files) -> Ports:
    """Start Dovecot, and slapd with TLS from the first byte, for what is found everywhere."""
    ports = {}
    for number, found in enumerate(EVERYWHERE):
        for name, start in (("Dovecot", dovecot_all.start), ("OpenLDAP", openldap.start)):
            own = f"{folder}/{name}{number}"
            os.mkdir(own)
            with required(name):
                started = start(stack, own, files[found])
            ports |= {(protocol, found): port for protocol, port in started.ports.items() if protocol != "ldap"}
    return ports


def test_the_table_of_states_has_each_situation() -> None:
    assert list(STATES) == [*CASES, "no TLS offered", "nothing listens"]


def marked(commands: list[tuple[str, str]]) -> list[Any]:
    """Return the parameters of a test; check_ssl_cert needs some ten seconds."""
    slow = [pytest.mark.slow]
    return [pytest.param(*row, id=row[0], marks=slow if "ssl_cert" in row[0] else []) for row in commands]


def column(command: str) -> str:
    """Return whose column of the table a command is."""
    plugin = command.partition(" ")[0]
    return plugin if plugin in THEIRS else "check_tcp"


@pytest.mark.servers
@pytest.mark.parametrize(("before", "now"), marked(COMMANDS))
def test_both_commands_tell_the_states_of_the_table(before, now, lab, check) -> None:
    protocol, differences = protocol_of(now), []
    for found, states in STATES.items():
        if (protocol, found) in lab.ports:
            theirs, ours = lab.theirs(before, protocol, found), lab.ours(check, now, found)
            if [theirs.partition(":")[0], ours.partition(":")[0]] != [states[column(before)], states["ours"]]:
                differences.append((found, theirs, ours))
    assert not differences


@pytest.mark.servers
@pytest.mark.parametrize(("plugin", "before", "now", "differs", "tried"), TRIED)
def test_an_option_changes_the_same_for_both(plugin, before, now, differs, tried, lab, check) -> None:
    """Where the commands tell the same state, they do with the option too, but where the document says otherwise."""
    old, new = next(row for row in COMMANDS if row[0].startswith(f"{plugin} "))
    if before in {"-S", "--ssl"}:
        old = old.replace(" -T", "")  # check_ldap takes but one of them
    if now == "-6" and not process.has_ipv6():
        pytest.skip("there is no IPv6")
    old, new = f"{old} {before}", f"{new} {now}".strip()
    protocol, differences = protocol_of(new), {}
    for found in tried:
        if (protocol, found) in lab.ports and STATES[found][plugin] == STATES[found]["ours"]:
            theirs, ours = lab.theirs(old, protocol, found), lab.ours(check, new, found)
            if theirs.partition(":")[0] != ours.partition(":")[0]:
                differences[found] = (theirs, ours)
    assert list(differences) == [found for found in differs if found in tried], differences


@pytest.mark.parametrize("plugin", THEIRS)
def test_the_table_has_every_option_of_the_old_plugin_and_no_other(plugin, plugins) -> None:
    done = subprocess.run([f"{PLUGINS}/{plugin}", "--help"], capture_output=True, text=True, check=False)
    theirs = set(re.findall(r"^ +(?:-\w,? ?)?\[?(--[\w-]+)", done.stdout, re.MULTILINE)) - {"--help", "--version"}
    ours = {
        option for each, before, *_ in OPTIONS if each == plugin for option in re.findall(r"--[\w-]+", " ".join(before))
    }
    assert ours == theirs


def meant(words: list[str]) -> Any:
    """Return what is asked by a command line, or by the one that is said to be meant."""
    try:
        return asked(cli.answer, words)
    except UsageError as error:
        said, shown, command = str(error).partition("what is meant: ")
    assert shown, said
    assert "nothing here is like" not in said
    return asked(cli.answer, shlex.split(command)[1:])


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (old, now)
        for _, before, now, _ in OPTIONS
        for old in before
        if now != "none" and not now.startswith(("`-H`", "`--fingerprint"))
    ],
)
def test_the_program_means_the_same_by_an_option(before, now) -> None:
    """But for hosts, which are everywhere, and patterns of a fingerprint, which are nowhere here."""
    # Which protocol that is, only another option tells: the port, a search base.
    told = [] if before in {"-S", "--ssl", "--starttls"} else shlex.split("".join(quoted(now)))
    assert meant(["-H", "a.test", *shlex.split(before)]) == asked(cli.answer, ["-H", "a.test", *told])


@pytest.mark.servers
def test_no_more_can_be_judged_than_before(lab, check) -> None:
    text, command = re.findall(r"^To judge no more (.*?)```\n(.*?)\n```", DOCUMENT, re.MULTILINE | re.DOTALL)[0]
    differs = re.findall('"([^"]*)"', text)
    told = {found: lab.ours(check, command, found).partition(":")[0] for found in STATES}
    assert told == {found: "CRITICAL" if found in differs else row["check_smtp"] for found, row in STATES.items()}


SENSORS = TOP / "contrib/prtg"


@pytest.mark.servers
@pytest.mark.parametrize(("pairs", "options"), [quoted(" ".join(row)) for row in tables("The original PRTG sensor")])
def test_both_sensors_of_prtg_show_the_same(pairs, options, lab, check, tmp_path) -> None:
    protocol, shown = protocol_of(options), {}
    for found in STATES:
        if (protocol, found) in lab.ports:
            port = lab.ports[protocol, found]
            argument = json.dumps({"host": "127.0.0.1", "params": re.sub(r"port: \d+", f"port: {port}", pairs)})
            line = re.sub(r"-p \d+", f"-p {port}", options.replace("%host", "127.0.0.1"))
            before = sensor("python", lab, check, argument)["prtg"]
            now = sensor("scripts", lab, check, given=line)
            shown[found] = {channel["channel"]: channel["value"] for channel in before.get("result", ())}
            assert shown[found] == {channel["name"]: channel["value"] for channel in now["channels"]}
            assert before["text"] == now["message"]
    assert shown["all is well"]["Root Authority Trusted"] == 0
    assert shown["expired 40 days ago"]["Days until Expiration"] == -41


def sensor(kind: str, lab: Lab, check: Program, *arguments: str, given: str = "") -> dict[str, Any]:
    """Return the document that a sensor's script prints."""
    script = SENSORS / kind / "starttls_cert_sensor.py"
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**check.environment, "SSL_CERT_FILE": lab.environment["SSL_CERT_FILE"]},
        input=given,
        capture_output=True,
        text=True,
        timeout=process.PATIENCE,
        check=True,
    )
    return json.loads(done.stdout)
