"""The manual page, from the parser of the command line. ``tests/lists.py`` writes it."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from observations import HERE

from check_starttls_cert import __version__
from check_starttls_cert.cli import PROGRAM, parser

FILE = f"{PROGRAM}.1"


def released() -> str:
    """Return the date of this version, which Debian's changelog has."""
    with open(os.path.join(os.path.dirname(HERE), "contrib", "debian", "changelog"), encoding="utf-8") as file:
        trailer = re.search(r"^ -- .*?>  (.*)$", file.read(), re.MULTILINE)
    assert trailer is not None
    return parsedate_to_datetime(trailer[1]).date().isoformat()


def roff(text: str) -> str:
    """Return text as troff prints it unchanged: it keeps its hyphens, and no line of it is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)


def filled(text: str) -> str:
    """Return a paragraph in short lines."""
    return roff(textwrap.fill(text, 72, break_long_words=False, break_on_hyphens=False))


def section(paragraph: str) -> str:
    """Return a section for a paragraph of the help that begins with a title; examples below one keep their lines."""
    title, _, text = paragraph.partition(":")
    examples = text.startswith("\n")
    body = f".nf\n{roff(textwrap.dedent(text).strip())}\n.fi" if examples else filled(text.strip())
    return f".SH {title.upper()}\n{body}"


def lines() -> Iterator[str]:
    """Yield the page."""
    command = parser()
    about = (command.description or "").rstrip(".")
    yield '.\\" Written by tests/lists.py.'
    yield f'.TH {PROGRAM.upper()} 1 {released()} "{PROGRAM} {__version__}"'
    yield f".SH NAME\n{PROGRAM} \\- {roff(about[:1].lower() + about[1:])}"
    yield f".SH SYNOPSIS\n{roff(command.usage or '')}"
    yield ".SH OPTIONS"
    for group in command._action_groups:
        if group._group_actions:
            yield f".SS {roff((group.title or '').capitalize())}"
            for action in group._group_actions:
                flags = ", ".join(f"\\fB{roff(flag)}\\fR" for flag in action.option_strings)
                value = f" \\fI{roff(str(action.metavar))}\\fR" if action.metavar else ""
                yield f".TP\n{flags}{value}\n{filled((action.help or '').replace('%%', '%'))}"
    yield from map(section, (command.epilog or "").split("\n\n"))


def man_page() -> str:
    """Return the page for section 1."""
    return "\n".join(lines()) + "\n"
