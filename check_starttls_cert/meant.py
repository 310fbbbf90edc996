"""What somebody meant whose command line is not understood: the nearest option, another plugin's, a port in ``-H``.

A command line is shown only after our own parser has taken it. Only imported when something is wrong.
"""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from argparse import Action, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from check_starttls_cert.peers import ANY, PEERS, PROTOCOLS_THERE
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.text import printable, shortened
from check_starttls_cert.words import listed

MAX_COMMAND = 600
"""Characters of a command line that is looked at, and of one that is shown: a part of it would be of no use."""

MAX_SAID = 300
"""Characters of what is said of it."""

LIKENESS = 0.7
"""How near the nearest option has to be, as ``difflib`` counts it."""

ROWS = {flag: row for row in PEERS for flag in row.flags.split()}

HOSTS = ("host", "name", "sni")
THRESHOLDS = ("warning", "critical")

HOST = re.compile(
    r"(?:([a-z][a-z0-9+-]*)://(?:[^@/]*@)?)?(\[[^\]]*\]|[^:/?#@]+)(?::([0-9]*))?(?(1)(?:[/?#].*)?|/?)", re.IGNORECASE
)
"""A URL, or a host with a port or a slash: scheme, host and port."""


class Word(NamedTuple):
    """An option with its value, empty where it has none; without a flag, a word that belongs to no option."""

    flag: str
    value: str = ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that this one begins, or that is most like it; nothing where none is."""
    word, known = word.lower(), list(known)
    longer = [each for each in known if each.startswith(word)]
    return longer[0] if len(longer) == 1 else next(iter(difflib.get_close_matches(word, known, 1, LIKENESS)), "")


def explanation(
    arguments: Sequence[str], known: Mapping[str, Action], complaint: Callable[[list[str]], str], program: str
) -> str:
    """Say what is wrong with ``arguments``, and which command line of ``program`` is meant; nothing where none is.

    ``known`` are the parser's actions by flag; ``complaint`` says what is wrong with arguments, if anything is. Without
    a program, words that belong to no option have a meaning of their own: the earlier sensor's parameters.
    """
    if sum(map(len, arguments)) > MAX_COMMAND:
        return ""
    words = list(split(arguments, Reader(known).takes))
    found = ""
    for with_host in (False, True) if program else (False,):
        reader = Reader(known)
        command = [part for word in reader.meant(words, with_host=with_host) for part in reader.arguments(word)]
        wrong = complaint(command)
        said = shortened("; ".join(dict.fromkeys(reader.said)), MAX_SAID)
        if said and not wrong:
            shown = written([program, *command]) if program else shlex.join(command)
            readable = shown == printable(shown, MAX_COMMAND)
            return f"{said}; " + (f"what is meant: {shown}" if shown and readable else "--help lists what is allowed")
        if said and not with_host:
            found = f"{said}; {wrong}"
    return found


def split(arguments: Sequence[str], takes: Callable[[str], str]) -> Iterator[Word]:
    """Yield the options among the arguments, as getopt does; ``takes`` gives the pattern of a flag's value."""
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        long = word.startswith("--")
        if len(word) < 2 or not word.startswith("-"):
            yield Word("", word)
            continue
        flag, attached, value = word.partition("=") if long else (word[:2], word[2:], word[2:].removeprefix("="))
        pattern = takes(flag)
        if attached and (long or fits(pattern, value)):
            yield Word(flag, value)
        elif attached:
            yield Word(flag)
            rest.append(f"-{attached}")
        elif rest and not rest[-1].startswith("-") and fits(pattern, rest[-1]):
            yield Word(flag, rest.pop())
        else:
            yield Word(flag)


def written(words: list[str]) -> str:
    """Return a command line as the system's shells take it; nothing where they could take it for something else."""
    if sys.platform != "win32":
        return shlex.join(words)
    # cmd and PowerShell agree on double quotes, but on no way around what is special inside these.
    if any(re.search(r'["%$`!]|\\$', word) for word in words):
        return ""
    return " ".join(word if re.fullmatch(r"[\w@+=:./\\-]+", word, re.ASCII) else f'"{word}"' for word in words)


def fits(pattern: str, value: str) -> bool:
    return bool(pattern) and re.fullmatch(pattern, value, re.DOTALL) is not None


class Reader:
    """Reads command lines for what is meant in the options of a parser."""

    def __init__(self, known: Mapping[str, Action]) -> None:
        self.known = known
        self.said: list[str] = []
        """What is wrong."""

    def takes(self, flag: str) -> str:
        """Return the pattern of the value that a flag takes; nothing for a switch."""
        if flag not in self.known and flag in ROWS:
            return ROWS[flag].takes
        action = self.known.get(flag) or self.known.get(self.near(flag))
        return "" if action is None or action.nargs == 0 else ANY

    def near(self, flag: str) -> str:
        """Return the flag of ours that is meant by one that nobody knows."""
        return nearest(flag, (each for each in self.known if each.startswith("--"))) if len(flag) > 2 else ""

    def dest(self, word: Word) -> str:
        """Return which option of ours a word is."""
        return self.known[word.flag].dest if word.flag in self.known else ""

    def refuses(self, word: Word) -> bool:
        """Return whether an option of ours does not take its value."""
        action = self.known.get(word.flag)
        if action is None or action.nargs == 0 or not callable(action.type):
            return False
        try:
            action.type(word.value)
        except (ArgumentTypeError, ValueError):
            return True
        return False

    def arguments(self, word: Word) -> list[str]:
        """Return a word as arguments."""
        switch = word.flag not in self.known or self.known[word.flag].nargs == 0
        return list(filter(None, word)) if switch else list(word)

    def spelt(self, word: Word) -> Word:
        """Return a misspelt option as the nearest of ours, and any other as it is."""
        near = "" if word.flag in {"", *self.known, *ROWS} else self.near(word.flag)
        if not near:
            return word
        self.said.append(f"{printable(word.flag, 60)} is no option, the nearest is {near}")
        return word._replace(flag=near)

    def meant(self, words: list[Word], *, with_host: bool) -> list[Word]:
        """Return what is meant; ``with_host``: by words that belong to no option, too."""
        words = [self.spelt(word) for word in words]
        if with_host and "host" not in map(self.dest, words):
            words = self.with_host(words)
        words = self.hosts_alone(self.translated(words))
        port = next((word.value for word in words if self.dest(word) == "port"), "")
        if self.said and port and "protocol" not in map(self.dest, words):
            words += [Word("-P", name) for name, row in PROTOCOLS.items() if port == str(row.port)][:1]
        return words

    def with_host(self, words: list[Word]) -> list[Word]:
        """Return the words with the first that belongs to no option as the host; after it, a port and a protocol."""
        strays = [word for word in words if not word.flag]
        flags = ["-H", *("-p" if word.value.isdigit() else "-P" for word in strays[1:])]
        if not strays or len(set(flags)) < len(flags):
            return words
        self.said += [f'"{printable(word.value, 100)}" belongs behind {flag}' for word, flag in zip(strays, flags)]
        following = iter(flags)
        return [word if word.flag else word._replace(flag=next(following)) for word in words]

    def translated(self, words: list[Word]) -> list[Word]:
        """Return the words with the options of other plugins as ours."""
        foreign = {word: ROWS[word.flag].here(word.value) for word in words if word.flag in {*ROWS} - {*self.known}}
        if not foreign:
            return words
        meanings = dict(each for meaning in foreign.values() for each in meaning or ())
        found: list[Word] = []
        without: list[str] = []
        for word in words:
            meaning = foreign[word] if word in foreign else self.beside(meanings, word)
            found += [Word(*each) for each in meaning or () if word not in foreign or each[0] != "-P"]
            without += [word.flag] if meaning is None else []
        flags = list(dict.fromkeys(word.flag for word in foreign))
        if "-P" in meanings and "protocol" not in map(self.dest, found):
            ssl = meanings["-P"] == "ldap" and {"-S", "--ssl"} & {*flags}
            found.append(Word("-P", "ldaps" if ssl else meanings["-P"]))
        noun = "is an option" if len(flags) == 1 else "are options"
        self.said.append(f"{listed(flags)} {noun} of other plugins")
        if without:
            self.said.append(f"nothing here is like {listed(list(dict.fromkeys(without)))}")
        return found

    def beside(self, meanings: Mapping[str, str], word: Word) -> tuple[Word] | None:
        """Return what a word means beside other plugins' options; ``None`` where it is one of theirs as well."""
        dest, value = self.dest(word), word.value
        if dest == "protocol":
            word = word._replace(value=PROTOCOLS_THERE.get(value.lower(), value))
        if dest == "host" and "-H" in meanings:
            word = word._replace(flag="-n")  # the other is the address
        # The seconds to answer; a password; or whatever it is there.
        seconds = dest in THRESHOLDS and "-w" in meanings
        return None if seconds or (dest not in HOSTS and self.refuses(word)) else (word,)

    def hosts_alone(self, words: list[Word]) -> list[Word]:
        """Return the words with nothing but hosts where hosts are given; port and protocol become options."""
        given = set(map(self.dest, words))
        found: list[Word] = []
        for word in words:
            dest = self.dest(word)
            url = HOST.fullmatch(word.value) if dest in HOSTS and self.refuses(word) else None
            if url is None or url[2] == word.value:
                found.append(word)
                continue
            self.said.append(f'{word.flag} takes a host alone, not "{printable(word.value, 100)}"')
            scheme, host, port = (part or "" for part in url.groups())
            found.append(word._replace(value=host))
            protocol = PROTOCOLS_THERE.get(scheme.lower(), scheme.lower())
            if dest == "host" and port and "port" not in given:
                found.append(Word("-p", port))
            if dest == "host" and protocol in PROTOCOLS and "protocol" not in given:
                found.append(Word("-P", protocol))
        return found
