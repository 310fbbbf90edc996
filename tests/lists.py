"""Write what repeats the program's tables: ``python tests/lists.py``. Read the difference before a commit.

Written are, from the rows of the questions, protocols and options, and from the golden files: the list of questions
in the JSON schema; the tables of options and protocols and the example output in the README; from the layers of
``test_architecture``: the rooms in CONTRIBUTING; and all of the files in ``WHOLE``. All else in these files is written
by hand. ``test_readme`` fails while this script has something to change.
"""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
sys.path.insert(0, TOP)

import completions  # noqa: E402
import icinga2_files  # noqa: E402
import man_page  # noqa: E402
from test_architecture import LAYERS  # noqa: E402

from check_starttls_cert import cli  # noqa: E402
from check_starttls_cert.questions import QUESTIONS  # noqa: E402
from check_starttls_cert.starttls import PROTOCOLS  # noqa: E402

README, CONTRIBUTING = (os.path.join(TOP, name) for name in ("README.md", "CONTRIBUTING.md"))
ICINGA = os.path.join(TOP, "contrib", "icinga2")
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(cli.__file__)), "outputs", "json_schema.json")


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def section(text: str, heading: str) -> tuple[int, int]:
    """Return where the first table below a heading begins and ends, without its head."""
    begin = text.index(f"\n## {heading}\n")
    table = re.compile(r"^\|.*\n\|[-|]*\n((?:\|.*\n)*)", re.MULTILINE).search(text, begin)
    assert table is not None
    return table.span(1)


def with_rows(text: str, heading: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return the text with other rows in the first table below a heading."""
    begin, end = section(text, heading)
    return text[:begin] + "".join(f"| {' | '.join(row)} |\n" for row in rows) + text[end:]


def options() -> Iterator[tuple[str, str]]:
    """Yield a row for each option of the command line."""
    for action in cli.parser()._actions:
        names = ", ".join(f"`{flag}`" for flag in action.option_strings)
        yield f"{names} {action.metavar or ''}".strip(), (action.help or "").replace("%%", "%")


def protocols() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each protocol."""
    for name, row in PROTOCOLS.items():
        yield f"`{name}`", str(row.port or "—"), row.specification


def rooms() -> Iterator[tuple[str, str]]:
    """Yield a row for each layer of the package."""
    for room, modules in LAYERS.items():
        yield room, " ".join(f"`{module}`" for module in modules.split())


EXAMPLES = ("fine.txt", "expired_3_days.txt")
"""The golden files with what the README shows."""


def first_line(command: str) -> str:
    """Return the first line that a command of the README prints, by the golden files."""
    texts = (read(os.path.join(HERE, "golden", name)) for name in EXAMPLES)
    printed = [text.partition(f"$ {command}\n")[2].partition("\n")[0] for text in texts]
    (line,) = filter(None, printed)
    return line


def readme(text: str) -> str:
    """Return the README as it has to be."""
    text = with_rows(with_rows(text, "Options", options()), "Protocols", protocols())
    text = re.sub(r"\[\d+ protocols\]", f"[{len(PROTOCOLS)} protocols]", text)
    return re.sub(
        r"^\$ (check_starttls_cert .*)\n(STARTTLS_CERT .*)$",
        lambda shown: f"$ {shown[1]}\n{first_line(shown[1])}",
        text,
        flags=re.MULTILINE,
    )


def contributing(text: str) -> str:
    """Return CONTRIBUTING as it has to be."""
    return with_rows(text, "The house", rooms())


def schema(text: str) -> str:
    """Return the JSON schema as it has to be."""
    keys = json.dumps([question.key for question in QUESTIONS])[1:-1]
    lines = textwrap.fill(keys, 118, initial_indent=" " * 18, subsequent_indent=" " * 18, break_on_hyphens=False)
    return re.sub(r'("question": \{\s*"enum": \[\n)[^\]]*(\n *\])', lambda found: found[1] + lines + found[2], text)


WHOLE = {
    "icinga2/starttls_cert.conf": icinga2_files.check_commands,
    "icinga2/director_basket.json": icinga2_files.basket,
    "shell/check_starttls_cert.1": man_page.man_page,
    "shell/check_starttls_cert.bash": completions.bash,
    "shell/_check_starttls_cert": completions.zsh,
    "shell/check_starttls_cert.fish": completions.fish,
}
"""Files in ``contrib``, and what makes them."""


def written() -> Iterator[tuple[str, str, str]]:
    """Yield path, text as it is, and text as it has to be."""
    for path, made in ((README, readme), (CONTRIBUTING, contributing), (SCHEMA, schema)):
        yield path, read(path), made(read(path))
    for name, whole in WHOLE.items():
        path = os.path.join(TOP, "contrib", *name.split("/"))
        yield path, read(path), whole()


if __name__ == "__main__":
    for path, before, after in written():
        if after != before:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(after)
            sys.stdout.write(f"{path}\n")
