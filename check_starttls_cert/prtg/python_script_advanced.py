"""PRTG's Python Script Advanced sensor: one JSON argument in, one JSON document out.

PRTG starts ``python script.py '{"host": "192.0.2.1", "params": "port: 25, …", "sensorid": "1234", …}'``.
The script in ``contrib/prtg/python`` hands its ``argv`` to ``main``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import job, parse_host
from check_starttls_cert.outputs import Rendered
from check_starttls_cert.prtg.parameters import EXAMPLE, parse_parameters
from check_starttls_cert.run import WORLD, World, rendered, run
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import Any


OUTPUT = "prtg"

INVALID_ESCAPE = re.compile(r'(?<!\\)((?:\\\\)*)\\(?!["\\/bfnrt]|u[0-9A-Fa-f]{4})')
"""A backslash that is no JSON escape: from PRTG, or from a Windows path."""


def main(argv: Sequence[str] | None = None, world: World = WORLD) -> int:
    """Run the sensor for PRTG's argument; print one document and return 0, always."""
    arguments = sys.argv if argv is None else argv
    return run(OUTPUT, lambda: answer(arguments[1:], world))


def answer(arguments: Sequence[str], world: World = WORLD) -> Rendered:
    """Return the document for PRTG's argument. Raises ``UsageError``."""
    sensor = parse_argument(arguments)
    host, parameters = (sensor.get(key) for key in ("host", "params"))
    if not isinstance(parameters, str) or not parameters.strip():
        raise UsageError(f"the sensor has no parameters. Example: {EXAMPLE}")
    if not isinstance(host, str) or not host:
        raise UsageError(
            f'the JSON argument has no "host", the address of the device. Example of parameters: {EXAMPLE}'
        )
    values = parse_parameters(parameters)
    try:
        wanted = job({**values, "host": parse_host(host), "output": OUTPUT})
    except (UsageError, ValueError) as error:
        raise UsageError(f"{error}. Example of parameters: {EXAMPLE}") from error
    return rendered(wanted, world)


def parse_argument(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the JSON object that PRTG passes as the only argument. Raises ``UsageError``."""
    example = '{"host": "192.0.2.1", "params": "' + EXAMPLE + '"}'
    if len(arguments) != 1:
        raise UsageError(f"PRTG passes one argument, a JSON object, and not {len(arguments)}. Example: {example}")
    (argument,) = arguments
    try:
        try:
            sensor = json.loads(argument)
        except ValueError:
            sensor = json.loads(INVALID_ESCAPE.sub(r"\1\\\\", argument), strict=False)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the argument is not JSON: {printable(str(error))}. Example: {example}") from error
    if not isinstance(sensor, dict):
        raise UsageError(f"the argument is JSON, but no object. Example: {example}")
    return sensor
