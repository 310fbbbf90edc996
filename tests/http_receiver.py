"""A receiver that speaks HTTP on loopback, by Python's own server, and answers what a test says."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from typing import Callable, NamedTuple

from loopback import PATIENCE


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    body: str
    authorization: str
    content_type: str = ""


Answer = Callable[[Request], "tuple[int, str]"]


class HttpReceiver:
    """The receiver, while it is entered."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                receiver.connections += 1
                super().setup()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                headers = (self.headers.get(name, "") for name in ("Authorization", "Content-Type"))
                asked = Request(self.command, self.path, body, *headers)
                receiver.requests.append(asked)
                status, text = answer(asked)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[socket.socket, object]:
                client, address = super().get_request()
                client.settimeout(PATIENCE)
                if context is not None:
                    # The handshake belongs to the connection's own thread.
                    client = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                return client, address

            def handle_error(self, *_: object) -> None:
                """Say nothing of clients that leave."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
