"""A document in one line for each target."""

from __future__ import annotations

import json

import jsonschema
import pytest
from observations import SCHEMA
from sweeps import FINE, REPORTS, tally

from check_starttls_cert.sweep.outputs import printer


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_is_one_line_and_what_the_schema_says(name) -> None:
    text = printer("json").show(REPORTS[name])
    assert text.isascii()
    assert "\n" not in text
    jsonschema.validate(json.loads(text), SCHEMA)


def test_after_the_documents_comes_nothing() -> None:
    assert printer("json").end(tally(FINE)) == ("", 0)


def test_a_failure_is_a_document_in_one_line_too() -> None:
    from check_starttls_cert.sweep.outputs import json as lines

    text, exit_code = lines.failure("2 errors\nhosts:1: x")
    assert (exit_code, "\n" in text, json.loads(text)["message"]) == (3, False, "2 errors\nhosts:1: x")
    jsonschema.validate(json.loads(text), SCHEMA)
