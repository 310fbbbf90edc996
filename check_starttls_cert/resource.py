"""The nagiosplugin Resource: one probe, as metrics.

It gathers everything before it yields (an error after the first metric would garble nagiosplugin's
result) and lets a probe that failed be judged like any other fact.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Sequence

from nagiosplugin import Metric, Resource

from check_starttls_cert.certificate import Facts
from check_starttls_cert.chain import Chain
from check_starttls_cert.probe import Observation, probe
from check_starttls_cert.settings import Settings
from check_starttls_cert.tls import TrustStore

if TYPE_CHECKING:
    from check_starttls_cert.contexts import Question

SECONDS_PER_DAY = 86400

WITHOUT_CERTIFICATE = ("connection", "time")
"""The questions that have an answer even when the certificate could not be read."""


class StarttlsCertificate(Resource):
    """A certificate behind STARTTLS. ``observation`` is there once it has been probed."""

    observation: Observation

    def __init__(self, settings: Settings, store: TrustStore, now: datetime) -> None:
        self.settings = settings
        self.target = settings.target
        self.store = store
        self.now = now
        self.questions: Sequence[Question] = ()
        """Those that are asked; set before the check is run."""

    @property
    def name(self) -> str:
        """The word that starts the status line."""
        return "STARTTLS_CERT"

    @property
    def chain(self) -> Chain:
        """The chain, where it could be read."""
        assert self.observation.chain is not None
        return self.observation.chain

    @property
    def facts(self) -> Facts:
        """The facts of the server's own certificate, where they could be read."""
        return self.chain.sent[0]

    def probe(self) -> list[Metric]:
        """Return one metric for each question that has an answer, named after its performance data."""
        self.observation = probe(self.target, self.store, self.settings.timeout)
        readable = self.observation.chain is not None
        return [
            Metric(question.metric or question.key, question.measure(self) if readable else None, context=question.key)
            for question in self.questions
            if readable or question.key in WITHOUT_CERTIFICATE
        ]
