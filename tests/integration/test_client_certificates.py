"""Servers that demand a client certificate have shown their own: it is judged, whatever the version of TLS."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

import pytest
from conftest import Zoo, required, started
from servers import dovecot, postfix, process, slapd
from servers.process import Server

from check_starttls_cert.probe import probe
from check_starttls_cert.settings import Target
from check_starttls_cert.tls import CHAIN_IS_READABLE
from check_starttls_cert.trust_store import trust_store

GOOD = "good_rsa_2048"
VERSIONS = ("TLSv1.2", "TLSv1.3")

DEMANDING = ("slapd", "openssl")
"""They demand it in the handshake. Postfix and Dovecot ask there, and refuse mail and login afterwards."""


@pytest.fixture(scope="module")
def demanding_postfix(folder: str, certificates: Zoo) -> Iterator[Server]:
    """Return a Postfix with a service for each version."""
    tls = {
        "smtpd_tls_chain_files": certificates.both(GOOD),
        "smtpd_tls_CAfile": certificates.anchors(GOOD),
        "smtpd_tls_security_level": "encrypt",
        "smtpd_tls_ask_ccert": "yes",
        "smtpd_tls_req_ccert": "yes",
    }
    services = {version: {**tls, "smtpd_tls_mandatory_protocols": version} for version in VERSIONS}
    with started("postfix that demands", folder, postfix.start, services, certificates.openssl) as server:
        yield server


@pytest.fixture(scope="module")
def demanding_slapd(folder: str, certificates: Zoo, module_patch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a slapd for each version; Debian's speaks TLS with GnuTLS."""
    files = certificates.chain(GOOD), certificates.key(GOOD)
    demand = slapd.TLS.replace("never", "demand") + f"TLSCACertificateFile {certificates.anchors(GOOD)}\n"
    with contextlib.ExitStack() as stack:
        found: dict[str, int] = {}
        logs: dict[str, str] = {}
        for version, priority in zip(VERSIONS, ("NORMAL:-VERS-TLS1.3", "NORMAL")):
            module_patch.setattr(slapd, "TLS", f"{demand}TLSCipherSuite {priority}\n")
            server = stack.enter_context(started(f"slapd {version}", folder, slapd.start, {"own": files}))
            found[version], logs[version] = server.ports["own"], server.logs["own"]
        yield Server("ldap", found, logs, server.said_when_done)


@pytest.fixture(scope="module")
def demanding_dovecot(folder: str, certificates: Zoo, module_patch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a Dovecot for each version."""
    files = certificates.chain(GOOD), certificates.key(GOOD)
    demand = (
        f"ssl_verify_client_cert = yes\nssl_ca = <{certificates.anchors(GOOD)}\nauth_ssl_require_client_cert = yes\n"
    )
    with contextlib.ExitStack() as stack:
        found: dict[str, int] = {}
        logs: dict[str, str] = {}
        plain = dovecot.CONFIGURATION
        for version in VERSIONS:
            module_patch.setattr(dovecot, "CONFIGURATION", demand + plain)
            arguments = {"own": files}, certificates.openssl
            server = stack.enter_context(started(f"dovecot {version}", folder, dovecot.start, *arguments))
            found[version], logs[version] = server.ports["own"], server.logs["own"]
        yield Server("lmtp", found, logs, server.said_when_done)


@pytest.fixture(scope="module")
def demanding_openssl(folder: str, certificates: Zoo) -> Iterator[Server]:
    """Return OpenSSL's own server for each version."""
    with contextlib.ExitStack() as stack:
        with required("openssl"):
            program = process.find("openssl")
        found = dict(zip(VERSIONS, process.free_ports(2)))
        own = f"{folder}/openssl that demands"
        os.mkdir(own)
        for version, port in found.items():
            arguments = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-Verify", "1"]
            arguments += ["-cert", certificates.chain(GOOD), "-cert_chain", certificates.chain(GOOD)]
            arguments += ["-key", certificates.key(GOOD), "-CAfile", certificates.anchors(GOOD)]
            arguments += [{"TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}[version]]
            (running,) = process.start(stack, process.Command(arguments, f"{own}/{version}"))
            process.await_port(port, running, f"{own}/{version}")
        yield Server("tls", found, dict.fromkeys(VERSIONS, own), "")


@pytest.fixture(scope="module")
def module_patch() -> Iterator[pytest.MonkeyPatch]:
    """Return a monkeypatch that lasts as long as the servers."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["postfix", "slapd", "openssl", "dovecot"])
def test_a_server_that_demands_a_client_certificate_is_judged_by_one_connection(
    certificates: Zoo, request: pytest.FixtureRequest, name: str, version: str
):
    server = request.getfixturevalue(f"demanding_{name}")
    target = Target("127.0.0.1", server.protocol, server.ports[version], certificates.cases[GOOD].reference)
    seen = probe(target, trust_store(certificates.anchors(GOOD), None), process.PATIENCE)
    assert seen.error is None, f"{seen.error}\n{server.log(version)}"
    assert seen.shown.trust.verified
    assert seen.shown.session.wants_client_certificate is (name in DEMANDING)
    if name != "dovecot":
        assert seen.shown.session.version == version
    assert seen.connections == 1
    if CHAIN_IS_READABLE:  # Python 3.9 tells the server's own certificate
        assert len(seen.shown.chain.sent) >= len(re.findall(b"BEGIN CERT", certificates.cases[GOOD].chain))
