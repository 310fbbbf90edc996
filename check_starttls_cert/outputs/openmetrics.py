"""Metrics for Prometheus: the samples of one endpoint, as OpenMetrics and as Prometheus' own text format.

The two are one where all metrics are gauges and no help has a quote: Prometheus' own, which node_exporter's textfile
collector and promtool read, takes ``# EOF`` for a comment and knows neither ``info`` nor ``stateset``. No sample has a
timestamp, which the textfile collector refuses. What is not known has no sample.

The exit code is 0 with a verdict, whose state is a sample, and 3 without one: collectors such as Telegraf's ``exec``
drop what a program printed that failed.
"""

from __future__ import annotations

from check_starttls_cert import outputs
from check_starttls_cert.outputs import MAX_NAMED, Endpoint, Rendered
from check_starttls_cert.packages import require
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import GaugeMetricFamily

    from check_starttls_cert.observation import Presented
    from check_starttls_cert.report import Report
    from check_starttls_cert.thresholds import Limits

    Sample = tuple[tuple[str, ...], float]
    """Values of ``Metric.labels``, and the number."""

PREFIX = "starttls_cert_"

MAX_MESSAGE = 1000
"""Characters of the label that says why there is no verdict."""

STATES = "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"


class Metric(NamedTuple):
    """A gauge."""

    name: str
    """Without the prefix."""
    help: str
    """Without a quote."""
    samples: list[Sample]
    labels: tuple[str, ...] = ()
    """Beside those of the endpoint, which every sample has."""


def render(report: Report) -> Rendered:
    """Show a report as metrics. Raises ``UsageError`` where ``prometheus_client`` is not installed."""
    require_client()
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry()
    registry.register(Families(report))
    return Rendered(generate_latest(registry).decode("utf-8").rstrip("\n"), 0)


def require_client() -> None:
    """Raise ``UsageError`` where ``prometheus_client`` is not installed."""
    require("prometheus_client", "openmetrics", "python3-prometheus-client")


def failure(message: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show why there is no report, in ASCII. It needs no ``prometheus_client``."""
    return outputs.failure("openmetrics", printable(message, MAX_MESSAGE), endpoint)


class Families:
    """One report, as ``prometheus_client`` collects it."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield a family for each metric that has a value."""
        from prometheus_client.core import GaugeMetricFamily

        target = self.report.job.target
        named = [printable(value, MAX_NAMED) for value in (target.host, target.name)]
        named += [str(target.port), target.protocol]
        for metric in metrics(self.report):
            labels = [*Endpoint._fields, *metric.labels]
            family = GaugeMetricFamily(PREFIX + metric.name, metric.help, labels=labels)
            for values, number in metric.samples:
                family.add_metric([*named, *values], number)
            yield family


def metrics(report: Report) -> Iterator[Metric]:
    """Yield what is known, in an order that is always the same."""
    seen = report.observation
    yield _single("success", "Whether the certificate could be read: 1 or 0.", seen.presented is not None)
    yield _single("state", f"The verdict: {STATES}.", report.state.exit_code)
    answers: list[Sample] = [((judged.question.key,), judged.state.exit_code) for judged in report.judgements]
    yield Metric("question_state", f"The answer to each question: {STATES}.", answers, ("question",))
    yield _single("last_check_timestamp_seconds", "When the check ran.", report.now.timestamp())
    yield _single("duration_seconds", "How long the check took.", seen.elapsed)
    if seen.presented is None:
        return
    yield from _certificate(seen.presented)
    (expiry,) = (judgement for judgement in report.judgements if judgement.question.key == "expiry")
    for severity, limits in zip(("warning", "critical"), expiry.limits or ()):
        yield from _limit(severity, limits)


def _certificate(presented: Presented) -> Iterator[Metric]:
    leaf, above = presented.leaf, presented.chain.path[1:]
    labels = {
        "fingerprint_sha256": leaf.sha256,
        "issuer": printable(leaf.issuer),
        "key_algorithm": leaf.key.algorithm,
        "serial": shortened(f"{leaf.serial:X}", 100),
        "subject": printable(leaf.subject),
        "tls_version": presented.session.version,
    }
    yield Metric("info", "The certificate and the TLS version; always 1.", [(tuple(labels.values()), 1)], tuple(labels))
    yield _single("not_before_timestamp_seconds", "When the certificate begins.", leaf.not_before.timestamp())
    yield _single("not_after_timestamp_seconds", "When the certificate ends.", leaf.not_after.timestamp())
    if above:
        first = min(facts.not_after for facts in above)
        what = "When the first certificate above the server's own ends."
        yield _single("chain_not_after_timestamp_seconds", what, first.timestamp())
    if leaf.key.bits > 0:
        # Not "_bits": promtool's lint takes that for a size of data and asks for bytes.
        yield _single("key_size", "Size of the certificate's public key, in bits.", leaf.key.bits)


def _limit(severity: str, limits: Limits) -> Iterator[Metric]:
    """Yield the remaining validity that alarms; a range may have no lower end."""
    from check_starttls_cert.words import SECONDS_PER_DAY

    if limits.low is not None and not limits.inside:
        what = f"Remaining validity at which the certificate is {severity.upper()}."
        yield _single(f"{severity}_limit_seconds", what, limits.low * SECONDS_PER_DAY)


def _single(name: str, what: str, number: float) -> Metric:
    return Metric(name, what, [((), number)])
