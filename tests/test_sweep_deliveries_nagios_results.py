"""Check result files: what the core reads is what was printed, in order, and once, whenever we are killed."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys

import check_results
import hypothesis
import killed_sweep
import pytest
from check_results import taken
from hypothesis import strategies as st
from loopback import PATIENCE
from observations import PROPERTY, environment, evaluated, facts, seen
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import nagios
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.deliveries import nagios_results, opened
from check_starttls_cert.sweep.service import HOST, NAME, parse_object


@pytest.fixture
def directory(tmp_path):
    """Return the core's directory."""
    path = tmp_path / "checkresults"
    path.mkdir()
    return path


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(nagios_results, "PATIENCE", 0.0)


def given(directory) -> dict[str, str]:
    return {"nagios_results": str(directory), "spool": str(directory.parent / "spool")}


def delivered(directory, *reports: Report) -> str:
    """Deliver reports; return what is said of it."""
    (delivery,) = opened(given(directory))
    for report in reports:
        delivery.take(delivery.show(report))
    return delivery.end(tally(*reports))


def test_a_result_is_what_the_single_check_prints(directory) -> None:
    reports = [*REPORTS.values(), evaluated(REPORTS["fine"].observation, verbose=2)]
    assert delivered(directory, *reports) == ""
    results = taken(directory)
    assert len(results) == len(reports)
    for report, result in zip(reports, results):
        assert nagios.render(report) == (result.output, result.code)
        assert float(result.began) == report.now.timestamp()
        assert float(result.ended) - float(result.began) == pytest.approx(report.observation.elapsed, abs=1e-5)
    assert os.listdir(directory) == []


def test_the_core_may_read_the_file_and_the_directory_guards_it(directory) -> None:
    before = os.umask(0o077)
    try:
        delivered(directory, FINE)
    finally:
        os.umask(before)
    (name,) = (name for name in os.listdir(directory) if not name.endswith(".ok"))
    assert stat.S_IMODE(os.stat(directory / name).st_mode) == 0o644


@PROPERTY
@hypothesis.given(st.text(), st.text())
def test_no_text_of_a_peer_makes_or_breaks_a_result(subject, issuer) -> None:
    reports = [evaluated(seen(facts(subject=subject, issuer=issuer)), verbose=1), FINE]
    first, second = check_results.parsed("".join(f"{nagios_results.result(report)}\n" for report in reports).encode())
    assert first.output == nagios.render(reports[0]).text
    assert second.output == nagios.render(FINE).text


def test_a_backslash_at_the_end_does_not_join_two_lines() -> None:
    report = evaluated(seen(facts(issuer="\\")), verbose=1)
    lines = nagios.render(report)
    for end in ("", "\\", "\\\\", "\\n", "\n", "\n\\"):
        said = nagios_results.escaped(lines.text + end)
        assert "\n" not in said
        assert check_results.unescaped(check_results.uncontinued(said)) == lines.text + end


@PROPERTY
@hypothesis.given(st.text(), st.text())
def test_names_are_what_the_inventory_says(host, name) -> None:
    try:
        marks = {HOST: parse_object(host), NAME: parse_object(name)}
    except ValueError:
        return
    report = FINE._replace(job=FINE.job._replace(marks=marks))
    (read,) = check_results.parsed(f"{nagios_results.result(report)}\n".encode())
    assert (read.host, read.service) == (host, name)


@pytest.mark.parametrize("name", ["x\\", "x\\\\", "\\", "a=b", "=", "#", "\u00fc"])
def test_names_may_be_odd(name) -> None:
    report = FINE._replace(job=FINE.job._replace(marks={HOST: name, NAME: name}))
    (read,) = check_results.parsed(f"{nagios_results.result(report)}\n".encode())
    assert (read.host, read.service) == (name, name)


def test_until_the_end_the_core_sees_nothing(directory) -> None:
    (delivery,) = opened(given(directory))
    delivery.take(delivery.show(FINE))
    assert os.listdir(directory) == []
    assert delivery.end(tally(FINE)) == ""
    assert len(taken(directory)) == 1


def test_a_sweep_without_results_leaves_nothing(directory) -> None:
    assert delivered(directory) == ""
    assert os.listdir(directory) == []


def test_a_directory_that_is_missing_leaves_the_results_in_the_spool(directory) -> None:
    directory.rmdir()
    said = delivered(directory, FINE, BAD)
    assert said == f'2 results for Nagios kept in the spool: cannot write to "{directory}": no such file or directory'
    directory.mkdir()
    assert delivered(directory, REPORTS["expired_3_days"]) == ""
    assert [result.code for result in taken(directory)] == [0, 2, 2]


def test_a_disk_that_is_full_leaves_the_results_in_the_spool(directory, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert delivered(directory, FINE).endswith("no space left on device")
    assert taken(directory) == []
    monkeypatch.undo()
    assert delivered(directory) == ""
    assert [result.code for result in taken(directory)] == [0]
    assert os.listdir(directory) == []


def test_a_core_that_does_not_read_gets_no_second_file(directory) -> None:
    assert delivered(directory, FINE) == ""
    said = delivered(directory, BAD)
    kept = "1 result for Nagios kept in the spool"
    assert said == f'{kept}: the files before are still in "{directory}" after 0 s; does it run?'
    assert [result.code for result in taken(directory)] == [0]
    assert delivered(directory, FINE) == ""
    assert [result.code for result in taken(directory)] == [2, 0]


def test_the_next_file_waits_until_the_core_has_taken_the_last(directory, monkeypatch) -> None:
    monkeypatch.setattr(nagios_results, "PATIENCE", PATIENCE)
    monkeypatch.setattr(nagios_results, "IN_ONE_FILE", 2)
    found: list[list[int]] = []
    monkeypatch.setattr("time.sleep", lambda _: found.append([result.code for result in taken(directory)]))
    assert delivered(directory, FINE, FINE, BAD, BAD, FINE) == ""
    assert [*found, [result.code for result in taken(directory)]] == [[0, 0], [2, 2], [0]]


def test_files_of_others_are_let_alone(directory) -> None:
    for name in ("cAAAAAA", "cAAAAAA.ok", "checkresult"):
        (directory / name).write_text("x")
    assert delivered(directory, FINE) == ""
    assert len(os.listdir(directory)) == 5


def test_who_ends_the_sweep_ends_the_wait(directory, monkeypatch) -> None:
    assert delivered(directory, FINE) == ""
    monkeypatch.setattr(nagios_results, "PATIENCE", PATIENCE)
    (delivery,) = opened(given(directory))
    delivery.take(delivery.show(BAD))
    ended = tally(BAD)
    ended.stop = lambda: "ended by SIGTERM"
    assert delivery.end(ended) == "1 result for Nagios kept in the spool: ended by SIGTERM"


def test_a_spool_that_fails_is_told(directory) -> None:
    (delivery,) = opened(given(directory))
    delivery.take(delivery.show(FINE))
    delivery._spool._file.execute("DROP TABLE results")
    assert "no such table" in delivery.end(tally(FINE))


def test_a_file_is_no_directory(tmp_path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match=r'--nagios-results: ".*x" is no directory; allowed is the one that'):
        opened(given(tmp_path / "x"))


def test_without_a_spool_it_is_wrong_usage(directory) -> None:
    with pytest.raises(UsageError, match="--nagios-results needs --spool DIR"):
        opened({"nagios_results": str(directory)})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks of a process")
def test_whenever_it_is_killed_each_result_arrives_once_and_in_order(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, killed_sweep.__file__, str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 20  # steps of the first sweep
