"""HTTP to one receiver: a kept connection, verified TLS, bounded time and size, and no secrets in what is said of it.

``urllib3`` does it; this module alone imports it, when it is asked for.
"""

from __future__ import annotations

import os
import socket
import ssl

from check_starttls_cert.errors import UsageError
from check_starttls_cert.openssl import VERIFY_ERRORS
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.sweep.sender import Away
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT = 10.0
"""Seconds without a sign of the receiver after which a request is given up."""

MAX_ANSWER = 1024 * 1024
"""Octets."""

DEFAULT_PORTS = {"https": 443, "http": 80}


class Answer(NamedTuple):
    """What the receiver says."""

    status: int
    text: str


class Address(NamedTuple):
    """A receiver's URL, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    """Without a ``/`` at its end."""

    def __str__(self) -> str:
        """Return what may be shown of it: the path of some receivers is a secret."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str, schemes: tuple[str, ...] = ("https",)) -> Address:
    """Return the address in a URL. Raises ``ValueError``, which does not repeat the URL: it may hold a password."""
    from urllib.parse import urlsplit

    allowed = f"allowed are {' and '.join(f'{scheme}://HOST:PORT' for scheme in schemes)}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"it is no URL; {allowed}") from None
    if "@" in parts.netloc:
        raise ValueError("a URL with user or password is shown to all users of this machine; leave them out")
    if parts.scheme not in schemes or not parts.hostname or not text.isascii() or not text.isprintable():
        raise ValueError(f"it is no URL; {allowed}")
    if parts.query or parts.fragment or " " in text or port == 0:
        raise ValueError(f"it has more than a host, a port and a path; {allowed}")
    return Address(parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"))


class Client:
    """The connection."""

    def __init__(  # noqa: PLR0913 - what a command line says of a receiver
        self,
        option: str,
        where: Address,
        *,
        ca_option: str,
        name_option: str = "",
        ca_file: str | None = None,
        name: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> None:
        """Raises ``UsageError``. ``name`` is what the certificate must cover instead of the host."""
        try:
            import urllib3
        except ModuleNotFoundError:
            raise UsageError(
                f"{option} needs the package urllib3 for the Python that runs this; "
                "pip or the system's packages (Debian: python3-urllib3) install it"
            ) from None
        self._where = where
        self._name = name or where.host
        self._other_name = f'its certificate does not cover "{printable(self._name)}"'
        if name_option:
            self._other_name += f" ({name_option} says what it covers)"
        self._ca_option = ca_option
        self._headers = dict(headers)
        self._error = urllib3.exceptions.HTTPError
        timeout = urllib3.Timeout(TIMEOUT)
        if where.scheme == "http":
            self._pool = urllib3.HTTPConnectionPool(where.host, where.port, timeout=timeout)
            return
        self._pool = urllib3.HTTPSConnectionPool(
            where.host,
            where.port,
            timeout=timeout,
            ssl_context=context(ca_option, ca_file),
            server_hostname=self._name,
            # Before version 2, it leaves an address to nobody if not to itself.
            assert_hostname=self._name,
        )

    def __str__(self) -> str:
        return str(self._where)

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer to a request, whatever its status. Raises ``Away``."""
        try:
            answer = self._pool.urlopen(
                method, self._where.path + path, body, self._headers, retries=False, redirect=False,
                preload_content=False, decode_content=False, enforce_content_length=True,
            )  # fmt: skip
            # The second one finds out whether the first has got all that was announced.
            octets = answer.read(MAX_ANSWER) + answer.read(1)
            if len(octets) > MAX_ANSWER:
                answer.close()
                raise Away(f"{self._where} answers with more than {MAX_ANSWER} bytes", lasting=True)
            answer.release_conn()
        except (self._error, OSError) as error:
            words, lasting = self._why(error)
            raise Away(f"{self._where}: {words}", lasting=lasting) from None
        return Answer(answer.status, octets.decode("utf-8", "replace"))

    def close(self) -> None:
        """End the connection."""
        self._pool.close()

    def _why(self, error: Exception) -> tuple[str, bool]:
        """Return in words why there is no answer, and whether that lasts."""
        for each in causes(error):
            if isinstance(each, ssl.SSLCertVerificationError):
                known = VERIFY_ERRORS.get(each.verify_code)
                words = known[1] if known else printable(each.verify_message)
                return f"its certificate is not trusted: {words} ({self._ca_option} names its authority)", True
            if type(each).__name__ == "CertificateError":  # urllib3's, which looks at names itself
                return self._other_name, True
            if isinstance(each, ssl.SSLError):
                return (
                    f"TLS fails: {printable(each.reason or '').replace('_', ' ').lower() or 'it does not say why'}",
                    True,
                )
            if isinstance(each, socket.gaierror):
                return "its name has no address", False
            if isinstance(each, OSError) and each.strerror:
                return printable(each.strerror).lower(), False
        timed_out = any("Timeout" in type(each).__name__ or isinstance(each, TimeoutError) for each in causes(error))
        return (f"no answer within {TIMEOUT:g} s" if timed_out else "it ended the connection"), False


def context(option: str, ca_file: str | None) -> ssl.SSLContext:
    """Return what verifies the receiver, but for its name, by the system's anchors or a file. Raises ``UsageError``."""
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError too
        reason = "no certificates in it" if isinstance(error, ssl.SSLError) else os.strerror(error.errno or 0).lower()
        raise UsageError(f'{option}: cannot read trust anchors from "{printable(ca_file or "")}": {reason}') from error
    made.check_hostname = False  # urllib3 does
    return made


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it came from: urllib3 has them as cause, context or argument."""
    while error is not None:
        yield error
        within = [each for each in error.args if isinstance(each, BaseException)]
        error = within[0] if within else error.__cause__ or error.__context__
