"""What the integration tests share: the zoo on disk, the servers, and the program run as a user runs it."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple

import coverage
import hypothesis
import pytest
import zoo
from servers import dovecot as dovecot_server
from servers import postfix as postfix_server
from servers import process
from servers import slapd as slapd_server
from servers.process import Server

PROGRAM = "check_starttls_cert"

SERVERS = ("postfix", "dovecot", "slapd")

PATIENT = ("-t", "120")
"""What a run gets that names no time-out: a busy machine is no slow server."""

MARKED = {"servers": {*SERVERS, "server", "starting", "cmd"}, "slow": {"cmd"}}
"""Marker -> the fixtures that say for themselves that a test deserves it. ``cmd`` is Wine."""

# What one example takes is the machine's business.
hypothesis.settings.register_profile(
    "patient", hypothesis.settings.default, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

CURRENT = pytest.StashKey[str]()
"""The test file that runs, where coverage is measured."""

# Debian's openssl.cnf forbids servers weak keys and old TLS. Monitored ones have both.
LENIENT_OPENSSL = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lenient
[lenient]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


@pytest.hookimpl(trylast=True)  # pytest-cov begins to measure first
def pytest_sessionstart() -> None:
    """Where coverage is measured, import all modules before any test: what importing runs belongs to none."""
    if coverage.Coverage.current() is not None:
        package = importlib.import_module(PROGRAM)
        for module in pkgutil.walk_packages(package.__path__, f"{PROGRAM}."):
            importlib.import_module(module.name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where coverage is measured, tell the test files apart (``own_coverage`` does). For each test it takes minutes."""
    measured = coverage.Coverage.current()
    if measured is not None and item.config.stash.get(CURRENT, None) != item.path.name:
        item.config.stash[CURRENT] = item.path.name
        measured.switch_context(item.path.name)


@pytest.hookimpl(tryfirst=True)  # before pytest's own -m looks at them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need what takes a server program, or its time."""
    for item in items:
        for marker, fixtures in MARKED.items():
            if fixtures.intersection(getattr(item, "fixturenames", ())):
                item.add_marker(marker)


class Run(NamedTuple):
    """One run of the program, over."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """What it printed. Only a line feed ends a line here: everything else is to be noticed."""
        assert self.stdout.endswith("\n")
        return self.stdout[:-1].split("\n")


class Program:
    """The program as its users start it: a process of its own, with nothing of ours in its environment."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        specification = importlib.util.find_spec(PROGRAM)
        assert specification is not None
        assert specification.origin is not None
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
        # The sources, or the folder of installed packages: wherever the tests have the package from.
        package = os.path.dirname(os.path.dirname(os.path.abspath(specification.origin)))
        self.environment = {**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": package}

    def __call__(self, *arguments: str, **environment: str) -> Run:
        """Run the program once."""
        (run,) = self.together(arguments, **environment)
        return run

    def together(self, *commands: tuple[str, ...], **environment: str) -> list[Run]:
        """Run the program once for each list of arguments, all at the same time."""
        runs = []
        with contextlib.ExitStack() as stack:
            processes = [
                stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", PROGRAM, *(() if "-t" in arguments else PATIENT), *arguments],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        env={**self.environment, **environment},
                        cwd=self.folder,
                    )
                )
                for arguments in commands
            ]
            for running in processes:
                stdout, stderr = running.communicate(timeout=process.PATIENCE * 2)
                runs.append(Run(running.returncode, stdout.decode("utf-8"), stderr.decode("utf-8")))
        return runs


EXIT_CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


class Zoo(NamedTuple):
    """The certificates of ``zoo``, made for this session."""

    folder: str
    cases: dict[str, zoo.Case]
    openssl: str
    """A configuration of OpenSSL under which servers serve every case."""

    def chain(self, name: str) -> str:
        """Return the path of the chain that the server sends."""
        return f"{self.folder}/{name}.chain.pem"

    def key(self, name: str) -> str:
        """Return the path of the server's key."""
        return f"{self.folder}/{name}.key.pem"

    def anchors(self, name: str) -> str:
        """Return the path of what the client trusts; there is no such file where that is nothing."""
        return f"{self.folder}/{name}.anchors.pem"

    def both(self, name: str) -> str:
        """Return the path of key and chain in one file, as Postfix wants them."""
        return f"{self.folder}/{name}.both.pem"

    def command(self, name: str, server: Server, *more: str) -> tuple[str, ...]:
        """Return the command line that asks a server about a case."""
        case = self.cases[name]
        anchors = ("--ca-file", self.anchors(name)) if case.anchors else ()
        return (*where(server, name), "-n", case.reference, *anchors, *case.arguments, *more)


def where(server: Server, service: str) -> tuple[str, ...]:
    """Return the arguments that lead to a service."""
    return ("-H", "127.0.0.1", "-P", server.protocol, "-p", str(server.ports[service]))


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    """Let the programs that tests start hear signals: whoever runs these in the background may have them ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def folder() -> Iterator[str]:
    """Return a folder that servers can enter after they gave up root's rights, with a short path for sockets."""
    with tempfile.TemporaryDirectory(prefix="starttls") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="session")
def certificates(folder: str) -> Zoo:
    """Return the zoo's certificates, on disk."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    path = f"{folder}/zoo"
    os.mkdir(path)
    made = Zoo(path, {name: make(now) for name, make in zoo.CASES.items()}, f"{path}/openssl.cnf")
    process.write(made.openssl, LENIENT_OPENSSL)
    for name, case in made.cases.items():
        process.write(made.chain(name), case.chain)
        process.write(made.key(name), case.key)
        process.write(made.both(name), case.key + case.chain)
        if case.anchors:
            process.write(made.anchors(name), case.anchors)
    return made


@contextlib.contextmanager
def required(name: str) -> Iterator[None]:
    """Skip the test for what cannot run on this machine, or fail it if servers are required.

    For the start of what a test needs, and nothing after it: whatever is missing shows then.
    """
    try:
        yield
    except process.FAILURES as error:
        said = str(error).strip() or type(error).__name__
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail(f"{name} is required by REQUIRE_SERVERS=1: {said}")
        # The end of a log is where a program says what it lacks.
        lines = said.splitlines()
        pytest.skip(f"{name}: " + " ".join(dict.fromkeys((lines[0], lines[-1]))))


def pseudo_terminal() -> tuple[int, int]:
    """Return the descriptors of a terminal's two ends: ours, and the program's."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    with required("a pseudo-terminal"):
        ours, theirs = pty.openpty()
    return ours, theirs


def until_closed(terminal: int) -> bytes:
    """Return what is written to a terminal until nobody has its other end open; then close ours."""
    written = b""
    # Linux: EIO is the end of a terminal that nobody has open any more.
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            written += piece
    os.close(terminal)
    return written


@contextlib.contextmanager
def started(name: str, folder: str, start: Callable[..., Server], *arguments: Any) -> Iterator[Server]:
    """Run a server, in a folder of its own."""
    own = f"{folder}/{name}"
    os.mkdir(own)
    with contextlib.ExitStack() as stack:
        with required(name):
            server = start(stack, own, *arguments)
        yield server


@pytest.fixture(scope="session")
def postfix(folder: str, certificates: Zoo) -> Iterator[Server]:
    """Return Postfix with a service for each case, and some that are out of order."""
    services = {name: {"smtpd_tls_chain_files": certificates.both(name)} for name in certificates.cases}
    services["without TLS"] = {"smtpd_tls_security_level": "none"}
    services["without its certificate"] = {"smtpd_tls_chain_files": f"{folder}/there-is-no-such-file.pem"}
    services["without its key"] = {
        "smtpd_tls_cert_file": certificates.chain("good_rsa_2048"),
        "smtpd_tls_key_file": f"{folder}/there-is-no-such-file.pem",
    }
    services["TLS 1.0 only"] = {
        "smtpd_tls_chain_files": certificates.both("rsa_1024"),
        "smtpd_tls_protocols": "!TLSv1.1, !TLSv1.2, !TLSv1.3",
    }
    services["TLS for clients with a certificate"] = {
        "smtpd_tls_chain_files": certificates.both("good_rsa_2048"),
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_ask_ccert": "yes",
        "smtpd_tls_req_ccert": "yes",
    }
    with started("postfix", folder, postfix_server.start, services, certificates.openssl) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot(folder: str, certificates: Zoo) -> Iterator[Server]:
    """Return Dovecot with a service for each case."""
    services = {name: (certificates.chain(name), certificates.key(name)) for name in certificates.cases}
    with started("dovecot", folder, dovecot_server.start, services, certificates.openssl) as server:
        yield server


@pytest.fixture(scope="session")
def slapd(folder: str, certificates: Zoo) -> Iterator[Server]:
    """Return slapd with a service for each case, and one that has no TLS."""
    services = {name: (certificates.chain(name), certificates.key(name)) for name in certificates.cases}
    with started("slapd", folder, slapd_server.start, {**services, "without TLS": None}) as server:
        yield server


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """Return each of the servers in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def check(folder: str) -> Program:
    """Return the program."""
    return Program(folder)
