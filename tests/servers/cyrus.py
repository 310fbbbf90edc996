"""Cyrus: IMAP and LMTP, both ways. It has no log but the system's."""

from __future__ import annotations

import contextlib

from servers import process, syslog
from servers.running import Certificate, Running, folder_of, run

IMAPD = """
configdirectory: {folder}/config
partition-default: {folder}/spool
defaultpartition: default
proc_path: {folder}/proc
mboxname_lockpath: {folder}/lock
sync_log: 0
debug: 1
allowplaintext: 0
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
tls_server_cert: {certificate.chain}
tls_server_key: {certificate.key}
tls_client_ca_file: {certificate.anchors}
tls_session_timeout: 0
"""

CYRUS = """
START {{
  recover cmd="{recover} -C {folder}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{imapd} -U 1 -C {folder}/imapd.conf" listen="127.0.0.1:{ports[imap]}" proto="tcp4"
  imaps cmd="{imapd} -s -U 1 -C {folder}/imapd.conf" listen="127.0.0.1:{ports[imaps]}" proto="tcp4"
  lmtp cmd="{lmtpd} -U 1 -C {folder}/imapd.conf" listen="127.0.0.1:{ports[lmtp]}" proto="tcp4"
}}
EVENTS {{
}}
"""

FOLDERS = ("/usr/lib/cyrus/bin",)


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start Cyrus."""
    process.as_root()
    master, imapd, lmtpd, recover = (
        process.find(name, *FOLDERS) for name in ("master", "imapd", "lmtpd", "ctl_cyrusdb")
    )
    own = folder_of("cyrus", f"{folder}/own")
    for name in ("config", "spool", "config/db", "config/socket", "proc", "lock"):
        folder_of("cyrus", f"{own}/{name}")
    ports = dict(zip(("imap", "imaps", "lmtp"), process.free_ports(3)))
    imapd_conf = process.write(
        f"{own}/imapd.conf", IMAPD.format(folder=own, certificate=certificate.copied(own, "cyrus"))
    )
    cyrus_conf = process.write(
        f"{own}/cyrus.conf", CYRUS.format(folder=own, imapd=imapd, lmtpd=lmtpd, recover=recover, ports=ports)
    )
    log = f"{folder}/log"
    command = syslog.listen(stack, folder, log)
    running = Running(
        ports,
        log,
        over="type:SERVICE .* exited",
        complaints=("negotiation failed", "Connection reset", "unexpected eof"),
    )
    arguments = [*command, master, "-C", imapd_conf, "-M", cyrus_conf, "-p", f"{own}/pid"]
    return run(stack, arguments, f"{folder}/output", running)
