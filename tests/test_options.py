"""The grammar of every option's value."""

from __future__ import annotations

import base64
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import FOREIGN, PROPERTY

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import (
    OPTIONS,
    STATES,
    TLS_VERSIONS,
    job,
    one_of,
    parse_bad_state,
    parse_digest,
    parse_host,
    parse_lifetime,
    parse_minimum,
    parse_path,
    parse_port,
    parse_protocol,
    parse_state,
    parse_text,
    parse_timeout,
    plain_version,
)
from check_starttls_cert.questions import SETTABLE
from check_starttls_cert.settings import DEFAULT_CRITICAL, PUBLIC, Job, Policy, Target
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import State
from check_starttls_cert.thresholds import parse_threshold


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("MTA.Example.COM", "mta.example.com"),
        ("mta.example.com.", "mta.example.com"),
        ("localhost", "localhost"),
        ("my_host-1", "my_host-1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("fe80::1%Ethernet_2.5-a", "fe80::1%Ethernet_2.5-a"),
        ("m\u00fcller.example", "xn--mller-kva.example"),
        ("M\u00dcLLER.example", "xn--mller-kva.example"),
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("a." * 127, "a." * 126 + "a"),
    ],
)  # fmt: skip
def test_a_host_is_a_name_in_ascii_or_an_address_without_brackets(text, host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a..b", ".a", "a b", " a", "a|b", "a\nb", "a\n", "a\x00b", "a/b", "a'b", 'a"b', "a;b", "a@b",
        "mta.example.com:25", "smtp://mta.example.com", "[mta.example.com]", "[2001:db8::1]:25", "192.0.2.1:25",
        "$a", "2001:db8::1::2", "fe80::1%eth0|x", "fe80::1%eth0\n", "\udcff", "m\u00fcller|.example", "a" * 254,
        "a." * 127 + "a",
    ],
)  # fmt: skip
def test_everything_else_is_no_host(text) -> None:
    with pytest.raises(ValueError, match=r"is no host name or IP address; allowed are names like mta\.example\.com"):
        parse_host(text)


@PROPERTY
@given(FOREIGN)
def test_no_text_becomes_a_host_that_could_do_harm(text) -> None:
    try:
        host = parse_host(text)
        assert host.isascii()
        assert not set(host) & set(" ;'\"$/")
    except ValueError as error:
        host = str(error)
    assert host.isprintable()
    assert "|" not in host


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("25", 25), ("65535", 65535), ("00025", 25)])
def test_a_port_is_a_whole_number(text, port) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text",
    ["0", "65536", "99999", "-1", "+25", "25.0", "2 5", "25\n", "1e3", "0x19", "\u0662\u0665", "smtp", "", "9" * 5000],
)  # fmt: skip
def test_everything_else_is_no_port(text) -> None:
    with pytest.raises(ValueError, match="is no port; allowed are whole numbers from 1 to 65535"):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10), ("2.5", 2.5), ("0.000001", 1e-6), ("3600", 3600), ("10s", 10), ("1m", 60), ("0.5H", 1800)],
)
def test_a_timeout_is_in_seconds_or_a_duration(text, seconds) -> None:
    assert parse_timeout(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "0", "0.0", "0s", "-1", "3600.1", "9999", "nan", "inf", "1e3", "10ms", "2h", "1M", "1_0", ".5", "5.", "\u0665",
        "", "10\n",
    ],
)  # fmt: skip
def test_everything_else_is_no_timeout(text) -> None:
    with pytest.raises(ValueError, match="is no timeout; allowed are seconds above 0, up to 3600, like 10"):
        parse_timeout(text)


@pytest.mark.parametrize("text", ["ca.pem", r"C:\Program Files (x86)\ca.pem", "/etc/ssl/certs", "\u00fc.pem"])
def test_a_path_is_taken_as_it_is(text) -> None:
    assert parse_path(text) == text


@pytest.mark.parametrize("text", ["", "a\nb", "a\x00b", "\x1b[31m"])
def test_no_path_is_empty_or_has_control_characters(text) -> None:
    with pytest.raises(ValueError, match="is no path"):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("chain=ok", ("chain", State.OK)),
        ("Self-Signed=WARNING", ("self-signed", State.WARNING)),
        ("tls=critical", ("tls", State.CRITICAL)),
        ("trust=unknown", ("trust", State.UNKNOWN)),
    ],
)
def test_a_state_is_of_a_question(text, state) -> None:
    assert parse_state(text) == state


@pytest.mark.parametrize(
    "text", ["", "=", "chain", "chain=", "=ok", "chain=red", "expiry=ok", "chain==ok", "chain=ok=ok"]
)
def test_everything_else_is_no_state_and_the_error_lists_both(text) -> None:
    with pytest.raises(ValueError, match="is not allowed; give QUESTION=STATE") as caught:
        parse_state(text)
    assert ", ".join(SETTABLE) in str(caught.value)
    assert ", ".join(STATES) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("3072", (3072,)),
        ("3072,2048", (3072, 2048)),
        ("3072 2048", (3072, 2048)),
        (" 2048 , 2048 ", (2048, 2048)),
        ("0", (0,)),
    ],
)
def test_a_minimum_is_one_size_or_two(text, sizes) -> None:
    assert parse_minimum(text) == sizes


@pytest.mark.parametrize(
    "text", ["", ",", "2048,", "2048,3072", "3,2,1", "-1", "2k", "2048.0", "\u0665", "9" * 6, "1\n2,1"]
)
def test_everything_else_is_no_minimum(text) -> None:
    with pytest.raises(ValueError, match="is no minimum; allowed are bits"):
        parse_minimum(text)


DIGEST = bytes(range(224, 256))


@pytest.mark.parametrize(
    "text",
    [
        DIGEST.hex(),
        DIGEST.hex().upper(),
        DIGEST.hex(":"),
        DIGEST.hex(":").upper(),
        base64.b64encode(DIGEST).decode(),
        "sha256//" + base64.b64encode(DIGEST).decode(),
        "SHA256//" + DIGEST.hex(),
    ],
)
def test_a_digest_is_written_in_hexadecimal_or_base64(text) -> None:
    assert parse_digest(text) == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "00", "00" * 20, "00" * 33, "0g" * 32, "sha256//", "sha1//" + "00" * 32, "\u0665" * 64,
        base64.b64encode(b"x" * 31).decode(), base64.b64encode(b"x" * 33).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode(), "A" * 43 + "=\n", "00" * 32 + "\n", "A" * 100_000,
    ],
)  # fmt: skip
def test_everything_else_is_no_digest(text) -> None:
    with pytest.raises(ValueError, match="is no SHA-256 digest; allowed are 64 hexadecimal digits") as caught:
        parse_digest(text)
    assert str(caught.value).isprintable()


@PROPERTY
@given(st.binary(min_size=32, max_size=32))
def test_every_digest_can_be_written_in_every_form(digest) -> None:
    for text in (digest.hex(), digest.hex(":"), base64.b64encode(digest).decode()):
        assert parse_digest(text) == digest


@PROPERTY
@given(FOREIGN)
def test_no_text_makes_a_grammar_fail(text) -> None:
    for option in OPTIONS:
        if option.parse is None:
            continue
        try:
            said = str(option.parse(text) and "")
        except ValueError as error:
            said = str(error)
        assert said.isprintable()
        assert "|" not in said


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("398", 398),
        ("47.5", 47.5),
        ("0.25", 0.25),
        ("90d", 90),
        ("90D", 90),
        ("36h", 1.5),
        ("public", PUBLIC),
        ("PUBLIC", PUBLIC),
    ],
)
def test_a_lifetime_is_in_days_or_the_public_one(text, days) -> None:
    assert parse_lifetime(text) == days


@pytest.mark.parametrize(
    "text", ["", "0", "0.0", "-1", "0d", "398 d", "1M", "1y", "1e3", "nan", "inf", "pub", "private", "9" * 7, "\u0665"]
)
def test_everything_else_is_no_lifetime(text) -> None:
    with pytest.raises(ValueError, match="is no lifetime; allowed are days above 0, like 398 or 398d"):
        parse_lifetime(text)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_an_empty_text_would_match_everything(text) -> None:
    with pytest.raises(ValueError, match="would match everything"):
        parse_text(text)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_is_allowed_in_any_case(protocol) -> None:
    assert parse_protocol(protocol.upper()) == protocol


def test_the_error_lists_the_protocols() -> None:
    with pytest.raises(ValueError, match=f'"gopher" is no protocol; choose one of {", ".join(PROTOCOLS)}'):
        parse_protocol("gopher")


@PROPERTY
@given(FOREIGN)
def test_the_error_of_a_choice_never_shows_foreign_text_raw(text) -> None:
    with pytest.raises(ValueError, match="choose one of a, b") as caught:
        one_of(("a", "b"))("no" + text)
    assert str(caught.value).isprintable()
    assert "|" not in str(caught.value)


def test_a_choice_is_taken_in_any_case() -> None:
    assert one_of(("a", "b"))("B") == "b"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("ok", State.OK),
        ("warn", State.WARNING),
        ("Warning", State.WARNING),
        ("CRIT", State.CRITICAL),
        ("critical", State.CRITICAL),
        ("Unknown", State.UNKNOWN),
    ],
)
def test_a_state_has_the_words_that_monitoring_systems_use(word, state) -> None:
    assert parse_bad_state(word) is state
    assert parse_state(f"trust={word}") == ("trust", state)


@pytest.mark.parametrize("word", ["", "2", "w", "warnings", "critcal", "unk", "pending", "ok "])
def test_everything_else_is_no_state(word) -> None:
    with pytest.raises(ValueError, match="choose one of ok, warning, critical, unknown"):
        parse_bad_state(word)
    with pytest.raises(ValueError, match="the state one of ok, warning, critical, unknown"):
        parse_state(f"trust={word}")


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_a_tls_version_is_written_as_a_number_or_with_its_name(version) -> None:
    parse = next(option.parse for option in OPTIONS if option.key == "min_tls")
    assert parse is not None
    for written in (version, f"TLSv{version}", f"tls{version}", f"TLSV{version}", f"tls{version.replace('.', '_')}"):
        assert parse(written) == version


def test_openssl_calls_tls_1_0_tlsv1() -> None:
    assert plain_version("TLSv1") == "1.0"


@pytest.mark.parametrize("text", ["", "TLS", "SSLv3", "3", "2", "1.4", "TLSv", "TLSv1.", "DTLSv1.2", "tlstls1.2"])
def test_everything_else_is_no_tls_version(text) -> None:
    assert plain_version(text) not in TLS_VERSIONS


def test_thresholds_that_contradict_each_other_are_the_user_s_error() -> None:
    with pytest.raises(UsageError, match="is reached before the warning threshold"):
        job({"host": "h", "warning": parse_threshold("5"), "critical": parse_threshold("40")})


def test_keys_and_flags_are_unique() -> None:
    keys = [option.key for option in OPTIONS]
    flags = [flag for option in OPTIONS for flag in option.flags]
    assert len(set(keys)) == len(keys)
    assert len(set(flags)) == len(flags)


def test_every_option_says_what_it_does() -> None:
    assert all(option.help for option in OPTIONS)
    assert all(bool(option.metavar) == (option.parse is not None) for option in OPTIONS)


def test_a_host_alone_is_enough() -> None:
    wanted = job({"host": "mta.example.com"})
    assert wanted.target == Target("mta.example.com", "smtp", 25, "mta.example.com", socket.AF_UNSPEC)
    assert wanted == Job(wanted.target, Policy(wanted.policy.thresholds, ("mta.example.com",), name_is_host=True))


@pytest.mark.parametrize("protocol", [name for name, protocol in PROTOCOLS.items() if protocol.port])
def test_the_port_defaults_to_the_protocols_own(protocol) -> None:
    assert job({"host": "h", "protocol": protocol}).target.port == PROTOCOLS[protocol].port


@pytest.mark.parametrize("protocol", [name for name, protocol in PROTOCOLS.items() if not protocol.port])
def test_a_protocol_without_a_port_of_its_own_asks_for_one(protocol) -> None:
    with pytest.raises(UsageError, match=f"the protocol {protocol} has no port of its own; give one with -p"):
        job({"host": "h", "protocol": protocol})
    assert job({"host": "h", "protocol": protocol, "port": 4190}).target.port == 4190


def test_every_value_reaches_the_settings() -> None:
    wanted = job(
        {
            "host": "h", "protocol": "ldap", "port": 1389, "name": ("n", "m"), "sni": "s", "name_check": "cn",
            "warning": parse_threshold("20"), "critical": parse_threshold("10"), "ca_file": "f", "ca_dir": "d",
            "allow_self_signed": True, "state": (("pin", State.WARNING), ("tls", State.OK)), "untrusted": State.OK,
            "unreachable": State.WARNING, "min_rsa_bits": (3072, 2048), "min_ec_bits": (384,), "min_tls": "1.2",
            "issuer": ("Lab",), "fingerprint": (b"f",), "spki_pin": (b"s",), "max_lifetime": 90.0, "timeout": 2.5,
            "ipv4": False, "ipv6": True, "output": "prtg", "verbose": 2, "prtg_schema": 3,
        }
    )  # fmt: skip
    assert wanted.target == Target("h", "ldap", 1389, "n", socket.AF_INET6, "s")
    assert wanted.policy == Policy(
        (parse_threshold("20"), parse_threshold("10")),
        ("n", "m"),
        name_check="cn",
        ca_file="f",
        ca_dir="d",
        allow_self_signed=True,
        states={"pin": State.WARNING, "tls": State.OK, "trust": State.OK, "connection": State.WARNING},
        min_rsa_bits=(3072, 2048),
        min_ec_bits=(384, 192),
        min_tls="1.2",
        issuers=("Lab",),
        fingerprints=(b"f",),
        spki_pins=(b"s",),
        max_lifetime=90.0,
    )
    assert wanted == Job(wanted.target, wanted.policy, timeout=2.5, output="prtg", verbose=2, prtg_schema=3)


def test_values_that_are_none_take_their_default() -> None:
    assert job({"host": "h", "port": None, "critical": None, "timeout": None}) == job({"host": "h"})
    assert job({"host": "h", "critical": None}).policy.thresholds.critical == DEFAULT_CRITICAL


def test_ipv4_only_is_an_address_family() -> None:
    assert job({"host": "h", "ipv4": True}).target.family == socket.AF_INET


@pytest.mark.parametrize(
    ("host", "family", "said"),
    [
        ("192.0.2.1", "ipv6", "192.0.2.1 is an IPv4 address, and IPv6 only is asked for"),
        ("2001:db8::1", "ipv4", "2001:db8::1 is an IPv6 address, and IPv4 only is asked for"),
        ("fe80::1%eth0", "ipv4", "fe80::1%eth0 is an IPv6 address, and IPv4 only is asked for"),
    ],
)
def test_an_address_of_the_other_family_is_the_user_s_error(host, family, said) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{said}; leave out one of them")):
        job({"host": host, family: True})


def test_an_address_goes_with_its_own_family() -> None:
    assert job({"host": "192.0.2.1", "ipv4": True}).target.family == socket.AF_INET
    assert job({"host": "::1", "ipv6": True}).target.family == socket.AF_INET6


def test_ipv4_only_and_ipv6_only_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="do not go together; allowed is one of them"):
        job({"host": "h", "ipv4": True, "ipv6": True})
