"""The command line: ``argv`` becomes a job, or one line that says what is wrong.

argparse's own exits do not fit: it answers a usage error with exit code 2, which is CRITICAL to Nagios,
and several lines on stderr, which no monitoring system shows.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from check_starttls_cert import __version__
from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS, OUTPUT, Option, job, one_of
from check_starttls_cert.outputs import DEFAULT_OUTPUT, OUTPUTS, Rendered, endpoint, renderer, requested
from check_starttls_cert.run import WORLD, World, rendered, run
from check_starttls_cert.settings import Job
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import Any, NoReturn


PROGRAM = "check_starttls_cert"

INSTEAD = "instead of a check"

EPILOG = f"""\
examples:
  {PROGRAM} -H mta.example.com
  {PROGRAM} -H 192.0.2.25 -n mta.example.com -P submission -v
  {PROGRAM} -H dc1.example.com -P ldap --ca-file corp-root.pem
  {PROGRAM} -H imap.example.com -P imaps -w 30d -c 10d --min-tls 1.2
  {PROGRAM} --demo

exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (wrong usage, help, version,
faults of this program); with PRTG outputs always 0, with openmetrics 0 if there
is a verdict.

many services at once: {PROGRAM} sweep INVENTORY, with options
of its own: {PROGRAM} sweep --help

documentation: README.md and contrib/prtg/README.md, the handbook for PRTG, in
the source of this program and below share/doc where it is installed.
"""

NO_CHECK = ("help", "version", "demo")

SCHEMAS = ("2", "3")


def parse_schema(text: str) -> int:
    """Return the version of the Script v2 document that ``text`` names."""
    return int(one_of(SCHEMAS)(text))


ROWS = (
    *OPTIONS,
    Option(
        "output", ("-o", "--output"), one_of(tuple(OUTPUTS)), "OUTPUT",
        f"one of {', '.join(OUTPUTS)} (default {DEFAULT_OUTPUT})",
        OUTPUT,
        choices=tuple(OUTPUTS),
    ),
    Option(
        "prtg_schema", ("--prtg-schema",), parse_schema, "VERSION",
        f"version of the prtg-v2 document: {', '.join(SCHEMAS)} (default 2); 3 has limits and needs PRTG 25.3.112",
        OUTPUT,
        choices=SCHEMAS,
    ),
    Option(
        "verbose", ("-v", "--verbose"), None, "", "add facts below the status line; -vv the conversation too",
        OUTPUT,
        many=True,
    ),
    Option("version", ("-V", "--version"), None, "", "print the version and exit", INSTEAD),
    Option("demo", ("--demo",), None, "", "check a throw-away server inside this process and exit", INSTEAD),
    Option("help", ("-h", "--help"), None, "", "print this help and exit", INSTEAD),
)  # fmt: skip
"""Every option of the command line: those of ``OPTIONS``, and what only a command line has."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises ``UsageError`` where argparse would exit."""

    color: bool
    """Whether Python 3.14 and newer put escapes into the help at a terminal, also into that of a document."""

    def __init__(self, rows: Sequence[Option], **words: Any) -> None:
        """Take the options of ``rows``, each into its group; ``words`` are what the help says besides."""
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False, allow_abbrev=False, **words
        )
        self.color = False
        groups = {option.group: self.add_argument_group(option.group) for option in rows}
        for option in rows:
            group = groups[option.group]
            if option.parse is None:
                action = "count" if option.many else "store_true"
                group.add_argument(*option.flags, dest=option.key, action=action, help=option.help)
            else:
                group.add_argument(
                    *option.flags,
                    dest=option.key,
                    action="extend" if option.many else "store",
                    type=argument(option.parse),
                    metavar=option.metavar,
                    help=option.help,
                )

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError``; argparse calls this for every usage error."""
        allowed = "" if "allowed" in message else "; --help lists what is allowed"
        raise UsageError(printable(message, 800) + allowed)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but for the value in ``-w--``: before Python 3.13 that is an empty list, past every grammar."""
        known, rest = super().parse_known_args(args, namespace)
        for key, value in vars(known).items():
            if value == [] or "--" in (value if isinstance(value, list) else [value]):
                self.error(f'--{key.replace("_", "-")}: "--" is no value')
        return known, rest

    @property
    def flags(self) -> dict[str, argparse.Action]:
        """The options by their flags."""
        return {flag: action for action in self._actions for flag in action.option_strings}


def main(argv: Sequence[str] | None = None, world: World = WORLD) -> int:
    """Run the command line and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    output = requested(arguments)
    return run(output, lambda: answer(arguments, world), endpoint(output, arguments))


def answer(arguments: list[str], world: World = WORLD) -> Rendered:
    """Return what the command line asks for. Raises ``UsageError``."""
    command = parser()
    values = understood(command, lambda words: vars(command.parse_args(words)), arguments, PROGRAM)
    return verdict(command, values, world)


def understood(
    command: Parser, parse: Callable[[list[str]], dict[str, Any]], arguments: list[str], program: str
) -> dict[str, Any]:
    """Return what ``parse`` makes of the arguments. Raises ``UsageError``, which says what is probably meant."""
    try:
        return parse(arguments)
    except UsageError as error:
        from check_starttls_cert.meant import explanation

        def complaint(words: list[str]) -> str:
            try:
                wanted(command, parse(words))
            except UsageError as other:
                return str(other)
            return ""

        raise UsageError(explanation(arguments, command.flags, complaint, program) or str(error)) from error


def verdict(command: Parser, values: dict[str, Any], world: World) -> Rendered:
    """Return what the parsed values ask for. Raises ``UsageError``."""
    check = wanted(command, values)
    if check is not None:
        shown = rendered(check, world)
        return in_colour(shown) if check.verbose and check.output == DEFAULT_OUTPUT else shown
    output = values["output"]
    if values["help"]:
        return information(output, command.format_help().rstrip())
    if values["version"]:
        return information(output, f"{PROGRAM} {__version__}")
    if output != DEFAULT_OUTPUT:
        raise UsageError(f'--demo prints text, not {output}; at a shell, "{PROGRAM} --demo" does')
    from check_starttls_cert.demo import demo

    return Rendered(demo(PROGRAM, answer, world.now()), 0)


def in_colour(shown: Rendered) -> Rendered:
    """Return plugin output in colour, if it goes to a terminal that has it."""
    from check_starttls_cert.terminal import coloured, has_colour

    return shown._replace(text=coloured(shown.text)) if has_colour(sys.stdout, os.environ) else shown


def wanted(command: Parser, values: dict[str, Any]) -> Job | None:
    """Return the job that the parsed values ask for; ``None`` where they ask for no check. Raises ``UsageError``."""
    if any(values[key] for key in NO_CHECK):
        return None
    if values["host"] is None:
        command.error("-H/--host is missing")
    return job({key: value for key, value in values.items() if key not in NO_CHECK})


def information(output: str, text: str) -> Rendered:
    """Return text that is no verdict; where only a document may be printed, as its error."""
    if output == DEFAULT_OUTPUT:
        # Monitoring Plugins guidelines, "Plugin Return Codes": higher-level errors, help and version are UNKNOWN.
        return Rendered(text, OUTPUTS[output].exit_code)
    return renderer(output).failure(text)


def parser(default_output: str = DEFAULT_OUTPUT) -> Parser:
    """Return the parser for ``ROWS``."""
    command = Parser(
        ROWS,
        prog=PROGRAM,
        usage=f"{PROGRAM} -H HOST [-P PROTOCOL] [OPTION ...]",
        description="Check the certificate of a service that speaks STARTTLS.",
        epilog=EPILOG,
    )
    command.set_defaults(output=default_output)
    return command


def argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return ``parse`` with its error as argparse wants it, so that the words reach the user."""

    def typed(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return typed
