"""PRTG's parameter string: the original sensor's, every key, and errors that say what is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from observations import FOREIGN, PROPERTY

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.prtg.parameters import EXAMPLE, KEYS, REQUIRED, parse_parameters
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import State
from check_starttls_cert.thresholds import parse_threshold

COMPLETE = "port: 25, protocol: smtp, cert_domainname_validation: cn_san"


def with_(pair: str) -> dict:
    """Return the values of a complete string and one more pair."""
    return parse_parameters(f"{COMPLETE}, {pair}")


def test_the_first_example_of_the_original_sensor_works_unchanged() -> None:
    assert parse_parameters("port: 7025, protocol: lmtp, cert_domainname_validation: cn_san") == {
        "port": 7025,
        "protocol": "lmtp",
        "name_check": "cn_san",
    }


def test_the_second_example_of_the_original_sensor_works_unchanged() -> None:
    string = "port: 25, protocol: smtp, cert_domainname: mta.example.com, cert_domainname_validation: cn"
    assert parse_parameters(string) == {
        "port": 25,
        "protocol": "smtp",
        "name": ("mta.example.com",),
        "name_check": "cn",
    }


def test_the_example_in_the_errors_is_right() -> None:
    assert set(parse_parameters(EXAMPLE)) == {"port", "protocol", "name", "name_check"}


@pytest.mark.parametrize("word", ["None", "none", "cn", "CN_SAN"])
def test_name_checks_are_taken_in_any_case(word) -> None:
    assert (
        parse_parameters(f"port: 25, protocol: smtp, cert_domainname_validation: {word}")["name_check"] == word.lower()
    )


@pytest.mark.parametrize("string", [COMPLETE.replace(" ", ""), f"  {COMPLETE}  ", COMPLETE.replace(":", "  : ")])
def test_spaces_do_not_matter(string) -> None:
    assert parse_parameters(string) == parse_parameters(COMPLETE)


def test_there_is_a_key_for_every_option_but_the_host() -> None:
    assert {option for option, _ in KEYS.values()} == {option.key for option in OPTIONS} - {"host"}


@pytest.mark.parametrize(
    ("pair", "key", "value"),
    [
        ("cert_domainname: 2001:db8::1", "name", ("2001:db8::1",)),
        ("cert_domainname: MTA.example.com", "name", ("mta.example.com",)),
        ("cert_domainname: a.test b.test", "name", ("a.test", "b.test")),
        (r"ca_file: C:\ca.pem", "ca_file", r"C:\ca.pem"),
        (r"ca_file: C:\Program Files \(x86\)\ca.pem", "ca_file", r"C:\Program Files (x86)\ca.pem"),
        (r"ca_file: C:\\Program Files \(x86\)\ca.pem", "ca_file", r"C:\\Program Files (x86)\ca.pem"),
        (r"ca_dir: /etc/\{a\}\[b\]\"\'\+\(c\)", "ca_dir", "/etc/{a}[b]\"'+(c)"),
        ("ca_file: C:\\Daten\\gro\\\u00df\\ca.pem", "ca_file", "C:\\Daten\\gro\u00df\\ca.pem"),
        ("ca_file: a=b;c", "ca_file", "a=b;c"),
        ("warning: 28", "warning", parse_threshold("28")),
        ("warning: 28d 30%", "warning", parse_threshold("28d,30%")),
        ("critical: 7:400", "critical", parse_threshold("7:400")),
        ("untrusted: Warning", "untrusted", State.WARNING),
        ("unreachable: ok", "unreachable", State.OK),
        ("timeout: 2.5", "timeout", 2.5),
        ("allow_self_signed: yes", "allow_self_signed", True),
        ("allow_self_signed: TRUE", "allow_self_signed", True),
        ("allow_self_signed: 1", "allow_self_signed", True),
        ("allow_self_signed: no", "allow_self_signed", False),
        ("ipv4: yes", "ipv4", True),
        ("ipv6: false", "ipv6", False),
    ],
)
def test_every_key_sets_its_option(pair, key, value) -> None:
    assert with_(pair)[key] == value


@pytest.mark.parametrize(
    ("string", "said", "allowed"),
    [
        ("", 'no "key: value" pair', ""),
        (COMPLETE + ",", 'no "key: value" pair', ""),
        (COMPLETE + ", ca_file", '"ca_file" is no "key: value" pair', ""),
        (COMPLETE + ", colour: red", 'unknown key "colour"', ", ".join(KEYS)),
        (COMPLETE + ", Port: 26", 'unknown key "Port", the nearest is "port"; allowed are', "port"),
        (COMPLETE + ", warn: 26", 'unknown key "warn", the nearest is "warning"; allowed are', "warning"),
        (COMPLETE + ", name: a.test", 'unknown key "name"', "cert_domainname"),
        (COMPLETE + ", : red", 'unknown key ""', "port"),
        (COMPLETE + ", port: 26", "port: given twice", ""),
        ("protocol: smtp, cert_domainname_validation: cn", "port missing", ", ".join(REQUIRED)),
        ("port: 25, cert_domainname_validation: cn", "protocol missing", ", ".join(REQUIRED)),
        ("port: 25, protocol: smtp", "cert_domainname_validation missing", ", ".join(REQUIRED)),
        ("timeout: 5", "port, protocol, cert_domainname_validation missing", ", ".join(REQUIRED)),
        (COMPLETE.replace("25", "smtp"), 'port: "smtp" is no port', "1 to 65535"),
        (COMPLETE.replace("25", ""), 'port: "" is no port', "1 to 65535"),
        (COMPLETE.replace("smtp", "pop"), 'protocol: "pop" is no protocol', ", ".join(PROTOCOLS)),
        (
            COMPLETE.replace("cn_san", "dns"),
            'cert_domainname_validation: "dns" is not allowed',
            "none, cn, cn_san, san",
        ),
        (COMPLETE + ", cert_domainname: a/b", 'cert_domainname: "a/b" is no host name', "mta.example.com"),
        (COMPLETE + ", ca_file:", 'ca_file: "" is no path', ""),
        (COMPLETE + ", untrusted: red", 'untrusted: "red" is not allowed', "ok, warning, critical"),
        (COMPLETE + ", timeout: 0", 'timeout: "0" is no timeout', "seconds above 0"),
        (COMPLETE + ", warning: soon", 'warning: "soon" is no threshold', "28d"),
        (COMPLETE + ", ipv4: on", 'ipv4: "on" is not allowed', "yes or no"),
        (COMPLETE + ", ca_file: a(b", 'ca_file: the character "(" is not allowed', "ASCII without quotes"),
        (COMPLETE + ", ca_file: a\u00fc", 'ca_file: the character "\u00fc" is not allowed', "ASCII without quotes"),
        (COMPLETE + ", ca_file: a\tb", 'ca_file: the character "\\t" is not allowed', "ASCII without quotes"),
        (COMPLETE + ', cert_domainname: "a"', 'cert_domainname: the character """ is not allowed', "ASCII"),
    ],
)
def test_an_error_names_the_key_and_what_is_allowed_and_shows_an_example(string, said, allowed) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters(string)
    message = str(caught.value)
    assert message.startswith("sensor parameters: ")
    assert said in message
    assert allowed in message
    assert message.endswith(f"Example: {EXAMPLE}")


def test_the_error_of_a_threshold_recommends_the_space_because_a_comma_ends_the_pair() -> None:
    with pytest.raises(UsageError) as caught:
        with_("warning: soon")
    assert "28d 30%" in str(caught.value)


@pytest.mark.parametrize("key", [*KEYS, "colour"])
def test_a_value_of_any_length_leaves_room_for_the_example(key) -> None:
    pairs = f"{key}: {'9x' * 50_000}"
    with pytest.raises(UsageError) as caught:
        parse_parameters(pairs)
    assert len(str(caught.value)) < 2000


@PROPERTY
@given(FOREIGN)
def test_any_text_is_values_or_one_printable_line(text) -> None:
    for string in (text, f"{COMPLETE}, {text}", f"{COMPLETE}, ca_file: {text}", f"{COMPLETE}, warning: {text}"):
        try:
            message, keys = "", set(parse_parameters(string))
        except UsageError as error:
            message, keys = str(error), set()
        assert message.isprintable()
        assert keys <= {option.key for option in OPTIONS}
