"""XMPP: RFC 6120 section 5, for clients (and, with another namespace, for servers).

::

    C: <stream:stream to='im.example.com' version='1.0' …>
    S: <stream:stream from='im.example.com' version='1.0' …>
    S: <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
"""

from __future__ import annotations

from xml.parsers import expat

from check_starttls_cert.errors import ProtocolError, Refused
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused
from check_starttls_cert.wire import Wire

STREAMS = "http://etherx.jabber.org/streams"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"

STREAM = f"{STREAMS} stream"
FEATURES = f"{STREAMS} features"
ERROR = f"{STREAMS} error"
STARTTLS = f"{TLS} starttls"
PROCEED = f"{TLS} proceed"

MAX_DEPTH = 32
"""Elements inside elements; features take four."""

HINTS = {
    "host-unknown": "--name sets the domain that is asked for",
    "improper-addressing": "--name sets the domain that is asked for",
    "see-other-host": "clients go on there, with the same --name; check that host",
}
"""What to do about some conditions of RFC 6120 section 4.9.3."""


class Element:
    """An XML element: its name after its namespace and a space, its text and its children."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.children: list[Element] = []

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(" ")[2]

    @property
    def words(self) -> str:
        """The local name and the text; of RFC 6120's element ``text``, the text only."""
        return " ".join(([] if self.local == "text" else [self.local]) + self.text.split())


class Stream:
    """The server's stream: a namespace-aware, incremental XML parser that gives the stream's children."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._seen = b""
        self._open: list[Element] = []
        self._done: list[Element] = []
        # Section 11.6: always UTF-8, whatever a declaration says.
        self._parser = parser = expat.ParserCreate("UTF-8", " ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        # Section 11.1: no DTDs, so that no entity can be declared, let alone expand.
        parser.StartDoctypeDeclHandler = self._doctype
        # Expat 2.6 waits for more when a tag comes in pieces, and more may never come; older ones do not.
        getattr(parser, "SetReparseDeferralEnabled", bool)(False)

    def read(self, step: str) -> Element:
        """Read the next child of the stream.

        Reads up to each ">", so that nothing after the child is taken from the wire.
        """
        self._wire.step = step
        first = b""
        if not self._seen:
            first = self._wire.read_exactly(1)
            if first not in b"<\t\r\n ":  # another protocol may never send a ">"
                raise WrongProtocol(first)
        while not self._done:
            self._seen = first + self._wire.read_until(b">")
            first = b""
            if b"\0" in self._seen:
                raise WrongProtocol(self._seen, "which is UTF-8")  # expat would switch to UTF-16 by itself
            try:
                self._parser.Parse(self._seen, False)
            except expat.ExpatError as error:
                raise WrongProtocol(self._seen, str(error)) from error
        child = self._done.pop(0)
        if child.name == ERROR:
            # Section 4.9: the server closes the stream after it.
            raise Refused(
                "the server ends the stream with an error",
                quote=", ".join(each.words for each in child.children),
                hint=next((HINTS[each.local] for each in child.children if each.local in HINTS), ""),
            )
        return child

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open and name != STREAM:
            raise WrongProtocol(self._seen)
        if len(self._open) == MAX_DEPTH:
            raise ProtocolError("the server nests XML elements without end", quote=self._seen)
        element = Element(name)
        if len(self._open) > 1:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        if len(self._open) == 1:
            self._done.append(element)
        elif not self._open:
            raise Refused("the server closes the stream")

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, name: str, *_: object) -> None:
        if name.lower() == "html":
            raise WrongProtocol(self._seen)
        raise ProtocolError("the server sends a document type declaration, which XMPP forbids", quote=self._seen)


def starttls(wire: Wire, name: str, namespace: str = "jabber:client") -> None:
    """``name`` is the domain that is asked for."""
    wire.send(header(name, namespace))
    stream = Stream(wire)
    # Section 4.3.2: the features are the first child of the server's stream.
    features = stream.read("answer to the stream header")
    if features.name != FEATURES:
        raise ProtocolError("the server's stream does not begin with its features", quote=features.name)
    if STARTTLS not in [feature.name for feature in features.children]:
        # Gajim and s_client stop here, too.
        raise not_offered([feature.local.encode() for feature in features.children])
    wire.send(f"<starttls xmlns='{TLS}'/>".encode())
    answer = stream.read("answer to starttls")
    if answer.name != PROCEED:
        # Section 5.4.2.2: failure, and the stream is closed.
        raise refused(answer.local.encode())


def goodbye(wire: Wire, name: str, namespace: str = "jabber:client") -> None:
    """Section 4.4: inside TLS a new stream is opened (section 5.4.3.3), and closed again."""
    wire.send(header(name, namespace) + b"</stream:stream>")
    wire.step = "end of the stream"
    while b"</stream:stream" not in wire.read_until(b">"):
        pass


def header(name: str, namespace: str) -> bytes:
    """Write the initial stream header (section 4.7)."""
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    to = f" to='{escaped}'" if name else ""
    return (
        f"<?xml version='1.0'?><stream:stream{to} version='1.0' xml:lang='en' "
        f"xmlns='{namespace}' xmlns:stream='{STREAMS}'>"
    ).encode()
