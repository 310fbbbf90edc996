r"""PRTG's Script v2 sensor: one line of parameters in, one JSON document out.

PRTG starts the script without arguments and writes the parameters to its stdin, as one line; at a terminal
they may stand on the command line. They are the options of the command line, or those of an earlier sensor
for the same job, whose parameters go on working::

    DEVICE PORT PROTOCOL [--sni-domain NAME] [--name-validation CN|CN/SAN] [--ca-trust FILE] [--system-ca-trust]
"""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from check_starttls_cert import cli
from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import one_of, parse_host, parse_path, parse_port, parse_protocol
from check_starttls_cert.outputs import Rendered
from check_starttls_cert.run import WORLD, World, run
from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


OUTPUT = "prtg-v2"

MAX_LINE = 65536
"""Bytes of the parameter line that are read."""

STDIN_SECONDS = 5.0
"""How long PRTG may take to write the line. It has it ready when it starts the script."""

EXAMPLE = "-H mta.example.com -P smtp -p 25"


def main(argv: Sequence[str] | None = None, world: World = WORLD) -> int:
    """Run the sensor; print one document and return 0, always."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run(OUTPUT, lambda: answer(arguments or parameters(), world))


def answer(arguments: list[str], world: World = WORLD) -> Rendered:
    """Return the document for the parameters. Raises ``UsageError``."""
    if not arguments:
        raise UsageError(f"the sensor has no parameters. Example: {EXAMPLE}")
    command = cli.parser(OUTPUT)
    command.usage = "-H HOST [-P PROTOCOL] [OPTION ...], or DEVICE PORT PROTOCOL [OPTION ...]"
    earlier = command.add_argument_group("parameters of the earlier sensor")
    for dest, parse in (("device", parse_host), ("device_port", parse_port), ("device_protocol", parse_protocol)):
        earlier.add_argument(dest, nargs="?", type=cli.argument(parse), metavar=dest.rpartition("_")[2].upper())
    earlier.add_argument("--sni-domain", type=cli.argument(parse_host), metavar="NAME")
    earlier.add_argument("--name-validation", type=cli.argument(one_of(("cn", "cn/san"))), metavar="CN|CN/SAN")
    earlier.add_argument("--ca-trust", type=cli.argument(parse_path), metavar="FILE")
    earlier.add_argument("--system-ca-trust", action="store_true", help="the default; a --ca-trust does not count then")

    def parsed(words: list[str]) -> dict[str, Any]:
        return translated(vars(command.parse_intermixed_args(words)))

    return cli.verdict(command, cli.understood(command, parsed, arguments, ""), world)


def translated(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` with the earlier sensor's parameters as the options they stand for. Raises ``UsageError``."""
    if values["output"] != OUTPUT:
        raise UsageError(f"a Script v2 sensor has the output {OUTPUT}; leave out --output")
    options = dict(values)
    device, sni, validation = (options.pop(key) for key in ("device", "sni_domain", "name_validation"))
    ca_trust, system = options.pop("ca_trust"), options.pop("system_ca_trust")
    meant = {
        "host": device,
        "port": options.pop("device_port"),
        "protocol": options.pop("device_protocol"),
        "name": sni and (sni,),
        "name_check": validation and validation.replace("/", "_"),
        "ca_file": None if system else ca_trust,
    }
    for key, value in meant.items():
        if value is not None:
            if options[key] is not None:
                raise UsageError(f"the {key} is given twice, as a parameter of the earlier sensor and as an option")
            options[key] = value
    if device is not None and options["name_check"] is None:
        options["name_check"] = "none"  # the earlier sensor compares names only when it is told to
    return options


def parameters() -> list[str]:
    """Return the parameters from stdin. Raises ``UsageError`` when they do not come or cannot be split."""
    if sys.stdin is None or sys.stdin.isatty():
        return []
    received = bytearray()
    # stdin has no timeout of its own. The thread reads below Python's buffer: one that still waits there when
    # the interpreter ends would abort the process, and PRTG discards the output of a process that fails.
    reader = threading.Thread(target=read_line, args=(sys.stdin.fileno(), received), daemon=True)
    reader.start()
    reader.join(STDIN_SECONDS)
    if reader.is_alive() and not received:
        raise UsageError(f"no parameters came on stdin within {STDIN_SECONDS:g} s. Example: {EXAMPLE}")
    if len(received) > MAX_LINE:
        raise UsageError(f"the parameters are longer than {MAX_LINE} bytes. Example: {EXAMPLE}")
    line = bytes(received).partition(b"\n")[0]
    return split(line.decode("utf-8-sig", "surrogateescape"))


def read_line(descriptor: int, received: bytearray) -> None:
    """Read into ``received`` until it has a whole line, is too long for one, or nothing more comes."""
    with suppress(OSError):
        while b"\n" not in received and len(received) <= MAX_LINE:
            data = os.read(descriptor, MAX_LINE)
            if not data:
                return
            received += data


def split(line: str) -> list[str]:
    r"""Return the words of the line: quotes group, backslashes are ordinary (``C:\ca.pem``)."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.escape = ""
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise UsageError(f"the parameters cannot be split: {str(error).lower()}. Example: {EXAMPLE}") from error
