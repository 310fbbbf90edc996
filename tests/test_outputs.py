"""Which renderer speaks, also when the rest of the command line is wrong."""

from __future__ import annotations

import pytest

from check_starttls_cert.options import OPTIONS
from check_starttls_cert.outputs import DEFAULT_OUTPUT, FLAGS, OUTPUTS, Endpoint, endpoint, failure, renderer, requested


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_has_a_renderer_that_says_why_there_is_no_report(output) -> None:
    text, exit_code = renderer(output).failure("words")
    assert "words" in text
    assert exit_code == (0 if output.startswith("prtg") else 3)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "{}"),
        ("-o{}",),
        ("-o={}",),
        ("-vo", "{}"),
        ("-4vo{}",),
        ("--output", "{}"),
        ("--output={}",),
        ("--bogus", "-p", "x", "-o", "{}", "-w"),
        ("-o", "nagios", "-o", "{}"),
    ],
)
def test_the_output_is_known_however_wrong_the_rest_is(arguments, output) -> None:
    assert requested([argument.format(output) for argument in arguments]) == output
    assert requested([argument.format(output.upper()) for argument in arguments]) == output


@pytest.mark.parametrize(
    "arguments", [(), ("-o",), ("-o", "csv"), ("--output",), ("prtg",), ("-Ho", "prtg"), ("--host=o", "prtg")]
)
def test_an_output_that_is_not_asked_for_is_the_default(arguments) -> None:
    assert requested(arguments) == DEFAULT_OUTPUT


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("message", ["plain words", 'a "quoted" C:\\path', "100 %s"])
def test_a_failure_that_needs_no_import_is_the_renderer_s(output, message) -> None:
    assert failure(output, message) == renderer(output).failure(message)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_failure_that_needs_no_import_is_ascii(output) -> None:
    text, _ = failure(output, "b\u00fccher")
    assert text.isascii()
    assert "cher" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-H", "h.test"), Endpoint("h.test", "h.test", "25", "smtp")),
        (("-HH.test", "-nN.test,m.test", "-p99999", "-P", "imap"), Endpoint("h.test", "n.test", "99999", "imap")),
        (("--host=h.test", "--protocol=gopher"), Endpoint("h.test", "h.test", "", "gopher")),
        (("--hostname", "h.test", "-P", "tls"), Endpoint("h.test", "h.test", "", "tls")),
        (("-H",), None),
        (("-P", "imap"), None),
    ],
)
def test_the_endpoint_of_a_command_line_is_named_where_the_output_shows_it(arguments, named) -> None:
    assert endpoint("json", arguments) is None
    assert endpoint("openmetrics", arguments) == named
    text, _ = failure("openmetrics", "words", named)
    assert (named is not None) == ('{host="h.test",name="' in text)


def test_the_options_that_name_an_endpoint_are_those_of_the_table() -> None:
    rows = (option for option in OPTIONS if option.key in Endpoint._fields)
    assert {flag: option.key for option in rows for flag in option.flags} == FLAGS
