"""The metrics of a sweep: one valid file, the old one or the new, with what the single check says of each target."""

from __future__ import annotations

import errno
import os
import tempfile

import metrics_format
import pytest
from sweeps import FINE, REPORTS, tally

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import openmetrics
from check_starttls_cert.report import Report
from check_starttls_cert.sweep.deliveries import opened


def on_port(report: Report, number: int) -> Report:
    """Return a report of a target of its own."""
    return report._replace(job=report.job._replace(target=report.job.target._replace(port=number)))


ALL = [on_port(report, number) for number, report in enumerate(REPORTS.values(), 1)]


def written(path, *reports: Report) -> str:
    """Deliver reports; return what is said of it."""
    (delivery,) = opened({"openmetrics": str(path)})
    for report in reports:
        delivery.take(delivery.show(report))
    return delivery.end(tally(*reports))


def test_the_file_has_what_the_single_check_says_of_each_target(tmp_path) -> None:
    path = tmp_path / "x.prom"
    path.write_text("old")
    assert written(path, *ALL) == ""
    text = path.read_text("utf-8")
    expected: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for report in ALL:
        for name, samples in metrics_format.parse(openmetrics.render(report).text + "\n").items():
            expected.setdefault(name, {}).update(samples)
    assert metrics_format.parse(text) == expected
    assert metrics_format.lint(text) == ""
    assert os.listdir(tmp_path) == ["x.prom"]


def test_what_needs_files_of_its_own_is_the_same(tmp_path, monkeypatch) -> None:
    written(tmp_path / "a.prom", *ALL)
    monkeypatch.setattr("check_starttls_cert.sweep.deliveries.openmetrics.IN_MEMORY", 1)
    written(tmp_path / "b.prom", *ALL)
    assert (tmp_path / "a.prom").read_bytes() == (tmp_path / "b.prom").read_bytes()


def test_two_targets_with_the_same_labels_are_one_and_it_is_said(tmp_path) -> None:
    said = written(tmp_path / "x.prom", FINE, FINE, *ALL)
    assert said.startswith('the metrics have a target once that is there twice: host="')
    metrics_format.parse((tmp_path / "x.prom").read_text("utf-8"))


def test_until_the_end_the_old_file_is_there(tmp_path) -> None:
    path = tmp_path / "x.prom"
    path.write_text("old")
    (delivery,) = opened({"openmetrics": str(path)})
    delivery.take(delivery.show(FINE))
    assert (os.listdir(tmp_path), path.read_text()) == (["x.prom"], "old")
    assert delivery.end(tally(FINE)) == ""


def test_a_file_that_cannot_be_written_is_told(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.prom"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert written(path, FINE) == f'the metrics are not in "{path}": no space left on device'
    assert (os.listdir(tmp_path), path.read_text()) == (["x.prom"], "old")
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    assert written(path, FINE, *ALL) == f'the metrics are not in "{path}": no space left on device'
    assert path.read_text() == "old"


@pytest.mark.parametrize("path", ["missing/x.prom", "."])
def test_a_place_where_no_file_can_be_is_wrong_usage(tmp_path, path) -> None:
    with pytest.raises(UsageError, match=r"--openmetrics: cannot write .* allowed is a file in a directory that is"):
        opened({"openmetrics": str(tmp_path / path)})


def test_without_prometheus_client_it_is_wrong_usage(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(UsageError, match="openmetrics needs the package prometheus_client"):
        opened({"openmetrics": str(tmp_path / "x.prom")})
