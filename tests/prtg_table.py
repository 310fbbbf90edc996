"""Every certificate of the zoo as PRTG gets it: the documents of three dialects, side by side.

``python tests/prtg_table.py`` writes the golden file anew. Read the difference before a commit.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

import prtg_rules
import zoo
from loopback import Service, smtp
from observations import GOLDEN

from check_starttls_cert import cli, run
from check_starttls_cert.observation import Observation
from check_starttls_cert.settings import Job

FILE = os.path.join(GOLDEN, "prtg_zoo.txt")

CASES = {**zoo.CASES, **zoo.JUDGED}

NOWHERE = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere"}
"""The environment of a system without trust anchors, for cases that bring none."""

COLUMNS = (22, 89, 63)

HEAD = """\
Every certificate of the zoo in PRTG's three dialects: prtg (Python Script Advanced and its kin), prtg-v2 in version 2,
and what version 3 adds to that. One channel a line, with everything that the document says of it; lookups without
"prtg.standardlookups.sslcertificatesensor.". The first line of a case has what the check says (a Nagios state), and
the state of the sensor in PRTG by each dialect. Dates and thumbprints are masked.
"""

MASKS = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2} UTC)?"), "DATE"),
    (re.compile(r"Thumbprint: [0-9A-F]{40} "), "Thumbprint: SHA1 "),
    (re.compile(r"\b[0-9A-F]{64}\b"), "SHA256"),
    (re.compile(r"[A-Za-z0-9+/]{43}="), "BASE64"),
    (re.compile(r"\S+anchors\.pem"), "anchors.pem"),
)


class Documents(NamedTuple):
    """One case in every dialect."""

    verdict: str
    prtg: dict[str, Any]
    version_2: dict[str, Any]
    version_3: dict[str, Any]


def documents(case: zoo.Case, folder: str) -> Documents:
    """Return the documents about a server that has the case's certificates, each checked as PRTG would."""
    chain, anchors = os.path.join(folder, "chain.pem"), os.path.join(folder, "anchors.pem")
    for path, contents in ((chain, case.key + case.chain), (anchors, case.anchors)):
        with open(path, "wb") as file:
            file.write(contents)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(chain)
    ca_file = ("--ca-file", anchors) if case.anchors else ()
    # The documents must not differ in what the server said: one probe is shown to all.
    seen: list[Observation] = []

    def observe(job: Job) -> Observation:
        seen.extend([] if seen else [run.observe(job)])
        return seen[0]

    once = run.World(observe=observe)
    with Service(smtp(context)) as service:
        arguments = ["-H", "127.0.0.1", "-p", str(service.port), "-n", case.reference, *ca_file, *case.arguments, "-o"]
        plain, old, two, three = (
            cli.answer([*arguments, *output.split()], once)
            for output in ("nagios", "prtg", "prtg-v2", "prtg-v2 --prtg-schema 3")
        )
    assert old.exit_code == two.exit_code == three.exit_code == 0
    verdict = plain.text.split()[1]
    return Documents(
        verdict, prtg_rules.advanced(old.text), prtg_rules.script_v2(two.text), prtg_rules.script_v2(three.text)
    )


def items(found: Any, prefix: str = "") -> dict[str, str]:
    """Return everything in a channel, one level deep, but for its name."""
    if not isinstance(found, dict):
        return {prefix: str(found).replace(prtg_rules.LOOKUP, "")}
    flat: dict[str, str] = {}
    for key, value in found.items():
        if key not in ("channel", "name"):
            flat.update(items(value, f"{prefix} {key}".strip()))
    return flat


def cell(flat: dict[str, str]) -> str:
    """Return items as text."""
    return ", ".join(f"{key} {value}" for key, value in flat.items())


def added(before: dict[str, str], after: dict[str, str]) -> str:
    """Return what ``after`` has beside ``before``, all of which it must have."""
    assert before.items() <= after.items()
    return cell({key: value for key, value in after.items() if key not in before})


def masked(text: str) -> str:
    """Return the text without what differs from run to run."""
    for volatile, word in MASKS:
        text = volatile.sub(word, text)
    return text


def row(*cells: str) -> str:
    """Return one line of the table."""
    return " | ".join([*(text.ljust(width) for text, width in zip(cells, COLUMNS)), cells[-1]]).rstrip(" |") + "\n"


def table(name: str, shown: Documents) -> str:
    """Return a case's part of the golden file."""
    old, two, three = shown[1:]
    assert {**two, "version": 3, "channels": []} == {**three, "channels": []}
    assert two["message"] == old["text"]
    states = [prtg_rules.sensor_state(document) for document in (old, two, three)]
    lines = f"\n{name}: {shown.verdict}\n" + row("state of the sensor", *states)
    lines += row("", "", f"status {two['status']}")
    for before, middle, after in zip(old["result"], two["channels"], three["channels"]):
        assert before["channel"] == middle["name"] == after["name"]
        flat = items(middle)
        lines += row(before["channel"], cell(items(before)), cell(flat), added(flat, items(after)))
    return lines + masked(old["text"]) + "\n"


def golden() -> dict[str, str]:
    """Return the golden file's part of each case."""
    with open(FILE, encoding="utf-8") as file:
        _, *parts = file.read().split("\n\n")
    return {part.partition(":")[0]: f"\n{part.rstrip()}\n" for part in parts}


def about_the_certificate(part: str) -> list[str]:
    """Return the rows of a part that need no more than the server's own certificate: its first five channels."""
    return part.splitlines()[4:9]


def written() -> Iterator[str]:
    """Yield the parts of the golden file as they are now."""
    yield HEAD
    now = datetime.now(timezone.utc).replace(microsecond=0)
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            yield table(name, documents(make(now), folder))


if __name__ == "__main__":
    os.environ.update(NOWHERE)
    text = "".join(written())
    with open(FILE, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
