"""What somebody meant whose command line is not understood: the nearest option, another plugin's, a port in ``-H``.

It is read in steps, those of ``Reader.meant``. A command line is shown only after our own parser has taken it. Only
imported when something is wrong.
"""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from argparse import Action, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from check_starttls_cert.durations import NUMBER
from check_starttls_cert.peers import ANSWER_IN_SECONDS, ANY, PEERS, PROTOCOLS_THERE
from check_starttls_cert.starttls import PROTOCOLS
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.text import printable, shortened
from check_starttls_cert.words import listed

MAX_COMMAND = 600
"""Characters of a command line that is looked at, and of one that is shown: a part of it would be of no use."""

MAX_FLAG = 40
"""Characters of an option that may be meant by a misspelt one; any more are like none."""

MAX_SAID = 300
"""Characters of what is said of it."""

LIKENESS = 0.7
"""How near the nearest word has to be, as ``difflib`` counts it."""

CERTAINTY = 0.85
"""How near an option has to be that does not take what follows."""

ROWS = {flag: row for row in PEERS for flag in row.flags.split()}

HOSTS = ("host", "name", "sni")
SERVICE = ("host", "port", "protocol")
TEXTS = ("issuer", "ca_file", "ca_dir")
THRESHOLDS = ("warning", "critical")
INSTEAD = ("help", "version", "demo")
"""Instead of a check."""

HOST = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://(?:[^@/]*@)?)?(\[[^\]]*\]|[^:/?#@]+)(?::([0-9]*))?(?(1)(?:[/?#].*)?|/?)", re.IGNORECASE
)
"""A URL, or a host with a port or a slash: scheme, host and port."""

NEGATIVE = r"-[0-9.]+[a-z%]?"


class Word(NamedTuple):
    """An option with its value, ``None`` where it has none; without a flag, a word that belongs to no option."""

    flag: str
    value: str | None = None


def nearest(word: str, known: Iterable[str], likeness: float = LIKENESS) -> str:
    """Return the known word that this one begins, or that is most like it; nothing where none is."""
    word, known = word.lower(), list(known)
    longer = [each for each in known if each.startswith(word)]
    return longer[0] if len(longer) == 1 else next(iter(difflib.get_close_matches(word, known, 1, likeness)), "")


def nearest_protocol(word: str) -> str:
    """Return the protocol of ours that is meant by another name; nothing where none is."""
    return PROTOCOLS_THERE.get(word.lower()) or (nearest(word, PROTOCOLS) if word.strip() else "")


def explanation(
    arguments: Sequence[str], known: Mapping[str, Action], complaint: Callable[[list[str]], str], program: str
) -> str:
    """Say what is wrong with ``arguments``, and which command line of ``program`` is meant; nothing where none is.

    ``known`` are the parser's actions by flag; ``complaint`` says what is wrong with arguments, if anything is. Without
    a program, words that belong to no option have a meaning of their own: the earlier sensor's parameters.
    """
    if sum(map(len, arguments)) > MAX_COMMAND:
        return ""
    found = ""
    for steps in ((Reader.joined,), (Reader.placed, Reader.joined)) if program else ((),):
        reader = Reader(known)
        command = [part for word in reader.meant(arguments, steps) for part in reader.arguments(word)]
        said = shortened("; ".join(dict.fromkeys(reader.said)), MAX_SAID)
        if reader.is_unclear:
            return f"{said}; --help lists what is allowed"
        wrong = complaint(command)
        if said and not wrong:
            shown = written([program, *command]) if program else shlex.join(command)
            readable = shown == printable(shown, MAX_COMMAND)
            return f"{said}; " + (f"what is meant: {shown}" if shown and readable else "--help lists what is allowed")
        found = found or "; ".join(filter(None, (said, wrong)))
    return found


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


def is_flag(argument: str) -> bool:
    return len(argument) > 1 and argument.startswith("-")


class Reader:
    """Reads command lines for what is meant in the options of a parser."""

    def __init__(self, known: Mapping[str, Action]) -> None:
        self.known = known
        self.said: list[str] = []
        """What is wrong."""
        self.is_unclear = False
        """Whether something is wrong that no command line could say better."""

    def meant(
        self, arguments: Sequence[str], steps: Sequence[Callable[[Reader, list[Word]], list[Word]]]
    ) -> list[Word]:
        """Return what is meant; ``steps`` are those for the words that belong to no option."""
        words = self.without_empty(list(self.split(arguments)))
        for step in steps:
            words = step(self, words)
        words = self.translated(words)
        given = set(map(self.dest, words))
        words = [each for word in words for each in self.plain(word, given)]
        port = next((word.value for word in words if self.dest(word) == "port"), None)
        if self.said and port and "protocol" not in map(self.dest, words):
            words += [Word("-P", name) for name, row in PROTOCOLS.items() if port == str(row.port)][:1]
        return words

    def dest(self, word: Word) -> str:
        """Return which option of ours a word is."""
        return self.known[word.flag].dest if word.flag in self.known else ""

    def is_theirs(self, flag: str) -> bool:
        return flag in ROWS and flag not in self.known

    def is_switch(self, flag: str) -> bool:
        """Return whether an option of ours takes no value."""
        return self.known[flag].nargs == 0

    def refuses(self, word: Word) -> bool:
        """Return whether an option of ours does not take its value."""
        action = self.known.get(word.flag)
        if action is None or word.value is None or not callable(action.type):
            return False
        try:
            action.type(word.value)
        except (ArgumentTypeError, ValueError):
            return True
        return False

    def arguments(self, word: Word) -> list[str]:
        """Return a word as arguments."""
        flag, value = word
        if value is None or not flag:
            return [flag if value is None else value]
        if flag in self.known and not value.startswith("-"):
            return [flag, value]
        return [f"{flag}={value}" if flag.startswith("--") else f"{flag}{value}"]

    def split(self, arguments: Sequence[str]) -> Iterator[Word]:
        """Yield the options among the arguments, as getopt does; a misspelt one as the nearest."""
        rest = list(reversed(arguments))
        while rest:
            argument = rest.pop()
            if not is_flag(argument):
                yield Word("", argument)
                continue
            given, attached, value = argument.partition("=")
            following = value if attached else rest[-1] if rest and not is_flag(rest[-1]) else None
            if not attached and self.is_output(given):
                self.said.append(f"{given} is no option, but an output")
                yield Word("-o", given[2:])
                continue
            flag = self.spelt(given, following)
            if not flag:  # short options in one word
                flag, attached = argument[:2], argument[2:]
                value = attached.removeprefix("=")
                if attached and not fits(self.takes(flag), value):
                    rest.append(f"-{attached}")
                    yield Word(flag)
                    continue
            if attached and flag in self.known and self.is_switch(flag):
                self.said.append(f'{flag} takes no value, not "{printable(value, 100)}"')
                yield Word(flag)
            elif attached:
                yield Word(flag, value)
            elif rest and self.is_value(flag, rest[-1]):
                yield Word(flag, rest.pop())
            else:
                yield Word(flag)

    def is_output(self, given: str) -> bool:
        """Return whether this would be an option if each output had one."""
        return given.startswith("--") and given not in self.known and not self.refuses(Word("-o", given[2:].lower()))

    def spelt(self, given: str, following: str | None) -> str:
        """Return an option as it is spelt, and a misspelt one as the nearest; nothing for short ones in one word."""
        if given in self.known or given in ROWS or given == "--":
            return given
        name, is_long = given.lstrip("-"), given.startswith("--")
        other = f"-{name}" if len(name) == 1 else f"--{name}"
        if other in self.known or other in ROWS:
            near = other  # with as many dashes as it has
        elif is_long:
            near = self.near(name, following) if len(name) > 1 else ""
        else:
            near = self.near(name, following, 1) if len(name) > 3 else ""
        if near in self.known:
            self.said.append(f"{printable(given, 60)} is no option, the nearest is {near}")
        return near or (given if is_long else "")

    def near(self, name: str, following: str | None, likeness: float = LIKENESS) -> str:
        """Return the option of ours that is meant by one that nobody knows."""
        if len(name) > MAX_FLAG:
            return ""
        flags = {flag[2:]: flag for flag in self.known if flag.startswith("--")}
        suitable = [each for each, flag in flags.items() if self.suits(flag, following)]
        found = nearest(name, suitable, likeness) or nearest(name, flags, max(likeness, CERTAINTY))
        return flags.get(found, "")

    def suits(self, flag: str, following: str | None) -> bool:
        """Return whether what follows an option is what this one of ours takes."""
        if following is None or self.is_switch(flag):
            return following is None
        word = Word(flag, following)
        return not self.refuses(word) or Reader(self.known).plain(word, set()) != [word]

    def takes(self, flag: str) -> str:
        """Return the pattern of the value that a flag takes; nothing for a switch."""
        if flag in self.known:
            return "" if self.is_switch(flag) else ANY
        return ROWS[flag].takes if flag in ROWS else ""

    def is_value(self, flag: str, argument: str) -> bool:
        """Return whether an argument is the value of the flag before it."""
        if not is_flag(argument):
            return fits(self.takes(flag), argument)
        if flag not in self.known or self.is_switch(flag) or argument in self.known or argument in ROWS:
            return False
        if re.fullmatch(NEGATIVE, argument):
            return True
        is_text = self.known[flag].dest in TEXTS and not argument.startswith("--") and argument[:2] not in self.known
        if is_text:
            self.said.append(f'"{printable(argument, 100)}" begins with "-", so it is joined to {flag}')
        return is_text

    def without_empty(self, words: list[Word]) -> list[Word]:
        """Return the words without empty ones that belong to no option."""
        if Word("", "") in words:
            self.said.append("an argument is empty")
        return [word for word in words if word != Word("", "")]

    def placed(self, words: list[Word]) -> list[Word]:
        """Return the words with those that belong to no option as the host, and the port and the protocol after it."""
        found: list[Word] = []
        for word in words:
            given = set(map(self.dest, [*words, *found]))
            flag = "" if word.flag or given & {*INSTEAD} else self.place(word.value or "", found, given)
            if flag in {"-H", "-p", "-P"}:
                self.said.append(f'"{printable(word.value or "", 100)}" belongs behind {flag}')
            elif flag:
                self.said.append(f"{word.value} is no option, the nearest is {flag}")
            found.append(Word(flag) if flag.startswith("--") else Word(flag or word.flag, word.value))
        return found

    def place(self, value: str, before: list[Word], given: set[str]) -> str:
        """Return the flag that a word that belongs to no option lacks; nothing where it has no place."""
        if value in INSTEAD:
            return f"--{value}"
        if "host" not in given:
            return "-H" if re.match(r"\[|\w*[^\W\d]", value) else ""
        if not before or self.dest(before[-1]) not in SERVICE:
            return ""
        if value.isdigit():
            return "" if "port" in given else "-p"
        return "-P" if value.lower() in {*PROTOCOLS, *PROTOCOLS_THERE} and "protocol" not in given else ""

    def joined(self, words: list[Word]) -> list[Word]:
        """Return the words with those that belong to no option as the rest of the value before them."""
        found: list[Word] = []
        for word in words:
            if not word.flag and found and self.goes_on(found[-1], word.value or ""):
                found[-1] = found[-1]._replace(value=f"{found[-1].value} {word.value}")
            else:
                found.append(word)
        longer = [word for word in found if word not in words]
        self.said += [f'"{printable(value or "", 100)}" is one value of {flag}' for flag, value in longer]
        return found

    def goes_on(self, word: Word, value: str) -> bool:
        """Return whether an option takes its value with another one behind it."""
        if not word.flag or not word.value or word.value[0].isdigit() != value[0].isdigit():
            return False
        longer = word._replace(value=f"{word.value} {value}")
        if not self.is_theirs(word.flag):
            return word.flag in self.known and not self.refuses(longer)
        # An option whose value does not matter here takes no more than it needs.
        meaning = self.here(longer)
        return meaning != self.here(word) and not any(map(self.refuses, meaning or ()))

    def translated(self, words: list[Word]) -> list[Word]:
        """Return the words with the options of other plugins as ours."""
        theirs = [word for word in words if self.is_theirs(word.flag)]
        if not theirs:
            return words
        flags = list(dict.fromkeys(word.flag for word in theirs))
        self.said.append(f"{listed(flags)} {'is an option' if len(flags) == 1 else 'are options'} of other plugins")
        found: list[Word] = []
        unlike: list[str] = []
        protocol: str | None = None
        for word in words:
            is_theirs = self.is_theirs(word.flag)
            meaning = self.here(word) if is_theirs else self.beside(word, theirs)
            if meaning is None:
                unlike.append(word.flag)
            elif not is_theirs:
                found += meaning
            elif "" in [each.value for each in meaning]:
                self.said.append(f"{word.flag} has no value")
                self.is_unclear = True
            else:
                found += [each for each in meaning if each.flag != "-P"]
                protocol = next((each.value for each in meaning if each.flag == "-P"), protocol)
        if unlike:
            self.said.append(f"nothing here is like {listed(list(dict.fromkeys(unlike)))}")
        if protocol and "protocol" not in map(self.dest, found):
            ssl = protocol == "ldap" and {"-S", "--ssl"} & {*flags}
            found.append(Word("-P", "ldaps" if ssl else protocol))
        return found

    def here(self, word: Word) -> list[Word] | None:
        """Return what an option of theirs means here; ``None`` where nothing is like it."""
        meaning = ROWS[word.flag].here(word.value or "")
        if meaning is None:
            return None
        return [Word(flag, None if self.is_switch(flag) else value) for flag, value in meaning]

    def beside(self, word: Word, theirs: list[Word]) -> list[Word] | None:
        """Return what an option of ours means beside some of theirs; ``None`` where it is another one there."""
        dest, options = self.dest(word), {each.flag for other in theirs for each in self.here(other) or ()}
        if dest == "host" and "-H" in options:
            return [word._replace(flag="-n")]  # the other is the address
        if dest in THRESHOLDS and ("-w" in options or any(map(in_seconds, theirs))) and fits(NUMBER, word.value or ""):
            return None
        # A password, or whatever it is there.
        is_other = dest not in HOSTS and self.refuses(word) and (word.value or "").lower() not in PROTOCOLS_THERE
        return None if is_other else [word]

    def plain(self, word: Word, given: set[str]) -> list[Word]:
        """Return a word with a host alone where it names a host, and a protocol of ours; ``given``: what others say."""
        dest, value = self.dest(word), word.value or ""
        if not self.refuses(word):
            return [word]
        if dest == "protocol" and value.lower() in PROTOCOLS_THERE:
            protocol = PROTOCOLS_THERE[value.lower()]
            self.said.append(f"{value} is {protocol} here")
            return [word._replace(value=protocol)]
        url = HOST.fullmatch(value) if dest in HOSTS else None
        if url is None or url[2] == value:
            return [word]
        scheme, host, port = (part or "" for part in url.groups())
        protocol = PROTOCOLS_THERE.get(scheme.lower(), scheme.lower())
        self.said.append(f'{word.flag} takes a host alone, not "{printable(value, 100)}"')
        found = [word._replace(value=host)]
        if dest == "host" and port and "port" not in given:
            found.append(Word("-p", port))
        if dest == "host" and protocol and "protocol" not in given:
            if protocol not in PROTOCOLS:
                self.said.append(f"{scheme} is no protocol here")
                self.is_unclear = True
                return [word]
            found.append(Word("-P", protocol))
        return found


def in_seconds(word: Word) -> bool:
    """Return whether an option is one of the plugins whose thresholds are the seconds to answer."""
    # Elsewhere -S has a value: the version of TLS, or openssl's name of a protocol.
    return word.flag in ANSWER_IN_SECONDS and (word.value is None or "-S" not in ROWS[word.flag].flags.split())
