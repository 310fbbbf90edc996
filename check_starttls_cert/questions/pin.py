"""Is it the certificate, key or issuer that the user expects?"""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Answer
from check_starttls_cert.settings import Policy
from check_starttls_cert.state import State
from check_starttls_cert.words import JOINT, base64_text, quoted


def judge(observation: Observation, policy: Policy, now: datetime) -> Answer:
    """Every kind of pin that is given must match; within a kind, one is enough."""
    facts = observation.shown.leaf
    wrong = []
    if policy.fingerprints and bytes.fromhex(facts.sha256) not in policy.fingerprints:
        wrong.append(f"pin: fingerprint {facts.sha256} is not one of the expected")
    if policy.spki_pins and facts.spki_sha256 not in policy.spki_pins:
        wrong.append(f"pin: public key {base64_text(facts.spki_sha256)} is not one of the expected")
    if policy.issuers and not any(
        wanted.lower() in attribute.lower() for wanted in policy.issuers for attribute in facts.issuer_attributes
    ):
        wrong.append(f"pin: issuer {quoted(facts.issuer)} is not one of the expected")
    return Answer(State.CRITICAL, JOINT.join(wrong)) if wrong else Answer()
