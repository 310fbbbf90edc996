"""What Icinga's files in ``contrib/icinga2`` repeat of the option table. ``lists`` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from check_starttls_cert import cli
from check_starttls_cert.options import OUTPUT
from check_starttls_cert.sweep import command

NAME, SWEEP = "starttls_cert", "starttls_cert_sweep"

ADDRESSES = {
    f"{NAME}_host": "$check_address$",
    "check_ipv4": f"${NAME}_ipv4$",
    "check_ipv6": f"${NAME}_ipv6$",
}
"""Custom variables of the CheckCommand: Icinga's template decides which of a host's addresses is the default."""

DIRECTOR_ADDRESS = {f"{NAME}_host": "$address$"}

DIRECTOR_HOST = f"""\
var host = macro("${NAME}_host$")
if (host == macro("$address$") && (!host || macro("${NAME}_ipv6$"))) {{
  return macro("$address6$")
}}
return host"""
"""The same decision in an argument's value. Director knows no templates of Icinga's own, and its variables are no
functions. A placeholder for the template would be no way out: the Director's next kickstart stumbles over it."""

EMPTY = "empty"
"""Name of the argument that is there for variables, not for an option."""

EMPTY_WHY = "an array without a value, or a dictionary, as a usage error: Icinga itself would leave the option out"

TIMEOUT = 60
"""Seconds after which Icinga ends the check; the check's own time-out has long passed by then."""

BUDGET = "5m"
SWEEP_TIMEOUT = 330
"""The same for a sweep, which its budget ends with a verdict."""

NOT_OF_A_SWEEP = ("output", "check", "icinga2_config", "verbose", "help")
"""Options of a sweep that Icinga has no use for."""

HEAD = """/* Needs the plugin check_starttls_cert in PluginContribDir, and "ipv4-or-ipv6" of Icinga's own library.
   Written by tests/lists.py from the table of options; README.md beside this file says where it goes. */"""


class Argument(NamedTuple):
    """An option, as Icinga passes it."""

    key: str
    flag: str
    description: str
    switch: bool = False
    many: bool = False
    choices: tuple[str, ...] = ()
    command: str = NAME

    @property
    def variable(self) -> str:
        """The custom variable with the option's value."""
        return f"{self.command}_{self.key}"

    @property
    def macro(self) -> str:
        return f"${self.variable}$"


def arguments() -> Iterator[Argument]:
    """Yield every option of a check: all that say what is checked, and of those that say how it is told, ``-v``."""
    for option in cli.ROWS:
        if option.key == "verbose" or option.group not in (OUTPUT, cli.INSTEAD):
            description = option.help.partition("; -vv")[0].replace("%%", "%")
            yield Argument(option.key, option.flags[0], description, option.parse is None, option.many, option.choices)


def sweep_arguments() -> Iterator[Argument]:
    """Yield every option of a sweep that says what is checked or where its results go."""
    for option in command.ROWS:
        if option.key not in NOT_OF_A_SWEEP and option.group != OUTPUT:
            description = option.help.replace("%%", "%")
            switch = option.parse is None
            yield Argument(option.key, option.flags[0], description, switch, option.many, option.choices, SWEEP)


def empty_options(rows: Iterable[Argument], name: str = NAME) -> str:
    """Return the body of a function that names, as words of the command line, the options Icinga would leave out."""
    values = [argument.key.replace("_", "-") for argument in rows if not argument.switch]
    return f"""\
var words = []
for (option in [ {", ".join(map(quoted, values))} ]) {{
  var given = macro("${name}_" + option.replace("-", "_") + "$")
  if (typeof(given) == Dictionary || typeof(given) == Array && given.len() == 0) {{
    words.add("--" + option + "=")
  }}
}}
return words"""


def quoted(text: str) -> str:
    """Return a string literal of Icinga's language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def argument_lines(argument: Argument) -> Iterator[str]:
    yield f"    {quoted(argument.flag)} = {{"
    yield f"      {'set_if' if argument.switch else 'value'} = {quoted(argument.macro)}"
    if not argument.switch:
        # Without it, of an array that was given by mistake all but the last value would be lost without a word.
        yield f"      repeat_key = {str(argument.many).lower()}"
    yield f"      description = {quoted(argument.description)}"
    yield "    }"


def empty_lines(body: str) -> Iterator[str]:
    yield f"    {quoted(EMPTY)} = {{"
    yield "      skip_key = true"
    yield "      value = {{"
    yield from (f"        {line}" for line in body.split("\n"))
    yield "      }}"
    yield f"      description = {quoted(EMPTY_WHY)}"
    yield "    }"


def check_commands() -> str:
    """Return the CheckCommands."""
    program = f'PluginContribDir + "/check_{NAME}"'
    lines = [HEAD, "", f'object CheckCommand "{NAME}" {{', '  import "ipv4-or-ipv6"', ""]
    lines += [f"  command = [ {program} ]", f"  timeout = {TIMEOUT}s", "", "  arguments = {"]
    lines += [line for argument in arguments() for line in argument_lines(argument)]
    lines += empty_lines(empty_options(arguments()))
    lines += ["  }", "", *(f"  vars.{name} = {quoted(value)}" for name, value in ADDRESSES.items()), "}", ""]
    lines += [f'object CheckCommand "{SWEEP}" {{', f'  command = [ {program}, "sweep" ]']
    lines += [f"  timeout = {SWEEP_TIMEOUT}s", "", "  arguments = {", *inventory_lines()]
    lines += [line for argument in sweep_arguments() for line in argument_lines(argument)]
    lines += empty_lines(empty_options(sweep_arguments(), SWEEP))
    lines += ["  }", "", f"  vars.{SWEEP}_budget = {quoted(BUDGET)}", "}", ""]
    return "\n".join(lines)


def inventory_lines() -> Iterator[str]:
    yield '    "INVENTORY" = {'
    yield "      skip_key = true"
    yield "      order = -1"
    yield f"      value = {quoted(f'${SWEEP}_inventory$')}"
    yield "      repeat_key = false"
    yield '      description = "file of the targets, on the machine that runs the sweep"'
    yield "    }"


CATEGORY = {
    "category_name": "check_starttls_cert",
    "description": "Needs check_starttls_cert in PluginContribDir, as its command does. Written by tests/lists.py.",
}
"""What the fields stand under in Director's forms. Neither a command nor a basket has a place for a remark."""


def data_field(argument: Argument) -> dict[str, Any]:
    """Return the field of a form in which Icinga Director asks for the option's value."""
    kind = "Boolean" if argument.switch else "Datalist" if argument.choices else "Array" if argument.many else "String"
    offered = {"behavior": "strict", "data_type": "array" if argument.many else "string", "datalist": argument.variable}
    return {
        "caption": argument.key.replace("_", "-"),
        "category": CATEGORY["category_name"],
        "datatype": f"Icinga\\Module\\Director\\DataType\\DataType{kind}",
        "description": argument.description,
        "settings": offered if argument.choices else {},
        "varname": argument.variable,
    }


def data_list(argument: Argument) -> dict[str, Any]:
    """Return the list of what such a field offers."""
    rows = [
        {"allowed_roles": None, "entry_name": choice, "entry_value": choice, "format": "string"}
        for choice in sorted(argument.choices)
    ]
    return {"entries": rows, "list_name": argument.variable, "owner": NAME}


def director_argument(argument: Argument) -> dict[str, Any]:
    if argument.switch:
        return {"description": argument.description, "set_if": argument.macro}
    value = {"type": "Function", "body": DIRECTOR_HOST} if argument.key == "host" else argument.macro
    return {"description": argument.description, "repeat_key": argument.many, "value": value}


SERVICE_TEMPLATE = {
    "check_command": NAME,
    "check_interval": str(6 * 3600),
    "fields": [],
    "max_check_attempts": "3",
    "object_name": NAME,
    "object_type": "template",
    "retry_interval": str(5 * 60),
    "vars": {f"{NAME}_name": ["$host.name$"]},
}
"""What ``starttls_cert_services.conf`` says of every service."""


def basket() -> str:
    """Return the basket of Icinga Director: the same command with a field for each option, and a service template.

    It is what Director exports, but for a uuid: a restore takes one for an object that must be there already.
    """
    rows = list(arguments())
    empty = {
        "description": EMPTY_WHY,
        "skip_key": True,
        "value": {"type": "Function", "body": empty_options(rows)},
    }
    command = {
        "arguments": {**{argument.flag: director_argument(argument) for argument in rows}, EMPTY: empty},
        "command": f"PluginContribDir + /check_{NAME}",
        "fields": [
            {"datafield_id": number, "is_required": "n", "var_filter": None} for number, _ in enumerate(rows, start=1)
        ],
        "methods_execute": "PluginCheck",
        "object_name": NAME,
        "object_type": "object",
        "timeout": str(TIMEOUT),
        "vars": DIRECTOR_ADDRESS,
    }
    document = {
        "DataList": {argument.variable: data_list(argument) for argument in rows if argument.choices},
        "DatafieldCategory": {CATEGORY["category_name"]: CATEGORY},
        "Datafield": {str(number): data_field(argument) for number, argument in enumerate(rows, start=1)},
        "Command": {NAME: command},
        "ServiceTemplate": {NAME: SERVICE_TEMPLATE},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


FILES = {"starttls_cert.conf": check_commands, "director_basket.json": basket}
"""What is written in ``contrib/icinga2``."""
