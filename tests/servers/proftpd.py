"""ProFTPD: FTP with AUTH TLS, FTP inside TLS, and FTP without TLS."""

from __future__ import annotations

import contextlib
import os

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
ModulePath {modules}
LoadModule mod_tls.c
ServerName "An FTP server"
ServerType standalone
MaxInstances none
DisplayConnect {folder}/banner
User nobody
Group nogroup
UseReverseDNS off
UseIPv6 off
WtmpLog off
TransferLog none
AuthPAM off
AllowOverride off
DelayEngine off
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
DefaultAddress 127.0.0.1
Port {ports[ftp]}
{tls}
<VirtualHost 127.0.0.1>
  Port {ports[ftps]}
  {tls}
  TLSOptions UseImplicitSSL
</VirtualHost>
<VirtualHost 127.0.0.1>
  Port {ports[ftp without TLS]}
</VirtualHost>
"""

TLS = """
TLSEngine on
TLSLog {folder}/log
TLSRSACertificateFile {certificate.chain}
TLSRSACertificateKeyFile {certificate.key}
TLSCertificateChainFile {certificate.chain}
"""

SERVICES = ("ftp", "ftps", "ftp without TLS")

BANNER = "Welcome.\n220 is how this line starts.\n"


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start ProFTPD."""
    process.as_root()
    program = process.find("proftpd")
    modules = os.path.dirname(process.find_file("mod_tls.so", "/usr/lib/proftpd"))
    ports = dict(zip(SERVICES, process.free_ports(len(SERVICES))))
    process.write(f"{folder}/banner", BANNER)
    tls = TLS.format(folder=folder, certificate=certificate)
    text = CONFIGURATION.format(folder=folder, modules=modules, ports=ports, tls=tls)
    configuration = process.write(f"{folder}/proftpd.conf", text)
    running = Running(
        ports,
        f"{folder}/log",
        over="session closed|implicit SSL/TLS negotiation failed",
        complaints=("SSL routines", "negotiation failed", "SSL_shutdown error"),
    )
    return run(stack, [program, "--nodaemon", "--config", configuration], f"{folder}/log", running)
