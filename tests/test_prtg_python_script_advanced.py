"""PRTG's Python Script Advanced sensor: whatever the argument, one document and exit code 0."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import FOREIGN, HERE, PROPERTY, REFUSED, SITUATIONS, asked, environment, unseen, world

from check_starttls_cert import demo
from check_starttls_cert.demo import HOST, NAME
from check_starttls_cert.prtg import python_script_advanced
from check_starttls_cert.prtg.parameters import EXAMPLE
from check_starttls_cert.run import utc_now
from check_starttls_cert.settings import Job, Target

SCRIPT = os.path.join(os.path.dirname(HERE), "contrib", "prtg", "python", "starttls_cert_sensor.py")

PARAMETERS = "port: 25, protocol: smtp, cert_domainname_validation: cn_san"


def answer(*arguments: str, situation: str = "fine") -> dict:
    """Return the document for PRTG's arguments."""
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        assert python_script_advanced.main(["script.py", *arguments], world(SITUATIONS[situation])) == 0
    lines = stdout.getvalue().splitlines()
    assert len(lines) == 1
    document = json.loads(lines[0])
    assert list(document) == ["prtg"]
    assert 0 < len(document["prtg"]["text"]) <= 2000
    assert ("error" in document["prtg"]) != ("result" in document["prtg"])
    return document["prtg"]


def error(*arguments: str) -> str:
    """Return the text of the error document for PRTG's arguments."""
    document = answer(*arguments)
    assert document["error"] == 1
    return document["text"]


def argument(params: object = PARAMETERS, host: object = "mta.example.com", **more: object) -> str:
    return json.dumps({"sensorid": "1234", "host": host, "params": params, "linuxuser": "", **more})


def raw(ca_file: str) -> str:
    """Return PRTG's argument for a path whose backslashes nobody has escaped for JSON."""
    return f'{{"host": "mta.example.com", "params": "{PARAMETERS}, ca_file: {ca_file}"}}'


def wanted(text: str) -> Job:
    """Return the job that PRTG's argument asks for."""
    job = asked(python_script_advanced.answer, [text])
    assert job.output == "prtg"
    return job


def test_the_first_example_of_the_original_sensor_works_unchanged() -> None:
    text = argument("port: 7025, protocol: lmtp, cert_domainname_validation: cn_san")
    assert wanted(text).target == Target("mta.example.com", "lmtp", 7025, "mta.example.com")
    assert answer(text)["text"].startswith("OK. Certificate Common Name: mta.example.com")


def test_the_second_example_of_the_original_sensor_works_unchanged() -> None:
    text = argument(
        "port: 25, protocol: smtp, cert_domainname: mta.example.com, cert_domainname_validation: cn", "192.0.2.25"
    )
    assert wanted(text).target == Target("192.0.2.25", "smtp", 25, "mta.example.com")
    assert answer(text)["result"][1]["value"] == 0


def test_the_host_may_be_an_ipv6_address() -> None:
    assert wanted(argument(host="2001:db8::1")).target.host == "2001:db8::1"


@pytest.mark.parametrize("more", [{"timeout": 60}, {"params2": None, "windowspassword": 'a"b'}, {"unknown": [1, {}]}])
def test_whatever_else_prtg_passes_does_not_matter(more) -> None:
    assert wanted(argument(**more)) == wanted(argument())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (argument(PARAMETERS + r", ca_file: C:\ca.pem"), r"C:\ca.pem"),
        (argument(PARAMETERS + r", ca_file: C:\Program Files \(x86\)\ca.pem"), r"C:\Program Files (x86)\ca.pem"),
        (raw(r"C:\ca.pem"), r"C:\ca.pem"),
        (raw(r"C:\Program Files \(x86\)\ca.pem"), r"C:\Program Files (x86)\ca.pem"),
        (raw(r"C:\\Program Files \(x86\)\\ca.pem"), r"C:\Program Files (x86)\ca.pem"),
        (raw(r"C:\users\ca.pem"), r"C:\users\ca.pem"),
        (raw(r"\\\\server\share\ca.pem"), r"\\server\share\ca.pem"),
    ],
)
def test_backslashes_of_windows_paths_and_of_prtg_are_understood(text, path) -> None:
    assert wanted(text).policy.ca_file == path


def test_raw_control_characters_in_the_json_are_no_json_error() -> None:
    for path in ("a\tb", "C:\\ca\t.pem"):
        assert "ca_file: the character" in error(raw(path))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "PRTG passes one argument, a JSON object, and not 0"),
        (("{}", "{}"), "PRTG passes one argument, a JSON object, and not 2"),
        (("",), "the argument is not JSON"),
        (("not json",), "the argument is not JSON"),
        (('{"host": "h", "params": "port: 25',), "the argument is not JSON"),
        (("[" * 100_000,), "the argument is not JSON"),
        (("9" * 100_000,), "the argument is "),
        (("[]",), "the argument is JSON, but no object"),
        (("null",), "the argument is JSON, but no object"),
        (('"text"',), "the argument is JSON, but no object"),
        (("{}",), "the sensor has no parameters"),
        (('{"host": "h"}',), "the sensor has no parameters"),
        ((argument(""),), "the sensor has no parameters"),
        ((argument("  "),), "the sensor has no parameters"),
        ((argument(None),), "the sensor has no parameters"),
        ((argument({"port": 25}),), "the sensor has no parameters"),
        ((json.dumps({"params": PARAMETERS}),), 'the JSON argument has no "host"'),
        ((argument(host=""),), 'the JSON argument has no "host"'),
        ((argument(host=25),), 'the JSON argument has no "host"'),
        ((argument(host="a b"),), '"a b" is no host name or IP address'),
        ((argument(host="h:25"),), '"h:25" is no host name or IP address'),
        ((argument("protocol: smtp, cert_domainname_validation: cn"),), "port missing"),
        ((argument(PARAMETERS + ", colour: red"),), 'unknown key "colour"'),
        ((argument(PARAMETERS + ", port: 26"),), "port: given twice"),
        ((argument(PARAMETERS + ", timeout: soon"),), "timeout:"),
        ((argument(PARAMETERS + ", ca_file: a(b"),), 'ca_file: the character "("'),
        ((argument(PARAMETERS + ", ipv4: yes, ipv6: yes"),), "do not go together"),
    ],
)
def test_an_error_says_what_is_wrong_and_shows_an_example(arguments, said) -> None:
    text = error(*arguments)
    assert said in text
    assert EXAMPLE in text
    assert text.isprintable()


def test_trust_anchors_that_are_not_there_are_an_error(tmp_path) -> None:
    stdout = io.StringIO()
    missing = str(tmp_path / "missing.pem").replace("(", r"\(").replace(")", r"\)")
    with redirect_stdout(stdout):
        assert python_script_advanced.main(["script.py", argument(f"{PARAMETERS}, ca_file: {missing}")]) == 0
    document = json.loads(stdout.getvalue())["prtg"]
    assert document["error"] == 1
    assert "missing.pem" in document["text"]


def test_an_unreachable_service_is_an_error() -> None:
    document = answer(argument(), situation="unreachable")
    assert document == {"error": 1, "text": f"smtp mta.example.com:25: {unseen(REFUSED).error}"}


def test_a_bug_is_an_error() -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout), mock.patch.object(python_script_advanced, "rendered", side_effect=KeyError("a|b\n")):
        assert python_script_advanced.main(["script.py", argument()]) == 0
    document = json.loads(stdout.getvalue())["prtg"]
    assert document["error"] == 1
    assert "internal error: KeyError" in document["text"]
    assert document["text"].isprintable()


def test_without_arguments_the_process_own_are_taken() -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout), mock.patch.object(sys, "argv", ["script.py", argument()]):
        assert python_script_advanced.main(world=world(SITUATIONS["fine"])) == 0
    assert "result" in json.loads(stdout.getvalue())["prtg"]


@PROPERTY
@given(st.lists(FOREIGN | st.binary().map(os.fsdecode), min_size=1, max_size=2))
def test_any_arguments_are_answered_with_one_document(arguments) -> None:
    answer(*arguments)


@PROPERTY
@given(st.dictionaries(st.sampled_from(["host", "params", "sensorid"]), FOREIGN | st.none() | st.integers()))
def test_any_object_is_answered_with_one_document(sensor) -> None:
    answer(json.dumps(sensor))


@PROPERTY
@given(FOREIGN, FOREIGN)
def test_any_host_and_any_parameter_are_answered_with_one_document(host, text) -> None:
    answer(argument(host=host))
    answer(argument(f"{PARAMETERS}, {text}"))
    answer(f'{{"host": "h", "params": "{PARAMETERS}, ca_file: {text}"}}')


def script(*arguments: str, cwd: str, options: tuple[str, ...] = (), folders: tuple[str, ...] = ()) -> dict:
    """Return the document that PRTG's Python gets from the script in ``contrib``."""
    done = subprocess.run(
        [sys.executable, *options, SCRIPT, *arguments],
        env=environment(*folders),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)["prtg"]


def test_the_script_checks_a_service_from_any_folder(tmp_path) -> None:
    with demo.server(utc_now(), str(tmp_path)) as (port, anchor):
        params = f"port: {port}, protocol: smtp, cert_domainname: {NAME}, cert_domainname_validation: cn_san"
        document = script(argument(f"{params}, ca_file: {anchor}", HOST), cwd=str(tmp_path))
    assert document["text"].startswith(f"OK. Certificate Common Name: {NAME} - Certificate Thumbprint: ")
    assert [channel["value"] for channel in document["result"]] == [89, 5, 256, 0, 0]


def test_the_script_answers_an_error_with_a_document(tmp_path) -> None:
    assert EXAMPLE in script(argument("port: 25"), cwd=str(tmp_path))["text"]


def test_the_script_runs_as_prtg_starts_it(tmp_path) -> None:
    importable = [sys.executable, "-E", "-c", "import check_starttls_cert.cli"]
    if subprocess.run(importable, cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("python -E finds only an installed package")
    assert EXAMPLE in script(argument("port: 25"), cwd=str(tmp_path), options=("-E",))["text"]


def test_the_script_says_how_to_install_a_package_that_is_missing(tmp_path) -> None:
    document = script(argument(), cwd=str(tmp_path), options=("-I", "-S"))
    assert document["error"] == 1
    assert "No module named 'check_starttls_cert'" in document["text"]
    assert f'this one is "{sys.executable}"' in document["text"]


def test_the_script_says_which_dependency_is_missing(tmp_path) -> None:
    package = "nagiosplugin"
    # A module that cannot be found, in the place of the real one.
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{package}'\")\n")
    document = script(argument(), cwd=str(tmp_path), folders=(str(tmp_path),))
    assert document["error"] == 1
    assert f"No module named '{package}'" in document["text"]
    assert sys.executable in document["text"]
