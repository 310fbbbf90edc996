"""The spool: in order, bounded, one sweep at a time, each result once whenever the process is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest
from loopback import PATIENCE
from observations import HERE, environment

from check_starttls_cert.errors import UsageError
from check_starttls_cert.sweep import spool
from check_starttls_cert.sweep.spool import Spool

DAY = 24 * 3600


@contextlib.contextmanager
def kept(directory, *texts: str, now: float = 0.0) -> Iterator[Spool]:
    """Yield a spool to which texts were added, and close it."""
    made = Spool(str(directory), "x", lambda: now)
    for text in texts:
        made.add(text)
    yield made
    made.close()


def texts(made: Spool, count: int = 1000) -> list[str]:
    return [result.text for result in made.first(count)]


def test_results_come_back_in_order_until_they_are_settled(tmp_path) -> None:
    with kept(tmp_path, "a", "b", "ü\0\n\udcff") as made:
        assert texts(made) == ["a", "b", "ü\0\n\\udcff"]
        assert texts(made, 1) == ["a"]
        made.settle(made.first(2))
        assert texts(made) == ["ü\0\n\\udcff"]
        made.settle(made.first())
        assert made.first() == []


def test_what_is_left_comes_before_what_the_next_sweep_adds(tmp_path) -> None:
    with kept(tmp_path, "a", "b", "c") as made:
        made.settle(made.first())
    assert made.left == 2
    with kept(tmp_path, "d") as made:
        assert texts(made) == ["b", "c", "d"]
        made.settle(made.first(3))
    assert made.left == 0
    with kept(tmp_path, "e") as made:
        assert made.first()[0].number == 5


def test_only_what_was_returned_before_is_in_doubt(tmp_path) -> None:
    with kept(tmp_path, "a", "b", "c") as made:
        assert [each.tried for each in made.first(2)] == [False, False]
    with kept(tmp_path) as made:
        assert [each.tried for each in made.first(3)] == [True, True, False]


def test_all_that_was_tried_can_be_settled_and_nothing_else(tmp_path) -> None:
    with kept(tmp_path, "a", "b", "c") as made:
        made.settle_tried()
        made.first(2)
    with kept(tmp_path) as made:
        made.settle_tried()
        assert texts(made) == ["c"]


def test_receivers_have_spools_of_their_own(tmp_path) -> None:
    with kept(tmp_path, "a"):
        other = Spool(str(tmp_path), "y")
        assert other.first() == []
        other.close()


def test_a_second_sweep_at_the_same_time_is_told_so(tmp_path) -> None:
    with kept(tmp_path, "a"):
        with pytest.raises(UsageError, match=r'--spool: another sweep uses ".*x\.spool"; wait for its end'):
            Spool(str(tmp_path), "x")
        child = "import sys; from check_starttls_cert.sweep.spool import Spool; Spool(sys.argv[1], 'x')"
        done = run(child, str(tmp_path))
        assert "UsageError: --spool: another sweep uses" in done.stderr
    with kept(tmp_path) as made:
        assert texts(made) == ["a"]


def test_too_many_octets_drop_the_oldest_and_that_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(spool, "MAX_SIZE", 10)
    with kept(tmp_path, "aaa", "bbb", "ccc") as made:
        assert (texts(made), made.trouble()) == (["aaa", "bbb", "ccc"], "")
        made.add("ddddd")
        assert texts(made) == ["ccc", "ddddd"]
        assert made.trouble().startswith("2 undelivered results dropped, the oldest: ")
    with kept(tmp_path, "eeeee") as made:
        assert texts(made) == ["ddddd", "eeeee"]
        made.settle(made.first())
        made.add("fffff")
        assert texts(made) == ["eeeee", "fffff"]


def test_what_is_too_old_is_dropped_and_that_is_told(tmp_path) -> None:
    with kept(tmp_path, "a", "b", now=DAY):
        pass
    with kept(tmp_path, "c", now=8 * DAY) as made:
        assert (texts(made), made.trouble()) == (["a", "b", "c"], "")
    with kept(tmp_path, now=8 * DAY + 1) as made:
        assert texts(made) == ["c"]
        assert made.trouble() == ("2 undelivered results dropped, the oldest: the spool keeps 256 MiB for 7 days")


def test_a_disk_that_is_full_loses_results_and_that_is_told(tmp_path) -> None:
    with kept(tmp_path, "a") as made:
        made._file.execute("PRAGMA max_page_count = 1")
        made.add("b" * 100_000)
        made._file.execute("PRAGMA max_page_count = 100000")
        made.add("c")
        assert texts(made) == ["a", "c"]
        assert made.trouble() == f'1 result lost: "{made.path}": database or disk is full'


def test_what_was_delivered_takes_no_space(tmp_path) -> None:
    with kept(tmp_path, *["x" * 1000] * 1000):
        pass
    assert os.path.getsize(tmp_path / "x.spool") > 1_000_000
    with kept(tmp_path) as made:
        made.settle(made.first(1000))
    assert os.path.getsize(tmp_path / "x.spool") < 50_000
    assert os.listdir(tmp_path) == ["x.spool"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_cannot_read_it(tmp_path) -> None:
    with kept(tmp_path / "new", "a"):
        modes = {name: stat.S_IMODE(os.stat(tmp_path / "new" / name).st_mode) for name in os.listdir(tmp_path / "new")}
        assert set(modes) == {"x.spool", "x.spool-wal"}
        assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o700


def test_after_the_end_nothing_happens(tmp_path) -> None:
    with kept(tmp_path, "a") as made:
        first = made.first()
    made.settle(first)
    made.close()
    assert (made.first(), made.left) == ([], 1)
    made.add("b")
    assert made.trouble() == f'1 result lost: "{made.path}": Cannot operate on a closed database.'


def other_program(path) -> None:
    file = sqlite3.connect(path)
    file.execute("CREATE TABLE results (a)")
    file.close()


def torn(path) -> None:
    with kept(path.parent, *["x" * 1000] * 100):
        pass
    os.truncate(path, os.path.getsize(path) // 2)


def huge(path) -> None:
    with open(path, "wb") as file:
        file.truncate(10 * 1024**3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"x" * 5000), "file is not a database"),
        (huge, "file is not a database"),
        (other_program, "it belongs to another program"),
        (torn, "database disk image is malformed"),
        (lambda path: path.mkdir(), "unable to open database file"),
    ],
)
def test_what_is_no_spool_is_named_and_survives(tmp_path, make, said) -> None:
    path = tmp_path / "x.spool"
    make(path)
    before = os.stat(path)
    with pytest.raises(UsageError) as caught:
        Spool(str(tmp_path), "x")
    assert str(caught.value).startswith(f'--spool: cannot use "{path}": {said}')
    assert (os.stat(path).st_size, os.stat(path).st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_a_spool_that_breaks_is_named(tmp_path, monkeypatch) -> None:
    with kept(tmp_path, "a"):
        pass

    class Broken(sqlite3.Connection):
        def execute(self, sql: str, *given) -> sqlite3.Cursor:
            return super().execute("SELECT 'row 1 is missing'" if "quick_check" in sql else sql, *given)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *places, **options: real(*places, factory=Broken, **options))
    with pytest.raises(UsageError, match="it is damaged: row 1 is missing"):
        Spool(str(tmp_path), "x")


def test_an_empty_file_is_an_empty_spool(tmp_path) -> None:
    (tmp_path / "x.spool").touch()
    with kept(tmp_path, "a") as made:
        assert texts(made) == ["a"]


def test_other_files_in_the_directory_survive(tmp_path) -> None:
    (tmp_path / "foreign").write_text("x")
    with kept(tmp_path, "a"):
        pass
    assert (tmp_path / "foreign").read_text() == "x"


@pytest.mark.parametrize("place", ["missing/deep", "file"])
def test_a_place_where_no_directory_can_be_is_wrong_usage(tmp_path, place) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r'--spool: cannot use ".*x\.spool": .*; allowed is a directory where this'):
        Spool(str(tmp_path / place), "x")


def test_where_the_user_may_not_write_is_wrong_usage(tmp_path, monkeypatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(UsageError, match="permission denied"):
        Spool(str(tmp_path), "x")


def test_a_delivery_that_needs_it_says_so(tmp_path) -> None:
    with pytest.raises(UsageError, match="--prtg-push needs --spool DIR, the directory where results wait that cannot"):
        spool.opened({}, "prtg_push")
    made = spool.opened({"spool": str(tmp_path)}, "prtg_push")
    made.close()
    assert os.listdir(tmp_path) == ["prtg_push.spool"]


KILLED = """
import sys
from deadly import step
from check_starttls_cert.sweep.spool import Spool

directory, sweep, _ = sys.argv[1:]

def note(name, text):
    with open(f"{directory}/{name}", "a") as file:
        file.write(f"{text} ")
    step()

def noted(name):
    with open(f"{directory}/{name}", "a+") as file:
        file.seek(0)
        return file.read().split()

spool = Spool(directory, "x")
for number in range(3):
    spool.add(f"{sweep}{number}")
    note("added", f"{sweep}{number}")
while results := spool.first(2):
    for result in results:
        # Who can ask the receiver asks it about what is in doubt, and about nothing else.
        if not result.tried or result.text not in noted("received"):
            note("received", result.text)
    spool.settle(results)
    step()
spool.close()
print(step())
"""
"""A sweep that adds three results, sends all that are there, and dies at its n-th step."""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, env=environment(HERE), timeout=PATIENCE, check=False,
    )  # fmt: skip


def test_whenever_it_is_killed_each_result_arrives_once_and_in_order(tmp_path) -> None:
    steps = int(run(KILLED, str(tmp_path), "a", "0").stdout)
    assert steps > 50
    for deadly in range(1, steps + 1):
        directory = tmp_path / str(deadly)
        directory.mkdir()
        assert run(KILLED, str(directory), "a", str(deadly)).returncode == 9
        assert run(KILLED, str(directory), "b", "0").stderr == ""
        added = (directory / "added").read_text().split()
        received = (directory / "received").read_text().split()
        # It may have died between an addition and its note.
        unnoted = f"a{len(added) - 3}"
        assert received in (added, [*added[:-3], unnoted, *added[-3:]]), deadly
