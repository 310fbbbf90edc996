"""Everything that can go wrong outside this program, as one tree.

::

    Exception
     |- UsageError             what the user asked for makes no sense
     `- ProbeError             the service did not let us read its certificate
         |- ResolveError       its name has no address
         |- ConnectError       no address accepts a connection
         |- DeadlineExceeded   it took too long
         |- PeerClosed         it hung up in the middle of the conversation
         |- ProtocolError      it said something its protocol does not allow
         |- StarttlsNotOffered it does not list STARTTLS
         |- Refused            it understood, and declined
         |- PlaintextInjected  plaintext followed its go-ahead (CVE-2011-0411)
         |- HandshakeError     TLS itself failed
         `- CertificateError   the certificate it sent cannot be read

Any other exception is a limit of this machine (``OWN_LIMITS``), its installation or a bug of ours, and becomes UNKNOWN:
the service was not asked, or not to the end. A ``ProbeError`` is a result:
it names the step, keeps the peer's own words and tells the administrator what to do next.
"""

from __future__ import annotations

import errno

from check_starttls_cert.text import printable

CHECK_PORT = "check protocol and port"

OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN})
"""What the operating system says when this process, or the whole machine, has no more to give."""


class UsageError(Exception):
    """The user's input is wrong; the message says how, and what is allowed."""


class ProbeError(Exception):
    """The service did not let us read its certificate.

    ``quote`` is what the peer said (shown cleaned and shortened); ``hint`` replaces the class's ``advice``.
    """

    advice = ""
    """What to do next."""

    def __init__(self, problem: str, *, quote: bytes | str = b"", hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.quote = printable(quote)
        self.hint = hint or self.advice

    def __str__(self) -> str:
        text = f'{self.problem}: "{self.quote}"' if self.quote else self.problem
        return f"{text} ({self.hint})" if self.hint else text


class ResolveError(ProbeError):
    """The host name has no address."""

    advice = "check the host name and this machine's resolver"


class ConnectError(ProbeError):
    """No address of the host accepts a TCP connection."""

    advice = "check that the service runs, listens on this port, and that no firewall is in between"


class DeadlineExceeded(ProbeError):
    """The whole run took longer than the user allowed."""

    advice = "the server is slow or a firewall drops the packets; --timeout allows more"


class PeerClosed(ProbeError):
    """The peer ended the connection in the middle of the conversation."""

    advice = "see the server's log; it may limit clients by address or rate"


class ProtocolError(ProbeError):
    """The peer said something that its protocol does not allow."""

    advice = CHECK_PORT


class StarttlsNotOffered(ProbeError):
    """The peer does not list STARTTLS among its capabilities."""

    advice = "enable TLS in the server's configuration, or check protocol and port"


class Refused(ProbeError):
    """The peer understood the request and declined it."""

    advice = "its log says why; it may limit clients by address or rate"


class PlaintextInjected(ProbeError):
    """Plaintext arrived between the go-ahead and the TLS handshake (CVE-2011-0411)."""

    advice = "somebody in the middle or a broken server injects commands, CVE-2011-0411"


class HandshakeError(ProbeError):
    """The TLS handshake failed for a reason other than the certificate's trust."""

    advice = "its log says why"


class CertificateError(ProbeError):
    """The peer's certificate is missing or cannot be parsed."""

    advice = "have it issued again"
