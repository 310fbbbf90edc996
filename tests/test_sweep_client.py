"""HTTP to a receiver: one connection, TLS that is verified, and whatever is wrong in few words without a secret."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator

import certificates
import pytest
from cryptography import x509
from http_receiver import HttpReceiver, Request
from loopback import Service, ThreadedService, server_context

from check_starttls_cert.errors import UsageError
from check_starttls_cert.sweep import client
from check_starttls_cert.sweep.client import Address, Answer, Client, address
from check_starttls_cert.sweep.sender import Away

PATH = "/s3cret"


CLIENTS: list[Client] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close the connections, which a server's end may wait for."""
    yield
    while CLIENTS:
        CLIENTS.pop().close()


def asking(port: int, scheme: str = "http", **given) -> Client:
    made = Client(
        "--x",
        Address(scheme, "127.0.0.1", port, PATH),
        ca_option="--x-ca",
        headers={"Authorization": "s3cret"},
        **given,
    )
    CLIENTS.append(made)
    return made


def away(asked: Client) -> Away:
    """Return why a receiver is away."""
    with pytest.raises(Away) as caught:
        asked.request("POST", "/a", b"body")
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def authority() -> certificates.Made:
    return certificates.authority()


@pytest.fixture
def served(tmp_path, authority) -> Iterator[tuple[HttpReceiver, str]]:
    """Yield a receiver whose certificate is for ``master``, and the file of its authority."""
    made = certificates.make("master", issuer=authority, extensions=[certificates.alternative_names("master")])
    anchor = tmp_path / "ca.crt"
    anchor.write_bytes(authority.pem)
    with HttpReceiver(lambda request: (200, request.body), server_context(tmp_path, made)) as receiver:
        yield receiver, str(anchor)


def test_a_connection_is_kept() -> None:
    with HttpReceiver(lambda request: (404, f"{request.method} {request.body} ü")) as receiver:
        asked = asking(receiver.port)
        for method in ("POST", "GET"):
            assert asked.request(method, "/a?b", b"c") == Answer(404, f"{method} c ü")
    assert receiver.requests[0] == Request("POST", "/s3cret/a?b", "c", "s3cret")
    assert receiver.connections == 1


def test_with_tls_the_certificate_is_verified_by_the_file_and_the_name(served) -> None:
    receiver, anchor = served
    asked = asking(receiver.port, "https", ca_file=anchor, name="master")
    assert asked.request("POST", "/a", b"c") == Answer(200, "c")


def test_a_certificate_for_another_name_is_refused(served) -> None:
    receiver, anchor = served
    for name, covers in {None: "127.0.0.1", "other": "other"}.items():
        error = away(asking(receiver.port, "https", ca_file=anchor, name=name, name_option="--x-name"))
        words = f'its certificate does not cover "{covers}" (--x-name says what it covers)'
        assert (str(error), error.lasting) == (f"127.0.0.1:{receiver.port}: {words}", True)
    error = away(asking(receiver.port, "https", ca_file=anchor))
    assert str(error) == f'127.0.0.1:{receiver.port}: its certificate does not cover "127.0.0.1"'
    assert receiver.requests == []


def test_a_certificate_for_the_address_is_taken(tmp_path, authority) -> None:
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = certificates.make("x", issuer=authority, extensions=[names])
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    with HttpReceiver(lambda _: (200, "a"), server_context(tmp_path, made)) as receiver:
        asked = asking(receiver.port, "https", ca_file=str(tmp_path / "ca.crt"))
        assert asked.request("GET", "/") == Answer(200, "a")


def test_a_certificate_of_another_authority_is_refused(served, tmp_path) -> None:
    other = tmp_path / "other.crt"
    other.write_bytes(certificates.authority("Other").pem)
    error = away(asking(served[0].port, "https", ca_file=str(other), name="master"))
    assert str(error).endswith(
        "its certificate is not trusted: its issuer is neither sent nor among the trust anchors "
        "(--x-ca names its authority)"
    )
    assert served[0].requests == []


def close(sock: socket.socket) -> None:
    """Read what is asked, or how TLS begins: what is left unread would reset the connection."""
    heard = sock.recv(10_000)
    while not heard.startswith((b"GET", b"\x16")) and not heard.endswith(b"body"):
        heard += sock.recv(10_000)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def says(octets: bytes):
    def say(sock: socket.socket) -> None:
        close(sock)
        sock.sendall(octets)

    return say


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (close, "it ended the connection"),
        (says(b"garbage s3cret\r\n\r\n"), "it ended the connection"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ns3cret\r\n"), "it ended the connection"),
        (says(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n"), "it ended the connection"),
        (reset, "connection reset by peer"),
    ],
)
def test_a_receiver_that_does_not_answer_is_away(behave, said) -> None:
    with Service(behave) as service:
        error = away(asking(service.port))
        assert (str(error), error.lasting) == (f"127.0.0.1:{service.port}: {said}", False)


def test_an_answer_that_ends_early_is_none() -> None:
    with Service(says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")) as service:
        assert not away(asking(service.port)).lasting


def test_a_receiver_that_hangs_is_away(monkeypatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    with ThreadedService(lambda sock: [close(sock), sock.recv(1)]) as service:
        assert str(away(asking(service.port))) == f"127.0.0.1:{service.port}: no answer within 0.1 s"


def test_no_more_is_read_than_an_answer_may_have() -> None:
    with HttpReceiver(lambda _: (200, "x" * (client.MAX_ANSWER + 1))) as receiver:
        asked = asking(receiver.port)
        error = away(asked)
        assert str(error) == f"127.0.0.1:{receiver.port} answers with more than 1048576 bytes"
        assert error.lasting


def test_redirections_are_not_followed() -> None:
    redirection = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with Service(says(redirection)) as service:
        assert asking(service.port).request("GET", "/") == Answer(302, "")


def test_what_does_not_speak_tls_is_told() -> None:
    with Service(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as service:
        error = away(asking(service.port, "https"))
        assert str(error).startswith(f"127.0.0.1:{service.port}: TLS fails: ")
        assert error.lasting


def test_where_nothing_listens_is_told() -> None:
    assert str(away(asking(1))) == "127.0.0.1:1: connection refused"


def test_a_name_without_address_is_told() -> None:
    asked = Client("--x", Address("http", "nowhere.invalid", 80, ""), ca_option="--x-ca")
    assert str(away(asked)) == "nowhere.invalid:80: its name has no address"


def test_an_ipv6_address_is_shown_in_brackets() -> None:
    assert str(asking(1)) == "127.0.0.1:1"
    assert str(address("https://[2001:db8::1]:5665/")) == "[2001:db8::1]:5665"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://master", ("https", "master", 443, "")),
        ("https://Master.example.com:5665/x/", ("https", "master.example.com", 5665, "/x")),
        ("http://127.0.0.1", ("http", "127.0.0.1", 80, "")),
    ],
)
def test_a_url_is_taken_apart(url, expected) -> None:
    assert address(url, ("https", "http")) == expected


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://master", "it is no URL; allowed are https://HOST:PORT"),
        ("master:5665", "it is no URL"),
        ("https://", "it is no URL"),
        ("https://[::1", "it is no URL"),
        ("https://a:99999", "it is no URL"),
        ("https://ü.test", "it is no URL"),
        ("https://a.test/\x7f", "it is no URL"),
        ("https://a.test:0", "it has more than a host, a port and a path"),
        ("https://a.test/?b", "it has more than a host"),
        ("https://a.test/#b", "it has more than a host"),
        ("https://a.test/a b", "it has more than a host"),
        ("https://u:s3cret@a.test", "a URL with user or password is shown to all users of this machine"),
    ],
)
def test_what_is_no_url_is_told(url, said) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        address(url)
    assert "s3cret" not in str(caught.value)


def test_anchors_that_cannot_be_read_are_wrong_usage(tmp_path) -> None:
    (tmp_path / "empty").touch()
    for name, said in {"missing": os.strerror(2).lower(), "empty": "no certificates in it"}.items():
        with pytest.raises(UsageError) as caught:
            asking(1, "https", ca_file=str(tmp_path / name))
        assert str(caught.value) == f'--x-ca: cannot read trust anchors from "{tmp_path / name}": {said}'


def test_without_urllib3_it_is_wrong_usage(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(UsageError, match="--x needs the package urllib3 for the Python that runs this"):
        asking(1)
