"""What is meant by a command line that is not understood."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import FOREIGN, HERE, PROPERTY, SITUATIONS, asked, environment, world

from check_starttls_cert import cli
from check_starttls_cert import meant as module
from check_starttls_cert.errors import UsageError
from check_starttls_cert.meant import MAX_COMMAND, nearest
from check_starttls_cert.outputs import OUTPUTS
from check_starttls_cert.peers import PEERS
from check_starttls_cert.prtg import script_v2

FLAGS = sorted(flag for row in PEERS for flag in row.flags.split())
VALUES = ["30,14", "30", "ok", "warn", "mta.example.com", "/", "ca.pem", "cn=admin", "cn/san", "A", "4", "1.2", "a b'c"]
OURS = [
    "-p", "25", "993", "-P", "imap", "-n", "a.test", "-w", "5", "--warn", "--critcal", "-t", "10s", "-4", "-v",
    "--state", "trust=warn", "-H", "h.test:25", "https://h.test/", "[::1]:636", "--issuer", "--ca-file", "--", "-o",
    "x=y",
]  # fmt: skip


KEPT = [
    ("-n", "a.test"), ("--ca-file", "my ca.pem"), ("-w", "20d"), ("-c", "5"), ("-t", "9s"), ("--issuer", "Lab"),
    ("--min-tls", "1.2"), ("-p", "4711"), ("--state", "trust=unknown"), ("--sni", "b.test"), ("-P", "imap"),
    ("--max-lifetime", "91"), ("--issuer", "-foo"),
]  # fmt: skip
"""Options of ours with a value that says where it went."""

BESIDE = [
    ("-S",), ("-D", "30,14"), ("-D", "30", "14"), ("--critcal", "7"), ("stray",), ("25",), ("--json",), ("-b", "dc=x"),
    ("--verbos",), ("-starttls", "imap"), ("--cn", "c.test"), ("",), ("-I", "192.0.2.1"), ("-A", "LOGIN"), ("-vvv",),
]  # fmt: skip
"""What is not understood, or changes what is."""


def said(arguments: list[str], front_door=cli) -> str:
    """Return what a front door says of arguments that it does not understand."""
    with pytest.raises(UsageError) as caught:
        front_door.answer(arguments, world(SITUATIONS["fine"]))
    return str(caught.value)


def meant(line: str, front_door=cli) -> str:
    """Return the command line that is shown for another one, without the program's name."""
    shown = said(shlex.split(line), front_door).partition("what is meant: ")[2]
    return shown.removeprefix(f"{cli.PROGRAM} ")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("-H h.test --warn 30", "-H h.test --warning 30"),
        ("-H h.test --critcal=7", "-H h.test --critical 7"),
        ("-H h.test --PROTOCOL imap --ca_file 'my ca.pem'", "-H h.test --protocol imap --ca-file 'my ca.pem'"),
        ("--hostnam h.test --time 10s", "--hostname h.test --timeout 10s"),
        ("-H h.test -vvo json --verbos", "-H h.test -v -v -o json --verbose"),
        ("-H h.test --self-signed", "-H h.test --allow-self-signed"),
        ("--hostnme h.test:25 --protocl xmpp", "--hostname h.test -p 25 --protocol xmpp-client"),
        ("-host h.test -warning 30 -timeout 10", "--host h.test --warning 30 --timeout 10"),
        ("-H h.test -name x.test -crit 7 --warn 30", "-H h.test --name x.test --critical 7 --warning 30"),
    ],
)
def test_a_misspelt_option_is_told_the_nearest(line, command) -> None:
    assert meant(line) == command
    assert "is no option, the nearest is --" in said(shlex.split(line))


@pytest.mark.parametrize(
    "line", ["--verify", "--user bob", "--tls-version 1.2", "--ip 192.0.2.1", "--san X", "--cert x.pem", "-x"]
)
def test_an_option_that_is_like_none_has_no_nearest(line) -> None:
    assert said(shlex.split(f"-H h.test {line}")).startswith(f"unrecognized arguments: {line};")


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_that_is_taken_for_an_option_is_told_to_be_one(output) -> None:
    assert meant(f"-H h.test --{output} -4") == f"-H h.test -o {output} -4"


@pytest.mark.parametrize(
    ("line", "command"), [("-H h.test --w 30 --P=imap", "-H h.test -w 30 -P imap"), ("-H h.test --v", "-H h.test -v")]
)
def test_a_letter_with_two_dashes_is_told_to_have_one(line, command) -> None:
    assert meant(line) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("-H h.test -S -D 30,14", "-H h.test -w 30 -c 14"),
        ("-H h.test --starttls --certificate=30", "-H h.test -w 30 -c 0"),
        ("-H h.test -SD30,14 -4", "-H h.test -w 30 -c 14 -4"),
        ("-H h.test -p 587 -S -D 30,14", "-H h.test -p 587 -w 30 -c 14 -P submission"),
        ("-H h.test -p 24 -L -S -D 30,14 -F me -f a@b.test", "-H h.test -p 24 -w 30 -c 14 -P lmtp"),
        ("-H h.test -p 993 -S -D 30,14 -w 5 -c 10", "-H h.test -p 993 -w 30 -c 14 -P imaps"),
        ("-H h.test -p 4711 -S -D 30,14", "-H h.test -p 4711 -w 30 -c 14"),
        ("-H h.test -b '' -3 -T", "-H h.test -P ldap"),
        ("-H h.test -b '' -3 -S -P secret", "-H h.test -P ldaps"),
        ("-H h.test -P ldap -S -D 30,14", "-H h.test -P ldap -w 30 -c 14"),
        ("-H h.test -D cn=admin,dc=test -P secret -b dc=test", "-H h.test -P ldap"),
        ("-H h.test -r root.pem --cn x.test -P smtp", "-H h.test --ca-file root.pem -n x.test -P smtp"),
        ("-H h.test --rootcert 'my root.pem' -P xmpp", "-H h.test --ca-file 'my root.pem' -P xmpp-client"),
        ("-H h.test -A -P tds --ignore-ocsp", "-H h.test --state trust=ok,self-signed=ok,chain=ok -P mssql"),
        ("-H h.test -s --check-chain", "-H h.test --allow-self-signed --state chain=critical"),
        ("-I 192.0.2.1 -H www.test -S -C 30,14", "-H 192.0.2.1 -n www.test -w 30 -c 14 -P https"),
        ("-H h.test -P imap -I 192.0.2.1", "-n h.test -P imap -H 192.0.2.1"),
        ("-H h.test --warning-days 30 --critical-days 7", "-H h.test -w 30 -c 7"),
        ("-H h.test -V -S", "-H h.test -V"),
        ("-H h.test --debug -S", "-H h.test -v -v"),
        ("-H h.test -D 30d,14d", "-H h.test -w 30d -c 14d"),
        ("-H h.test -D '30, 14'", "-H h.test -w 30 -c 14"),
        ("-H h.test -D 30, 14 -S", "-H h.test -w 30 -c 14"),
        ("-H h.test -D 30 14 -S", "-H h.test -w 30 -c 14"),
        ("-H h.test --D 30,14", "-H h.test -w 30 -c 14"),
        ("-H h.test -i Lab root", "-H h.test --issuer 'Lab root'"),
        ("-H h.test -u / -p 443", "-H h.test -p 443 -P https"),
        ("-H h.test --starttls imap", "-H h.test -P imap"),
        ("-H h.test -starttls xmpp", "-H h.test -P xmpp-client"),
        ("-H h.test --ignore-connection-problems 1", "-H h.test --unreachable warning"),
        ("-H h.test -p 25 -S -w 5 -c 10", "-H h.test -p 25 -P smtp"),
        ("-H h.test -b dc=x -3 -T -w 0.5 -c 1", "-H h.test -P ldap"),
        ("-H h.test -S -w 10 -c 5", "-H h.test"),
        ("-H h.test -S -w 10d -c 10%", "-H h.test -w 10d -c 10%"),
        ("-H h.test --ignore-sct -w 28 -c 7", "-H h.test -w 28 -c 7"),
        ("-H h.test --starttls imap -w 28 -c 7", "-H h.test -w 28 -c 7 -P imap"),
    ],
)  # fmt: skip
def test_other_plugins_options_are_answered_with_ours(line, command) -> None:
    assert meant(line) == command
    assert re.search(r"(is an option|are options) of other plugins", said(shlex.split(line)))


def test_what_has_no_counterpart_is_named_and_a_password_is_not_shown() -> None:
    words = said(shlex.split("-H h.test -A LOGIN -U me -P geheim -w 5 -D 30,14"))
    assert "nothing here is like -A, -U, -P, -w;" in words
    assert "geheim" not in words


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("-H h.test:25", "-H h.test -p 25 -P smtp"),
        ("-H h.test:993", "-H h.test -p 993 -P imaps"),
        ("-H h.test:4711", "-H h.test -p 4711"),
        ("-H h.test:993 -P tls", "-H h.test -p 993 -P tls"),
        ("-H h.test:993 -p 143", "-H h.test -p 143 -P imap"),
        ("-H [::1]:25", "-H '[::1]' -p 25 -P smtp"),
        ("-H smtp://h.test:25", "-H h.test -p 25 -P smtp"),
        ("-H LDAPS://me:pw@h.test/dc=test??sub?", "-H h.test -P ldaps"),
        ("-H http://h.test:8080/x:y", "-H h.test -p 8080 -P https"),
        ("-H gopher://h.test -P tls -p 70", "-H h.test -P tls -p 70"),
        ("-H mqtt://h.test", "-H h.test -P mqtts"),
        ("-H amqp://h.test", "-H h.test -P amqps"),
        ("-H postgresql://h.test/db", "-H h.test -P postgres"),
        ("-H pop://h.test", "-H h.test -P pop3"),
        ("-H wss://h.test", "-H h.test -P https"),
        ("-H ssl://h.test:8443", "-H h.test -p 8443 -P tls"),
        ("-H h.test/", "-H h.test"),
        ("-H h.test -n https://x.test/ --sni x.test:443", "-H h.test -n x.test --sni x.test"),
    ],
)
def test_a_port_or_a_url_in_the_place_of_a_host_becomes_options(line, command) -> None:
    assert meant(line) == command
    assert "takes a host alone, not" in said(shlex.split(line))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("h.test", "-H h.test"),
        ("h.test 587 submission", "-H h.test -p 587 -P submission"),
        ("h.test:389 -v", "-H h.test -p 389 -v -P ldap"),
        ("-t 10 -v h.test 993", "-t 10 -v -H h.test -p 993 -P imaps"),
        ("-n a.test h.test", "-n a.test -H h.test"),
        ("-H h.test 25", "-H h.test -p 25 -P smtp"),
        ("-H h.test imap", "-H h.test -P imap"),
        ("-H h.test 4711 xmpp -4", "-H h.test -p 4711 -P xmpp-client -4"),
        ("-H h.test -P tls 25", "-H h.test -P tls -p 25"),
    ],
)
def test_words_without_an_option_are_the_service(line, command) -> None:
    assert meant(line) == command
    assert "belongs behind -" in said(shlex.split(line))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("-H h.test -n a.test b.test -4", "-H h.test -n 'a.test b.test' -4"),
        ("-H h.test --issuer Go Daddy Secure", "-H h.test --issuer 'Go Daddy Secure'"),
        ("-H h.test --ca-file my ca.pem", "-H h.test --ca-file 'my ca.pem'"),
        ("-H h.test --min-rsa-bits 3072 2048", "-H h.test --min-rsa-bits '3072 2048'"),
        ("-H h.test --state trust=ok chain=ok", "-H h.test --state 'trust=ok chain=ok'"),
    ],
)
def test_words_behind_a_value_are_the_rest_of_it(line, command) -> None:
    assert meant(line) == command
    assert said(shlex.split(line)).count("is one value of") == 1


@pytest.mark.parametrize("word", ["help", "version", "demo"])
def test_what_is_asked_instead_of_a_check_is_no_host(word) -> None:
    assert meant(word) == f"--{word}"
    assert said([f"--{word}", "me"]).startswith("unrecognized arguments: me;")


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_an_endless_word_is_looked_at_but_near_its_end(monkeypatch, dashes) -> None:
    looked = []
    monkeypatch.setattr(module.Reader, "suits", lambda *given: looked.append(given))
    assert said([dashes + "\xf3" * 500]).startswith("unrecognized arguments: -")
    assert len(looked) < 2 * module.MAX_FLAG * len(cli.parser().flags)


def test_an_empty_argument_is_named() -> None:
    assert said(["-H", "h.test", ""]) == f"an argument is empty; what is meant: {cli.PROGRAM} -H h.test"
    assert said([""]).startswith("an argument is empty; -H/--host is missing")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("-H h.test -n a --issuer -foo", "-H h.test -n a --issuer=-foo"),
        ("-H h.test --ca-file -a.pem -4", "-H h.test --ca-file=-a.pem -4"),
    ],
)
def test_a_value_that_begins_with_a_dash_is_joined_to_its_option(line, command) -> None:
    assert meant(line) == command
    assert 'begins with "-"' in said(shlex.split(line))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-H h.test -t -5", 'argument -t/--timeout: "-5" is no timeout; '),
        ("-H h.test -w -3.5d", 'argument -w/--warning: "-3.5d" is no threshold; '),
        ("-H h.test --issuer -v", "argument --issuer: expected one argument"),
        ("-H h.test --ca-file --warn 30", "--warn is no option, the nearest is --warning; argument --ca-file: exp"),
        ("-H h.test -vvx", "unrecognized arguments: -x; "),
        ("-H h.test --version=2", '--version takes no value, not "2"; what is meant: '),
        ("-H h.test -D", "-D is an option of other plugins; -D has no value; --help lists"),
        ("-H h.test --cn", "--cn is an option of other plugins; --cn has no value; --help lists"),
        ("-H h.test -S -r", "-S, -r are options of other plugins; -r has no value; --help lists"),
        ("-H h.test --rootcert ''", "--rootcert is an option of other plugins; --rootcert has no value; --help lists"),
        ("-H gopher://h.test", '-H takes a host alone, not "gopher://h.test"; gopher is no protocol here; --help'),
        ("-H ssl://h.test", '-H takes a host alone, not "ssl://h.test"; the protocol tls has no port of its own'),
        ("-H h.test -P ssl", "ssl is tls here; the protocol tls has no port of its own"),
        ("-H h.test --verbos x.test", "--verbos is no option, the nearest is --verbose; unrecognized arguments: x.t"),
    ],
)
def test_the_fault_is_told_in_plain_words(line, words) -> None:
    assert said(shlex.split(line)).startswith(words)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("-H h.test --frobnicate 3", "unrecognized arguments: --frobnicate 3"),
        ("-H h.test stray", "unrecognized arguments: stray"),
        ("-H a@b.test", '"a@b.test" is no host name'),
        ("-H a/b", '"a/b" is no host name'),
        ("-H 'a b' -S", '-S is an option of other plugins; argument -H/--host/--hostname: "a b" is no host name'),
        ("-H 2001:db8::1/64", '"2001:db8::1/64" is no host name'),
        ("h.test 25 143", "unrecognized arguments: h.test 25 143"),
        ("h.test other.test", "unrecognized arguments: h.test other.test"),
        ("-", "unrecognized arguments: -;"),
        ("25", "unrecognized arguments: 25;"),
        ("-H h.test 99999", "unrecognized arguments: 99999;"),
        ("-H h.test -n x.test 25", "unrecognized arguments: 25;"),
        ("-H h.test -w 30 14", "unrecognized arguments: 14;"),
        ("-u / h.test -H x.test", "unrecognized arguments: h.test;"),
        ("-H h.test -P ''", "the protocol is empty; choose one of"),
        ("-H h.test -P 25", '"25" is no protocol; choose one of'),
        ("-H h.test --warn soon", '--warn is no option, the nearest is --warning; argument -w/--warning: "soon" is no'),
        ("-S -D 30", "-S, -D are options of other plugins; -H/--host is missing"),
        ("-H h.test -p x", '"x" is no port'),
        ("-H sieves://h.test", "the protocol sieves has no port of its own"),
    ],
)
def test_where_nothing_can_be_meant_the_fault_is_told(line, complaint) -> None:
    assert complaint in said(shlex.split(line))
    assert not meant(line)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("h.test 25 lmtp --critcal 7", "h.test 25 lmtp --critical 7"),
        ("-H h.test -S -D 30,14", "-H h.test -w 30 -c 14"),
    ],
)
def test_prtg_is_told_parameters_and_no_program(line, command) -> None:
    assert said(shlex.split(line), script_v2).endswith(f"what is meant: {command}")
    assert asked(script_v2.answer, shlex.split(command))


@pytest.mark.parametrize("value", ["a|b", "a\nb", "a\x1b[31m", "\u202e"])
def test_a_command_that_cannot_be_shown_as_it_is_is_not_shown(value) -> None:
    words = said(["-H", "h.test", "-S", "--issuer", value])
    assert words == "-S is an option of other plugins; --help lists what is allowed"


@pytest.mark.parametrize(
    ("value", "command"),
    [
        (r"C:\ca.pem", r"-H h.test --ca-file C:\ca.pem"),
        (r"C:\Program Files (x86)\ca.pem", r'-H h.test --ca-file "C:\Program Files (x86)\ca.pem"'),
        ("it's.pem", '-H h.test --ca-file "it\'s.pem"'),
        ("a&b.pem", '-H h.test --ca-file "a&b.pem"'),
        ("%TEMP%.pem", ""),
        ("$a.pem", ""),
        ('a"b.pem', ""),
        ("C:\\my dir\\", ""),
    ],
)
def test_on_windows_it_is_quoted_as_the_shells_there_take_it(monkeypatch, value, command) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    words = said(["-H", "h.test", "--cafile", value])
    program = f"; what is meant: {cli.PROGRAM} "
    assert words.endswith(f"{program}{command}" if command else "; --help lists what is allowed")


def test_a_long_command_line_is_not_interpreted() -> None:
    assert said(["-H", "h.test", "-S", "-n", "a." * MAX_COMMAND]).startswith("argument -n/--name: ")


@PROPERTY
@given(st.lists(st.sampled_from(FLAGS) | st.sampled_from(VALUES) | st.sampled_from(OURS), max_size=8))
def test_every_command_that_is_shown_is_one_that_is_carried_out(words) -> None:
    try:
        cli.answer(["-H", "mta.example.com", *words], world(SITUATIONS["fine"]))
    except UsageError as error:
        found = str(error)
    else:
        return
    shown = found.partition("what is meant: ")[2]
    assert len(found) < 1000
    if shown:
        program, *arguments = shlex.split(shown)
        assert program == cli.PROGRAM
        cli.answer(arguments, world(SITUATIONS["fine"]))


@PROPERTY
@given(
    st.lists(st.sampled_from(KEPT), max_size=4, unique=True),
    st.lists(st.sampled_from(BESIDE), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_every_command_that_is_shown_keeps_the_values_of_our_options_or_names_them(ours, beside, random) -> None:
    words = [*ours, *beside]
    random.shuffle(words)
    try:
        cli.answer(["-H", "mta.example.com", *(part for word in words for part in word)], world(SITUATIONS["fine"]))
    except UsageError as error:
        told, shown, command = str(error).partition("what is meant: ")
    else:
        return
    arguments = shlex.split(command)
    dropped = re.findall(r"-[\w-]+", told.partition("nothing here is like ")[2])
    assert not shown or all(flag in dropped or any(value in each for each in arguments) for flag, value in ours)


@PROPERTY
@given(st.lists(st.sampled_from(FLAGS) | st.sampled_from(OURS) | FOREIGN, max_size=8))
def test_whatever_is_said_is_printable_and_bounded(words) -> None:
    for front_door in (cli, script_v2):
        try:
            front_door.answer(["--critcal", "7", *words], world(SITUATIONS["fine"]))
        except UsageError as error:
            found = str(error)
            assert found.isprintable()
            assert "|" not in found
            assert len(found) < 1500


def test_a_command_line_that_is_understood_costs_none_of_this() -> None:
    script = (
        "import sys\n"
        "from check_starttls_cert import cli\n"
        "from observations import SITUATIONS, world\n"
        "cli.answer(sys.argv[1:], world(SITUATIONS['fine']))\n"
        "print(*sys.modules)\n"
    )
    command = [sys.executable, "-c", script, "-H", "mta.example.com"]
    loaded = subprocess.check_output(command, env=environment(HERE), text=True).split()
    assert "check_starttls_cert.outputs.nagios" in loaded
    assert not {f"check_starttls_cert.{module}" for module in ("meant", "peers", "terminal")} & set(loaded)


@pytest.mark.parametrize(
    ("word", "near"),
    [("warn", "warning"), ("crit", "critical"), ("proto", "protocol"), ("colour", ""), ("Port", "port"), ("", "")],
)
def test_the_nearest_word_is_one_that_is_meant(word, near) -> None:
    assert nearest(word, ["warning", "critical", "protocol", "port"]) == near
