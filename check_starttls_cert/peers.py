"""Other plugins' options: what they take, and what is meant by them here.

Of check_smtp, check_tcp, check_ldap and check_http (monitoring-plugins 2.3), check_ssl_cert 2.60 and PRTG's earlier
Script v2 sensor, by their ``--help``. Nobody says which of them a command line was written for: where two use one
letter, the value tells, and a letter that is an option here keeps our meaning. Only imported for a command line that
is not understood.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from check_starttls_cert.durations import NUMBER, UNITS
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.state import BAD_STATES, SHORT
from check_starttls_cert.static_typing import NamedTuple

ANY = r".*"
STATES = ("ok", "warning", "critical", "unknown")
"""By exit code."""

STATE = "|".join([*BAD_STATES, *SHORT, "[0-3]"])

Words = tuple[tuple[str, str], ...]
"""Options here, each with its value; that of a switch is empty."""


class Row(NamedTuple):
    """Options of other plugins that mean the same here."""

    flags: str
    """Separated by spaces."""
    takes: str = ""
    """A regular expression for the value; empty for a switch."""
    here: Callable[[str], Words | None] = lambda _: None
    """What is meant by a value (empty where there is none); ``None`` where nothing here is like the option."""


def as_it_is(*words: tuple[str, str]) -> Callable[[str], Words]:
    """Return the meaning that is the same for every value."""
    return lambda _: words


def the_value_of(flag: str) -> Callable[[str], Words]:
    """Return the meaning that hands the value to an option here."""
    return lambda value: ((flag, value),)


def days(value: str) -> Words | None:
    """Days to warn, and to be critical: ``30,14``. A value that is none binds to a directory, or commands a server."""
    found = re.split(r"[,\s]+", value.strip())
    if len(found) < 3 and all(re.fullmatch(rf"{NUMBER}[{UNITS}%]?|", each) for each in found):
        return ("-w", found[0]), ("-c", "".join(found[1:]) or "0")
    return (("-P", "ldap"),) if "=" in value else None


def protocol(value: str) -> Words:
    """A protocol as openssl names it. A version of TLS says nothing here, nor does the switch of other plugins."""
    return (("-P", PROTOCOLS_THERE.get(value.lower(), value)),) if value[:1].isalpha() else ()


def state(value: str) -> Words:
    """check_tcp's word for a state, or check_ssl_cert's exit code."""
    return (("--unreachable", STATES[int(value)] if value.isdigit() else value or "ok"),)


def anchors(value: str) -> Words:
    """A file or a directory of certificates; check_tcp's ``-r`` is the state of a service that refuses."""
    if re.fullmatch(STATE, value):
        return state(value)
    return (("--ca-dir" if os.path.isdir(value) else "--ca-file", value),)


def lifetime(value: str) -> Words:
    return ("--max-lifetime", value or "397"), ("--state", "lifetime=critical")


def unless_it_has_a_value(*words: tuple[str, str]) -> Callable[[str], Words | None]:
    """Return the meaning of a switch, whose letter is another plugin's option with a value."""
    return lambda value: None if value else words


PROTOCOLS_THERE = {
    "amqp": "amqps", "ftpes": "ftp", "h2": "https", "http": "https", "imap4": "imap", "jabber": "xmpp-client",
    "managesieve": "sieve", "mariadb": "mysql", "mqtt": "mqtts", "ms-sql": "mssql", "ms-sql-s": "mssql",
    "ms-wbt-server": "rdp", "nbds": "nbd", "news": "nntp", "pop": "pop3", "pops": "pop3s", "postgresql": "postgres",
    "secure-mqtt": "mqtts", "simap": "imaps", "snews": "nntps", "spop": "pop3s", "sqlserver": "mssql", "ssl": "tls",
    "ssmtp": "smtps", "tds": "mssql", "ws": "https", "wss": "https", "xmpp": "xmpp-client", "xmpps": "xmpps-client",
}  # fmt: skip
"""Names for protocols that are not ours: other plugins', those of URLs, IANA's for services."""

PEERS = (
    Row("-D -C --certificate", ANY, days),
    Row("-S --ssl --tls --starttls", rf"[0-9.]+\+?|(?i:{'|'.join([*PROTOCOLS, *PROTOCOLS_THERE])})", protocol),
    Row("-T", "", as_it_is(("-P", "ldap"))),
    Row("-b --base -a --attr --bind --pass --warn-entries --crit-entries", ANY, as_it_is(("-P", "ldap"))),
    Row("-2 --ver2 -3 --ver3", "", as_it_is(("-P", "ldap"))),
    Row("-L --lmtp", "[A-F][+-]?", unless_it_has_a_value(("-P", "lmtp"))),
    Row("-u --url --uri", ANY, as_it_is(("-P", "https"))),
    Row("-r --rootcert --rootcert-file --ca-cert --ca-trust", ANY, anchors),
    Row("--rootcert-dir", ANY, the_value_of("--ca-dir")),
    Row("--system-ca-trust -N --host-cn --altnames --ignore-sct --ignore-maximum-validity", "", as_it_is()),
    Row("-m --match --cn --sni-domain", ANY, lambda value: None if value.isdigit() else (("-n", value),)),
    Row("--name-validation", ANY, lambda value: (("--name-check", re.sub("(?i)(cn)/(san)", r"\1_\2", value)),)),
    Row("--ignore-altnames", "", as_it_is(("--name-check", "cn"))),
    Row("--ignore-host-cn", "", as_it_is(("--name-check", "none"))),
    Row("-s --selfsigned", ANY, unless_it_has_a_value(("--allow-self-signed", ""))),
    Row("-A --noauth", ANY, unless_it_has_a_value(("--state", "trust=ok,self-signed=ok,chain=ok"))),
    Row("-i", ANY, the_value_of("--issuer")),
    Row("--warning-days --warn-days", ANY, the_value_of("-w")),
    Row("--critical-days --crit-days", ANY, the_value_of("-c")),
    Row("--not-valid-longer-than --maximum-validity", ANY, lifetime),
    Row("--refuse --ignore-connection-problems", STATE, state),
    Row("--ignore-incomplete-chain", "", as_it_is(("--state", "chain=ok"))),
    Row("--check-chain", "", as_it_is(("--state", "chain=critical"))),
    Row("--ignore-sig-alg", "", as_it_is(("--state", "signature=ok"))),
    Row("--use-ipv4", "", as_it_is(("-4", ""))),
    Row("--use-ipv6", "", as_it_is(("-6", ""))),
    Row("--inetproto", "[46]", lambda value: ((f"-{value}", ""),) if value else None),
    Row("-I --IP-address", ANY, lambda value: (("-H", value), ("-P", "https"))),
    Row("--resolve", ANY, the_value_of("-H")),
    Row("--prometheus", "", as_it_is(("-o", "openmetrics"))),
    Row("-d --debug", ANY, unless_it_has_a_value(("-v", ""), ("-v", ""))),
    Row(
        # check_smtp, check_tcp, check_ldap, check_http
        "-e --expect --send -R --response -f --from -F --fqdn -U --authuser --authpass --authtype -M --mismatch --quit "
        "--maxbytes --delay --extra-opts --command -W -J --client-cert -K --private-key --string --header-string "
        "--post --method --max-age --content-type --regex --ereg --eregi --authorization --proxy-authorization "
        "--useragent -k --header --onredirect --max-redirs --pagesize "
        # check_ssl_cert
        "--file --email --org --serial --clientcert --clientkey --clientpass --format --long-output --precision "
        "--element --skip-element --user-agent --curl-user-agent --proxy --temp --path --configuration --date "
        "--openssl --curl-bin --dig-bin --file-bin --grep-bin --nmap-bin --python-bin --debug-file --jks-alias "
        "--issuer-cert-cache --ocsp-critical --ocsp-warning --check-ciphers --check-ssl-labs --check-ssl-labs-warn "
        "--custom-http-header --http-headers-path --require-http-header --require-no-http-header "
        "--require-security-header --require-security-headers-path --days --password --not-issued-by "
        "--require-purpose --security-level --xmpphost",
        ANY,
    ),
    Row("--dane", "[0-9]{3}"),
    Row(
        # check_smtp, check_tcp, check_http
        "-q --ignore-quit-failure -j --jail -E --escape --extended-perfdata --all -l --linespan -B --show-body --link "
        "--no-body --invert-regex --continue-after-certificate "
        # check_ssl_cert
        "--all-local --quiet --terse --info --no-perf --default-format --debug-cert --debug-headers --debug-time "
        "--ignore-exp --ocsp --ignore-ocsp --ignore-ocsp-errors --ignore-ocsp-timeout --require-ocsp-stapling --crl "
        "--allow-empty-san --require-san --first-element-only --ecdsa --rsa --no-proxy --no-proxy-curl "
        "--no-proxy-s_client --require-client-cert --require-dnssec --require-purpose-critical "
        "--ssl2 --ssl3 --tls1 --tls1_1 --tls1_2 --tls1_3 --dtls --dtls1 --dtls1_2 --no-ssl2 --no-ssl3 --no-tls1 "
        "--no-tls1_1 --no-tls1_2 --no-tls1_3 --no_ssl2 --no_ssl3 --no_tls1 --no_tls1_1 --no_tls1_2 --no_tls1_3 "
        "--require-no-ssl2 --require-no-ssl3 --require-no-tls1 --require-no-tls1_1 --check-ciphers-warnings "
        "--ignore-tls-renegotiation --ignore-ssl-labs-cache --check-http-headers --ignore-http-headers "
        "--http-use-get --require-hsts --require-security-headers --require-x-frame-options --init-host-cache "
        "--force-dconv-date --force-perl-date",
    ),
)  # fmt: skip
"""What follows a flag without being of the form that it takes is no value of it."""

ANSWER_IN_SECONDS = {
    "-S", "--ssl", "--starttls", "-T", "-b", "--base", "-2", "--ver2", "-3", "--ver3", "--lmtp", "-F", "--fqdn",
    "-R", "--response", "-M", "--mismatch", "-E", "--escape", "-j", "--jail", "--expect", "--send",
}  # fmt: skip
"""Of check_smtp, check_tcp and check_ldap alone: beside them ``-w`` and ``-c`` are the seconds to answer."""
