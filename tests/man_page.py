"""The manual page, from the parser of the command line. ``tests/lists.py`` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from check_starttls_cert import __version__
from check_starttls_cert.cli import PROGRAM, parser

FILE = f"{PROGRAM}.1"


def roff(text: str) -> str:
    """Return text as troff prints it unchanged: it keeps its hyphens, and no line of it is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)


def paragraphs(text: str) -> Iterator[str]:
    """Yield text; what is indented is an example and keeps its lines."""
    for part in text.strip("\n").split("\n\n"):
        yield ".PP"
        if part.startswith(" "):
            yield ".nf\n" + roff(part) + "\n.fi"
        else:
            yield roff(part)


def lines() -> Iterator[str]:
    """Yield the page."""
    command = parser()
    about = (command.description or "").rstrip(".")
    yield f'.\\" Written by tests/lists.py.\n.TH {PROGRAM.upper()} 1 "" "{PROGRAM} {__version__}"'
    yield f".SH NAME\n{PROGRAM} \\- {roff(about[:1].lower() + about[1:])}"
    yield f".SH SYNOPSIS\n{roff(command.usage or '')}"
    yield ".SH OPTIONS"
    for group in command._action_groups:
        if group._group_actions:
            yield f".SS {roff((group.title or '').capitalize())}"
            yield from paragraphs(group.description or "")
            for action in group._group_actions:
                flags = ", ".join(f"\\fB{roff(flag)}\\fR" for flag in action.option_strings)
                value = f" \\fI{roff(str(action.metavar))}\\fR" if action.metavar else ""
                yield f".TP\n{flags}{value}\n{roff(action.help or '').replace('%%', '%')}"
    yield ".SH NOTES"
    yield from paragraphs(command.epilog or "")


def man_page() -> str:
    """Return the page for section 1."""
    return "\n".join(lines()) + "\n"
