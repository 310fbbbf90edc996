"""One run: bugs, interruptions and a stdout that is narrow or gone never cost the verdict."""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import ssl
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from unittest import mock

import pytest
from observations import NOW, SITUATIONS, child, environment, world

from check_starttls_cert import cli, demo, options, run
from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import Rendered

HOST = ("-H", "mta.example.com")


def answered(output: str, raised: BaseException, capsys) -> tuple[int, str]:
    """Return exit code and output of a run that raises."""

    def produce() -> Rendered:
        raise raised

    exit_code = run.run(output, produce)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    return exit_code, out[:-1]


RAISED = [
    (UsageError("what is wrong"), "what is wrong"),
    (KeyError("k"), "internal error: KeyError: 'k' (test_run.py:"),
    (ValueError("a|b\n\x1b[31mc"), "internal error: ValueError: a\\x7cb\\n\\x1b[31mc (test_run.py:"),
    (RecursionError(), "internal error: RecursionError: "),
    (MemoryError(), "this machine's limit is reached: out of memory"),
    (OSError(24, "Too many open files"), "this machine's limit is reached: too many open files"),
    (SyntaxError("invalid syntax"), "cannot import what it needs: invalid syntax"),
    (OSError(5, "Input/output error"), "internal error: OSError: [Errno 5] Input/output error"),
    (KeyboardInterrupt(), "interrupted"),
    (SystemExit(1), "internal error: SystemExit: 1 (test_run.py:"),
    (RuntimeError("can't start new thread"), "this machine's limit is reached: no thread to be had"),
    (SystemError("error return without exception set"), "this machine's limit is reached: out of memory"),
    (
        ImportError("libssl.so.3: failed to map segment from shared object"),
        "this machine's limit is reached: out of memory",
    ),
    (
        ImportError(f"libssl.so.3: cannot open shared object file: {os.strerror(24)}"),
        "this machine's limit is reached: too many open files",
    ),
    (
        ssl.SSLError(1, "[SSL: LIBRARY_HAS_NO_CIPHERS] library has no ciphers (_ssl.c:3098)"),
        "this machine's OpenSSL cannot be used: it does not say why; check its configuration (openssl.cnf)",
    ),
    (
        ModuleNotFoundError("No module named 'nagiosplugin'"),
        f"({sys.executable}) cannot import what it needs: No module named",
    ),
    (ImportError("DLL load failed while importing _rust"), "DLL load failed while importing _rust"),
]


@pytest.mark.parametrize(("raised", "said"), RAISED, ids=[type(raised).__name__ for raised, _ in RAISED])
def test_whatever_is_raised_becomes_unknown(raised, said, capsys) -> None:
    exit_code, text = answered("nagios", raised, capsys)
    assert exit_code == 3
    assert text.startswith("STARTTLS_CERT UNKNOWN - ")
    assert said in text
    assert text.isprintable()
    assert "|" not in text


@pytest.mark.parametrize(("raised", "said"), RAISED, ids=[type(raised).__name__ for raised, _ in RAISED])
def test_whatever_is_raised_becomes_an_error_document(raised, said, capsys) -> None:
    exit_code, text = answered("prtg", raised, capsys)
    assert exit_code == 0
    assert json.loads(text)["prtg"]["error"] == 1
    assert said in json.loads(text)["prtg"]["text"]


def test_whatever_a_module_raises_when_it_is_imported_is_the_installation_s_fault(
    tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / "broken_module.py").write_text("undefined_name\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run.run("nagios", lambda: importlib.import_module("broken_module")) == 3
    said = capsys.readouterr().out
    assert f"({sys.executable}) cannot import what it needs: name 'undefined_name' is not defined in {tmp_path}" in said


def test_the_words_of_a_bug_are_bounded(capsys) -> None:
    _, text = answered("nagios", ValueError("x" * 100_000), capsys)
    assert len(text) < 400


def test_a_bug_names_the_place_it_comes_from_however_long_its_words(capsys) -> None:
    _, text = answered("nagios", ValueError("x" * 100_000), capsys)
    assert "test_run.py" in text


@pytest.mark.parametrize(("output", "exit_code"), [("nagios", 3), ("prtg", 0), ("prtg-v2", 0), ("json", 3)])
def test_a_renderer_that_cannot_be_imported_does_not_cost_the_words(output, exit_code, monkeypatch, capsys) -> None:
    def broken(_: str) -> object:
        raise MemoryError

    monkeypatch.setattr(run, "renderer", broken)
    assert run.run(output, mock.Mock(side_effect=UsageError('C:\\ca.pem is no "file" \u00fc'))) == exit_code
    said = capsys.readouterr().out
    words = 'C:\\ca.pem is no "file" \\xfc'
    if output == "nagios":
        assert said == f"STARTTLS_CERT UNKNOWN - {words}\n"
    else:
        document = json.loads(said)
        assert words in (document.get("message"), document.get("prtg", {}).get("text"))


def test_a_bug_in_the_middle_of_a_run_is_unknown(capsys) -> None:
    def observe(_):
        raise ZeroDivisionError("division by zero")

    assert cli.main(HOST, run.World(observe=observe)) == 3
    assert "internal error: ZeroDivisionError: division by zero (" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "exit_code"), [((), 3), (("-o", "prtg"), 0)])
def test_a_missing_package_is_named_with_the_python_that_lacks_it(arguments, exit_code, tmp_path) -> None:
    package = "nagiosplugin"
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{package}'\")\n")
    done = subprocess.run(
        [sys.executable, "-m", "check_starttls_cert", *HOST, *arguments],
        env=environment(str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    text = json.loads(done.stdout)["prtg"]["text"] if arguments else done.stdout
    assert (done.returncode, done.stderr) == (exit_code, "")
    assert f"No module named '{package}'" in text
    assert sys.executable in text
    assert "install check_starttls_cert" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8", "ascii:strict", "latin-1", "utf-16"])
def test_a_narrow_stdout_keeps_the_state(encoding) -> None:
    process = child("hostile_certificate", "cli", *HOST, "-v", env={"PYTHONIOENCODING": encoding})
    stdout, stderr = process.communicate()
    assert (process.returncode, stderr) == (2, b"")
    text = stdout.decode(encoding.partition(":")[0])
    assert text.startswith("STARTTLS_CERT CRITICAL - smtp mta.example.com:25 (")
    assert ("b\u00fccher.test" in text) or (r"b\xfccher.test" in text)


@pytest.mark.parametrize(("arguments", "exit_code"), [((), 2), (("-o", "prtg"), 0), (("-p", "smtp"), 3)])
def test_a_reader_that_is_gone_gives_no_traceback_and_keeps_the_exit_code(arguments, exit_code) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = child("everything_wrong", "cli", *HOST, *arguments, stdout=writer)
    finally:
        os.close(writer)
    _, stderr = process.communicate()
    assert (process.returncode, stderr) == (exit_code, b"")


def test_without_a_stdout_the_exit_code_still_tells(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run.run("nagios", lambda: Rendered("text", 2)) == 2


def test_a_closed_stdout_is_no_bug(monkeypatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert run.run("nagios", lambda: Rendered("text", 2)) == 2


def test_characters_that_stdout_cannot_encode_become_escapes() -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), "cp1252", newline="\n")
    assert run.emit(Rendered("b\u00fccher \u4e2d \udcff", 1), stdout) == 1
    assert stdout.buffer.getvalue() == b"b\xfccher \\u4e2d \\udcff\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
def test_what_programs_read_is_utf_8_with_line_feeds_whatever_people_use(encoding, monkeypatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding, newline="\r\n")
    monkeypatch.setattr(sys, "stdout", stdout)
    assert run.run("openmetrics", lambda: Rendered("b\u00fccher\n\u4e2d", 0)) == 0
    assert stdout.buffer.getvalue().decode("utf-8") == "b\u00fccher\n\u4e2d\n"


def test_where_all_is_said_already_nothing_is_written(capsys) -> None:
    assert run.run("nagios", lambda: Rendered("", 2)) == 2
    assert capsys.readouterr() == ("", "")


def test_the_result_goes_to_stdout_as_it_is(capsys) -> None:
    assert run.run("nagios", lambda: Rendered("text\nlines", 1)) == 1
    assert capsys.readouterr() == ("text\nlines\n", "")


def test_the_check_is_made_of_the_settings_and_the_moment() -> None:
    wanted = options.job({"host": "mta.example.com"})
    assert run.rendered(wanted, world(SITUATIONS["fine"])).exit_code == 0
    assert run.rendered(wanted, world(SITUATIONS["fine"], NOW + timedelta(days=60))).exit_code == 2
    assert run.rendered(wanted._replace(output="prtg"), world(SITUATIONS["fine"])).text.startswith('{"prtg": ')


def test_unreadable_trust_anchors_are_the_users_error(tmp_path, capsys) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    assert cli.main([*HOST, "--ca-file", str(tmp_path / "ca.pem")]) == 3
    assert "it holds no PEM certificate" in capsys.readouterr().out


def test_the_clock_says_utc() -> None:
    before, moment, after = datetime.now(timezone.utc), run.utc_now(), datetime.now(timezone.utc)
    assert before <= moment <= after
    assert moment.tzinfo is timezone.utc


def test_a_process_ends_with_the_exit_code_of_its_program() -> None:
    try:
        assert run.process(lambda: 2) == 2
        with pytest.raises(KeyboardInterrupt):
            run.process(mock.Mock(side_effect=KeyboardInterrupt))
    finally:
        gc.unfreeze()
        gc.enable()


def test_a_whole_process_checks_a_service(tmp_path) -> None:
    with demo.server(run.utc_now(), str(tmp_path)) as (port, anchor):
        command = [sys.executable, "-m", "check_starttls_cert", "-H", demo.HOST, "-p", str(port), "-n", demo.NAME]
        done = subprocess.run(
            [*command, "--ca-file", anchor],
            env=environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        bad = subprocess.run(
            [*command, "-n", "other.test", "--ca-file", anchor],
            env=environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"STARTTLS_CERT OK - smtp {demo.HOST}:{port}: {demo.NAME} ")
    assert bad.returncode == 2
    assert f'name: other.test not covered by "{demo.NAME}"' in bad.stdout


def test_a_file_that_is_no_python_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "no_python.py").write_text("from the future import syntax\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SyntaxError) as caught:
        importlib.import_module("no_python")
    assert run.being_imported(caught.value)[-1] == str(tmp_path / "no_python.py")
