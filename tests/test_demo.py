"""The demo: both dialects, nothing left behind, no network."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

from observations import environment

from check_starttls_cert.demo import DIALECTS, HOST, NAME

NO_NETWORK = """
import socket, sys

connect = socket.socket.connect

def loopback_only(sock, address):
    assert address[0] == "127.0.0.1", address
    return connect(sock, address)

def no_resolver(host, *arguments):
    assert host in (b"127.0.0.1", "127.0.0.1"), host
    return resolve(host, *arguments)

socket.socket.connect = loopback_only
resolve, socket.getaddrinfo = socket.getaddrinfo, no_resolver
from check_starttls_cert import cli
sys.exit(cli.main(["--demo"]))
"""


def test_the_demo_shows_each_dialect_without_a_network_and_leaves_nothing_behind(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NO_NETWORK],
        env=environment(TMPDIR=str(tmp_path), TEMP=str(tmp_path), TMP=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []

    introduction, *shown = done.stdout.split("\n$ ")
    port = re.search(rf"listens on {HOST} port (\d+)", introduction)[1]
    commands = [shlex.split(one.partition("\n")[0]) for one in shown]
    for command, output in zip(commands, DIALECTS):
        assert command[:7] == ["check_starttls_cert", "-H", HOST, "-p", port, "-n", NAME]
        assert command[-2:] == ["-o", output]
    assert len(commands) == len(DIALECTS)

    answers = [one.splitlines()[1:] for one in shown]
    assert re.fullmatch(
        rf"STARTTLS_CERT OK - smtp {HOST}:{port}: {NAME} expires in 89 days \(\d+-\d+-\d+\), trusted, EC 256"
        r" \| days_until_expiration=89\.96;27:;7: time=\d+\.\d{3}s;;;0 public_key_size=256"
        # Python 3.9 does not tell the chain.
        r"( days_until_chain_expiration=89\.96)?",
        answers[0][0],
    )
    assert json.loads(answers[1][0])["prtg"]["text"].startswith(f"OK. Certificate Common Name: {NAME} - ")
    assert [answer[1] for answer in answers] == ["(exit code 0)"] * len(DIALECTS)
