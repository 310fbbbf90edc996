"""389 Directory Server: an instance without a database, which keeps its certificate in NSS's."""

from __future__ import annotations

import contextlib
import os
import re
import shutil

from servers import process
from servers.running import Certificate, Running, as_user, folder_of, run

# On top of the package's own template.
SETTINGS = """
nsslapd-listenhost: 127.0.0.1
nsslapd-securelistenhost: 127.0.0.1
nsslapd-security: on
nsslapd-secureport: {ports[ldaps]}
nsslapd-accesslog-logbuffering: off
nsslapd-ioblocktimeout: 600000
"""

ENCRYPTION = """
dn: cn=encryption,cn=config
objectClass: top
objectClass: nsEncryptionConfig
cn: encryption
nsSSLClientAuth: off
nsSSLSessionTimeout: 0

dn: cn=RSA,cn=encryption,cn=config
objectClass: top
objectClass: nsEncryptionModule
cn: RSA
nsSSLPersonalitySSL: Server-Cert
nsSSLActivation: on
nsSSLToken: internal (software)

"""

USER = "dirsrv"


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start 389 Directory Server."""
    as_dirsrv, program = as_user(USER), process.find("ns-slapd")
    ports = dict(zip(("ldap", "ldaps"), process.free_ports(2)))
    # The folder's last name also names a semaphore of this machine's.
    own = folder_of(USER, f"{folder}/slapd-{ports['ldap']}")
    values = {
        "schema_dir": "/usr/share/dirsrv/schema",
        "fqdn": "localhost",
        "ds_port": str(ports["ldap"]),
        "ds_user": USER,
        "rootdn": "cn=root",
        "ds_passwd": "{CLEAR}secret",
        "ldapi_enabled": "off",
        "ldapi_autobind": "off",
    }
    template = process.read(process.find_file("template-dse-minimal.ldif", "/usr/share/dirsrv/data"))
    text = re.sub("%([a-z_]+)%", lambda match: values.get(match[1], own), template)
    head, _, tail = text.partition("\n\n")
    process.write(f"{own}/dse.ldif", head + SETTINGS.format(ports=ports) + ENCRYPTION + tail)
    # Without this file of one's own definitions it does not start.
    folder_of(USER, f"{own}/schema")
    shutil.copy(process.find_file("99user.ldif", "/etc/dirsrv/schema"), f"{own}/schema")
    os.chown(f"{own}/dse.ldif", os.stat(own).st_uid, -1)
    import_certificate([*as_dirsrv], own, certificate)
    running = Running(
        ports,
        f"{own}/access",
        over=" Disconnect ",
        complaints=("B1", "Encountered end of file"),
        polite="Cleanly Closed Connection",
    )
    return run(stack, [*as_dirsrv, program, "-D", own, "-i", f"{own}/pid", "-d", "0"], f"{folder}/output", running)


def import_certificate(as_dirsrv: list[str], folder: str, certificate: Certificate) -> None:
    """Make a certificate database with ``certificate`` and what it is signed by."""
    secret, file = "secret", f"{folder}/p12"
    export = ["openssl", "pkcs12", "-export", "-in", certificate.both, "-name", "Server-Cert"]
    for command in (
        [*export, "-passout", f"pass:{secret}", "-out", file],
        ["certutil", "-N", "-d", folder, "--empty-password"],
        ["pk12util", "-i", file, "-d", folder, "-W", secret, "-K", ""],
    ):
        process.run([*as_dirsrv, process.find(command[0]), *command[1:]])
