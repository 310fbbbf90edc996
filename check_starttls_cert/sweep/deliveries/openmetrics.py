"""Metrics of all targets in one file, as node_exporter's textfile collector reads them: the old one whole, or the new.

The lines of a metric must stand together, whatever the order of the targets, so that each metric is collected in a file
of its own. Nothing of a target is kept in memory but a number.
"""

from __future__ import annotations

import shutil
import tempfile

from check_starttls_cert.outputs import openmetrics
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.files import not_written, replaced, writable
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally

IN_MEMORY = 1024 * 1024
"""Characters of a metric that need no file yet."""


def opened(given: Mapping[str, Any]) -> Metrics:
    """Return the delivery. Raises ``UsageError``."""
    path = writable(given["openmetrics"], "--openmetrics")
    openmetrics.require_client()
    return Metrics(path)


class Metrics:
    """The file, while it is not there yet."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._parts: dict[str, tempfile.SpooledTemporaryFile[str]] = {}
        """The lines of each metric: what it is, then the samples."""
        self._endpoints: set[int] = set()
        """Hashes of the labels that stand for a target."""
        self._twice = ""
        self._error: OSError | None = None

    @staticmethod
    def show(report: Report) -> str:
        """Return the metrics of a target."""
        return openmetrics.render(report).text

    def take(self, shown: str) -> None:
        """Collect the metrics of a target; one with the labels of another would make the whole file invalid."""
        metrics = f"\n{shown}".rpartition("\n# EOF")[0].split("\n# HELP ")[1:]
        endpoint = metrics[0].partition("{")[2].rpartition("}")[0]
        if hash(endpoint) in self._endpoints:
            self._twice = self._twice or endpoint
            return
        self._endpoints.add(hash(endpoint))
        try:
            for metric in metrics:
                self._collect(metric)
        except OSError as error:
            self._error = self._error or error

    def _collect(self, metric: str) -> None:
        name = metric.partition(" ")[0]
        head, _, rest = metric.partition("\n# TYPE ")
        kind, _, samples = rest.partition("\n")
        if name not in self._parts:
            # It is closed in the end.
            part = tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="\n")  # noqa: SIM115
            self._parts[name] = part
            self._parts[name].write(f"# HELP {head}\n# TYPE {kind}\n")
        self._parts[name].write(f"{samples}\n")

    def end(self, tally: Tally) -> str:
        """Replace the file."""
        del tally
        try:
            if self._error is not None:
                raise self._error
            with replaced(self.path) as file:
                for part in self._parts.values():
                    part.seek(0)
                    shutil.copyfileobj(part, file)
                file.write("# EOF\n")
        except OSError as error:
            return not_written("the metrics are", self.path, error)
        finally:
            for part in self._parts.values():
                part.close()
        return f"the metrics have a target once that is there twice: {printable(self._twice)}" if self._twice else ""
