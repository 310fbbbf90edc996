"""What completes the command line in bash, zsh and fish: option names, and the words of their values.

Made from the rows of the options, as the parser is. ``tests/lists.py`` writes the files. In bash ``=`` separates words,
which shtab leaves to its users: it completes neither ``--protocol=VALUE`` nor the second half of ``QUESTION=STATE``.
An option with words that may be repeated takes a comma list of them, too.
"""

from __future__ import annotations

import re
import shlex

from check_starttls_cert.cli import PROGRAM, ROWS
from check_starttls_cert.options import Option

HEAD = f"Completion of {PROGRAM}, written by tests/lists.py. Needs"


def subject(option: Option) -> str:
    """Return what an option is about, in a few words: where its words are offered, its help need not list them."""
    first = re.split(r"[:;(]|, short", option.help)[0].strip().replace("%%", "%")
    return option.key.replace("_", " ") if first.startswith("one of ") else first


BASH = {"FILE": "compopt -o default", "DIR": "compopt -o dirnames"}
ZSH = {"FILE": "_files", "DIR": "_files -/"}
FISH = {"FILE": ["-r", "-F"], "DIR": ["-x", "-a", "(__fish_complete_directories)"]}
"""How each shell completes paths."""


def bash() -> str:
    """Return the completion for bash 4 and newer."""
    cases, free = [], []
    for option in ROWS:
        flags = " | ".join(option.flags)
        if option.metavar in BASH:
            cases.append(f"        {flags}) {BASH[option.metavar]} ;;\n")
        elif option.choices:
            rest = "; [[ $word != *,* ]] || prefix=${word%,*}," if option.many else ""
            cases.append(f"        {flags}) words=({' '.join(option.choices)}){rest} ;;\n")
        elif option.metavar:
            free.append(flags)
    cases.append(f"        {' | '.join(free)}) ;;\n")
    names = " ".join(flag for option in ROWS for flag in option.flags)
    short = [(flag[1], option.metavar) for option in ROWS for flag in option.flags if not flag.startswith("--")]
    switches, takers = ("".join(flag for flag, value in short if bool(value) is takes) for takes in (False, True))
    return f"""\
# {HEAD} bash 4; bash-completion loads it by itself.
_{PROGRAM}() {{
    local IFS=$' \\t\\n' typed=${{COMP_LINE:0:COMP_POINT}} words=() word option prefix=
    word=${{typed##*[[:space:]]}}
    read -ra words <<< "${{typed%"$word"}}"
    option=${{words[${{#words[@]}} - 1]}}
    words=()
    # -vP smtp, --protocol=smtp, -vPsmtp
    [[ ! $option =~ ^-[{switches}]+([{takers}])$ ]] || option=-${{BASH_REMATCH[1]}}
    if [[ $word == --*=* ]]; then
        option=${{word%%=*}} prefix=${{word%%=*}}=
    elif [[ $word =~ ^-[{switches}]*([{takers}])(.+)$ ]]; then
        option=-${{BASH_REMATCH[1]}} prefix=${{word%"${{BASH_REMATCH[2]}}"}}
    fi
    case $option in
{"".join(cases)}        *) words=({names}) ;;
    esac
    COMPREPLY=($(compgen -P "$prefix" -W "${{words[*]}}" -- "${{word#"$prefix"}}"))
    # Where "=" separates words, what is completed begins behind it.
    [[ $COMP_WORDBREAKS != *=* || $word != *=* ]] || COMPREPLY=("${{COMPREPLY[@]#"${{word%=*}}="}}")
}}
complete -F _{PROGRAM} {PROGRAM}
"""


def zsh() -> str:
    """Return the completion for zsh, a function for a folder of ``fpath``."""
    lines = []
    for option in ROWS:
        others = "*" if option.many else f"({' '.join(option.flags)})"
        value = ""
        if option.metavar:
            words = f"({' '.join(option.choices)})" if option.choices else ""
            if option.choices and option.many:
                words = f"_sequence compadd -q -S '' - {' '.join(option.choices)}"
            value = f":{option.metavar}:{ZSH.get(option.metavar, words)}"
        explained = "[" + re.sub(r"([][\\])", r"\\\1", subject(option)) + "]" + value
        for flag in option.flags:
            glue = ("=" if flag.startswith("--") else "+") if option.metavar else ""
            lines.append(shlex.quote(others + flag + glue + explained))
    head = f"#compdef {PROGRAM}\n# {HEAD} compinit, with this folder in fpath.\n"
    return head + "_arguments -s -S \\\n    " + " \\\n    ".join(lines) + "\n"


BEFORE_COMMA = r"string replace -r '^(--[\w-]+=)?((.*,)?).*' '$2' -- (commandline -ct)"
"""Fish for what is there already of a comma list."""


def fish() -> str:
    """Return the completion for fish."""
    lines = [f"complete -c {PROGRAM} -f"]
    for option in ROWS:
        words = ["complete", "-c", PROGRAM]
        for flag in option.flags:
            words += ["-l", flag[2:]] if flag.startswith("--") else ["-s", flag[1:]]
        if option.metavar:
            values = " ".join(option.choices)
            if option.many:
                values = f"({BEFORE_COMMA}){{{','.join(option.choices)}}}"
            words += FISH.get(option.metavar, ["-x", "-a", values] if option.choices else ["-x"])
        lines.append(" ".join(fish_quote(word) for word in [*words, "-d", subject(option)]))
    return f"# {HEAD} fish 3.\n" + "\n".join(lines) + "\n"


def fish_quote(word: str) -> str:
    """Return a word as fish reads it."""
    if re.fullmatch(r"[\w-]+", word):
        return word
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
