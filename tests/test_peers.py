"""Other plugins' options: each is one that they have, and means something that our own parser takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from check_starttls_cert import cli
from check_starttls_cert.peers import ANSWER_IN_SECONDS, PEERS, PROTOCOLS_THERE
from check_starttls_cert.starttls import PROTOCOLS

FLAGS = {flag: row for row in PEERS for flag in row.flags.split()}
OURS = cli.parser().flags

VALUES = (
    "30,14",
    "30",
    "1.2+",
    "ok",
    "warn",
    "mta.example.com",
    "/",
    "ca.pem",
    "cn=admin",
    "cn/san",
    "A",
    "4",
    "311",
    "1",
    "imap",
    "XMPP",
    "",
)
"""Values of every kind that a row may take."""

INSTALLED = "/usr/lib/nagios/plugins"
PLUGINS = {
    "check_smtp": "v2.3.3",
    "check_tcp": "v2.3.3",
    "check_ldap": "v2.3.3",
    "check_http": "v2.3.3",
    "check_ssl_cert": "2.60.0",
}
"""The versions that the table is of: Debian 12's."""

EARLIER_SENSOR = {"--sni-domain", "--name-validation", "--ca-trust", "--system-ca-trust"}
OTHERS = {"--ca-cert", "--tls", "--uri", "--warn-days", "--warning-days", "--crit-days", "--critical-days"}
"""Of newer versions, and of plugins that are not packaged."""


def helped(plugin: str) -> set[str]:
    """Return the options that a plugin's help lists."""
    program = shutil.which(plugin, path=INSTALLED)
    if program is None:
        if os.environ.get("REQUIRE_SERVERS"):
            pytest.fail(f"{plugin} is not installed")
        pytest.skip(f"{plugin} is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    if PLUGINS[plugin] not in version.split():
        pytest.skip(f"{plugin} is not {PLUGINS[plugin]} but {version.strip()}")
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
    names = re.findall(r"^ {0,10}(-{1,2}[\w?][\w-]*(?:[, ]+\[?-{1,2}[\w?][\w-]*)*)", text, re.MULTILINE)
    return {flag for name in names for flag in re.findall(r"--?[\w?][\w-]*", name)}


def test_no_flag_is_in_two_rows_and_none_is_ours() -> None:
    assert len(FLAGS) == sum(len(row.flags.split()) for row in PEERS)
    assert not set(FLAGS) & set(OURS)


@pytest.mark.parametrize("row", PEERS, ids=lambda row: row.flags[:40])
def test_what_a_row_means_is_options_that_our_parser_takes(row) -> None:
    values = [value for value in VALUES if re.fullmatch(row.takes, value)]
    assert values
    for value in values:
        for flag, here in row.here(value) or ():
            if OURS[flag].nargs == 0:
                assert not here
            elif here != value:  # what is handed on as it is written is refused as it would be behind our own option
                cli.parser().parse_args([flag, here])


@pytest.mark.servers
@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_option_of_a_plugin_is_known(plugin) -> None:
    assert helped(plugin) - set(OURS) - set(FLAGS) <= {"-?"}


@pytest.mark.servers
def test_every_flag_is_one_that_a_plugin_has() -> None:
    known = set().union(*map(helped, PLUGINS))
    assert set(FLAGS) - known == EARLIER_SENSOR | OTHERS


@pytest.mark.servers
def test_the_thresholds_are_seconds_beside_options_that_check_ssl_cert_has_not() -> None:
    known = set().union(*map(helped, ("check_smtp", "check_tcp", "check_ldap")))
    assert known >= ANSWER_IN_SECONDS
    assert helped("check_ssl_cert") & ANSWER_IN_SECONDS == {"-S", "--ssl"}  # with a value there


def test_their_names_for_protocols_are_not_ours_and_mean_some_of_ours() -> None:
    assert not set(PROTOCOLS_THERE) & set(PROTOCOLS)
    assert set(PROTOCOLS_THERE.values()) <= set(PROTOCOLS)


@pytest.mark.parametrize(
    ("flag", "value", "meaning"),
    [
        ("-D", "30,14", (("-w", "30"), ("-c", "14"))),
        ("-D", "30", (("-w", "30"), ("-c", "0"))),
        ("-D", "cn=admin,dc=test", (("-P", "ldap"),)),
        ("-D", "30d,14d", (("-w", "30d"), ("-c", "14d"))),
        ("-D", "30, 14", (("-w", "30"), ("-c", "14"))),
        ("-D", "30 14", (("-w", "30"), ("-c", "14"))),
        ("-D", "30%", (("-w", "30%"), ("-c", "0"))),
        ("-D", "30,", (("-w", "30"), ("-c", "0"))),
        ("-D", "30,14,7", None),
        ("-D", "", (("-w", ""), ("-c", "0"))),
        ("-C", "HELP", None),
        ("-S", "", ()),
        ("-S", "1.2+", ()),
        ("--starttls", "imap", (("-P", "imap"),)),
        ("--starttls", "XMPP", (("-P", "xmpp-client"),)),
        ("--refuse", "", (("--unreachable", "ok"),)),
        ("--ignore-connection-problems", "1", (("--unreachable", "warning"),)),
        ("--ignore-connection-problems", "3", (("--unreachable", "unknown"),)),
        ("-r", "root.pem", (("--ca-file", "root.pem"),)),
        ("-r", "/", (("--ca-dir", "/"),)),
        ("-r", "warn", (("--unreachable", "warn"),)),
        ("-A", "LOGIN", None),
        ("-A", "", (("--state", "trust=ok,self-signed=ok,chain=ok"),)),
        ("-s", "text", None),
        ("-s", "", (("--allow-self-signed", ""),)),
        ("--maximum-validity", "", (("--max-lifetime", "397"), ("--state", "lifetime=critical"))),
        ("--inetproto", "6", (("-6", ""),)),
        ("--name-validation", "CN/SAN", (("--name-check", "CN_SAN"),)),
        ("-m", "4096", None),
    ],
)
def test_what_an_option_means_depends_on_its_value(flag, value, meaning) -> None:
    assert FLAGS[flag].here(value) == meaning
