"""Make the pictures of the README, in ``contrib/pictures``: what people see, from real runs against real servers.

``verdict.svg`` is the program at a terminal, ``sweep-table.svg`` a sweep there and ``sweep-page.png`` the page that it
writes; ``prometheus.png`` are the metrics in Prometheus' own graph, while one of the certificates is renewed. Needs
root, Linux, and Debian's postfix, dovecot-lmtpd, slapd, prometheus, prometheus-node-exporter and chromium. The
servers run on their usual ports, in a network of their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import html
import itertools
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import zoo  # noqa: E402
from servers import dovecot, postfix, process, slapd  # noqa: E402

PICTURES = TESTS.parent / "contrib" / "pictures"
NAMES = ("mta", "mx2", "lists", "mail", "store", "archive", "dc1", "dc3")
HOSTS = f"127.0.0.1 localhost {' '.join(f'{name}.example.com' for name in NAMES)}\n"

POSTFIX, DOVECOT, SLAPD = (
    {"mta": 25, "mail": 587, "mx2": 2525, "lists": 2526},
    {"store": 24, "archive": 2003},
    {"dc1": 389, "dc3": 1389},
)
"""Hosts and their ports."""

DAYS = {"mta": 12, "mail": 59, "store": 33, "dc1": -4, "mx2": 83, "lists": 5, "archive": 88, "dc3": 71}
"""That their certificates have left."""

OTHER_NAMES = {"dc1": "dc2"}
"""Whose certificate a host has that is not its own."""

SHOWN = ("-H mail.example.com -P submission -v", "-H dc1.example.com -P ldap -v")
"""The command lines at the terminal."""

ENDPOINTS = (
    "mta.example.com",
    "submission://mail.example.com",
    "lmtp://store.example.com",
    "ldap://dc1.example.com",
)
INVENTORY = """\
mta.example.com
mx2.example.com:2525
lists.example.com:2526
submission://mail.example.com
imap://mail.example.com
lmtp://store.example.com
lmtp://archive.example.com:2003
ldap://dc1.example.com
ldap://dc3.example.com:1389
"""
"""Of the sweep; there is no IMAP server."""

ROUNDS = 30
"""Runs of all checks behind Prometheus' graph. The certificate of the first endpoint is renewed in the middle."""

DAYS_LEFT = "max by (protocol, host, port) (starttls_cert_not_after_timestamp_seconds - time()) / 86400"

NOW = datetime.now(timezone.utc).replace(microsecond=0)
"""One moment for all certificates, so that they have one root."""

COLUMNS = 108
"""Of the terminal."""
COLOURS = dict(zip(range(30, 38), ("#555", "#f66", "#6c6", "#dc6", "#69f", "#c9f", "#6cc", "#ddd")))
"""SGR codes (ECMA-48) on a dark ground."""
CHARACTER, LINE, MARGIN = 7.25, 18, 14
"""Pixels, of a font of 12."""

GRAPH, PAGE = (1000, 900), (1100, 1000)
"""Pixels of the photographs."""


def certificate(folder: str, name: str, host: str, days: int) -> None:
    """Write a certificate for ``host`` with so many days left, as each server wants it."""
    dates = {"remaining": timedelta(days=days, hours=9), "lifetime": timedelta(days=90)}
    made = zoo.leaf(NOW, subject=zoo.name(host), names=zoo.dns(host), **dates)
    for suffix, content in (("chain", made.chain), ("key", made.key), ("both", made.key + made.chain)):
        process.write(f"{folder}/{name}.{suffix}.pem", content)
    process.write(f"{folder}/anchors/{name}.pem", made.anchors)


def serve(stack: contextlib.ExitStack, folder: str) -> None:
    """Start the servers, each on its usual port."""
    ports = itertools.chain(POSTFIX.values(), DOVECOT.values(), SLAPD.values())
    process.free_ports = lambda count: list(itertools.islice(ports, count))
    os.mkdir(f"{folder}/anchors")
    for name, days in DAYS.items():
        certificate(folder, name, f"{OTHER_NAMES.get(name, name)}.example.com", days)
    # The anchors take the place of this system's.
    process.run([process.find("openssl"), "rehash", f"{folder}/anchors"])
    process.run([process.find("mount"), "--bind", f"{folder}/anchors", "/etc/ssl/certs"])
    for name in ("postfix", "dovecot", "slapd"):
        os.mkdir(f"{folder}/{name}")
    empty = process.write(f"{folder}/openssl.cnf", "")
    # A process for each visit reads the renewed certificate.
    services = {name: {"smtpd_tls_chain_files": f"{folder}/{name}.both.pem", "max_use": "1"} for name in POSTFIX}
    postfix.start(stack, f"{folder}/postfix", services, empty)
    dovecot_files, slapd_files = (
        {name: (f"{folder}/{name}.chain.pem", f"{folder}/{name}.key.pem") for name in names}
        for names in (DOVECOT, SLAPD)
    )
    dovecot.start(stack, f"{folder}/dovecot", dovecot_files, empty)
    slapd.start(stack, f"{folder}/slapd", slapd_files)


def at_a_terminal(command: list[str]) -> str:
    """Return what stands on a terminal when a command has ended."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm-256color"}):
        os.close(theirs)
        said = b""
        # Linux: EIO is the end of a terminal that nobody has open any more.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                said += piece
    os.close(ours)
    # What was written over is gone: the program's line of progress.
    return re.sub(r"[^\n]*\r", "", said.decode("utf-8").replace("\r\n", "\n"))


def characters(text: str) -> list[tuple[str, str]]:
    """Return each character with its style, by the escape sequences before it."""
    style, found = "", []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", text):
        if not piece.startswith("\x1b"):
            found += [(character, style) for character in piece]
            continue
        codes = [int(code or 0) for code in piece[2:-1].split(";")]
        bold = ' font-weight="bold"' if 1 in codes else ""
        colours = [f' fill="{COLOURS[code % 60]}"' for code in codes if code % 60 in COLOURS]
        style = bold + "".join(colours)
    return found


def rows(text: str) -> list[list[tuple[str, str]]]:
    """Return the lines, broken where the terminal ends, but between words: so they are easier to read."""
    found: list[list[tuple[str, str]]] = [[]]
    for character, style in characters(text):
        if character == "\n":
            found.append([])
        elif len(found[-1]) == COLUMNS:
            full = found.pop()
            begin = max((place for place, (shown, _) in enumerate(full, 1) if shown == " "), default=COLUMNS)
            found += [full[:begin], full[begin:]]
        if character != "\n":
            found[-1].append((character, style))
    return found


def drawing(text: str, title: str = "") -> str:
    """Return a terminal with ``text`` in it, as SVG whose text is text."""
    lines = rows(text.rstrip("\n"))
    width, height = round(COLUMNS * CHARACTER) + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    size = f'width="{width}" height="{height}"'
    font = 'font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="12"'
    shown = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
        f"<title>{title}</title>",
        f'<rect {size} rx="6" fill="#1d1f21"/>',
        f'<g {font} fill="#ddd">',
        "<style>text{white-space:pre}</style>",
    ]
    for number, line in enumerate(lines):
        spans = ""
        for style, group in itertools.groupby(line, key=lambda pair: pair[1]):
            words = html.escape("".join(character for character, _ in group), quote=False)
            spans += f"<tspan{style}>{words}</tspan>" if style else words
        length = f' textLength="{len(line) * CHARACTER:g}"' if line else ""
        shown.append(f'<text x="{MARGIN}" y="{MARGIN + 13 + number * LINE}"{length}>{spans}</text>')
    return "\n".join([*shown, "</g>", "</svg>", ""])


def terminal() -> None:
    """Draw the command lines and what they print."""
    said = ""
    for arguments in SHOWN:
        printed = at_a_terminal([sys.executable, "-m", "check_starttls_cert", *arguments.split()])
        said += f"\x1b[1m$ check_starttls_cert {arguments}\x1b[0m\n{printed}\n"
    title = "check_starttls_cert at a terminal: a good certificate with all facts, and one that has expired"
    (PICTURES / "verdict.svg").write_text(drawing(said, title), "utf-8")


def sweep(folder: str) -> None:
    """Draw a sweep, and photograph the page that it writes."""
    os.mkdir(f"{folder}/sweep")
    os.chdir(f"{folder}/sweep")
    process.write("hosts", INVENTORY)
    arguments = "sweep hosts --html certificates.html"
    printed = at_a_terminal([sys.executable, "-m", "check_starttls_cert", *arguments.split()])
    title = "check_starttls_cert sweep at a terminal: a table of nine targets, the most urgent first"
    said = f"\x1b[1m$ check_starttls_cert {arguments}\x1b[0m\n{printed}"
    (PICTURES / "sweep-table.svg").write_text(drawing(said, title), "utf-8")
    photograph(folder, f"file://{folder}/sweep/certificates.html", "sweep-page.png", PAGE)


def graph(stack: contextlib.ExitStack, folder: str) -> None:
    """Let Prometheus scrape what the checks say, and photograph its graph of the days left."""
    settings = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": ["127.0.0.1:9100"]}]}],
    }
    process.write(f"{folder}/prometheus.yml", json.dumps(settings))
    process.write(f"{folder}/endpoints", "\n".join(ENDPOINTS))
    exporter = [
        *(process.find("prometheus-node-exporter"), "--collector.disable-defaults", "--collector.textfile"),
        *(f"--collector.textfile.directory={folder}", "--web.listen-address=127.0.0.1:9100"),
    ]
    server = [
        *(process.find("prometheus"), f"--config.file={folder}/prometheus.yml"),
        *(f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:9090"),
    ]
    process.start(stack, *(process.Command(arguments, f"{folder}/log") for arguments in (exporter, server)))
    begun = time.monotonic()
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            certificate(folder, "mta", "mta.example.com", 89)
        sweep = ["sweep", f"{folder}/endpoints", "--openmetrics", f"{folder}/all.prom"]
        swept = subprocess.run([sys.executable, "-m", "check_starttls_cert", *sweep], check=False, capture_output=True)
        assert swept.returncode == 2, swept.stdout  # one has expired
        time.sleep(1)
    query = {"g0.expr": DAYS_LEFT, "g0.tab": "0", "g0.range_input": f"{time.monotonic() - begun:.0f}s"}
    photograph(folder, f"http://127.0.0.1:9090/graph?{urllib.parse.urlencode(query)}", "prometheus.png", GRAPH)


def photograph(folder: str, address: str, name: str, size: tuple[int, int]) -> None:
    """Write the picture of a page."""
    picture = [
        *(process.find("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        f"--user-data-dir={folder}/chromium",
        *(f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=10000", f"--screenshot={PICTURES / name}"),
        address,
    ]
    subprocess.run(picture, check=True, capture_output=True, timeout=process.PATIENCE)


def inside(folder: str) -> None:
    """Make the pictures; this network and its names are ours alone."""
    os.environ["PYTHONPATH"] = str(TESTS.parent)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        os.environ.pop(name, None)
    with contextlib.ExitStack() as stack:
        serve(stack, folder)
        terminal()
        sweep(folder)
        graph(stack, folder)


def outside() -> int:
    """Make a network with names of its own, and start this script in it; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="pictures") as folder:
        os.chmod(folder, 0o755)
        hosts = process.write(f"{folder}/hosts", HOSTS)
        script = (
            f"ip link set lo up; mount --bind {hosts} /etc/hosts; exec {shlex.join([sys.executable, __file__, folder])}"
        )
        return subprocess.run(["unshare", "--net", "--mount", "sh", "-euc", script], check=False).returncode


if __name__ == "__main__":
    sys.exit(inside(sys.argv[1]) if sys.argv[1:] else outside())
