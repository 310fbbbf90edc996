"""What is fuzzed: for each target a function of the octets, and octets to begin with.

A target raises what its part of the program documents only where that is expected, and ``AssertionError`` where a
promise is broken: words that are bounded and safe to show, documents that can be read. Any other exception is a crash.
Nothing here needs the fuzzer: ``tests/test_fuzz.py`` runs every target on its seeds.
"""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Callable, NamedTuple

import metrics_format
from certificates import (
    AUTHORITY_INFO,
    AUTHORITY_KEY_ID,
    BASIC_CONSTRAINTS,
    CRL_POINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    SAN,
    SIGNER,
    SUBJECT_KEY_ID,
    assemble,
    authority,
    extension,
    key_info,
    make,
)
from loopback import server_context
from observations import NOW, SITUATIONS, evaluated, golden, seen, world
from test_certificate_contract import odd, vectors
from test_server_hello import flight_of, records
from transcripts import ENDS, HERE, NAME, Babbler, assert_safe, converse, wire_to
from transcripts import vectors as conversations

from check_starttls_cert import certificate, chain, cli, openssl, options, starttls, tls, trust_store
from check_starttls_cert.ber import encode
from check_starttls_cert.errors import CertificateError, ProbeError, UsageError
from check_starttls_cert.outputs import OUTPUTS, Rendered, renderer
from check_starttls_cert.prtg import parameters, python_script_advanced, script_v2
from check_starttls_cert.server_hello import ServerFlight
from check_starttls_cert.starttls.xmpp_client import Stream
from check_starttls_cert.thresholds import parse_threshold

MAX_SEED = 16 * 1024
"""Octets. Floods are the hostile server's business; a fuzzer with long inputs is a slow one."""

MAX_WORDS = 3000
"""Characters of a usage error: what is wrong, and everything that is allowed."""

MAX_BYTEWISE = 500
"""Octets of a conversation that comes octet by octet."""

FOUND = Path(__file__).parent / "found"
"""Inputs that broke something once, in a folder for each target."""

CHUNKS = (65536, 1, 7, 64)

GOODBYE, AGAIN = 0x80, 0x40
"""Bits of a conversation's first octet."""


class Target(NamedTuple):
    """One thing to fuzz."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


# Conversations


def conversation(protocol: str, data: bytes) -> None:
    """Let a server say the octets after the first, which says how they come, and whether TLS has begun before."""
    how = data[0] if data else 0
    peer = Babbler(data[1:], ENDS[(how >> 2) % len(ENDS)], CHUNKS[how & 3])
    if how & GOODBYE:
        try:
            starttls.goodbye(protocol, wire_to(peer), NAME, in_plaintext=bool(how & AGAIN))
        except ProbeError as error:
            assert_safe(error)
        return
    error = converse(protocol, peer)
    if error is None:
        assert peer.read == len(peer.said), "octets in plaintext reach TLS"
    else:
        assert_safe(error)


def conversation_seeds(protocol: str) -> Iterator[bytes]:
    """Yield what the servers of the transcripts say."""
    for vector in conversations(protocol):
        how = ENDS.index(vector.end) << 2
        yield bytes([how]) + vector.server
        yield bytes([how | 1]) + vector.server[:MAX_BYTEWISE]
        yield bytes([how | GOODBYE]) + vector.server


def stream(data: bytes) -> None:
    """Read the children of an XMPP stream until it ends."""
    elements = Stream(wire_to(Babbler(data, "close", 65536)))
    try:
        while True:
            elements.read("child")
    except ProbeError as error:
        assert_safe(error)


def stream_seeds() -> Iterator[bytes]:
    """Yield streams of servers and of clients."""
    for protocol in ("xmpp-client", "xmpp-server"):
        yield from (vector.server for vector in conversations(protocol))


# TLS


def server_flight(data: bytes) -> None:
    """Read records in plaintext, whole ones as the channel gives them, and then whatever is left."""
    flight = ServerFlight()
    for record in tls.split(data):
        flight.feed(record)
    assert sum(map(len, flight.certificates)) <= len(data)
    assert flight.alert is None or 0 <= flight.alert < 256


def handshake(data: bytes) -> None:
    """Shake hands with a server that says the octets; OpenSSL's context has one trust anchor."""
    try:
        tls.handshake(wire_to(Babbler(data, "close", 65536)), client_context(), NAME.encode())
    except ProbeError as error:
        assert_safe(error)


@functools.cache
def credentials():
    """Return a root and a certificate that it issued."""
    root = authority()
    return root, make(issuer=root)


@functools.cache
def client_context() -> ssl.SSLContext:
    """Return a context that verifies."""
    context = trust_store.bare_context(trust_store.PLAIN)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=credentials()[0].pem.decode())
    return context


def flights() -> Iterator[bytes]:
    """Yield what OpenSSL's servers say first, and pieces and relatives of it."""
    import tempfile

    root, leaf = credentials()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with tempfile.TemporaryDirectory() as folder:
            context = server_context(Path(folder), leaf, root)
        context.minimum_version = context.maximum_version = version
        said = flight_of(context)
        yield said
        yield from records(said)
        yield b"".join(b"\x16\3\3" + bytes([0, 1]) + said[5:][at : at + 1] for at in range(200))
    for alert in (0, 40, 42, 48, 70, 80, 86, 112, 116, 120, 255):
        yield b"\x15\3\3\0\2\2" + bytes([alert])
    yield b"\x16\3\3\0\4\0\0\0\0" * 20
    yield b"220 mta.example.com ESMTP\r\n"


# Certificates


def one_certificate(data: bytes) -> None:
    """Read a certificate, and everything that is asked of one."""
    try:
        facts = certificate.read(data)
    except CertificateError as error:
        assert_safe(error)
        certificate.canonical_subject(data)
        return
    assert facts.not_before.tzinfo is not None
    assert facts.not_after.tzinfo is not None
    assert all(text.isprintable() and len(text) < 200 for text in facts.malformed)
    certificate.signed(facts)
    certificate.public_key_info(facts)
    assert certificate.canonical_subject(data) == facts.canonical_subject


def several(data: bytes) -> Iterator[bytes]:
    """Yield certificates, each after its length in two octets."""
    while data:
        size = int.from_bytes(data[:2], "big")
        yield data[2 : 2 + size]
        data = data[2 + size :]


def joined(*ders: bytes) -> bytes:
    """Return certificates as ``several`` takes them apart."""
    return b"".join(len(der).to_bytes(2, "big") + der for der in ders)


def whole_chain(data: bytes) -> None:
    """Build a chain, judge it, and show it in every dialect. The first octet says what OpenSSL thought of it."""
    sent = tuple(several(data[1:]))
    if not sent:
        return
    code = data[0] % 128
    trust = openssl.Trust(verified=code == 0, code=code, reason="what OpenSSL calls it")
    try:
        built = chain.build(sent[:8], sent if code == 0 else (), trust, sent[8:])
    except CertificateError as error:
        assert_safe(error)
        return
    for output in OUTPUTS:
        report = evaluated(seen(trust=trust, chain=built), NOW, output=output)
        assert_rendered(output, renderer(output).render(report))


def certificates() -> Iterator[bytes]:
    """Yield odd certificates: ours, and those of the library's tests."""
    yield from odd().values()
    yield from vectors().values()


def chains() -> Iterator[bytes]:
    """Yield chains, in and out of order."""
    root, leaf = credentials()
    stranger = authority()
    yield b"\0" + joined(leaf.der, root.der)
    for code in (2, 7, 10, 18, 19, 20, 21, 26, 79):
        yield bytes([code]) + joined(leaf.der)
        yield bytes([code]) + joined(leaf.der, stranger.der, leaf.der)
        yield bytes([code]) + joined(leaf.der, *[root.der] * 8)
    some = list(odd().values())
    yield from (bytes([20]) + joined(der, root.der) for der in some)
    yield from (bytes([18]) + joined(der) for der in list(vectors().values())[:60])


KEY = key_info(SIGNER)


class Unsigned:
    """Signs in no time, and nobody looks."""

    @staticmethod
    def sign(*_: object) -> bytes:
        """Return a signature."""
        return b"signature"


EXTENSIONS = (SAN, BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE)
EXTENSIONS += (SUBJECT_KEY_ID, AUTHORITY_KEY_ID, CRL_POINTS, AUTHORITY_INFO)


def one_extension(data: bytes) -> None:
    """Read a certificate that is fine but for one extension: the first octet says which, the others are its value."""
    if data:
        field = encode(0xA3, encode(0x30, extension(EXTENSIONS[data[0] % len(EXTENSIONS)], data[1:])))
        one_certificate(assemble(extensions=field, key=KEY, signer=Unsigned))


def extension_values() -> Iterator[bytes]:
    """Yield the values of the extensions of odd certificates."""
    from cryptography import x509

    values = set()
    for der in (*odd().values(), *vectors().values()):
        with suppress(Exception):  # the library reads less than we do
            values |= {each.value.public_bytes() for each in x509.load_der_x509_certificate(der).extensions}
    yield from (bytes([kind]) + value for value in sorted(values) for kind in range(len(EXTENSIONS)))


def pem(data: bytes) -> None:
    """Read the blocks of a PEM file."""
    blocks = list(trust_store.blocks(line.strip() for line in data.splitlines(keepends=True)))
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    if blocks:
        with suppress(UsageError):
            trust_store.add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), blocks[:8], "file")


def pem_seeds() -> Iterator[bytes]:
    """Yield files."""
    root, leaf = credentials()
    yield root.pem
    yield leaf.pem + root.pem + b"# comment\r\n" + root.pem.replace(b"\n", b"\r\n")
    yield root.pem[:100] + root.pem
    yield root.pem.replace(b" CERT", b" TRUSTED CERT")
    yield leaf.key_pem + root.pem


# Options


def text_of(data: bytes) -> str:
    """Return the octets as an argument has them."""
    return data.decode("utf-8", "surrogateescape")


def assert_words(words: str) -> None:
    """Check that words of a usage error can stand in a status line."""
    assert words.isprintable()
    assert "|" not in words
    assert len(words) <= MAX_WORDS


def assert_rendered(output: str, rendered: Rendered) -> None:
    """Check that a document is what its reader takes, and bounded."""
    assert rendered.exit_code in ((0,) if output.startswith("prtg") else (0, 1, 2, 3))
    if output == "nagios":
        first, *others = rendered.text.split("\n")
        assert len(first) <= 1000
        assert first.count("|") <= 1
        assert first.replace("|", "").isprintable()
        assert all(line.isprintable() for line in others)
        assert len(rendered.text) <= 4000
    elif output == "openmetrics":
        metrics_format.parse(f"{rendered.text}\n")
    else:
        document = json.loads(rendered.text)
        assert isinstance(document, dict)
        if output == "prtg":
            assert len(document["prtg"]["text"]) <= 2000


def command_line(data: bytes) -> None:
    """Answer a command line, its words separated by NUL, with a probe that always finds the same."""
    arguments = [text_of(word) for word in data.split(b"\0")]
    if "--demo" in arguments:  # which starts a server
        return
    try:
        text, exit_code = cli.answer(arguments, world(SITUATIONS["everything_wrong"]))
    except UsageError as error:
        assert_words(str(error))
    else:
        assert exit_code in range(4)
        assert len(text) <= 20_000


def command_lines() -> Iterator[bytes]:
    """Yield those of the golden files, and each option with a value that is fine."""
    import shlex

    for _, command, _ in golden():
        yield b"\0".join(word.encode() for word in shlex.split(command)[1:])
    for option in options.OPTIONS:
        for flag in option.flags:
            yield f"-H\0a.example\0{flag}\0smtp\0-o\0prtg-v2".encode()


def arguments_of_prtg(data: bytes) -> None:
    """Answer the JSON argument of a Python Script Advanced sensor."""
    try:
        rendered = python_script_advanced.answer([text_of(data)], world(SITUATIONS["everything_wrong"]))
    except UsageError as error:
        assert_words(str(error))
    else:
        assert_rendered("prtg", rendered)


def arguments_seeds() -> Iterator[bytes]:
    """Yield arguments as PRTG makes them."""
    for values in parameter_seeds():
        yield json.dumps({"sensorid": "1", "host": "192.0.2.1", "params": values.decode()}).encode()
        yield b'{"host": "a.example", "windowspassword": "x", "params": "' + values + b'"}'


def parameter_string(data: bytes) -> None:
    """Parse the parameters of that sensor."""
    try:
        parameters.parse_parameters(text_of(data))
    except UsageError as error:
        assert_words(str(error))


def parameter_seeds() -> Iterator[bytes]:
    """Yield parameter strings."""
    yield parameters.EXAMPLE.encode()
    required = "port: 25, protocol: smtp, cert_domainname_validation: cn_san"
    values = (
        "28",
        "30%",
        "C:\\\\ca.pem",
        "yes",
        "critical",
        "trust=ok",
        "3072,2048",
        "a.example",
        "\\(x\\)",
        "ab:" * 32,
    )
    for number, key in enumerate(parameters.KEYS):
        yield f"{required}, {key}: {values[number % len(values)]}".encode()


def script_v2_line(data: bytes) -> None:
    """Answer the line that PRTG's Script v2 sensor reads."""
    try:
        words = script_v2.split(data.decode("utf-8-sig", "surrogateescape"))
        if "--demo" in words:
            return
        rendered = script_v2.answer(words, world(SITUATIONS["everything_wrong"]))
    except UsageError as error:
        assert_words(str(error))
    else:
        assert_rendered("prtg-v2", rendered)


def script_v2_seeds() -> Iterator[bytes]:
    """Yield lines with the options of the command line, and those of the earlier sensor."""
    for line in command_lines():
        yield line.replace(b"\0", b" ").replace(b"-o prtg-v2", b"")
    yield b"192.0.2.1 25 smtp --sni-domain a.example --name-validation CN/SAN --ca-trust 'C:\\ca.pem'"
    yield b'192.0.2.1 25 smtp --system-ca-trust --ca-trust "x y"'


def option_values(data: bytes) -> None:
    """Parse a value as every option there is."""
    text = text_of(data)
    for option in options.OPTIONS:
        if option.parse is not None:
            try:
                option.parse(text)
            except ValueError as error:
                assert_words(str(error))


def value_seeds() -> Iterator[bytes]:
    """Yield values."""
    values = (
        "28 28d,30% 36h 7:400 @0:7 ~:5 1.5 a.example [2001:db8::1] fe80::1%eth0 *.a.example bücher.example 3072,2048"
    )
    values += (
        " xn--bcher-kva.example trust=ok,name=warning sha256//" + "A" * 43 + "= public C:\\ca.pem cn_san 1.3 0.000001"
    )
    for value in (*values.split(), "ab:" * 31 + "ab"):
        yield value.encode()


def threshold(data: bytes) -> None:
    """Parse a threshold, write it, and parse that again."""
    try:
        parsed = parse_threshold(text_of(data))
    except ValueError as error:
        assert_words(str(error))
        return
    for days in (0.0, 1e-9, 90.0, 3e6):
        assert "e" not in str(parsed.for_lifetime(days))
    again = parse_threshold(str(parsed))
    assert str(parse_threshold(str(again))) == str(again)
    assert not parsed.alarms_before(parsed)


PROTOCOLS = sorted(file.stem for file in HERE.glob("*.txt"))

TARGETS = {
    **{
        protocol: Target(functools.partial(conversation, protocol), functools.partial(conversation_seeds, protocol))
        for protocol in PROTOCOLS
    },
    "xml-stream": Target(stream, stream_seeds),
    "server-flight": Target(server_flight, flights),
    "tls-handshake": Target(handshake, flights),
    "certificate": Target(one_certificate, certificates),
    "extensions": Target(one_extension, extension_values),
    "chain": Target(whole_chain, chains),
    "pem-file": Target(pem, pem_seeds),
    "prtg-argument": Target(arguments_of_prtg, arguments_seeds),
    "prtg-parameters": Target(parameter_string, parameter_seeds),
    "prtg-v2-line": Target(script_v2_line, script_v2_seeds),
    "command-line": Target(command_line, command_lines),
    "option-values": Target(option_values, value_seeds),
    "threshold": Target(threshold, value_seeds),
}


def seeds(name: str) -> Iterator[bytes]:
    """Yield what a target begins with, and what broke it once."""
    for seed in TARGETS[name].seeds():
        if len(seed) <= MAX_SEED:
            yield seed
    if (FOUND / name).is_dir():
        for file in sorted((FOUND / name).iterdir()):
            yield file.read_bytes()
