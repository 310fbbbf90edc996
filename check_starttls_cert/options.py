"""Every option, once: its names, the grammar of its value, its help.

The command line (``cli``) and PRTG's parameters (``prtg.parameters``) are two spellings of this table;
the README's option table is checked against it. A grammar is a function from text to a value that raises
``ValueError`` with a sentence saying what is wrong and what is allowed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from check_starttls_cert.durations import parse_duration
from check_starttls_cert.errors import UsageError
from check_starttls_cert.names import MAX_NAME, ip_address, to_ascii
from check_starttls_cert.questions import SETTABLE
from check_starttls_cert.settings import (
    DEFAULT_CRITICAL,
    DEFAULT_MIN_EC_BITS,
    DEFAULT_MIN_RSA_BITS,
    DEFAULT_NAME_CHECK,
    DEFAULT_PROTOCOL,
    DEFAULT_TIMEOUT,
    DEFAULT_WARNING,
    MAX_TIMEOUT,
    ORIGINAL,
    PUBLIC,
    Job,
    MinimumSize,
    Policy,
    Target,
    thresholds,
)
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import BAD_STATES, SHORT, State
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable
from check_starttls_cert.thresholds import parse_threshold

if TYPE_CHECKING:
    from typing import Any


NAME_CHECKS = ("client", "none", "cn", "cn_san", "san")
TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
STATES = tuple(BAD_STATES)
CHANNEL_NAMES = ("default", ORIGINAL)

SERVICE, CERTIFICATE = "the service", "what its certificate has to be"
VERDICT, OUTPUT = "how bad it is if not", "how it is told"

SHA256_SIZE = 32
"""Octets."""

HOST_NAME = r"[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)*"


class Option(NamedTuple):
    """One option. ``key`` names its value everywhere; PRTG's parameters use it as it is."""

    key: str
    flags: tuple[str, ...]
    parse: Callable[[str], Any] | None
    """The grammar of the value; ``None`` for a switch."""
    metavar: str
    help: str
    group: str
    """The part of the help that it belongs to."""
    many: bool = False
    """The option may be repeated: its grammar gives a tuple each time, a switch is counted."""
    choices: tuple[str, ...] = ()
    """The words that the grammar takes, where it takes nothing else, each in one spelling: completion offers them."""


def one_of(choices: tuple[str, ...], plain: Callable[[str], str] = str.lower) -> Callable[[str], str]:
    """Return the grammar of a word out of ``choices``, which ``plain`` makes of its other spellings."""

    def parse(text: str) -> str:
        word = plain(text)
        if word not in choices:
            raise ValueError(f'"{printable(text)}" is not allowed; choose one of {", ".join(choices)}')
        return word

    return parse


def plain_state(text: str) -> str:
    """Return the word for a state, in whatever way it is written."""
    return SHORT.get(text.lower(), text.lower())


def plain_version(text: str) -> str:
    """Return the number in a TLS version like ``TLSv1.2``, ``tls1_2`` and OpenSSL's ``TLSv1``, which is 1.0."""
    number = text.lower().removeprefix("tls").removeprefix("v").replace("_", ".")
    return "1.0" if number == "1" else number


def parse_protocol(text: str) -> str:
    """Return the protocol that ``text`` names; an unknown name is answered with the nearest."""
    name = text.lower()
    if name not in PROTOCOLS:
        from check_starttls_cert.meant import nearest_protocol

        near = nearest_protocol(name[:60])
        wrong = f'"{printable(text)}" is no protocol' if text.strip() else "the protocol is empty"
        nearest = f", the nearest is {near}" if near else ""
        raise ValueError(f"{wrong}{nearest}; choose one of {', '.join(PROTOCOLS)}")
    return name


def parse_host(text: str) -> str:
    """Return the host name in ASCII, or the IP address without brackets, that ``text`` is."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ip_address(bare) is not None and re.fullmatch(r"[0-9A-Za-z:.%_-]+", bare):
        return bare
    name = to_ascii(text)
    if not text.isprintable() or len(name) > MAX_NAME or not re.fullmatch(HOST_NAME, name):
        raise ValueError(
            f'"{printable(text)}" is no host name or IP address; '
            "allowed are names like mta.example.com, 192.0.2.1 and 2001:db8::1, without a port"
        )
    return name


def parse_port(text: str) -> int:
    """Return the TCP port that ``text`` names."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueError(f'"{printable(text)}" is no port; allowed are whole numbers from 1 to 65535')
    return int(text)


def parse_timeout(text: str) -> float:
    """Return the seconds that ``text`` says."""
    seconds = parse_duration(text, "s")
    if seconds is None or not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(
            f'"{printable(text)}" is no timeout; allowed are seconds above 0, up to {MAX_TIMEOUT:g}, like 10, 2.5 or '
            "10s, and minutes or hours, like 1m or 1h"
        )
    return seconds


def many_of(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return the grammar of a list of what ``parse`` takes, separated by commas or spaces."""

    def parse_all(text: str) -> tuple[Any, ...]:
        return tuple(parse(part) for part in re.split(r"[,\s]+", text.strip()))

    return parse_all


def parse_state(text: str) -> tuple[str, State]:
    """Return the question and the state of ``QUESTION=STATE``."""
    question, _, state = map(plain_state, text.partition("="))
    if question not in SETTABLE or state not in STATES:
        raise ValueError(
            f'"{printable(text)}" is not allowed; give QUESTION=STATE, the question one of {", ".join(SETTABLE)}, '
            f"the state one of {', '.join(STATES)}"
        )
    return question, BAD_STATES[state]


def parse_bad_state(text: str) -> State:
    """Return the state that a bad answer gets."""
    return BAD_STATES[one_of(STATES, plain_state)(text)]


def parse_minimum(text: str) -> tuple[int, ...]:
    """Return one or two key sizes: the one that warns, and the one that is critical."""
    parts = re.fullmatch(r"([0-9]{1,5})(?:[,\s]+([0-9]{1,5}))?", text.strip())
    sizes = tuple(int(part) for part in parts.groups() if part) if parts else ()
    if not sizes or sorted(sizes, reverse=True) != list(sizes):
        raise ValueError(
            f'"{printable(text)}" is no minimum; allowed are bits below which a key warns and, after a comma, '
            "a smaller number below which it is critical, like 3072,2048"
        )
    return sizes


def parse_digest(text: str) -> bytes:
    """Return the SHA-256 digest that ``text`` writes in hexadecimal, with or without colons, or in Base64."""
    import base64

    bare = text.partition("//")[2] if text.lower().startswith("sha256//") else text
    hexadecimal = bare.replace(":", "")
    try:
        digest = bytes.fromhex(hexadecimal) if len(hexadecimal) == 64 else base64.b64decode(bare, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != SHA256_SIZE:
        raise ValueError(
            f'"{printable(text)}" is no SHA-256 digest; allowed are 64 hexadecimal digits, with or without colons, '
            "and 44 characters of Base64"
        )
    return digest


def parse_lifetime(text: str) -> float | str:
    """Return the longest lifetime in days, or ``PUBLIC``."""
    if text.lower() == PUBLIC:
        return PUBLIC
    days = parse_duration(text, "d")
    if not days:
        raise ValueError(
            f'"{printable(text)}" is no lifetime; allowed are days above 0, like 398 or 398d, '
            "hours, minutes or seconds, like 36h, 90m or 30s, and the word public for the limits of public "
            "certification authorities"
        )
    return days


def parse_text(text: str) -> str:
    """Return any text but an empty one."""
    if not text.strip():
        raise ValueError("an empty text is not allowed; it would match everything")
    return text.strip()


def parse_path(text: str) -> str:
    """Return a path; whether it exists is asked when it is used."""
    if not text or not text.isprintable():
        raise ValueError(f'"{printable(text)}" is no path; it is empty or has control characters')
    return text


OPTIONS = (
    Option(
        "host", ("-H", "--host", "--hostname"), parse_host, "HOST",
        "host name or IP address to connect to",
        SERVICE,
    ),
    Option(
        "protocol", ("-P", "--protocol"), parse_protocol, "PROTOCOL",
        f"one of {', '.join(PROTOCOLS)} (default {DEFAULT_PROTOCOL})",
        SERVICE,
        choices=tuple(PROTOCOLS),
    ),
    Option("port", ("-p", "--port"), parse_port, "PORT", "TCP port (default: the protocol's own)", SERVICE),
    Option("ipv4", ("-4", "--ipv4"), None, "", "connect over IPv4 only", SERVICE),
    Option("ipv6", ("-6", "--ipv6"), None, "", "connect over IPv6 only", SERVICE),
    Option(
        "sni", ("--sni",), parse_host, "NAME",
        "name sent as Server Name Indication (default: the first --name)",
        SERVICE,
    ),
    Option(
        "timeout", ("-t", "--timeout"), parse_timeout, "SECONDS",
        f"bounds the whole run: 10, 10s, 1m (default {DEFAULT_TIMEOUT:g})",
        SERVICE,
    ),
    Option(
        "name", ("-n", "--name"), many_of(parse_host), "NAME",
        "name the certificate must cover (default: HOST); repeated, it must cover them all",
        CERTIFICATE,
        many=True,
    ),
    Option(
        "name_check", ("--name-check",), one_of(NAME_CHECKS), "CHECK",
        f"where the names are looked for: {', '.join(NAME_CHECKS)} (default {DEFAULT_NAME_CHECK})",
        CERTIFICATE,
        choices=NAME_CHECKS,
    ),
    Option(
        "warning", ("-w", "--warning"), parse_threshold, "THRESHOLD",
        f"remaining validity that warns: 28, 28d, 36h, 30%% of the lifetime, a Nagios range, or a comma list "
        f"of which the smallest counts (default {str(DEFAULT_WARNING).replace('%', '%%')})",
        CERTIFICATE,
    ),
    Option(
        "critical", ("-c", "--critical"), parse_threshold, "THRESHOLD",
        f"remaining validity that is critical (default {str(DEFAULT_CRITICAL).replace('%', '%%')})",
        CERTIFICATE,
    ),
    Option(
        "ca_file", ("--ca-file",), parse_path, "FILE",
        "PEM file of trust anchors, instead of the system's store",
        CERTIFICATE,
    ),
    Option(
        "ca_dir", ("--ca-dir",), parse_path, "DIR",
        "directory of trust anchors made by 'openssl rehash', instead of the system's store",
        CERTIFICATE,
    ),
    Option("allow_self_signed", ("--allow-self-signed",), None, "", "a self-signed certificate is fine", CERTIFICATE),
    Option(
        "min_rsa_bits", ("--min-rsa-bits",), parse_minimum, "WARN[,CRIT]",
        "size below which an RSA or DSA key warns, and is critical (default {},{})".format(*DEFAULT_MIN_RSA_BITS),
        CERTIFICATE,
    ),
    Option(
        "min_ec_bits", ("--min-ec-bits",), parse_minimum, "WARN[,CRIT]",
        "size below which an elliptic curve key warns, and is critical (default {},{})".format(*DEFAULT_MIN_EC_BITS),
        CERTIFICATE,
    ),
    Option(
        "min_tls", ("--min-tls",), one_of(TLS_VERSIONS, plain_version), "VERSION",
        f"oldest TLS version that is fine: {', '.join(TLS_VERSIONS)} (default: any)",
        CERTIFICATE,
        choices=TLS_VERSIONS,
    ),
    Option(
        "issuer", ("--issuer",), lambda text: (parse_text(text),), "TEXT",
        "text that an attribute of the issuer's name must contain; repeated, one of them",
        CERTIFICATE,
        many=True,
    ),
    Option(
        "fingerprint", ("--fingerprint",), many_of(parse_digest), "SHA256",
        "the certificate's SHA-256 fingerprint, in hexadecimal or Base64; a comma list or repeated, one of them",
        CERTIFICATE,
        many=True,
    ),
    Option(
        "spki_pin", ("--spki-pin",), many_of(parse_digest), "SHA256",
        "SHA-256 of the public key (SubjectPublicKeyInfo), written like a fingerprint, one of them",
        CERTIFICATE,
        many=True,
    ),
    Option(
        "max_lifetime", ("--max-lifetime",), parse_lifetime, "DAYS",
        "longest lifetime that is fine: 398, 398d; public: what public certification authorities were allowed on the "
        "day of issue",
        CERTIFICATE,
    ),
    Option(
        "state", ("--state",), many_of(parse_state), "QUESTION=STATE",
        f"state of a question's bad answer: {', '.join(STATES)}; repeatable; "
        f"the questions are {', '.join(SETTABLE)}",
        VERDICT,
        many=True,
        choices=tuple(f"{question}={state}" for question in SETTABLE for state in STATES),
    ),
    Option(
        "untrusted", ("--untrusted",), parse_bad_state, "STATE",
        "short for --state trust=STATE, a chain that is not trusted (default critical)",
        VERDICT,
        choices=STATES,
    ),
    Option(
        "unreachable", ("--unreachable",), parse_bad_state, "STATE",
        "short for --state connection=STATE, a service whose certificate cannot be read (default critical)",
        VERDICT,
        choices=STATES,
    ),
    Option(
        "channel_names", ("--prtg-channel-names",), one_of(CHANNEL_NAMES), "NAMES",
        f"names of PRTG's channels: {', '.join(CHANNEL_NAMES)} (for a sensor that the original script created)",
        OUTPUT,
        choices=CHANNEL_NAMES,
    ),
)  # fmt: skip
"""Options of both front doors; the command line adds a few."""


def job(values: dict[str, Any]) -> Job:
    """Return the job for parsed option ``values``; keys that are missing or ``None`` take their default.

    Raises ``UsageError`` for values that do not go together.
    """
    given = {key: value for key, value in values.items() if value is not None}
    ipv4, ipv6 = given.pop("ipv4", False), given.pop("ipv6", False)
    if ipv4 and ipv6:
        raise UsageError("IPv4 only and IPv6 only do not go together; allowed is one of them")
    host = given.pop("host")
    address = ip_address(host)
    if address is not None and (ipv6 if len(address) == 4 else ipv4):
        kind, only = ("IPv4", "IPv6") if ipv6 else ("IPv6", "IPv4")
        raise UsageError(f"{host} is an {kind} address, and {only} only is asked for; leave out one of them")
    protocol = given.pop("protocol", DEFAULT_PROTOCOL)
    name_is_host = "name" not in given
    names = tuple(given.pop("name", (host,)))
    port = given.pop("port", PROTOCOLS[protocol].port)
    if port is None:
        raise UsageError(f"the protocol {protocol} has no port of its own; give one with -p")
    target = Target(
        host=host,
        protocol=protocol,
        port=port,
        name=names[0],
        sni=given.pop("sni", None),
        family=socket.AF_INET if ipv4 else socket.AF_INET6 if ipv6 else socket.AF_UNSPEC,
    )
    try:
        expiry = thresholds(given.pop("warning", None), given.pop("critical", None))
    except ValueError as error:
        raise UsageError(str(error)) from error
    states = dict(given.pop("state", ()))
    for question, short in (("trust", "untrusted"), ("connection", "unreachable")):
        if short in given:
            states.setdefault(question, given.pop(short))
    for key, default in (("min_rsa_bits", DEFAULT_MIN_RSA_BITS), ("min_ec_bits", DEFAULT_MIN_EC_BITS)):
        warning, *critical = given.pop(key, default)
        # A lower minimum than the default critical one takes that with it.
        given[key] = MinimumSize(warning, critical[0] if critical else min(warning, default.critical))
    for key, plural in (("issuer", "issuers"), ("fingerprint", "fingerprints"), ("spki_pin", "spki_pins")):
        given[plural] = tuple(given.pop(key, ()))
    keys = ("timeout", "output", "verbose", "prtg_schema", "channel_names")
    how = {key: given.pop(key) for key in keys if key in given}
    return Job(target, Policy(expiry, names, name_is_host, states=states, **given), **how)
