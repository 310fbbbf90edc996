"""The scripts that PRTG starts, started the way PRTG starts them.

``python -E`` sees only what is installed, so each test's Python is a virtual environment of its own. The
wrapper for Windows runs where Windows' command interpreter, or Wine's, is found.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import cryptography
import nagiosplugin
import prtg_rules
import pytest
from conftest import required
from hypothesis import given, settings
from hypothesis import strategies as st
from observations import HERE, PROPERTY, environment
from servers import process
from servers.process import PATIENCE

import check_starttls_cert
from check_starttls_cert import demo
from check_starttls_cert.demo import HOST, NAME
from check_starttls_cert.prtg.parameters import EXAMPLE
from check_starttls_cert.prtg.script_v2 import EXAMPLE as LINE_EXAMPLE
from check_starttls_cert.run import utc_now

CONTRIB = os.path.join(os.path.dirname(HERE), "contrib", "prtg")

ADVANCED = os.path.join(CONTRIB, "python", "starttls_cert_sensor.py")
SCRIPT_V2 = os.path.join(CONTRIB, "scripts", "starttls_cert_sensor.py")
CMD = os.path.join(CONTRIB, "EXEXML", "starttls_cert_sensor.cmd")

# PYTHONIOENCODING does not reach a Python that is started with -E, as PRTG does: the plain one must cope, too.
ENCODINGS = [("-E", None), ("-E", "cp1252"), ("-E", "ascii"), ("", "cp1252"), ("", "ascii"), ("", "utf-8")]


def folder_of(module: Any) -> str:
    """Return the folder from which a package has been imported."""
    return os.path.dirname(os.path.dirname(os.path.abspath(module.__file__)))


def make(folder: str, *paths: str) -> str:
    """Make a virtual environment in which what lies in ``paths`` is installed; return its Python."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    bin_, python = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python3")
    executable = os.path.join(folder, bin_, python)
    site = subprocess.run(
        [executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with open(os.path.join(site, "installed.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(paths))
    return executable


@pytest.fixture(scope="session")
def python(tmp_path_factory) -> str:
    """Return a Python for which the package and what it needs are installed."""
    paths = dict.fromkeys(map(folder_of, (check_starttls_cert, cryptography, nagiosplugin)))
    return make(str(tmp_path_factory.mktemp("venv with spaces")), *paths)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory) -> str:
    """Return a Python for which nothing is installed."""
    return make(str(tmp_path_factory.mktemp("bare")))


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[tuple[int, str]]:
    """Return the port of a server that is fine, and the file of its trust anchor."""
    with demo.server(utc_now(), str(tmp_path_factory.mktemp("service"))) as found:
        yield found


class Done(NamedTuple):
    """What a script left behind."""

    exit_code: int
    stdout: str
    stderr: str


def start(*command: str, data: bytes | None = b"", **changes: Any) -> Done:
    """Run a command in an environment that knows nothing of the package."""
    variables = {name: value for name, value in changes.pop("variables", {}).items() if value is not None}
    inherited = environment(**variables)
    del inherited["PYTHONPATH"]
    arguments = list(filter(None, command))
    done = subprocess.run(arguments, input=data, capture_output=True, env=inherited, check=False, **changes)
    return Done(done.returncode, done.stdout.decode("ascii"), done.stderr.decode())


def answer(check: Callable[[str], dict], *command: str, **changes: Any) -> dict:
    """Return the document of a script, which is all it prints."""
    done = start(*command, **changes)
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch(r"[^\r\n]+\r?\n", done.stdout)
    return check(done.stdout)


def argument(params: str, host: str = HOST) -> str:
    """Return what PRTG passes to a Python Script Advanced sensor."""
    sensor = {"sensorid": "2042", "host": host, "params": params, "timeout": 60, "linuxloginpassword": "caf\u00e9"}
    return json.dumps(sensor, ensure_ascii=False)


def parameters(service: tuple[int, str]) -> str:
    port, anchor = service
    return (
        f"port: {port}, protocol: smtp, cert_domainname: {NAME}, cert_domainname_validation: cn_san, ca_file: {anchor}"
    )


def line(service: tuple[int, str]) -> bytes:
    port, anchor = service
    return f'{HOST} {port} smtp --sni-domain {NAME} --name-validation CN/SAN --ca-trust "{anchor}"\n'.encode()


@pytest.mark.parametrize(("option", "encoding"), ENCODINGS)
def test_python_script_advanced_as_prtg_starts_it(python, service, tmp_path, option, encoding) -> None:
    found = answer(
        prtg_rules.advanced,
        python,
        option,
        ADVANCED,
        argument(parameters(service)),
        cwd=tmp_path,
        variables={"PYTHONIOENCODING": encoding},
    )
    assert found["text"].startswith(f"OK. Certificate Common Name: {NAME} - Certificate Thumbprint: ")
    assert [channel["value"] for channel in found["result"]] == [89, 5, 256, 0, 0]


@pytest.mark.parametrize(("option", "encoding"), ENCODINGS)
def test_script_v2_as_prtg_starts_it(python, service, tmp_path, option, encoding) -> None:
    found = answer(
        prtg_rules.script_v2,
        python,
        option,
        SCRIPT_V2,
        data=line(service),
        cwd=tmp_path,
        variables={"PYTHONIOENCODING": encoding},
    )
    assert found["status"] == "ok"
    assert {channel["id"]: channel["value"] for channel in found["channels"]} == {12: 89, 17: 5, 15: 256, 13: 0, 16: 0}


def test_script_v2_from_a_terminal_takes_arguments(python, service, tmp_path) -> None:
    port, anchor = service
    arguments = ["-H", HOST, "-p", str(port), "-n", NAME, "--ca-file", anchor, "--prtg-schema", "3"]
    found = answer(prtg_rules.script_v2, python, SCRIPT_V2, *arguments, cwd=tmp_path)
    assert (found["version"], found["status"]) == (3, "ok")


@pytest.mark.parametrize("text", ["caf\u00e9", "\u4f60\u597d", "\U0001f600", "\x7f", "a|b"])
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_no_text_is_too_foreign_for_stdout(python, tmp_path, encoding, text) -> None:
    variables = {"PYTHONIOENCODING": encoding}
    found = answer(prtg_rules.advanced, python, ADVANCED, argument(text), cwd=tmp_path, variables=variables)
    assert EXAMPLE in found["text"]
    data = f"{text} --bogus\n".encode()
    found = answer(prtg_rules.script_v2, python, SCRIPT_V2, data=data, cwd=tmp_path, variables=variables)
    assert found["status"] == "error"


@pytest.mark.parametrize("data", [b"", b"\n", b"\x00\xff\xfe", b"--help", b"--version", b"-o nagios", b"-H 'a"])
def test_script_v2_answers_any_line_with_a_document(python, tmp_path, data) -> None:
    assert answer(prtg_rules.script_v2, python, "-E", SCRIPT_V2, data=data, cwd=tmp_path)["status"] == "error"


@settings(PROPERTY, max_examples=5)
@given(st.binary(max_size=200), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_anything_at_all_is_answered_with_a_document(python, data, text) -> None:
    assert answer(prtg_rules.script_v2, python, "-E", SCRIPT_V2, data=data)["status"] == "error"
    assert answer(prtg_rules.advanced, python, "-E", ADVANCED, argument(text))["error"] == 1
    assert answer(prtg_rules.advanced, python, "-E", ADVANCED, text)["error"] == 1


needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell and shebangs")


@needs_posix
@pytest.mark.parametrize(
    ("script", "example"), [(ADVANCED, "PRTG passes one argument"), (SCRIPT_V2, LINE_EXAMPLE)], ids=["advanced", "v2"]
)
def test_streams_that_are_closed_are_no_failure(python, script, example, tmp_path) -> None:
    for redirection in ("<&-", ">&-", "<&- >&-", "<&- >&- 2>&-", ">/dev/full"):
        done = start("sh", "-c", f'exec "$@" {redirection}', "sh", python, "-E", script, cwd=tmp_path)
        assert done.exit_code == 0
        assert (example in done.stdout) == (redirection == "<&-")


@needs_posix
@pytest.mark.parametrize("script", [ADVANCED, SCRIPT_V2], ids=["advanced", "v2"])
def test_a_reader_that_is_gone_is_no_failure(python, script, tmp_path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [python, "-E", script],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@needs_posix
def test_the_linux_probe_can_run_the_script(python, tmp_path) -> None:
    """PRTG needs the run bit and the shebang; ``env`` finds the first Python of ``PATH``."""
    assert os.access(SCRIPT_V2, os.X_OK)
    with open(SCRIPT_V2, "rb") as file:
        assert file.readline() == b"#!/usr/bin/env python3\n"
        assert b"\r" not in file.read()
    path = os.pathsep.join([os.path.dirname(python), os.environ["PATH"]])
    found = answer(prtg_rules.script_v2, SCRIPT_V2, data=b"--version\n", cwd=tmp_path, variables={"PATH": path})
    assert found["message"] == f"check_starttls_cert {check_starttls_cert.__version__}"


@needs_posix
def test_the_shebang_may_name_the_python_of_a_virtual_environment(tmp_path) -> None:
    paths = dict.fromkeys(map(folder_of, (check_starttls_cert, cryptography, nagiosplugin)))
    own = make(str(tmp_path / "venv"), *paths)
    script = tmp_path / "starttls_cert_sensor.py"
    with open(SCRIPT_V2, encoding="utf-8") as file:
        script.write_text(file.read().replace("/usr/bin/env python3", own, 1), encoding="utf-8")
    script.chmod(0o755)
    found = answer(prtg_rules.script_v2, str(script), data=b"--version\n", cwd="/", variables={"PATH": "/nowhere"})
    assert found["message"] == f"check_starttls_cert {check_starttls_cert.__version__}"


def of_advanced(*command: str, **changes: Any) -> str:
    """Return the error of the Python Script Advanced sensor."""
    parameters = argument("port: 25, protocol: smtp, cert_domainname_validation: cn")
    found = answer(prtg_rules.advanced, *command, parameters, **changes)
    assert found["error"] == 1
    return found["text"]


def of_script_v2(*command: str, **changes: Any) -> str:
    """Return the error of the Script v2 sensor."""
    found = answer(prtg_rules.script_v2, *command, data=b"-H 127.0.0.1\n", **changes)
    assert found["status"] == "error"
    return found["message"]


BOTH = pytest.mark.parametrize(
    ("script", "error"), [(ADVANCED, of_advanced), (SCRIPT_V2, of_script_v2)], ids=["advanced", "v2"]
)


@BOTH
def test_a_package_that_is_missing_is_a_document_that_says_what_to_do(bare_python, script, error, tmp_path) -> None:
    text = error(bare_python, "-E", script, cwd=tmp_path)
    assert text.startswith("No module named 'check_starttls_cert': ")
    assert "from a wheel or a clone" in text
    assert f'"{bare_python}"' in text


@BOTH
def test_a_dependency_that_is_missing_is_a_document_that_names_it(python, script, error, tmp_path) -> None:
    module = "nagiosplugin"
    shutil.copy(script, tmp_path / "sensor.py")
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{module}'\")\n")
    text = error(python, "-E", str(tmp_path / "sensor.py"))
    assert f"({python}) cannot import what it needs: No module named '{module}'; install check_starttls_cert" in text


BROKEN = {
    "raise AttributeError('half of an update')": "half of an update",
    "raise SystemExit": "SystemExit",
    "class Panic(BaseException): pass\nraise Panic": "Panic",
    r"""raise OSError('C:\\a "b"\n\x1b\u20ac\udcff')""": r'C:\a "b"  \u20ac ',
    "raise RuntimeError(5000 * 'x')": 300 * "x",
}
"""What a module does when it is imported, and what is said of that."""


@BOTH
@pytest.mark.parametrize("broken", BROKEN)
def test_a_package_that_breaks_while_it_is_imported_is_a_document(bare_python, script, error, tmp_path, broken) -> None:
    shutil.copy(script, tmp_path / "sensor.py")
    (tmp_path / "check_starttls_cert.py").write_text(f"{broken}\n")
    text = error(bare_python, "-E", str(tmp_path / "sensor.py"))
    assert text.startswith(f"{BROKEN[broken]}: install it on the probe")


@BOTH
@pytest.mark.parametrize("module", ["json", "signal", "socket", "datetime"])
def test_whichever_module_cannot_be_imported_there_is_a_document(python, script, error, tmp_path, module) -> None:
    # PRTG's folder of scripts comes first on Python's path: it may have a file of any name.
    shutil.copy(script, tmp_path / "sensor.py")
    (tmp_path / f"{module}.py").write_text("raise ImportError('not this one')\n")
    assert "not this one" in error(python, "-E", str(tmp_path / "sensor.py"))


@needs_posix
@BOTH
def test_a_script_that_is_ended_during_its_imports_has_a_document(python, script, error, tmp_path) -> None:
    shutil.copy(script, tmp_path / "sensor.py")
    # An import that never ends, after it has said that it began.
    (tmp_path / "socket.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(3000)\n")
    inherited = environment()
    del inherited["PYTHONPATH"]
    process = subprocess.Popen(
        [python, "-E", str(tmp_path / "sensor.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=inherited
    )
    with process:
        assert process.stdout.readline() == b"importing\n"
        process.terminate()
        document = json.loads(process.stdout.read())
    assert process.returncode == 0
    text = document["message"] if "message" in document else document["prtg"]["text"]
    assert text == "ended by SIGTERM before there was a verdict"


@BOTH
def test_a_python_that_is_too_old_for_the_package_is_a_document(bare_python, script, error, tmp_path) -> None:
    shutil.copy(script, tmp_path / "sensor.py")
    (tmp_path / "check_starttls_cert.py").write_text("from the future import syntax\n")
    text = error(bare_python, "-E", str(tmp_path / "sensor.py"))
    assert text.startswith("invalid syntax (check_starttls_cert.py, line 1)")


def test_the_scripts_themselves_can_be_read_by_a_python_that_is_too_old() -> None:
    for script in (ADVANCED, SCRIPT_V2):
        with open(script, encoding="utf-8") as file:
            ast.parse(file.read(), feature_version=(3, 7))


# EXE/Script Advanced


def error_line() -> str:
    """Return the line with which the wrapper says that it cannot run the check."""
    with open(CMD, "rb") as file:
        data = file.read()
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    (found,) = (line for line in data.decode().splitlines() if line.startswith("echo "))
    return found


def test_the_wrapper_s_error_is_a_document_that_says_what_to_do() -> None:
    text = prtg_rules.advanced(error_line().partition(" ")[2])["text"]
    assert "install Python and the package on the probe" in text


def test_cmd_has_no_use_of_its_own_for_what_the_cmd_wrapper_says() -> None:
    # Outside quotes these would be cmd's own; inside, % still is.
    assert not set("%!^") & set(error_line())
    assert not set("&|<>") & set(re.sub(r'"[^"]*"', "", error_line()))


@pytest.fixture(scope="session")
def cmd(tmp_path_factory) -> Iterator[Callable[..., Done]]:
    """Return a function that runs the wrapper for cmd, with another Python in its line."""
    folder = tmp_path_factory.mktemp("EXEXML")
    interpreter, variables = ["cmd", "/c"], {}
    if os.name != "nt":
        with required("Wine"):
            wine = process.find("wine")
            interpreter, variables = [wine, "cmd", "/c"], {"WINEPREFIX": str(folder / "wine"), "WINEDEBUG": "-all"}
            process.run([wine, "wineboot", "--init"], env=environment(**variables))

    def run(python: str, *arguments: str) -> Done:
        with open(CMD, encoding="ascii", newline="") as file:
            text = file.read()
        (folder / "sensor.cmd").write_bytes(text.replace("set PYTHON=py\r", f"set PYTHON={python}\r").encode())
        return start(*interpreter, "sensor.cmd", *arguments, cwd=folder, variables=variables, timeout=PATIENCE)

    run.folder = folder
    yield run
    if variables:
        start(interpreter[0], "wineboot", "--kill", variables=variables, timeout=PATIENCE)


def test_the_cmd_wrapper_passes_its_parameters_on(cmd) -> None:
    # No percent sign: in a batch file, Wine expands it in the parameters again and Windows does not.
    parameters = ("-H", "mta.example.com", "-w", "28d", "--issuer", "Lab CA (2026)", "-c", "7!")
    # Windows' own "echo" in the place of Python: it shows what Python would get.
    done = cmd("cmd /c echo", *parameters)
    shown = '-m check_starttls_cert -H mta.example.com -w 28d --issuer "Lab CA (2026)" -c 7! --output prtg'
    assert (done.exit_code, done.stdout.rstrip(" \r\n"), done.stderr) == (0, shown, "")


@pytest.mark.parametrize("well", [True, False])
def test_the_cmd_wrapper_prints_the_document_of_the_check(cmd, python, service, well) -> None:
    """A Linux Python cannot run inside Wine: one is asked beforehand, and a batch file has its answer."""
    port, anchor = service
    arguments = ("-H", HOST, "-p", str(port), "-n", NAME, "--ca-file", anchor) if well else ("--bogus",)
    told = start(python, "-m", "check_starttls_cert", *arguments, "--output", "prtg")
    (cmd.folder / "document.json").write_bytes(told.stdout.encode())
    stand_in = f"@echo a complaint>&2\r\n@type document.json\r\n@exit /b {told.exit_code}\r\n"
    (cmd.folder / "python.bat").write_bytes(stand_in.encode())
    done = cmd("call python.bat", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    found = prtg_rules.advanced(done.stdout)
    assert found == prtg_rules.advanced(told.stdout)
    assert found["text"].startswith("OK. " if well else "unrecognized arguments")


@pytest.mark.parametrize("code", [1, 3, 9009, -1073741515])
def test_the_cmd_wrapper_has_a_document_where_python_fails(cmd, code) -> None:
    (cmd.folder / "failing.bat").write_bytes(f"@echo a complaint>&2\r\n@exit /b {code}\r\n".encode())
    done = cmd("call failing.bat", "-H", HOST)
    assert (done.exit_code, done.stderr) == (0, "")
    assert prtg_rules.advanced(done.stdout)["text"].startswith("cannot run check_starttls_cert: install Python")


def test_the_cmd_wrapper_has_a_document_where_python_is_missing(cmd) -> None:
    for python in ("no-such-python", r'"C:\Program Files\no such\python.exe"'):
        done = cmd(python, "-H", HOST)
        assert done.exit_code == 0
        assert prtg_rules.advanced(done.stdout)["text"].startswith("cannot run check_starttls_cert: install Python")


@pytest.mark.parametrize(
    "arguments", [(), ("-o", "nagios"), ("-o",), ("-w",), ("--",), ("--help",), ("-V",), ("-p", "x")]
)
def test_what_the_wrapper_starts_answers_anything_with_the_document(python, arguments, tmp_path) -> None:
    command = (python, "-m", "check_starttls_cert", *arguments, "--output", "prtg")
    assert answer(prtg_rules.advanced, *command, cwd=tmp_path)["error"] == 1


def test_the_tests_python_is_not_the_one_that_runs_the_scripts(python) -> None:
    assert python != sys.executable
