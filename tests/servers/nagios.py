"""Nagios Core 4, with a configuration of its own: it runs services once, at once, and says what it saw."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import check_results
from servers import process

OBJECTS = ("commands.cfg", "contacts.cfg", "timeperiods.cfg", "templates.cfg")
"""What the package brings, and what definitions of services build upon."""

CONFIGURATION = """
{objects}
cfg_file={folder}/definitions.cfg
resource_file={folder}/resource.cfg
log_file={folder}/nagios.log
object_cache_file={folder}/objects.cache
status_file={folder}/status.dat
command_file={folder}/nagios.cmd
query_socket={folder}/nagios.qh
lock_file={folder}/nagios.pid
temp_file={folder}/nagios.tmp
temp_path={folder}
check_result_path={folder}/results
nagios_user={user}
nagios_group={group}
use_syslog=0
illegal_macro_output_chars=`~$&|'"<>
check_external_commands=0
enable_notifications=0
check_for_updates=0
retain_state_information=0
service_inter_check_delay_method=n
check_result_reaper_frequency=1
service_freshness_check_interval=1
status_update_interval=1
service_check_timeout=300
"""

# What it printed is kept, to be compared with what Nagios makes of it.
PLUGIN = """#!/bin/sh
said=$({program} "$@")
code=$?
printf '%s\\n' "$said" | tee "{folder}/said/$$"
exit $code
"""


SERVICE = """
define host {{
    use                 generic-host
    host_name           {host}
    address             {address}
    max_check_attempts  1
}}
define service {{
    use                  starttls-cert
    host_name            {host}
    service_description  {name}
    check_command        {command}
}}
"""


PASSIVE = """
define host {{
    use                    generic-host
    host_name              {host}
    active_checks_enabled  0
    max_check_attempts     1
}}
"""

PASSIVE_SERVICE = """
define service {{
    use                  starttls-cert-passive
    host_name            {host}
    service_description  {name}
    {more}
}}
"""


class Service(NamedTuple):
    """What Nagios shows of a service."""

    state: int
    output: str
    long_output: str
    performance: str


def configured(folder: str, program: str, definitions: str, *files: str) -> list[str]:
    """Return the command that starts Nagios with definitions and files of such, once it has found them right.

    ``program`` is the plugin, as a command of the shell.
    """
    import grp
    import pwd

    nagios = process.find("nagios4")
    brought = [process.find_file(name, "/etc/nagios4/objects") for name in OBJECTS]
    for name in ("plugins", "results", "said"):
        os.mkdir(f"{folder}/{name}")
    plugin = process.write(f"{folder}/plugins/check_starttls_cert", PLUGIN.format(program=program, folder=folder))
    os.chmod(plugin, 0o755)
    process.write(f"{folder}/resource.cfg", f"$USER1$={folder}/plugins\n")
    process.write(f"{folder}/definitions.cfg", definitions)
    configuration = process.write(
        f"{folder}/nagios.cfg",
        CONFIGURATION.format(
            folder=folder,
            objects="\n".join(f"cfg_file={path}" for path in (*brought, *files)),
            user=pwd.getpwuid(os.getuid()).pw_name,
            group=grp.getgrgid(os.getgid()).gr_name,
        ),
    )
    # Not a reason to skip: what Nagios does not take is wrong in the files under test.
    checked = subprocess.run([nagios, "-v", configuration], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    return [nagios, configuration]


def run(
    stack: contextlib.ExitStack, folder: str, program: str, shipped: str, services: dict[str, tuple[str, str, str]]
) -> dict[str, Service]:
    """Run each service once, and return what status.dat says of it.

    ``services`` are name and address of a host, and the check command, by description; ``shipped`` has the command.
    """
    definitions = (
        SERVICE.format(name=name, host=host, address=address, command=command)
        for name, (host, address, command) in services.items()
    )
    command = configured(folder, program, "".join(definitions), shipped)
    (started,) = process.start(stack, process.Command(command, f"{folder}/output"))

    def checked() -> bool:
        if started.poll() is not None:
            raise process.Unavailable(f"Nagios ended:\n{process.read(f'{folder}/output')}")
        return {name for name, _ in shown(folder)} == set(services)

    process.await_that(checked, lambda: process.read(f"{folder}/nagios.log"))
    return dict(shown(folder))


class Passive:
    """A core that checks nothing itself, and takes what is put into its directory."""

    def __init__(self, folder: str, host: str, services: tuple[str, ...], shipped: str, more: str = "") -> None:
        """``shipped`` has the template of the services; ``more`` is added to each."""
        self.folder = folder
        self.directory = f"{folder}/results"
        definitions = PASSIVE.format(host=host)
        definitions += "".join(PASSIVE_SERVICE.format(host=host, name=name, more=more) for name in services)
        self._command = configured(folder, "true", definitions, shipped)
        os.symlink(process.find("check_dummy", "/usr/lib/nagios/plugins"), f"{folder}/plugins/check_dummy")

    @property
    def log(self) -> str:
        return process.read(f"{self.folder}/nagios.log")

    def shown(self) -> dict[str, Service]:
        """Return the services that were checked."""
        return dict(shown(self.folder))

    def start(self, stack: contextlib.ExitStack) -> None:
        process.start(stack, process.Command(self._command, f"{self.folder}/output"))

    def await_log(self, *words: str) -> None:
        """Return when all these are in the log."""
        process.await_that(lambda: all(each in self.log for each in words), lambda: self.log)


def shown(folder: str) -> Iterator[tuple[str, Service]]:
    """Yield the services of status.dat that have been checked, by their description."""
    for block in re.findall(
        r"^servicestatus \{\n(.*?)^\t\}", process.read(f"{folder}/status.dat"), re.DOTALL | re.MULTILINE
    ):
        values = dict(line.strip().split("=", 1) for line in block.splitlines())
        if values["has_been_checked"] == "1":
            yield (
                values["service_description"],
                Service(
                    int(values["current_state"]),
                    values["plugin_output"],
                    check_results.unescaped(values["long_plugin_output"]).rstrip("\n"),
                    values["performance_data"],
                ),
            )


def said(folder: str) -> list[tuple[str, str, str]]:
    """Return status line, long output and performance data of each run, as the plugin printed them."""
    runs = []
    for name in os.listdir(f"{folder}/said"):
        first, _, below = process.read(f"{folder}/said/{name}").rstrip("\n").partition("\n")
        words, _, data = first.partition(" | ")
        runs.append((words, below, data))
    return runs
