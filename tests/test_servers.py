"""A server that cannot run on a machine skips its tests there, whatever it misses; a fault of the tests does not."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from conftest import required
from servers import process

NO_SUCH = "no-such-thing-anywhere"


def missing_program() -> None:
    process.find(NO_SUCH)


def missing_file() -> None:
    process.find_file(NO_SUCH, "/")


def missing_user() -> None:
    process.user(NO_SUCH)


def missing_file_that_nobody_looked_for() -> None:
    process.read(process.write(f"/{NO_SUCH}/file", ""))


def program_that_cannot_be_started() -> None:
    subprocess.run([f"/{NO_SUCH}"], check=False)


def preparation_that_fails() -> None:
    process.run([sys.executable, "-c", "import sys; sys.exit('it lacks a library')"])


def server_that_ends_at_once(folder: str) -> None:
    with contextlib.ExitStack() as stack:
        log = f"{folder}/log"
        code = "import sys; print('starting', file=sys.stderr, flush=True); sys.exit('it lacks a library')"
        (server,) = process.start(stack, process.Command([sys.executable, "-c", code], log))
        process.await_port(*process.free_ports(1), server, log)


LACKS = [
    (missing_program, f"a server: {NO_SUCH} is not installed"),
    (missing_file, f"a server: {NO_SUCH} is not installed"),
    (missing_user, f"a server: there is no user {NO_SUCH}"),
    (missing_file_that_nobody_looked_for, NO_SUCH),
    (program_that_cannot_be_started, NO_SUCH),
    (preparation_that_fails, "ended with code 1: it lacks a library"),
]


@pytest.mark.parametrize(("start", "reason"), LACKS)
def test_whatever_a_machine_lacks_is_a_skip_with_the_reason(start, reason, monkeypatch) -> None:
    monkeypatch.delenv("REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped, required("a server"):
        start()
    assert reason in str(skipped.value)


def test_a_server_that_ends_at_once_is_a_skip_with_the_last_line_of_its_log(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped, required("a server"):
        server_that_ends_at_once(str(tmp_path))
    assert str(skipped.value) == "a server: the server ended with code 1: it lacks a library"


@pytest.mark.parametrize(("start", "reason"), LACKS)
def test_required_servers_fail_instead(start, reason, monkeypatch) -> None:
    monkeypatch.setenv("REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match="is required by REQUIRE_SERVERS=1"), required("a server"):
        start()


@pytest.mark.parametrize("fault", [AssertionError, KeyError, TypeError, ValueError])
def test_a_fault_of_the_tests_is_no_skip(fault) -> None:
    with pytest.raises(fault), required("a server"):
        raise fault


@pytest.fixture
def starting() -> None:
    """Bear the name of the fixture that starts servers."""


@pytest.mark.usefixtures("starting")
def test_a_test_that_starts_a_server_is_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("servers")


def test_a_test_that_starts_none_is_not(request: pytest.FixtureRequest) -> None:
    assert not request.node.get_closest_marker("servers")
