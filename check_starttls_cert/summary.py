"""The status line and the long output, in words that every renderer shares.

Decides nothing: the states are the report's. The first line names the service and every problem, worst first;
the long output has one fact a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from check_starttls_cert.chain import Chain
from check_starttls_cert.observation import Presented
from check_starttls_cert.report import Report
from check_starttls_cert.text import counted, printable, shortened
from check_starttls_cert.wire import Spoken
from check_starttls_cert.words import JOINT, address_text, base64_text, called, listed

MAX_SPOKEN_LINES = 100
"""Lines of the conversation that are shown, and the octets of each piece that are looked into."""
MAX_SPOKEN = 64 * 1024

MAX_LISTED = 20
"""Names and certificates in one line of the long output."""


def line(report: Report) -> str:
    """Return the service, and what is wrong, or, where nothing is, what was found."""
    return f"{service(report)}: {found(report)}"


def service(report: Report) -> str:
    """Return what was checked; where something is wrong, with the certificate's name."""
    name = certificate_name(report) if report.state else ""
    return f"{report.job.target} ({name})" if name else str(report.job.target)


def found(report: Report) -> str:
    """Return what is wrong, or, where nothing is, what was found."""
    if report.state:
        return JOINT.join(report.problems)
    # What was found of the certificate comes first: its name begins the sentence.
    judgements = sorted(report.judgements, key=lambda judgement: not judgement.question.needs_certificate)
    said = ", ".join(filter(None, (judgement.words for judgement in judgements)))
    name = certificate_name(report)
    return f"{name} {said}" if name else said


def certificate_name(report: Report) -> str:
    """Return what the server's certificate calls itself; nothing where it has no name or could not be read."""
    presented = report.observation.presented
    return printable(presented.leaf.display_name, 80) if presented else ""


def details(report: Report) -> list[str]:
    """Return the lines below the status line: facts with ``-v``, the conversation with ``-vv``."""
    seen = report.observation
    lines = list(facts(report)) if report.job.verbose >= 1 else []
    if report.job.verbose >= 2:
        lines += conversation(seen.transcript)
    return lines


def conversation(transcript: Sequence[Spoken]) -> Iterator[str]:
    """Yield one line for each that was said, as far as anybody reads on."""
    pieces = ((said.speaker, piece) for said in transcript for piece in said.data[:MAX_SPOKEN].splitlines())
    for speaker, piece in islice(pieces, MAX_SPOKEN_LINES):
        yield f"{speaker}: {printable(piece)}"
    if next(pieces, None) is not None:
        yield "*: the conversation went on; no more of it is shown"


def facts(report: Report) -> Iterator[str]:
    """Yield one line a fact."""
    seen = report.observation
    if seen.presented is not None:
        yield from certificate(seen.presented)
    anchors = "" if seen.store.anchors is None else f", {counted(seen.store.anchors, 'anchor')}"
    yield f"trust store: {seen.store.description}{anchors}"
    yield f"connections: {seen.connections}" + (f" to {seen.address}" if seen.address else "")
    yield from seen.notes


def certificate(presented: Presented) -> Iterator[str]:
    """Yield what is known of the server's certificate, its session and its chain."""
    leaf, session, trust = presented.leaf, presented.session, presented.trust
    names = [f"DNS:{name}" for name in leaf.dns_names]
    names += [f"IP:{address_text(address)}" for address in leaf.ip_addresses]
    begin, end = (moment.replace(tzinfo=None) for moment in (leaf.not_before, leaf.not_after))
    yield f"subject: {printable(leaf.subject) or 'empty'}"
    yield f"issuer: {printable(leaf.issuer) or 'empty'}"
    yield f"serial: {shortened(f'{leaf.serial:X}', 100)}"
    yield f"SHA-256 fingerprint: {leaf.sha256}"
    yield f"SHA-1 fingerprint: {leaf.sha1}"
    yield f"public key SHA-256: {base64_text(leaf.spki_sha256)}"
    yield f"subject alternative names: {listed([printable(name, 80) for name in names], MAX_LISTED) or 'none'}"
    yield f"valid: {begin} to {end} UTC, {counted(leaf.lifetime.days, 'day')}"
    yield f"public key: {leaf.key}; signature hash: {leaf.signature_hash or 'none'}"
    yield f"self-signed: {'yes' if leaf.self_signed else 'by its names' if presented.self_signed else 'no'}"
    yield f"TLS: {session.version}, {session.cipher}"
    yield from chain(presented.chain)
    reason = "trusted" if trust.verified else f"not trusted: {trust.reason} (OpenSSL code {trust.code})"
    yield f"trust: {reason}"


def chain(sent: Chain) -> Iterator[str]:
    """Yield what the server sends and where that leads."""
    if not sent.readable:
        yield "chain: not known; this Python tells the server's own certificate only, 3.10 and newer tell all"
        return
    way = " <- ".join(called(facts.display_name) for facts in sent.path[:MAX_LISTED])
    yield f"chain: {counted(len(sent.sent), 'certificate')} sent; path {way}"
    for problem in sent.ordering_problems[:MAX_LISTED]:
        yield f"chain: {printable(problem)}"
