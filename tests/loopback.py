"""Servers on the loopback interface for tests: one thread, one connection after the other, always joined."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import warnings
from contextlib import suppress
from typing import Any, Callable

from servers.process import PATIENCE


class Service:
    """A TCP server for a ``with`` statement: ``behave(sock)`` serves each connection."""

    def __init__(self, behave: Callable[[socket.socket], Any]) -> None:
        self.behave = behave
        self.connections = 0
        self.results: list[Any] = []
        self.failures: list[Exception] = []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.stopping = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def serve(self) -> None:
        """Serve until told to stop."""
        while True:
            client, _ = self.listener.accept()
            with client:
                if self.stopping:
                    return
                self.connections += 1
                client.settimeout(PATIENCE)
                try:
                    self.results.append(self.behave(client))
                except OSError:
                    self.results.append(None)  # the client left
                except Exception as error:  # noqa: BLE001 - a test's thread must not lose it
                    self.failures.append(error)

    def __exit__(self, *_: object) -> None:
        self.stopping = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        self.thread.join(PATIENCE)
        self.listener.close()
        assert not self.thread.is_alive()
        assert self.failures == []


class ThreadedService(Service):
    """A TCP server with a thread a connection, which behaves in several ways in turn."""

    def __init__(self, *behaviours: Callable[[socket.socket], Any]) -> None:
        super().__init__(self.in_turn)
        self.behaviours = behaviours
        self.visits = itertools.count()
        self.served: list[threading.Thread] = []

    def __enter__(self):
        super().__enter__()
        self.listener.listen(1024)
        return self

    def in_turn(self, sock: socket.socket) -> None:
        """Serve a connection in a thread of its own."""
        behave = self.behaviours[next(self.visits) % len(self.behaviours)]
        mine = sock.dup()
        mine.settimeout(PATIENCE)

        def serve() -> None:
            with mine, suppress(OSError):
                behave(mine)

        self.served.append(threading.Thread(target=serve))
        self.served[-1].start()

    def settle(self) -> None:
        """Return when all visitors are served."""
        for thread in self.served:
            thread.join()

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        self.settle()


def server_context(tmp_path: Any, *chain: Any, weak: bool = False, weak_keys: bool = False) -> ssl.SSLContext:
    """Return the context of a server that shows the chain, its own certificate first.

    ``weak_keys`` lets it have any key, ``weak`` has it speak TLS 1.0 only as well.
    """
    file = tmp_path / f"{chain[0].certificate.serial_number}-{id(chain)}.pem"
    file.write_bytes(b"".join(made.pem for made in chain) + chain[0].key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if weak or weak_keys:
        context.set_ciphers("ALL:@SECLEVEL=0")
    if weak:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(file)
    return context


def read_line(sock: socket.socket) -> bytes:
    """Return the next line, octet by octet: nothing of the next message is taken."""
    line = b""
    while not line.endswith(b"\n"):
        octet = sock.recv(1)
        if not octet:
            raise ConnectionResetError
        line += octet
    return line


def negotiate(sock: socket.socket, go_ahead: bytes = b"220 2.0.0 Ready to start TLS\r\n") -> None:
    """Hold the plaintext part of an SMTP conversation."""
    sock.sendall(b"220 mta.example.com ESMTP\r\n")
    assert read_line(sock).startswith(b"EHLO ")
    sock.sendall(b"250-mta.example.com\r\n250 STARTTLS\r\n")
    assert read_line(sock) == b"STARTTLS\r\n"
    sock.sendall(go_ahead)


def encrypted(sock: socket.socket, context: ssl.SSLContext) -> list[bytes]:
    """Hold the TLS part of an SMTP conversation; return what the client said in it, to its very end."""
    said = []
    with context.wrap_socket(sock, server_side=True) as session:
        said.append(read_line(session))
        session.sendall(b"221 2.0.0 Bye\r\n")
        said.append(session.recv(100))
    return said


def smtp(context: ssl.SSLContext) -> Callable[[socket.socket], list[bytes]]:
    """Return the behaviour of an SMTP server with STARTTLS."""

    def behave(sock: socket.socket) -> list[bytes]:
        negotiate(sock)
        return encrypted(sock, context)

    return behave
