"""JSON for programs: every fact and every judgement in one document.

``json_schema.json`` beside this file describes it. ``schema`` in the document grows when a field changes
its meaning or goes away; new fields do not count. Exit codes are those of the Nagios output.
"""

from __future__ import annotations

import json

from check_starttls_cert import __version__
from check_starttls_cert.outputs import Endpoint, Rendered
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.words import address_text, base64_text

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from check_starttls_cert.certificate import Facts
    from check_starttls_cert.observation import Observation
    from check_starttls_cert.questions import Judgement
    from check_starttls_cert.report import Report

SCHEMA = 1


def render(report: Report) -> Rendered:
    """Show a report as a document."""
    return _rendered(document(report))


def document(report: Report) -> dict[str, Any]:
    """Return the document of a report."""
    from check_starttls_cert.summary import line

    target, seen = report.job.target, report.observation
    return {
        **_head(report.state, line(report)),
        "time": _moment(report.now),
        "target": {
            "host": target.host,
            "protocol": target.protocol,
            "port": target.port,
            "names": list(report.job.policy.names),
            "sni": seen.sni,
            "address": None if seen.address is None else str(seen.address),
        },
        "judgements": [_judgement(judgement) for judgement in report.judgements],
        "connections": seen.connections,
        "elapsed": round(seen.elapsed, 6),
        "timings": {step: round(seconds, 6) for step, seconds in seen.timings.items()},
        "error": None if seen.error is None else {"kind": type(seen.error).__name__, "text": str(seen.error)},
        **_certificate(seen),
    }


def failure(message: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show why there is no report."""
    return _rendered(_head(State.UNKNOWN, message))


def _rendered(document: dict[str, Any]) -> Rendered:
    return Rendered(json.dumps(document, indent=2), document["exit_code"])


def _head(state: State, message: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "version": __version__,
        "state": state.name,
        "exit_code": state.exit_code,
        "message": message,
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    number = judgement.value if judgement.question.unit else None
    return {
        "question": judgement.question.key,
        "state": judgement.state.name,
        "text": judgement.words,
        # Not rounded: it is this number that has or has not reached the limits.
        "value": number,
        "unit": None if number is None else judgement.question.unit,
        "limits": judgement.limits
        and {
            severity: {"low": limits.low, "high": limits.high, "inside": limits.inside}
            for severity, limits in zip(("warning", "critical"), judgement.limits)
        },
    }


def _certificate(seen: Observation) -> dict[str, Any]:
    """Return what is known once the certificate could be read; nulls otherwise."""
    if seen.presented is None:
        return dict.fromkeys(("certificate", "chain", "path", "tls", "trust"))
    session, trust, chain = seen.presented
    return {
        "certificate": _facts(chain.sent[0]),
        "chain": [_facts(facts) for facts in chain.sent],
        "path": [{"name": facts.display_name, "sha256": facts.sha256} for facts in chain.path],
        "tls": {"version": session.version, "cipher": session.cipher},
        "trust": {
            "verified": trust.verified,
            "code": trust.code,
            "reason": trust.reason,
            "store": seen.store.description,
        },
    }


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "issuer": facts.issuer,
        "serial": f"{facts.serial:X}",
        "not_before": _moment(facts.not_before),
        "not_after": _moment(facts.not_after),
        "lifetime_seconds": int(facts.lifetime.total_seconds()),
        "key": {"algorithm": facts.key.algorithm, "bits": facts.key.bits if facts.key.bits > 0 else None},
        "signature_hash": facts.signature_hash or None,
        "common_names": list(facts.common_names),
        "dns_names": list(facts.dns_names),
        "ip_addresses": [address_text(packed) for packed in facts.ip_addresses],
        "self_issued": facts.self_issued,
        "self_signed": facts.self_signed,
        "sha1": facts.sha1,
        "sha256": facts.sha256,
        "spki_sha256": base64_text(facts.spki_sha256) or None,
    }


def _moment(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
