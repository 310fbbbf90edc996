"""The first minute of a new user: a loopback SMTP server with a throw-away certificate, checked.

Needs no root, no network and no configuration, and leaves no file behind: the keys live in a temporary
directory for as long as the demo runs.
"""

from __future__ import annotations

import os
import shlex
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from check_starttls_cert.outputs import Rendered

HOST = "127.0.0.1"
NAME = "mta.example.test"
LIFETIME = timedelta(days=90)
DIALECTS = ("nagios", "prtg")
"""The outputs that are shown; the others say the same at greater length."""


def demo(program: str, answer: Callable[[list[str]], Rendered], now: datetime) -> str:
    """Return a transcript: for each dialect, the command line of ``program`` and what it really printed."""
    with tempfile.TemporaryDirectory() as directory, server(now, directory) as (port, anchor):
        lines = [f"A throw-away SMTP server with STARTTLS listens on {HOST} port {port}."]
        for output in DIALECTS:
            arguments = ["-H", HOST, "-p", str(port), "-n", NAME, "--ca-file", anchor, "-o", output]
            result = answer(arguments)
            lines += ["", f"$ {shlex.join([program, *arguments])}", result.text]
            lines += [f"(exit code {result.exit_code})"]
    return "\n".join(lines)


@contextmanager
def server(now: datetime, directory: str) -> Iterator[tuple[int, str]]:
    """Run the server, with its files in ``directory``; yield its port and the file of its trust anchor."""
    anchor, chain = os.path.join(directory, "ca.pem"), os.path.join(directory, "server.pem")
    make_certificates(now, anchor, chain)
    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=serve, args=(listener, chain), daemon=True).start()
        yield listener.getsockname()[1], anchor


def serve(listener: socket.socket, chain: str) -> None:
    """Answer one SMTP client after the other, as far as STARTTLS and QUIT, until the listener is closed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError), client:
            client.settimeout(10)
            client.sendall(b"220 mta.example.test ESMTP\r\n")
            for command in _lines(client):
                if command.startswith(b"EHLO"):
                    client.sendall(b"250-mta.example.test\r\n250 STARTTLS\r\n")
                elif command.startswith(b"STARTTLS"):
                    client.sendall(b"220 2.0.0 Ready to start TLS\r\n")
                    break
            with context.wrap_socket(client, server_side=True) as session:
                for _ in _lines(session):
                    session.sendall(b"221 2.0.0 Bye\r\n")
                    break


def _lines(client: socket.socket) -> Iterator[bytes]:
    """Yield each line the client sends. It waits for our answer to each: no buffer outlives a line."""
    received = b""
    while data := client.recv(1024):
        received += data
        if received.endswith(b"\n"):
            yield received
            received = b""


def make_certificates(now: datetime, anchor: str, chain: str) -> None:
    """Write the trust anchor, and the server's certificate and key, as PEM files."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Demo root", NAME))

    def certificate(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now - timedelta(hours=1) + LIFETIME)
            .add_extension(extension, critical=False)
            .sign(ca_key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(anchor, "wb") as file:
        file.write(certificate(ca_name, ca_key.public_key(), x509.BasicConstraints(ca=True, path_length=0)))
    with open(chain, "wb") as file:
        own = certificate(name, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(NAME)]))
        file.write(own + private)
