"""PRTG's Script v2 sensor: whatever comes on stdin or on the command line, one document and exit code 0."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from unittest import mock

import prtg_rules
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from observations import FOREIGN, PROPERTY, SITUATIONS, asked, environment, world

from check_starttls_cert import cli
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.prtg import script_v2
from check_starttls_cert.settings import Job, Target

LINE = "-H mta.example.com -P smtp -p 25"


@contextmanager
def stdin_with(data: bytes, *, is_open: bool = False) -> Iterator[None]:
    """Let ``data`` be on stdin; with ``is_open`` the writer stays there and says no more."""
    reader, writer = os.pipe()
    written = threading.Thread(target=send, args=(writer, data, is_open))
    written.start()
    with open(reader, encoding="utf-8") as stdin, mock.patch.object(sys, "stdin", stdin):
        yield
    written.join()
    if is_open:
        os.close(writer)


def send(writer: int, data: bytes, is_open: bool) -> None:
    """Write everything, if the reader takes it."""
    try:
        while data:
            data = data[os.write(writer, data) :]
    except BrokenPipeError:
        pass
    if not is_open:
        os.close(writer)


def document(argv: list[str], data: bytes = b"", situation: str = "fine", **stdin: bool) -> dict:
    """Return the document for arguments and stdin."""
    stdout = io.StringIO()
    with redirect_stdout(stdout), stdin_with(data, **stdin):
        assert script_v2.main(argv, world(SITUATIONS[situation])) == 0
    assert stdout.getvalue().count("\n") == 1
    return prtg_rules.script_v2(stdout.getvalue())


def error(line: str | bytes) -> str:
    """Return the message of the error that a line gives."""
    found = document([], line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape"))
    assert (found["status"], found["channels"]) == ("error", [])
    assert found["message"].isprintable()
    return found["message"]


def wanted(line: str) -> Job:
    """Return the job that a line asks for."""
    job = asked(script_v2.answer, script_v2.split(line))
    assert job.output == "prtg-v2"
    return job


@pytest.mark.parametrize(
    "data",
    [
        f"{LINE}\n".encode(),
        f"{LINE}\r\n".encode(),
        LINE.encode(),
        f"\ufeff{LINE}\r\n".encode(),
        f"  {LINE}\t\n".encode(),
        f"{LINE}\nwhat follows the line is not read".encode(),
        f"{LINE}\n".encode() + bytes(1_000_000),
    ],
    ids=["LF", "CRLF", "no line end", "BOM", "blanks", "more lines", "megabytes"],
)
def test_one_line_on_stdin_has_the_parameters(data) -> None:
    found = document([], data)
    assert found["status"] == "ok"
    assert found["message"].startswith("OK. Certificate Common Name: mta.example.com - ")
    assert len(found["channels"]) == 5


def test_the_line_may_come_without_an_end_while_stdin_stays_open() -> None:
    with mock.patch.object(script_v2, "STDIN_SECONDS", 0.2):
        assert document([], LINE.encode(), is_open=True)["status"] == "ok"


def test_a_whole_line_is_not_waited_for_longer() -> None:
    with mock.patch.object(script_v2, "STDIN_SECONDS", 3600.0):
        assert document([], f"{LINE}\n".encode(), is_open=True)["status"] == "ok"


def test_a_stdin_on_which_nothing_comes_is_not_waited_for_for_ever() -> None:
    with mock.patch.object(script_v2, "STDIN_SECONDS", 0.2):
        found = document([], b"", is_open=True)
    assert found["message"] == f"no parameters came on stdin within 0.2 s. Example: {script_v2.EXAMPLE}"


def test_a_process_ends_well_while_stdin_is_still_open() -> None:
    """A thread that waits in Python's buffered reader would abort the interpreter at its end: exit code 134."""
    code = (
        "from check_starttls_cert import run\n"
        "from check_starttls_cert.prtg import script_v2\n"
        "script_v2.STDIN_SECONDS = 0.2\n"
        "raise SystemExit(run.process(lambda: script_v2.main([])))\n"
    )
    reader, writer = os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=reader, capture_output=True, env=environment(), check=False
    )
    os.close(reader)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "no parameters came" in prtg_rules.script_v2(done.stdout.decode())["message"]


def test_arguments_are_the_parameters_and_stdin_is_left_alone() -> None:
    assert document(LINE.split(), b"--bogus\n")["status"] == "ok"


def test_without_arguments_the_process_own_are_taken() -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout), mock.patch.object(sys, "argv", ["script.py", *LINE.split()]):
        assert script_v2.main(world=world(SITUATIONS["fine"])) == 0
    assert prtg_rules.script_v2(stdout.getvalue())["status"] == "ok"


@pytest.mark.parametrize("stdin", [None, mock.Mock(**{"isatty.return_value": True})], ids=["none", "a terminal"])
def test_without_parameters_the_answer_is_an_example(stdin) -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout), mock.patch.object(sys, "stdin", stdin):
        assert script_v2.main([]) == 0
    expected = f"the sensor has no parameters. Example: {script_v2.EXAMPLE}"
    assert prtg_rules.script_v2(stdout.getvalue())["message"] == expected


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b" \t \n", b"\xef\xbb\xbf\n", b"\n" + LINE.encode()])
def test_an_empty_line_is_no_parameters(data) -> None:
    assert error(data) == f"the sensor has no parameters. Example: {script_v2.EXAMPLE}"


def test_the_example_works() -> None:
    assert wanted(script_v2.EXAMPLE).target == Target("mta.example.com", "smtp", 25, "mta.example.com")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-H", "argument -H/--host/--hostname: expected one argument"),
        ("-P smtp", "-H/--host is missing"),
        ("--port 25 mta.example.com 26", "the port is given twice"),
        ("-H a.test b.test", "the host is given twice, as a parameter of the earlier sensor and as an option"),
        ("-n a.test --sni-domain b.test a.test 25 smtp", "the name is given twice"),
        ("a.test 25 smtp --name-check cn --name-validation CN", "the name_check is given twice"),
        ("a.test 25 smtp --ca-file a --ca-trust b", "the ca_file is given twice"),
        ("a.test 25 smtp extra", "unrecognized arguments: extra"),
        ("a.test smtp 25", 'argument PORT: "smtp" is no port; allowed are whole numbers from 1 to 65535'),
        ("a.test 25 smpt", 'argument PROTOCOL: "smpt" is no protocol, the nearest is smtp'),
        ("a:25", 'argument DEVICE: "a:25" is no host name or IP address'),
        ("a.test 25 smtp --name-validation SAN", '"SAN" is not allowed; choose one of cn, cn/san'),
        ("a.test 25 smtp --sni-domain", "argument --sni-domain: expected one argument"),
        ("-H a.test --bogus", "unrecognized arguments: --bogus"),
        ("-H a.test --prtg-schema 4", '"4" is not allowed; choose one of 2, 3'),
        ("-H a.test -o prtg", "a Script v2 sensor has the output prtg-v2; leave out --output"),
        ("-H a.test -o nagios -V", "a Script v2 sensor has the output prtg-v2; leave out --output"),
        ("-H a.test -o xml", '"xml" is not allowed'),
        ('-H "a.test', "the parameters cannot be split: no closing quotation"),
        ("-H a.test --ca-file O'Brien.pem", "the parameters cannot be split: no closing quotation"),
        ("-H a\x00b", '"a\\x00b" is no host name'),
        ("-H a.test --ca-file C:\\a\x00b", '"C:\\a\\x00b" is no path'),
        ("-H a\udcffb", '"a\\udcffb" is no host name'),
        ("-H " + "a" * 40_000, "..."),
        ("-H " + "a" * 65_600, f"the parameters are longer than {script_v2.MAX_LINE} bytes"),
    ],
)
def test_an_error_says_what_is_wrong(line, said) -> None:
    assert said in error(line)


def test_megabytes_without_a_line_end_are_not_read() -> None:
    assert "longer than 65536 bytes" in error(b"-H " * 1_000_000)


@pytest.mark.parametrize("line", ["-V", "--version", "-H a.test --version"])
def test_the_version_is_a_document(line) -> None:
    assert error(line).startswith("check_starttls_cert ")


@pytest.mark.parametrize("line", ["-h", "--help", "a.test 25 smtp --help"])
def test_the_help_is_a_document(line) -> None:
    text = document([], line.encode())["message"]
    assert text.startswith("usage: -H HOST [-P PROTOCOL] [OPTION ...], or DEVICE PORT PROTOCOL [OPTION ...]")


def test_the_demo_is_for_a_shell() -> None:
    assert error("--demo").startswith("--demo prints text, not prtg-v2; ")


def test_trust_anchors_that_are_not_there_are_an_error(tmp_path) -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        assert script_v2.main(["-H", "a.test", "--ca-file", str(tmp_path / "missing.pem")]) == 0
    assert "missing.pem" in prtg_rules.script_v2(stdout.getvalue())["message"]


def test_a_service_that_cannot_be_read_is_an_error() -> None:
    found = document([], LINE.encode(), "unreachable")
    assert found["message"] == f"smtp mta.example.com:25: {SITUATIONS['unreachable'].error}"
    assert (found["status"], found["channels"]) == ("error", [])


def test_a_bug_is_an_error() -> None:
    with mock.patch.object(cli, "rendered", side_effect=KeyError("a|b\n")):
        assert "internal error: KeyError" in error(LINE)


def test_version_3_is_an_option() -> None:
    assert document([], f"{LINE} --prtg-schema 3".encode())["channels"][0]["limits"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_every_option_of_the_command_line_is_a_parameter(option) -> None:
    examples = {"host": "b.test", "protocol": "lmtp", "port": "24", "name": "c.test", "sni": "d.test"}
    examples |= {"name_check": "cn", "warning": "20d,20%", "critical": "36h", "ca_file": "a b", "ca_dir": "a"}
    examples |= {"state": "chain=ok", "untrusted": "ok", "unreachable": "ok", "min_rsa_bits": "3072,2048"}
    examples |= {"min_ec_bits": "384", "min_tls": "1.2", "issuer": "Let's Encrypt", "max_lifetime": "90"}
    examples |= {"fingerprint": "00" * 32, "spki_pin": "00" * 32, "timeout": "5", "channel_names": "original"}
    value = "" if option.parse is None else f' "{examples[option.key]}"'
    plain = wanted("-H a.test")
    for flag in option.flags:
        assert wanted(f"-H a.test {flag}{value}") != plain


# The earlier sensor's parameters


def test_the_first_example_of_the_earlier_sensor_works_unchanged() -> None:
    job = wanted("--name-validation CN/SAN --system-ca-trust mta.example.com 7025 lmtp")
    assert job.target == Target("mta.example.com", "lmtp", 7025, "mta.example.com")
    assert (job.policy.name_check, job.policy.ca_file) == ("cn_san", None)


def test_the_second_example_of_the_earlier_sensor_works_unchanged() -> None:
    job = wanted("--sni-domain mta.example.com --name-validation CN 192.0.2.25 25 smtp")
    assert job.target == Target("192.0.2.25", "smtp", 25, "mta.example.com")
    assert job.policy.names == ("mta.example.com",)
    assert job.policy.name_check == "cn"


@pytest.mark.parametrize(
    "line",
    [
        "mta.example.com 25 smtp --name-validation cn/san",
        "mta.example.com --name-validation CN/SAN 25 smtp",
        "mta.example.com 25 --name-validation=CN/SAN smtp",
        "-H mta.example.com -p 25 -P smtp --name-check cn_san",
    ],
)
def test_options_may_stand_anywhere(line) -> None:
    assert wanted(line) == wanted("--name-validation CN/SAN mta.example.com 25 smtp")


def test_names_are_compared_only_when_the_earlier_sensor_s_parameters_say_so() -> None:
    assert wanted("mta.example.com 25 smtp").policy.name_check == "none"
    assert wanted("mta.example.com 25 smtp --name-check cn").policy.name_check == "cn"
    assert wanted("-H mta.example.com").policy.name_check == "client"


@pytest.mark.parametrize(
    ("more", "ca_file"),
    [
        ("", None),
        ("--ca-trust a.pem", "a.pem"),
        ("--system-ca-trust", None),
        ("--system-ca-trust --ca-trust a.pem", None),
    ],
)
def test_the_system_s_store_counts_when_the_earlier_sensor_s_parameters_say_so(more, ca_file) -> None:
    assert wanted(f"mta.example.com 25 smtp {more}").policy.ca_file == ca_file


@pytest.mark.parametrize("device", ["192.0.2.1", "2001:db8::1", "[2001:db8::1]"])
def test_the_device_may_be_an_address(device) -> None:
    assert wanted(f"{device} 25 smtp").target.host == device.strip("[]")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (r"C:\ca.pem", r"C:\ca.pem"),
        (r"'C:\Program Files (x86)\new\ca.pem'", r"C:\Program Files (x86)\new\ca.pem"),
        (r'"C:\Program Files\ca.pem"', r"C:\Program Files\ca.pem"),
        (r'"\\server\share\ca.pem"', r"\\server\share\ca.pem"),
        (r'"C:\certs\"ca.pem', r"C:\certs\ca.pem"),
        ("'#1 ca.pem'", "#1 ca.pem"),
        ("a#b.pem", "a#b.pem"),
        ('"O\'Brien.pem"', "O'Brien.pem"),
        ("/etc/ssl/gro\u00df.pem", "/etc/ssl/gro\u00df.pem"),
    ],
)
def test_paths_survive(line, path) -> None:
    assert wanted(f"-H a.test --ca-file {line}").policy.ca_file == path
    assert wanted(f"a.test 25 smtp --ca-trust {line}").policy.ca_file == path


# Anything at all

WORDS = st.sampled_from(
    [
        *shlex.split(
            "-H a.test -p 25 -P smtp --sni-domain --name-validation CN CN/SAN --ca-trust --system-ca-trust -o prtg "
            "nagios -o=json --output --output=prtg-v2 --prtg-schema 3 -h --help -V --version -v -vv -4 -6 -- - = "
            "--state chain=ok -w 28d,30% --host= --timeout 0 --bogus"
        ),
        '"',
        "'",
        "\\",
        '""',
        "\x00",
        "\ufeff",
    ]
)


@PROPERTY
@given(st.binary(max_size=300))
@example(b"\xff\xfe-\x00H\x00")
@example(b"\xef\xbb\xbf")
@example(b"\x00" * 70_000)
def test_any_bytes_on_stdin_are_answered_with_one_document(data) -> None:
    document([], data)


@PROPERTY
@given(st.lists(WORDS | FOREIGN, max_size=8))
def test_any_line_is_answered_with_one_document(words) -> None:
    document([], " ".join(words).encode("utf-8", "surrogatepass"))


@PROPERTY
@given(st.lists(WORDS | FOREIGN | st.binary().map(os.fsdecode), min_size=1, max_size=8))
def test_any_arguments_are_answered_with_one_document(arguments) -> None:
    document(arguments, b"")
