"""Our judgement and OpenSSL's, on every certificate of the zoo. Where they differ, a sentence says why.

Independent of the program: ``openssl`` is a process of its own that reads the same files.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pytest
import zoo
from loopback import Service, smtp
from observations import verdict
from openssl_command import openssl

from check_starttls_cert.names import ip_address, to_ascii
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.probe import Observation, probe
from check_starttls_cert.settings import Target
from check_starttls_cert.thresholds import parse_threshold
from check_starttls_cert.trust_store import trust_store

pytestmark = pytest.mark.slow

CASES = {**zoo.CASES, **zoo.JUDGED}

NAMES_DIFFER = {
    ("common_name_only_where_browsers_look", zoo.REFERENCE): (
        "OpenSSL takes the common name of a certificate without a dNSName; --name-check san, which this case asks "
        "for, never does (RFC 9525 section 2)"
    ),
    ("common_name_beside_alternative_names_where_the_original_sensor_looks", zoo.REFERENCE): (
        "OpenSSL asks the common name only where there is no dNSName; cn_san asks both, as the original sensor does"
    ),
    ("ip_address_in_the_common_name_where_the_original_sensor_looks", "127.0.0.1"): (
        "OpenSSL never looks for an address in the common name; cn_san does, because old "
        "private authorities write it there"
    ),
}
"""Case and reference name for which our verdict is not OpenSSL's, and why. Trust and expiry never differ."""

DAYS = (0, 1, 4, 5, 6, 7, 9, 10, 11, 28, 30, 31, 100, 199, 200, 201, 364, 366, 400)


class Judged(NamedTuple):
    """One case, probed, and its certificates as files."""

    name: str
    case: zoo.Case
    now: datetime
    seen: Observation
    leaf: str
    others: str
    anchors: str


def without_store(*arguments: str, stdin: bytes = b"") -> tuple[int, bytes]:
    """Run openssl without a trust store of its own; return exit code and output."""
    environment = {**os.environ, "SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere", "OPENSSL_CONF": "/dev/null"}
    done = openssl(*arguments, check=False, input=stdin, env=environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", params=CASES)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Return each case in turn."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    case = CASES[request.param](now)
    folder = tmp_path_factory.mktemp("oracle")
    first, *others = re.findall(rb"-----BEGIN.*?-----END CERTIFICATE-----\n", case.chain, re.DOTALL)
    files = {"leaf": first, "others": b"".join(others), "anchors": case.anchors, "both": case.key + case.chain}
    for name, contents in files.items():
        (folder / name).write_bytes(contents)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(folder / "both")
    with Service(smtp(context)) as service, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", "/nowhere")
        patch.setenv("SSL_CERT_DIR", "/nowhere")
        store = trust_store(str(folder / "anchors") if case.anchors else None, None)
        seen = probe(Target("127.0.0.1", "smtp", service.port, zoo.REFERENCE), store, 30.0)
    assert seen.error is None
    return Judged(request.param, case, now, seen, *(str(folder / name) for name in ("leaf", "others", "anchors")))


def options_of(case: zoo.Case) -> dict[str, Any]:
    """Return the case's arguments as option values; the first name is the reference."""
    found: dict[str, Any] = {"name": (to_ascii(case.reference),)}
    flags = {flag: option for option in OPTIONS for flag in option.flags}
    words = iter(case.arguments)
    for word in words:
        option = flags[word]
        value = True if option.parse is None else option.parse(next(words))
        found[option.key] = (*found.get(option.key, ()), *value) if option.many else value
    return found


def test_trust_is_what_openssl_verify_says(judged: Judged):
    anchors = ("-CAfile", judged.anchors) if judged.case.anchors else ()
    untrusted = ("-untrusted", judged.others) if os.path.getsize(judged.others) else ()
    exit_code, said = without_store("verify", *anchors, *untrusted, "-purpose", "sslserver", judged.leaf)
    codes = [int(code) for code in re.findall(rb"error (\d+) at \d+ depth", said)]
    ours = (judged.seen.shown.trust.verified, judged.seen.shown.trust.code)
    theirs = (exit_code == 0, codes[0] if codes else 0)
    assert ours == theirs, said.decode()


def test_names_are_covered_where_openssl_says_so(judged: Judged):
    values = options_of(judged.case)
    for reference in dict.fromkeys((*values["name"], zoo.REFERENCE, "127.0.0.1", "example.test", "a.example.test")):
        question = "-checkhost" if ip_address(reference) is None else "-checkip"
        _, said = without_store("x509", "-in", judged.leaf, "-noout", question, reference)
        assert (b"does match" in said) != (b"does NOT match" in said)
        name_check = values.get("name_check", "client")
        ours = verdict("name", judged.seen, judged.now, name=(reference,), name_check=name_check)[0] == "ok"
        differs = ours != (b"does match" in said)
        assert differs == ((judged.name, reference) in NAMES_DIFFER), said.decode()


def test_expiry_is_what_openssl_says_of_each_day(judged: Judged):
    facts = judged.seen.shown.leaf
    for days in DAYS:
        exit_code, _ = without_store("x509", "-in", judged.leaf, "-noout", "-checkend", str(days * 86400))
        threshold = parse_threshold(str(days))
        state = verdict("expiry", judged.seen, judged.now, warning=threshold, critical=threshold)[0]
        # -checkend asks for the end only; a certificate whose time has not come is critical all the same.
        assert (state == "critical") == (exit_code == 1 or facts.not_before > judged.now)


def test_digests_are_what_openssl_computes(judged: Judged):
    facts = judged.seen.shown.leaf
    for digest, ours in (("-sha1", facts.sha1), ("-sha256", facts.sha256)):
        _, said = without_store("x509", "-in", judged.leaf, "-noout", "-fingerprint", digest)
        assert said.decode().strip().partition("=")[2].replace(":", "") == ours
    _, public = without_store("x509", "-in", judged.leaf, "-noout", "-pubkey")
    _, der = without_store("pkey", "-pubin", "-outform", "DER", stdin=public)
    assert hashlib.sha256(der).digest() == facts.spki_sha256
    _, serial = without_store("x509", "-in", judged.leaf, "-noout", "-serial")
    assert int(serial.decode().strip().partition("=")[2], 16) == facts.serial


def test_every_difference_is_one_of_the_zoos():
    assert {name for name, _ in NAMES_DIFFER} <= set(CASES)
