"""JSON for programs: every fact and every judgement in one document.

``json_schema.json`` beside this file describes it. ``schema`` in the document grows when a field changes
its meaning or goes away; new fields do not count. Exit codes are those of the Nagios output.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from check_starttls_cert import __version__
from check_starttls_cert.outputs import Rendered

if TYPE_CHECKING:
    from datetime import datetime

    from nagiosplugin import Check

    from check_starttls_cert.certificate import Facts
    from check_starttls_cert.resource import StarttlsCertificate

SCHEMA = 1
UNKNOWN = 3


def render(check: Check) -> Rendered:
    """Return the evaluated check as a document."""
    from check_starttls_cert.summary import label, words, worst
    from check_starttls_cert.tls import server_name

    (resource,) = check.resources
    seen = resource.observation
    sni = server_name(resource.target.sni or resource.target.name)
    state = worst(check.results)
    document = {
        **_head(label(state), int(state), check.summary_str),
        "time": _moment(resource.now),
        "target": {
            "host": resource.target.host,
            "protocol": resource.target.protocol,
            "port": resource.target.port,
            "names": list(resource.settings.names),
            "sni": None if sni is None else sni.decode("ascii"),
            "address": None if seen.address is None else str(seen.address),
        },
        "judgements": [
            {"question": result.context.name, "state": label(result.state), "text": words(result)}
            for result in check.results.results
            if result.context.judges
        ],
        "connections": seen.connections,
        "elapsed": round(seen.elapsed, 6),
        "timings": {step: round(seconds, 6) for step, seconds in seen.timings.items()},
        "error": None if seen.error is None else {"kind": type(seen.error).__name__, "text": str(seen.error)},
        **_certificate(resource),
    }
    return _rendered(document)


def failure(message: str) -> Rendered:
    """Return the document of a run without a verdict."""
    return _rendered(_head("UNKNOWN", UNKNOWN, message))


def _rendered(document: dict[str, Any]) -> Rendered:
    return Rendered(json.dumps(document, indent=2), document["exit_code"])


def _head(state: str, exit_code: int, message: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "version": __version__,
        "state": state,
        "exit_code": exit_code,
        "message": message,
    }


def _certificate(resource: StarttlsCertificate) -> dict[str, Any]:
    """Return what is known once the certificate could be read; nulls otherwise."""
    seen = resource.observation
    if seen.chain is None or seen.session is None or seen.trust is None:
        return dict.fromkeys(("certificate", "chain", "path", "tls", "trust"))
    return {
        "certificate": _facts(seen.chain.sent[0]),
        "chain": [_facts(facts) for facts in seen.chain.sent],
        "path": [{"name": facts.display_name, "sha256": facts.sha256} for facts in seen.chain.path],
        "tls": {"version": seen.session.version, "cipher": seen.session.cipher},
        "trust": {
            "verified": seen.trust.verified,
            "code": seen.trust.code,
            "reason": seen.trust.reason,
            "store": resource.store.description,
        },
    }


def _facts(facts: Facts) -> dict[str, Any]:
    from check_starttls_cert.contexts import address_text, base64_text

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
    """Return RFC 3339, in UTC."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
