"""Whatever is wrong with the machine and the account that the program runs as: a verdict that blames the right one.

Each test starts the program as a monitoring system does. Where anything can be written there is one line (nagios) or
one document (PRTG, whose exit code is 0), and nothing on stderr.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import metrics_format
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import PROPERTY, SITUATIONS, environment, evaluated, world

import check_starttls_cert
from check_starttls_cert import demo
from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import OUTPUTS, renderer
from check_starttls_cert.prtg import python_script_advanced

posix = pytest.mark.skipif(os.name != "posix", reason="closes descriptors or sets limits the POSIX way")
linux = pytest.mark.skipif(sys.platform != "linux", reason="has limits or files that Linux alone has")

INSTALLATION = f"the Python that runs this ({sys.executable}) cannot import what it needs: "
LIMIT = "this machine's limit is reached: "

FULL = "/dev/full"


class Done(NamedTuple):
    """How a run ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """The only line, or what a PRTG document says."""
        assert self.stderr == ""
        assert self.stdout.count("\n") == 1
        assert self.stdout[:-1].isprintable()
        if not self.stdout.startswith("{"):
            return self.stdout[:-1]
        document = json.loads(self.stdout)["prtg"]
        assert self.exit_code == 0
        return document["text"]


class Machine(NamedTuple):
    """A server on this machine, and what a check of it needs."""

    folder: Path
    port: int
    anchor: str

    def run(self, *arguments: str, folders: tuple[str, ...] = (), shell: str = "", **popen: Any) -> Done:
        """Run the program; ``shell`` is what a shell does before, as ``ulimit`` and redirections."""
        command = [sys.executable, "-m", "check_starttls_cert", *arguments]
        if shell:
            command = ["/bin/sh", "-c", shell.replace("PROGRAM", shlex.join(command))]
        changes = popen.pop("env", {})
        popen = {"cwd": self.folder, "stdin": subprocess.DEVNULL, **popen}
        done = subprocess.run(command, env=environment(*folders, **changes), capture_output=True, check=False, **popen)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def check(self, *arguments: str, **how: Any) -> Done:
        """Check the server, whose certificate is fine."""
        own = ("-H", demo.HOST, "-p", str(self.port), "-n", demo.NAME, "--ca-file", self.anchor, "-t", "600")
        return self.run(*own, *arguments, **how)

    def broken(self, name: str, text: str) -> str:
        """Return a folder with a module of this name."""
        folder = self.folder / f"broken-{name}-{len(os.listdir(self.folder))}"
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        return str(folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Iterator[Machine]:
    """Run a server whose certificate is fine."""
    folder = tmp_path_factory.mktemp("machine")
    with demo.server(datetime.now(timezone.utc), str(folder)) as (port, anchor):
        yield Machine(folder, port, anchor)


OUTPUT = pytest.mark.parametrize(("output", "exit_code"), [("nagios", 3), ("prtg", 0)])
"""How a failure of ours ends."""

FINE = f": {demo.NAME} expires in "


# Descriptors


@posix
@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_descriptor_that_nobody_needs_may_be_closed(machine, closed) -> None:
    done = machine.check(shell=f"PROGRAM {closed}")
    assert (done.exit_code, FINE in done.said) == (0, True)


@posix
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-", f">{FULL}"])
@pytest.mark.parametrize(("arguments", "exit_code"), [(("-n", "other.test"), 2), (("-p", "x"), 3), (("-o", "prtg"), 0)])
def test_without_a_stdout_the_exit_code_tells_the_state(machine, closed, arguments, exit_code) -> None:
    if FULL in closed and not os.path.exists(FULL):
        pytest.skip(f"this system has no {FULL}")
    assert machine.check(*arguments, shell=f"PROGRAM {closed}") == Done(exit_code, "", "")


@linux
@pytest.mark.parametrize("descriptors", [6, 10, 20])
def test_a_handful_of_descriptors_is_enough(machine, descriptors) -> None:
    done = machine.check(shell=f"ulimit -n {descriptors}; PROGRAM")
    assert (done.exit_code, FINE in done.said) == (0, True)


@linux
@OUTPUT
def test_no_descriptor_for_an_import_is_this_machine_s_limit(machine, output, exit_code) -> None:
    # Python cannot start with so few; they are taken when it has.
    take = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
    done = machine.check("-o", output, folders=(machine.broken("argparse", take + "import ssl\n"),))
    assert done.exit_code == exit_code
    assert LIMIT + "too many open files" in done.said


# Memory, threads


@linux
def test_40_megabytes_of_address_space_are_enough(machine) -> None:
    done = machine.check(shell="ulimit -v 40960; PROGRAM")
    assert (done.exit_code, FINE in done.said) == (0, True)


@linux
@OUTPUT
def test_too_little_memory_for_openssl_is_this_machine_s_limit(machine, output, exit_code) -> None:
    # What Python itself takes differs between machines: it is allowed that and a megabyte more than it has by then.
    limit = (
        "import re, resource\n"
        "size = int(re.search(r'VmSize:\\s+(\\d+)', open('/proc/self/status').read())[1]) + 1024 << 10\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "from _ssl import *\n"
    )
    done = machine.check("-o", output, folders=(machine.broken("ssl", limit),))
    assert done.exit_code == exit_code
    assert LIMIT + "out of memory" in done.said


NO_THREADS = """
import _thread
def start(*_, **__):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = _thread.start_joinable_thread = start
"""


@OUTPUT
def test_no_thread_to_be_had_is_this_machine_s_limit(machine, output, exit_code) -> None:
    folder = machine.broken("sitecustomize", NO_THREADS)
    done = machine.run("-H", "localhost", "-p", str(machine.port), "-o", output, folders=(folder,))
    assert done.exit_code == exit_code
    assert LIMIT + "no thread to be had" in done.said


@linux
@OUTPUT
def test_the_system_s_limit_of_processes_is_told_as_such(machine, output, exit_code) -> None:
    # Root has no such limit. The other user may read what root may: the interpreter can lie where only root reads.
    shell = "PROGRAM"
    if os.geteuid() == 0:
        drop = "setpriv --reuid 65534 --inh-caps +dac_read_search --ambient-caps +dac_read_search"
        if subprocess.run(["/bin/sh", "-c", f"{drop} true"], capture_output=True, check=False).returncode:
            pytest.skip("root has no limit of processes, and setpriv cannot make another user here")
        shell = f"{drop} PROGRAM"
    # Set when Python has started, which this user could not do under such a limit.
    none = machine.broken("sitecustomize", "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n")
    done = machine.run("-H", "localhost", "-p", str(machine.port), "-o", output, folders=(none,), shell=shell)
    assert done.exit_code == exit_code
    assert LIMIT + "no thread to be had" in done.said


@linux
@OUTPUT
def test_no_descriptor_for_the_connection_is_this_machine_s_limit(machine, output, exit_code) -> None:
    # They are taken when the imports are over, by the last thing that happens before the connection.
    taken = (
        "import resource, socket\n"
        "found = socket.getaddrinfo\n"
        "def getaddrinfo(*arguments):\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "    return found(*arguments)\n"
        "socket.getaddrinfo = getaddrinfo\n"
    )
    done = machine.check("-o", output, "--unreachable", "ok", folders=(machine.broken("sitecustomize", taken),))
    assert done.exit_code == exit_code
    assert LIMIT + "too many open files" in done.said


def test_no_thread_to_read_prtg_s_line_with_is_this_machine_s_limit(machine) -> None:
    folder = machine.broken("sitecustomize", NO_THREADS)
    program = "import sys; from check_starttls_cert.prtg import script_v2; sys.exit(script_v2.main())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(folder),
        input="-H localhost\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["message"].startswith(LIMIT + "no thread to be had")


def test_a_resolver_that_never_answers_is_blamed_and_not_the_server(machine) -> None:
    silent = "import socket, threading\nsocket.getaddrinfo = lambda *_: threading.Event().wait()\n"
    done = machine.run("-H", "mta.example.com", "-t", "0.2", folders=(machine.broken("sitecustomize", silent),))
    assert done.exit_code == 2
    assert "the resolver did not answer for mta.example.com within 0.2 s (check this machine's resolver" in done.said
    assert "server is slow" not in done.said


SILENT_RESOLVER = """
import fcntl, os, socket, struct, subprocess, sys
folder, *command = sys.argv[1:]
for file in ("resolv.conf", "nsswitch.conf"):
    if os.path.exists(f"/etc/{file}"):
        subprocess.run(["mount", "--bind", os.path.join(folder, file), f"/etc/{file}"], check=True)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
    # The loopback interface of a new namespace is down: SIOCSIFFLAGS, IFF_UP.
    fcntl.ioctl(resolver, 0x8914, struct.pack("16sh14x", b"lo", 1))
    resolver.bind(("127.0.0.1", 53))
    sys.exit(subprocess.run(command).returncode)
"""
"""Runs a command where the only resolver takes questions and never answers. Needs namespaces of its own."""

NAMESPACES = ("unshare", "--map-root-user", "--net", "--mount")


@linux
def test_a_real_resolver_that_is_silent_is_left_behind_at_the_deadline(machine) -> None:
    probe = [*NAMESPACES, "mount", "--bind", "/etc/hostname", "/etc/hosts"]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no namespaces for the network and for mounts can be made here")
    folder = machine.folder / "silent-resolver"
    folder.mkdir()
    # Left to itself, the system's resolver would wait for two and a half minutes.
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    (folder / "nsswitch.conf").write_text("hosts: dns\n")
    shell = f"{shlex.join([*NAMESPACES, sys.executable, '-c', SILENT_RESOLVER, str(folder)])} PROGRAM"
    done = machine.run("-H", "mta.example.com", "-t", "1", shell=shell, timeout=60)
    assert done.exit_code == 2
    assert "the resolver did not answer for mta.example.com within 1 s (check this machine's resolver" in done.said


# Locale, home, directory, clock


@pytest.mark.parametrize(
    "locale",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "xx_XX.nonsense"},
        *({"PYTHONIOENCODING": encoding} for encoding in ("ascii", "cp1252", "utf-16:strict")),
    ],
)
def test_no_locale_costs_the_verdict(machine, locale) -> None:
    done = machine.check("-n", "xn--bcher-kva.test", env=locale, shell="PROGRAM | tr -d '\\000\\376\\377'")
    assert f'name: xn--bcher-kva.test not covered by "{demo.NAME}"' in done.said


def test_neither_a_home_nor_a_path_nor_any_other_variable_is_needed(machine) -> None:
    package = os.path.dirname(os.path.dirname(check_starttls_cert.__file__))
    done = machine.check(shell=f"env -i PYTHONPATH={shlex.quote(package)} PROGRAM")
    assert (done.exit_code, FINE in done.said) == (0, True)


def test_a_directory_that_cannot_be_written_to_is_left_as_it_is(machine) -> None:
    folder = machine.folder / "read-only"
    folder.mkdir(mode=0o555)
    done = machine.check(cwd=folder, env={"TMPDIR": str(folder), "HOME": str(folder)})
    assert (done.exit_code, FINE in done.said) == (0, True)
    assert list(folder.iterdir()) == []


@posix
def test_a_directory_that_is_gone_is_not_needed(machine) -> None:
    done = machine.check(shell="mkdir gone; cd gone; rmdir ../gone; PROGRAM")
    assert (done.exit_code, FINE in done.said) == (0, True)


CLOCK = """
import datetime
class Clock(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return datetime_of_c({year}, 1, 1, tzinfo=zone)
datetime_of_c, datetime.datetime = datetime.datetime, Clock
"""


@pytest.mark.parametrize(
    ("year", "said"), [(1970, "(check this machine's clock, which says 1970-01-01)"), (2106, "expired")]
)
@OUTPUT
def test_a_clock_that_is_far_off_gives_a_verdict(machine, year, said, output, exit_code) -> None:
    folder = machine.broken("sitecustomize", CLOCK.format(year=year))
    done = machine.check("-o", output, folders=(folder,))
    assert done.exit_code == min(exit_code, 2)
    assert said in done.said


@pytest.mark.parametrize("year", [1, 1970, 2038, 2106, 9999])
@pytest.mark.parametrize("output", OUTPUTS)
def test_no_situation_is_beyond_words_whatever_the_clock_says(year, output) -> None:
    for situation in SITUATIONS.values():
        report = evaluated(situation, datetime(year, 1, 1, tzinfo=timezone.utc), output=output, verbose=2)
        text, exit_code = renderer(output).render(report)
        assert exit_code in ((2,) if output in ("nagios", "json") else (0,))
        if output == "openmetrics":
            metrics_format.parse(f"{text}\n")
        else:
            assert output == "nagios" or json.loads(text)


# Trust anchors


def test_a_directory_as_the_file_of_anchors_is_told_so(machine) -> None:
    assert "is a directory; use --ca-dir for it" in machine.check("--ca-file", str(machine.folder)).said


@OUTPUT
def test_a_file_of_anchors_without_any_is_blamed(machine, output, exit_code) -> None:
    done = machine.check("--ca-file", __file__, "-o", output)
    assert done.exit_code == exit_code
    assert f'cannot read trust anchors from "{__file__}": it holds no PEM certificate' in done.said


@posix
def test_a_file_of_anchors_that_may_not_be_read_is_blamed(machine) -> None:
    secret = machine.folder / "secret.pem"
    shutil.copy(machine.anchor, secret)
    secret.chmod(0)
    # Root reads everything, unless it gives that up.
    drop = f"{shutil.which('setpriv')} --bounding-set -dac_override,-dac_read_search PROGRAM"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root reads every file, and there is no setpriv")
    done = machine.check("--ca-file", str(secret), shell=drop if os.geteuid() == 0 else "PROGRAM")
    assert done.exit_code == 3
    assert f'cannot read trust anchors from "{secret}": Permission denied' in done.said


def test_the_block_of_a_file_of_anchors_that_is_damaged_is_named(machine) -> None:
    damaged = machine.folder / "damaged.pem"
    good = Path(machine.anchor).read_text()
    damaged.write_text(good * 2 + good.replace("MII", "AAA"))
    done = machine.check("--ca-file", str(damaged))
    assert done.exit_code == 3
    line = 2 * good.count("\n") + 1
    assert f'"{damaged}": certificate 3, which begins in line {line}, is damaged' in done.said


# The installation

BROKEN = {
    "SyntaxError": ("x = = 1\n", "invalid syntax"),
    "NameError": ("undefined\n", "name 'undefined' is not defined in "),
    "OSError": ("raise OSError(5, 'Input/output error')\n", "[Errno 5] Input/output error in "),
    "ImportError": ("raise ImportError('DLL load failed')\n", "DLL load failed"),
    "SystemExit": ("raise SystemExit(1)\n", "SystemExit in "),
    "BaseException": ("class Panic(BaseException): pass\nraise Panic('x')\n", "Panic in "),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("module", ["argparse", "socket", "datetime", "ssl", "nagiosplugin"])
def test_a_module_that_cannot_be_imported_is_the_installation(machine, module, kind) -> None:
    text, words = BROKEN[kind]
    folder = machine.broken(module, text)
    done = machine.check(folders=(folder,))
    assert done.exit_code == 3
    assert done.said.startswith(f"STARTTLS_CERT UNKNOWN - {INSTALLATION}{words}")
    assert kind == "ImportError" or folder in done.said


@pytest.mark.parametrize("module", ["argparse", "json", "nagiosplugin"])
@pytest.mark.parametrize("kind", BROKEN)
def test_prtg_is_told_of_the_installation_in_a_document(machine, module, kind) -> None:
    text, words = BROKEN[kind]
    done = machine.check("-o", "prtg", folders=(machine.broken(module, text),))
    assert done.said.startswith(INSTALLATION + words)


def test_even_what_answers_for_everything_else_may_be_broken(machine) -> None:
    done = machine.check(folders=(machine.broken("signal", "raise OSError('a|b\\nc')\n"),))
    assert done.exit_code == 3
    assert done.said.startswith(f"STARTTLS_CERT UNKNOWN - {INSTALLATION}OSError: a/b c; install")
    document = machine.check("-o", "prtg", folders=(machine.broken("signal", "raise OSError('a|b\\nc')\n"),))
    assert document.said.startswith(f"{INSTALLATION}OSError: a/b c; install")


def test_half_a_dependency_is_the_installation(machine) -> None:
    done = machine.check(folders=(machine.broken("nagiosplugin", "__version__ = '1'\n"),))
    assert done.said.startswith(f"STARTTLS_CERT UNKNOWN - {INSTALLATION}module 'nagiosplugin' has no attribute")


def test_half_the_package_is_the_installation(machine) -> None:
    half = machine.folder / "half"
    shutil.copytree(Path(check_starttls_cert.__file__).parent, half / "check_starttls_cert")
    (half / "check_starttls_cert" / "outputs" / "nagios.py").unlink()
    done = machine.check(folders=(str(half),))
    assert done.exit_code == 3
    assert done.said.startswith(f"STARTTLS_CERT UNKNOWN - {INSTALLATION}No module named 'check_starttls_cert.outputs.n")


def test_foreign_modules_named_like_ours_are_not_imported(machine) -> None:
    folder = machine.folder / "foreign"
    folder.mkdir()
    for file in Path(check_starttls_cert.__file__).parent.iterdir():
        name = file.stem if file.suffix == ".py" else file.name
        if name not in sys.stdlib_module_names if hasattr(sys, "stdlib_module_names") else name != "signals":
            (folder / f"{name}.py").write_text("raise AssertionError\n")
    done = machine.check(folders=(str(folder),))
    assert (done.exit_code, FINE in done.said) == (0, True)


@posix
def test_an_openssl_without_ciphers_is_this_machine_s(machine) -> None:
    configuration = machine.folder / "openssl.cnf"
    configuration.write_text("openssl_conf = all\n[all]\nproviders = some\n[some]\nnone = none\n[none]\nactivate = 1\n")
    probe = "import ssl; ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"
    changes = {"OPENSSL_CONF": str(configuration)}
    command = [sys.executable, "-c", probe]
    if subprocess.run(command, env=environment(**changes), capture_output=True, check=False).returncode == 0:
        pytest.skip("this Python's OpenSSL does not read its configuration")
    done = machine.check(env=changes)
    assert done.exit_code == 3
    assert (
        "UNKNOWN - this machine's OpenSSL cannot be used: library has no ciphers; check its configuration" in done.said
    )


# Credentials

SECRET = "s3cr3t"

CREDENTIALS = (
    "linuxuser",
    "linuxpassword",
    "windowsuser",
    "windowspassword",
    "dbloginpassword",
    "snmpcommv2",
    "proxypassword",
)
"""PRTG's place-holders, which it puts into the argument where the user has ticked that."""

FINE_PARAMETERS = "port: 25, protocol: smtp, cert_domainname_validation: none"


@st.composite
def arguments(draw: Any) -> str:
    """Return an argument as PRTG makes it, with credentials, and with something wrong somewhere else."""
    noise = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
    credentials = {
        key: f"{draw(noise)}{SECRET}{draw(noise)}" for key in draw(st.sets(st.sampled_from(CREDENTIALS), min_size=1))
    }
    host = draw(st.sampled_from(["192.0.2.1", "a.example", "", None, 5, "no host!"]))
    parameters = draw(
        st.sampled_from([FINE_PARAMETERS, "", "port: x", None, 7, "x", FINE_PARAMETERS + ", port: 25"]) | noise
    )
    items = draw(st.permutations([*credentials.items(), ("host", host), ("params", parameters), ("sensorid", "1")]))
    text = json.dumps(dict(items), ensure_ascii=draw(st.booleans()))
    wrong = draw(st.sampled_from(["nothing", "cut", "unescaped", "single quotes", "list", "twice", "control", "comma"]))
    if wrong == "cut":
        return text[: draw(st.integers(0, len(text)))]
    if wrong == "control":
        at = draw(st.integers(0, len(text)))
        return text[:at] + draw(st.sampled_from("\x00\n\r\t\x1b\\{}[],:")) + text[at:]
    return {
        "nothing": text,
        "unescaped": text.replace('\\"', '"').replace("\\\\", "\\"),
        "single quotes": text.replace('"', "'"),
        "list": f"[{text}]",
        "twice": text + text,
        "comma": text.replace("}", ",}"),
    }[wrong]


@PROPERTY
@given(argument=arguments(), split=st.booleans())
def test_credentials_in_prtg_s_argument_are_never_repeated(argument, split) -> None:
    given_arguments = argument.split(" ") if split else [argument]
    try:
        text = python_script_advanced.answer(given_arguments, world(SITUATIONS["everything_wrong"])).text
    except UsageError as error:
        text = str(error)
    assert SECRET not in text
