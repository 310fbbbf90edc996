"""Icinga Director without Icinga Web's pages: its command line and a database of PostgreSQL's."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import Any, NamedTuple

from servers import postgresql, process
from servers.running import Certificate

MODULES = ("director", "incubator", "reactbundle")

CONFIG = """
[global]
config_backend = "ini"
[logging]
log = "php"
"""

RESOURCES = """
[director]
type = "db"
db = "pgsql"
host = "127.0.0.1"
port = "{port}"
dbname = "postgres"
username = "postgres"
charset = "utf8"
"""

DIRECTOR = """
[db]
resource = "director"
"""


class Director(NamedTuple):
    """Director's command line, with its configuration."""

    program: str
    configuration: str

    def __call__(self, *arguments: str, text: str = "") -> str:
        """Return what a command of Director says; ``text`` is its standard input."""
        run = subprocess.run(
            [self.program, "director", *arguments],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=process.PATIENCE,
            env={**os.environ, "ICINGAWEB_CONFIGDIR": self.configuration},
        )
        if run.returncode != 0:
            raise process.Unavailable(
                f"{' '.join(arguments)} ended with code {run.returncode}: {run.stdout}{run.stderr}"
            )
        return run.stdout

    def rows(self, *arguments: str) -> Any:
        """Return what a command of Director says in JSON."""
        return json.loads(self(*arguments))


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Director:
    """Start a database, and let Director lay out its tables there; the certificate is not used."""
    program = process.find("icingacli")
    enabled = f"{folder}/web/enabledModules"
    os.makedirs(f"{folder}/web/modules/director")
    os.mkdir(enabled)
    for module in MODULES:
        os.symlink(process.find_file(module, "/usr/share/icingaweb2/modules"), f"{enabled}/{module}")
    port = postgresql.start_without_tls(stack, folder, certificate).ports["postgres"]
    process.write(f"{folder}/web/config.ini", CONFIG)
    process.write(f"{folder}/web/resources.ini", RESOURCES.format(port=port))
    process.write(f"{folder}/web/modules/director/config.ini", DIRECTOR)
    director = Director(program, f"{folder}/web")
    director("migration", "run")
    return director
