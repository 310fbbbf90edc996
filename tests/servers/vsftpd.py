"""vsftpd: a server for FTP with AUTH TLS, and one for FTP inside TLS."""

from __future__ import annotations

import contextlib
import os

from servers import process
from servers.running import Certificate, Running, run

CONFIGURATION = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
max_clients=0
max_per_ip=0
secure_chroot_dir={folder}/empty
xferlog_enable=YES
vsftpd_log_file={folder}/log
log_ftp_protocol=YES
ssl_enable=YES
debug_ssl=YES
allow_anon_ssl=YES
require_ssl_reuse=NO
strict_ssl_read_eof=YES
implicit_ssl={implicit}
rsa_cert_file={certificate.chain}
rsa_private_key_file={certificate.key}
"""


def start(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start vsftpd for FTP with AUTH TLS."""
    return _start(stack, folder, certificate, "ftp", 0)


def start_implicit(stack: contextlib.ExitStack, folder: str, certificate: Certificate) -> Running:
    """Start vsftpd for FTP inside TLS."""
    return _start(stack, folder, certificate, "ftps", 1)


def _start(stack: contextlib.ExitStack, folder: str, certificate: Certificate, service: str, visits: int) -> Running:
    process.as_root()
    program = process.find("vsftpd")
    (port,) = process.free_ports(1)
    os.mkdir(f"{folder}/empty")
    text = CONFIGURATION.format(folder=folder, port=port, implicit=["NO", "YES"][visits], certificate=certificate)
    configuration = process.write(f"{folder}/vsftpd.conf", text)
    running = Running(
        {service: port},
        f"{folder}/log",
        over="221 Goodbye|SSL_accept failed",
        complaints=("SSL_accept failed", "error:"),
        polite="221 Goodbye",
    )
    return run(stack, [program, configuration], f"{folder}/output", running, visits)
