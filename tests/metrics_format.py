"""Metrics, read by the official parser, and what else the readers of Prometheus' own text format need.

Both formats have to be met by one text: OpenMetrics 1.0, and the text format 0.0.4 that promtool and node_exporter's
textfile collector read ("Exposition formats" in Prometheus' documentation).
"""

from __future__ import annotations

import subprocess
from typing import Any

from conftest import required
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from servers import process


def parse(text: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Return the samples of each metric, by their labels; ``AssertionError`` or ``ValueError`` says what is wrong."""
    assert text.endswith("\n# EOF\n")
    found = {}
    for family in text_string_to_metric_families(text):
        # The older format has neither info nor stateset, and its help no escape for a quote.
        assert family.type == "gauge", f"{family.name} is a {family.type}"
        assert family.documentation, f"{family.name} has no help"
        assert '"' not in family.documentation, f"a quote in the help of {family.name}"
        assert {sample.name for sample in family.samples} == {family.name}, f"{family.name} has no sample"
        assert {sample.timestamp for sample in family.samples} == {None}, "the textfile collector refuses timestamps"
        found[family.name] = {frozenset(sample.labels.items()): sample.value for sample in family.samples}
        assert len(found[family.name]) == len(family.samples), f"{family.name} has a sample twice"
    return found


def lint(text: str) -> str:
    """Return what promtool says against metrics."""
    done = promtool("check", "metrics", input=text.encode("utf-8"))
    return (done.stdout + done.stderr).decode("utf-8") or f"exit code {done.returncode}" * bool(done.returncode)


def promtool(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run Prometheus' own tool, and return what it leaves. The test is skipped where there is none."""
    with required("promtool"):
        program = process.find("promtool")
    return subprocess.run([program, *arguments], capture_output=True, check=False, timeout=process.PATIENCE, **options)
