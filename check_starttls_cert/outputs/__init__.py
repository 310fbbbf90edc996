"""The dialects of monitoring systems: a renderer each, chosen by ``--output``.

A new dialect is one new module here and one row in ``OUTPUTS``. A renderer is a module with the two functions
of ``Renderer``. It decides nothing, asks nothing again and does no I/O.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from check_starttls_cert import __version__
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from typing import Protocol

    from check_starttls_cert.report import Report

    class Renderer(Protocol):
        """What a dialect's module is."""

        def render(self, report: Report) -> Rendered:
            """Show a report."""

        def failure(self, message: str, endpoint: Endpoint | None = None) -> Rendered:
            """Show why there is no report: a usage error, or a bug of ours."""


class Dialect(NamedTuple):
    """A row of the table: all that is known of a dialect before its module is imported."""

    failure: str
    """What its renderer says of a failure, with why, and the endpoint where that is known: a signal may come while the
    renderer is half imported."""
    exit_code: int
    """Of a failure."""
    endpoint: str = ""
    """How that has the endpoint, ``%s`` for each field of ``Endpoint``; empty where it has none."""


class Endpoint(NamedTuple):
    """The service that a command line names, as it names it."""

    host: str
    name: str
    port: str
    protocol: str


OUTPUTS = {
    "nagios": Dialect("STARTTLS_CERT UNKNOWN - %(why)s", 3),
    "prtg": Dialect('{"prtg": {"error": 1, "text": "%(why)s"}}', 0),
    "prtg-v2": Dialect('{"version": 2, "status": "error", "message": "%(why)s", "channels": []}', 0),
    "json": Dialect(
        f'{{\n  "schema": 1,\n  "version": "{__version__}",\n  "state": "UNKNOWN",\n  "exit_code": 3,\n'
        '  "message": "%(why)s"\n}',
        3,
    ),
    "openmetrics": Dialect(
        "# HELP starttls_cert_failure Why there is no verdict; always 1.\n# TYPE starttls_cert_failure gauge\n"
        'starttls_cert_failure{%(endpoint)smessage="%(why)s"} 1.0\n# EOF',
        3,
        'host="%s",name="%s",port="%s",protocol="%s",',
    ),
}
DEFAULT_OUTPUT = "nagios"

MAX_NAMED = 255
"""Characters that name an endpoint: no host is longer."""


class Rendered(NamedTuple):
    """What goes to stdout, without the final line end, and the exit code."""

    text: str
    exit_code: int


def renderer(output: str) -> Renderer:
    """Return the renderer of one of ``OUTPUTS``."""
    return cast("Renderer", importlib.import_module(f"{__name__}.{output.replace('-', '_')}"))


def failure(output: str, message: str, endpoint: Endpoint | None = None) -> Rendered:
    """Show what the output's renderer would, where that cannot be imported or may be half imported."""
    # Nothing here may need an import: json could be what is broken.
    words, *names = (each.encode("ascii", "backslashreplace").decode("ascii") for each in (message, *(endpoint or ())))
    if output != DEFAULT_OUTPUT:
        words, *names = (each.replace("\\", r"\\").replace('"', r"\"") for each in (words, *names))
    dialect = OUTPUTS[output]
    named = dialect.endpoint % tuple(names) if names and dialect.endpoint else ""
    return Rendered(dialect.failure % {"why": words, "endpoint": named}, dialect.exit_code)


def requested(arguments: Sequence[str]) -> str:
    """Return the output that the arguments ask for, however wrong the rest of them is."""
    output = DEFAULT_OUTPUT
    for argument, following in zip(arguments, [*arguments[1:], ""]):
        flag, _, value = argument.partition("=" if argument.startswith("--") else "o")
        if flag == "--output" or (flag.startswith("-") and argument != flag and not flag[1:].strip("46vVh")):
            output = value.removeprefix("=") or following
    return output.lower() if output.lower() in OUTPUTS else DEFAULT_OUTPUT


FLAGS = {
    **dict.fromkeys(("-H", "--host", "--hostname"), "host"),
    **dict.fromkeys(("-n", "--name"), "name"),
    **dict.fromkeys(("-p", "--port"), "port"),
    **dict.fromkeys(("-P", "--protocol"), "protocol"),
}
"""The options that name an endpoint."""


def endpoint(output: str, arguments: Sequence[str]) -> Endpoint | None:
    """Return the endpoint that the arguments name, however wrong the rest of them is, if their output shows it."""
    if not OUTPUTS[output].endpoint:
        return None
    from check_starttls_cert.settings import DEFAULT_PROTOCOL
    from check_starttls_cert.starttls import PROTOCOLS
    from check_starttls_cert.text import printable

    said: dict[str, str] = {}
    for argument, following in zip(arguments, [*arguments[1:], ""]):
        flag, _, value = argument.partition("=") if argument.startswith("--") else (argument[:2], "", argument[2:])
        if key := FLAGS.get(flag):
            # The first of several names, as the check itself has it, and in its letters.
            said.setdefault(key, printable((value or following).partition(",")[0].lower(), MAX_NAMED))
    if not said.get("host"):
        return None
    protocol = said.get("protocol", DEFAULT_PROTOCOL)
    port = PROTOCOLS[protocol].port if protocol in PROTOCOLS else None
    return Endpoint(said["host"], said.get("name", said["host"]), said.get("port", str(port or "")), protocol)
