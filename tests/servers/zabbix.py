"""Zabbix: its database in PostgreSQL, its server, and its API, which PHP's own web server serves."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import urllib.request
from typing import Any, NamedTuple

from servers import postgresql, process
from servers.running import Certificate

SERVER = """
DBHost=127.0.0.1
DBPort={database}
DBName=zabbix
DBUser=postgres
ListenIP=127.0.0.1
ListenPort={port}
LogFile={folder}/server.log
PidFile={folder}/server.pid
SocketDir={folder}
ExternalScripts={folder}/externalscripts
FpingLocation={folder}/fping
AllowRoot=1
CacheUpdateFrequency=1
Timeout=30
"""

FRONTEND = """<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = '{database}';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'postgres';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = '{port}';
$ZBX_SERVER_NAME = '';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""


class Refused(process.Unavailable):
    """What the API says of a call that it does not carry out."""


class Api(NamedTuple):
    """Zabbix, as its API shows it."""

    url: str
    folder: str
    session: str | None = None

    def __call__(self, method: str, parameters: Any) -> Any:
        """Call a method and return its result. Raises ``Refused``."""
        body = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1, "auth": self.session}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {"Content-Type": "application/json-rpc"})
        with urllib.request.urlopen(request, timeout=process.PATIENCE) as answer:
            document = json.load(answer)
        if "error" in document:
            raise Refused(document["error"])
        return document["result"]


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate, script: str) -> Api:
    """Start everything; ``script`` is the external script ``check_starttls_cert``."""
    program = process.find("zabbix_server", "/usr/sbin")
    tables = process.find_file("zabbix-server-pgsql", "/usr/share")
    frontend = process.find_file("zabbix", "/usr/share")
    php, psql = process.find("php"), process.find("psql")

    os.mkdir(f"{folder}/database")
    database = postgresql.start_without_tls(stack, f"{folder}/database", certificate).ports["postgres"]
    connect = [psql, "-h", "127.0.0.1", "-p", str(database), "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1"]
    process.run([*connect, "-c", "CREATE DATABASE zabbix"])
    for name in ("schema", "data"):
        with gzip.open(f"{tables}/{name}.sql.gz", "rt", encoding="utf-8") as file:
            # From here on it is hosts and templates, which take a minute and are not needed.
            text = file.read().partition("\nINSERT INTO hosts ")[0]
        statements = process.write(f"{folder}/{name}.sql", f"{text}\nCOMMIT;\n")
        process.run([*connect, "-f", statements, "zabbix"])

    port, web = process.free_ports(2)
    os.mkdir(f"{folder}/externalscripts")
    path = process.write(f"{folder}/externalscripts/check_starttls_cert", script)
    os.chmod(path, 0o755)
    configuration = process.write(f"{folder}/server.conf", SERVER.format(folder=folder, database=database, port=port))
    shutil.copytree(frontend, f"{folder}/frontend", symlinks=True, ignore_dangling_symlinks=True)
    ours = process.write(f"{folder}/zabbix.conf.php", FRONTEND.format(database=database, port=port))
    # Debian's frontend reads its settings from one place.
    reader = f"{folder}/frontend/include/classes/core/CConfigFile.php"
    process.write(reader, process.read(reader).replace("/etc/zabbix/zabbix.conf.php", ours))
    server, serving = process.start(
        stack,
        process.Command([program, "-f", "-c", configuration], f"{folder}/server.output"),
        process.Command([php, "-S", f"127.0.0.1:{web}", "-t", f"{folder}/frontend"], f"{folder}/php.output"),
    )
    process.await_port(port, server, f"{folder}/server.log", f"{folder}/server.output")
    process.await_port(web, serving, f"{folder}/php.output")
    api = Api(f"http://127.0.0.1:{web}/api_jsonrpc.php", folder)
    return api._replace(session=api("user.login", {"user": "Admin", "password": "zabbix"}))
