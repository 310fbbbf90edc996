"""The sweep as its users start it: one verdict, lines or documents, a budget, signals, a wrong inventory."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import metrics_format
import pytest
from loopback import PATIENCE, ThreadedService
from observations import NOW, environment
from plugin_format import parse

from check_starttls_cert import demo, options, run
from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import Rendered
from check_starttls_cert.run import World
from check_starttls_cert.sweep import command
from check_starttls_cert.sweep.inventory import read_inventory
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.outputs import OUTPUTS
from check_starttls_cert.trust_store import trust_store


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """Leave the garbage collector as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[int, str]]:
    """Yield the port of a server with a good certificate, and the file of its anchor."""
    with demo.server(run.utc_now(), str(tmp_path_factory.mktemp("demo"))) as found:
        yield found


@pytest.fixture
def hosts(tmp_path, served) -> tuple[str, str]:
    """Return an inventory of a good target, one with a wrong name and one that refuses, and the file of the anchor."""
    port, anchor = served
    path = tmp_path / "hosts"
    path.write_text(f"127.0.0.1:{port}/{demo.NAME}\n127.0.0.1:{port}/other.test\n127.0.0.1:1\n")
    return str(path), anchor


def answer(*arguments: str) -> Rendered:
    """Return the last that a sweep says."""
    return command.answer(list(arguments))


@contextlib.contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a sweep as a process of its own, which is gone in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "check_starttls_cert", "sweep", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ran(*arguments: str) -> tuple[str, int]:
    """Return what a sweep prints that is a process of its own, and its exit code."""
    with program(*arguments) as process:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    assert stderr == ""
    return stdout, process.returncode


def test_in_a_pipe_there_is_one_verdict(hosts) -> None:
    path, anchor = hosts
    found = parse(*ran(path, "--ca-file", anchor, "-t", "60"))
    assert found.state == "CRITICAL"
    assert found.words.startswith("3 targets: 2 CRITICAL, 1 OK / CRITICAL smtp 127.0.0.1:")
    assert len(found.long_output) == 2


def test_lines_are_printed_as_targets_are_judged_and_then_counted(hosts, capsys) -> None:
    path, anchor = hosts
    last = answer(path, "--ca-file", anchor, "-o", "lines", "-t", "60")
    assert last == ("STARTTLS_CERT CRITICAL - 3 targets: 2 CRITICAL, 1 OK", 2)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split(" - ")[0] for line in lines) == ["STARTTLS_CERT CRITICAL"] * 2 + ["STARTTLS_CERT OK"]


def test_documents_are_lines(hosts, capsys) -> None:
    path, anchor = hosts
    assert answer(path, "--ca-file", anchor, "-o", "json", "-t", "60") == ("", 2)
    documents = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert sorted(each["state"] for each in documents) == ["CRITICAL", "CRITICAL", "OK"]


def test_what_is_delivered_is_printed_all_the_same(hosts, tmp_path, monkeypatch) -> None:
    path, anchor = hosts
    arguments = (path, "--ca-file", anchor, "-t", "60", "--openmetrics", str(tmp_path / "x.prom"))
    text, exit_code = answer(*arguments)
    assert (parse(f"{text}\n", exit_code).state, exit_code) == ("CRITICAL", 2)
    assert len(metrics_format.parse((tmp_path / "x.prom").read_text("utf-8"))["starttls_cert_state"]) == 3
    monkeypatch.setattr(os, "replace", lambda *_: os.stat("missing"))
    text, exit_code = answer(*arguments)
    assert exit_code == 3
    assert f'1 OK / the metrics are not in "{tmp_path / "x.prom"}": ' in text


def test_what_is_delivered_after_the_checks_draws_no_line_of_progress(hosts, monkeypatch) -> None:
    drawn: list[str] = []

    @contextlib.contextmanager
    def shown(*_: object) -> Iterator[object]:
        yield lambda: drawn.append("during the checks")
        drawn.append("cleared")

    class Late:
        def show(self, report: object) -> str:
            return ""

        def take(self, shown: str) -> None:
            """Keep nothing."""

        def end(self, tally: Tally) -> str:
            return tally.stop()

    monkeypatch.setattr(command.progress, "shown", shown)
    inventory = read_inventory(hosts[0], {"ca_file": hosts[1], "timeout": 60.0})
    assert command.sweep(inventory, 3, "nagios", [Late()], 1, None, run.WORLD).exit_code == 2
    assert (drawn[0], drawn[-1]) == ("during the checks", "cleared")


def test_facts_are_added_below_a_line(hosts, capsys) -> None:
    path, anchor = hosts
    answer(path, "--ca-file", anchor, "-o", "lines", "-v", "-t", "60")
    assert "\nsubject: CN=" in capsys.readouterr().out


def test_at_a_terminal_the_table_is_the_default_and_lines_without_rich(hosts, monkeypatch, capsys) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    text, exit_code = answer(hosts[0], "--ca-file", hosts[1], "-t", "60")
    assert (re.search("STATE +DAYS +TARGET", text) is not None, exit_code) == (True, 2)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "rich" else pytest.fail(name))
    answer(hosts[0], "--ca-file", hosts[1], "-t", "60")
    assert capsys.readouterr().out.count("STARTTLS_CERT ") == 3


def test_at_a_terminal_the_progress_is_shown(hosts, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(stderr, "isatty", lambda: True)
    answer(hosts[0], "--ca-file", hosts[1], "-o", "table", "-t", "60")
    assert stderr.getvalue().startswith("\r0 of 3 ")


@pytest.mark.parametrize("arguments", [("-o", "nagios"), ("-o", "lines"), ("-o", "json")])
def test_packages_that_are_not_asked_for_are_not_imported(hosts, arguments) -> None:
    script = (
        "import sys; from check_starttls_cert.sweep import command; command.answer(sys.argv[1:]);"
        "sys.exit(str([name for name in ('rich', 'jinja2', 'prometheus_client') if name in sys.modules]))"
    )
    command_line = [sys.executable, "-c", script, hosts[0], *arguments]
    ended = subprocess.run(command_line, env=environment(), capture_output=True, text=True, check=False)
    assert ended.stderr == "[]\n"


def test_without_a_stdout_the_exit_code_still_tells(hosts, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert answer(hosts[0], "--ca-file", hosts[1], "-t", "60").exit_code == 2


def test_an_inventory_is_checked_without_its_targets(hosts, tmp_path) -> None:
    assert answer(hosts[0], "--check") == (f"{hosts[0]}: 3 targets, no errors", 0)
    with pytest.raises(UsageError, match="nothing was checked"):
        answer(write(tmp_path, "a b\nc d\n"), "--check")


def test_tokens_are_checked_with_the_inventory(hosts, tmp_path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("127.0.0.1 t\n")
    tokens.chmod(0o600)
    push = ("--check", "--prtg-push", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="no target has a token"):
        answer(hosts[0], *push)
    assert answer(hosts[0], *push, "--prtg-tokens", str(tokens)).exit_code == 0


def test_icinga_s_configuration_is_printed_without_a_check(tmp_path, capsys) -> None:
    assert answer(write(tmp_path, "a.test\nb.test\n"), "--icinga2-config", "--icinga2-max-age", "90m") == ("", 0)
    printed = capsys.readouterr().out
    assert (printed.count("\nobject Service "), printed.count("\nobject Host ")) == (2, 2)
    assert "  check_interval = 5400s\n" in printed


def test_a_configuration_that_nobody_reads_ends(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert answer(write(tmp_path, "a.test\n"), "--icinga2-config") == ("", 0)


@pytest.mark.parametrize("asked", ["--icinga2-config", "--icinga2=https://master.test"])
def test_where_results_belong_to_services_each_target_is_one(tmp_path, asked) -> None:
    (tmp_path / "own.csv").write_text("host,ipv4,ipv6\na.test,yes,\na.test,,yes\n")
    with pytest.raises(UsageError, match="monitoring_service gives it another name"):
        answer(str(tmp_path / "own.csv"), asked)


def test_whoever_ends_the_sweep_ends_its_deliveries(hosts, monkeypatch) -> None:
    stops = []
    delivery = SimpleNamespace(
        show=lambda _: "", take=lambda _: None, end=lambda tally: stops.append(tally.stop()) or ""
    )
    monkeypatch.setattr(command.deliveries, "opened", lambda _: [delivery])
    answer(hosts[0], "--ca-file", hosts[1], "-t", "60")
    answer(hosts[0], "--ca-file", hosts[1], "--budget", "0.0001")
    assert stops == ["", "the budget of 0.0001 s is used up"]


def write(tmp_path, text: str) -> str:
    """Write an inventory and return its path."""
    (tmp_path / "own").write_text(text)
    return str(tmp_path / "own")


def test_an_inventory_that_is_wrong_is_told_in_lines_with_exit_code_3(tmp_path) -> None:
    stdout, exit_code = ran(write(tmp_path, "a.test:0\nb.test\na b\n"))
    assert exit_code == 3
    first, *below = stdout.splitlines()
    assert first == f"STARTTLS_CERT UNKNOWN - 2 errors in {tmp_path / 'own'}, nothing was checked"
    assert [line.split(": ")[0] for line in below] == [f"{tmp_path / 'own'}:1", f"{tmp_path / 'own'}:3"]


def test_where_documents_are_read_it_is_one_in_one_line(tmp_path) -> None:
    text, exit_code = answer(write(tmp_path, "a.test:0\nb c\n"), "-o", "json")
    assert (exit_code, "\n" in text) == (3, False)
    assert "2 errors in " in json.loads(text)["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "INVENTORY is missing"),
        (("x", "-o", "prtg"), '"prtg" is not allowed; choose one of nagios, lines, json'),
        (("x", "-H", "a"), "unrecognized arguments: -H a"),
        (("x", "--buget=3"), "--buget is no option of a sweep, the nearest is --budget"),
        (("x", "--xyzzy"), "unrecognized arguments: --xyzzy"),
        (("x", "--jobs", "0"), '"0" is not allowed; allowed are whole numbers from 1 to 1000'),
        (("x", "--jobs", "1001"), '"1001" is not allowed; allowed are whole numbers from 1 to 1000'),
        (("x", "--budget", "0"), '"0" is no time above 0; allowed are seconds, minutes and hours: 90s, 5m, 1h'),
        (("x", "--budget", "1M"), '"1M" is no time above 0'),
        (("x", "--budget", "nan"), '"nan" is no time above 0'),
        (("/",), "cannot read the inventory"),
    ],
)
def test_wrong_usage_is_told(arguments, said) -> None:
    with pytest.raises(UsageError) as caught:
        answer(*arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_a_budget_has_a_unit(text, seconds) -> None:
    assert command.parse_budget(text) == seconds


def test_a_number_of_workers_is_a_number() -> None:
    assert command.parse_jobs("5") == 5


def test_results_are_delivered_beside_what_is_printed(hosts, tmp_path) -> None:
    page = tmp_path / "x.html"
    text, _ = answer(hosts[0], "--ca-file", hosts[1], "--html", str(page), "-t", "60")
    assert "3 targets: 2 CRITICAL, 1 OK" in text
    assert page.read_text("utf-8").count('<span class="state">') == 3


def test_a_budget_may_be_over_before_anything_is_checked(hosts) -> None:
    text, _ = answer(hosts[0], "--budget", "0.0001")
    assert "3 targets (the budget of 0.0001 s is used up): " in text


def test_a_stdout_that_is_closed_ends_the_sweep(hosts, monkeypatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    text, _ = answer(hosts[0], "-o", "lines", "--jobs", "1", "-t", "60")
    assert "3 targets (nobody reads the output): " in text


def test_the_help_names_every_option_and_every_output() -> None:
    text, exit_code = answer("--help")
    assert exit_code == 3
    for word in ("INVENTORY", "--jobs", "--budget", "--check", "--ca-file", "--warning", *OUTPUTS):
        assert word in text
    assert "--host" not in text


def test_options_of_the_command_line_hold_for_all_targets(hosts, capsys) -> None:
    path, anchor = hosts
    answer(path, "--ca-file", anchor, "-o", "json", "-w", "9999", "--unreachable", "ok", "-t", "60")
    states = sorted(json.loads(line)["state"] for line in capsys.readouterr().out.splitlines())
    assert states == ["CRITICAL", "OK", "WARNING"]


def test_the_moment_is_the_world_s(hosts, capsys) -> None:
    command.answer([hosts[0], "--ca-file", hosts[1], "-o", "json", "-t", "60"], World(now=lambda: NOW))
    assert {json.loads(line)["time"] for line in capsys.readouterr().out.splitlines()} == {"2026-11-23T14:24:00Z"}


def test_a_budget_that_is_used_up_ends_the_sweep_with_a_verdict(tmp_path) -> None:
    with ThreadedService(lambda sock: sock.recv(1)) as silent:
        path = write(tmp_path, "".join(f"127.0.0.1:{silent.port}/n{number}.test\n" for number in range(50)))
        found = parse(*ran(path, "--budget", "0.2s", "-t", "3000"))
    assert found.state == "UNKNOWN"
    assert found.words.startswith("50 targets (the budget of 0.2 s is used up): 50 UNKNOWN / UNKNOWN smtp 127.0.0.1:")
    assert "n0.test" not in found.words


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals to a child process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_sweep_with_what_is_known(name, hosts, tmp_path, served) -> None:
    heard: list[bool] = []

    def behave(sock) -> None:
        heard.append(True)
        sock.recv(1)

    with ThreadedService(behave) as silent:
        # Not more than their address takes at once: whichever comes first would keep the others out.
        path = write(tmp_path, f"127.0.0.1:{served[0]}/{demo.NAME}\n127.0.0.1:{silent.port}\n")
        with program(path, "--ca-file", hosts[1], "-o", "lines", "-t", "3000") as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("STARTTLS_CERT OK - ")
            while not heard:
                time.sleep(0.01)
            process.send_signal(getattr(signal, name))
            stdout, stderr = process.communicate(timeout=PATIENCE)
    left, last = stdout.splitlines()
    assert (process.returncode, stderr) == (3, "")
    assert last == f"STARTTLS_CERT UNKNOWN - 2 targets (ended by {name}): 1 UNKNOWN, 1 OK"
    assert f": not checked: ended by {name} | " in left


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals to a child process")
def test_who_stops_reading_ends_the_sweep(tmp_path) -> None:
    with ThreadedService(lambda sock: sock.recv(1)) as silent:
        path = write(tmp_path, f"127.0.0.1:1\n127.0.0.2:1\n127.0.0.1:{silent.port}/a.test\n")
        with program(path, "-o", "lines", "-t", "3000") as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.wait(PATIENCE) == 2
            assert process.stderr is not None
            assert process.stderr.read() == ""


def test_a_store_is_looked_for_once(served, monkeypatch) -> None:
    made = []
    monkeypatch.setattr(command, "trust_store", lambda *places: made.append(places) or trust_store(*places))
    port, anchor = served
    asked = command.probes(run.WORLD)
    wanted = options.job({"host": "127.0.0.1", "port": port, "name": (demo.NAME,), "ca_file": anchor, "timeout": 60.0})
    for _ in range(2):
        assert asked.ask(wanted)().presented is not None
    assert made == [(anchor, None)]
