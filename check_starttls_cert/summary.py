"""The status line and the long output, in words that every renderer shares.

Decides nothing: the states are the contexts'. The first line names the service and every problem,
worst first; the long output has one fact a line.
"""

from __future__ import annotations

from nagiosplugin import Critical, Ok, Result, Results, Summary, Unknown, Warn
from nagiosplugin.state import ServiceState

from check_starttls_cert.contexts import SEVERITY, address_text, base64_text, quoted
from check_starttls_cert.resource import StarttlsCertificate
from check_starttls_cert.text import counted, printable

MAX_LISTED = 20
"""Names in the long output."""

LABELS = {Ok: "OK", Warn: "WARNING", Critical: "CRITICAL", Unknown: "UNKNOWN"}


def worst(results: Results) -> ServiceState:
    """Return the state of the whole check."""
    return max((result.state for result in results.results), key=SEVERITY.__getitem__, default=Unknown)


def label(state: ServiceState) -> str:
    """Return the state's word in upper case."""
    return LABELS[state]


def problems(results: Results) -> list[str]:
    """Return the words of everything that is not OK, worst first, each rank in the questions' order."""
    bad = [result for result in results.results if result.state != Ok]
    return [words(result) for result in sorted(bad, key=lambda result: -SEVERITY[result.state])]


def words(result: Result) -> str:
    """Return what the context said."""
    return result.hint or ""


class CertificateSummary(Summary):
    """The words for one certificate."""

    def __init__(self, resource: StarttlsCertificate) -> None:
        self.resource = resource

    def ok(self, results: Results) -> str:
        """Say what was found; nothing is wrong."""
        facts = self.resource.observation.facts
        said = ", ".join(filter(None, map(words, results.results)))
        name = printable(facts.display_name, 80) if facts else ""
        return f"{self.resource.target}: {name} {said}" if name else f"{self.resource.target}: {said}"

    def problem(self, results: Results) -> str:
        """Say everything that is wrong."""
        return f"{self.resource.target}: {'; '.join(problems(results))}"

    def verbose(self, results: Results) -> list[str]:
        """Return the lines below the status line: facts with ``-v``, the conversation with ``-vv``."""
        lines = []
        if self.resource.settings.verbose >= 1:
            lines += self.facts()
        if self.resource.settings.verbose >= 2:
            for speaker, data in self.resource.observation.transcript:
                lines += [f"{speaker}: {printable(piece, 500)}" for piece in data.splitlines()]
        return lines

    def facts(self) -> list[str]:
        """Return one line a fact."""
        seen, store = self.resource.observation, self.resource.store
        lines = []
        if seen.facts is not None and seen.session is not None and seen.trust is not None:
            facts = seen.facts
            names = [f"DNS:{name}" for name in facts.dns_names]
            names += [f"IP:{address_text(address)}" for address in facts.ip_addresses]
            listed = ", ".join(printable(name, 80) for name in names[:MAX_LISTED]) or "none"
            more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
            lifetime = counted(facts.lifetime.days, "day")
            begin, end = (moment.replace(tzinfo=None) for moment in (facts.not_before, facts.not_after))
            trust = "trusted"
            if not seen.trust.verified:
                trust = f"not trusted: {seen.trust.reason} (OpenSSL code {seen.trust.code})"
            lines += [
                f"subject: {printable(facts.subject) or 'empty'}",
                f"issuer: {printable(facts.issuer) or 'empty'}",
                f"serial: {facts.serial:X}",
                f"SHA-256 fingerprint: {facts.sha256}",
                f"SHA-1 fingerprint: {facts.sha1}",
                f"public key SHA-256: {base64_text(facts.spki_sha256)}",
                f"subject alternative names: {listed}{more}",
                f"valid: {begin} to {end} UTC, {lifetime}",
                f"public key: {facts.key}; signature hash: {facts.signature_hash or 'none'}",
                f"self-signed: {'yes' if facts.self_signed else 'no'}",
                f"TLS: {seen.session.version}, {seen.session.cipher}",
                *self.chain(),
                f"trust: {trust}",
            ]
        anchors = store.anchors()
        lines.append(f"trust store: {store.description}" + (f", {counted(anchors, 'anchor')}" if anchors else ""))
        lines.append(f"connections: {seen.connections}" + (f" to {seen.address}" if seen.address else ""))
        return lines

    def chain(self) -> list[str]:
        """Return what the server sends and where that leads."""
        chain = self.resource.chain
        if not chain.readable:
            return ["chain: not known; this Python tells the server's own certificate only, 3.10 and newer tell all"]
        way = " <- ".join(quoted(facts.display_name) for facts in chain.path[:MAX_LISTED])
        lines = [f"chain: {counted(len(chain.sent), 'certificate')} sent; path {way}"]
        return lines + [f"chain: {printable(oddity)}" for oddity in chain.oddities[:MAX_LISTED]]
