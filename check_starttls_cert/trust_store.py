"""Where trust comes from: the anchors that the user names or the system has, as contexts for the handshake.

Contexts are made once for a process, however many probes use them, and nothing is set on them afterwards: threads
share them. *Every flag is set, none is inherited*: ``ssl.create_default_context`` means something else in every
Python version. *Verification decides trust only*: names, dates, key sizes and versions are judged elsewhere, so that a
context takes what the weakest server has to offer (security level 0, TLS 1.0) and no answer hides another.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

from check_starttls_cert.errors import CertificateError, UsageError
from check_starttls_cert.observation import Store
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import printable
from check_starttls_cert.wire import Deadline

if TYPE_CHECKING:
    from typing import BinaryIO


CIPHERS = "ALL:!aNULL:!eNULL:@SECLEVEL=0"
"""Everything that authenticates the server. Level 0 reads 1024-bit keys, SHA-1 and TLS 1.0."""

OP_LEGACY_SERVER_CONNECT: int = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
"""Talk to servers from before RFC 5746; named by Python 3.12 and newer."""

VERIFY_X509_PARTIAL_CHAIN: int = getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
"""A trust anchor need not be self-signed; named by Python 3.10 and newer."""

HASHED_NAME = r"[0-9a-f]{8}\.[0-9]+"
"""A certificate's name in a directory made by ``openssl rehash``."""

BEGIN, END = b"-----BEGIN ", b"-----END "
BEGIN_CERTIFICATE = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN X509 CERTIFICATE-----")
BEGIN_TRUSTED = b"-----BEGIN TRUSTED CERTIFICATE-----"
"""A certificate with what OpenSSL trusts it for: only OpenSSL can read it."""

BLOCKS_AT_ONCE = 32
"""Certificates that are loaded between two checks of the deadline."""

LINES_AT_ONCE = 4096
"""Lines that are read between two checks of the deadline."""

MAX_SEARCHED = 4 * 1024 * 1024
"""Bytes of a deferred bundle that are searched for a name; systems have a quarter of a megabyte."""

MAX_TRUSTED = 1024 * 1024
"""Bytes of a file with such a certificate. OpenSSL reads all of it at once, and takes seconds for ten times as much."""

MAX_PEM_LINE = 64 * 1024
MAX_PEM_BLOCK = 1024 * 1024
"""Bytes: what is longer is no certificate."""


class TooSlowError(UsageError):
    """There are more trust anchors than can be read before the deadline."""


class Variant(NamedTuple):
    """What a context offers besides what all offer."""

    alpn: str | None = None
    """The protocol's name in RFC 7301's registry."""
    curve: str | None = None
    """OpenSSL's name of the only curve that is offered, with TLS 1.2 at most."""


PLAIN = Variant()


class Block(NamedTuple):
    """One certificate in a PEM file."""

    number: int
    """From 1."""
    line: int
    """Where it begins, from 1."""
    pem: bytes
    whole: bool
    """It has an end."""


class Places(NamedTuple):
    """Where trust anchors are."""

    description: str
    """For the user."""
    cafile: str | None = None
    """A PEM file."""
    capath: str | None = None
    """Hashed directories, joined by ``os.pathsep``."""
    fallback_cafile: str | None = None
    """A bundle of the certificates that ``capath`` holds as well: parsed only if the directory fails."""
    system: bool = False
    """Ask ``ssl`` for the system's store, where it is not made of files (Windows)."""
    private: bool = False
    """The user has named them."""


class TrustStore:
    """The trust anchors of some places; shared by threads."""

    def __init__(self, places: Places) -> None:
        self.places = places
        anchors = None
        if places.capath is not None and places.cafile is None and not places.system:
            # SSL_CERT_DIR may list several directories.
            anchors = sum(map(hashed_names, places.capath.split(os.pathsep)))
        self.facts = Store(places.description, anchors, places.private)
        self._lock = threading.Lock()
        self._contexts: dict[tuple[Variant, bool], ssl.SSLContext | None] = {}

    def contexts(self, deadline: Deadline, variant: Variant = PLAIN) -> Iterator[ssl.SSLContext]:
        """Yield verifying contexts in the order of their cost; a later one knows more anchors.

        Raises ``UsageError`` for a file that cannot be read, or not before the deadline.
        """
        first = self._context(variant, deadline, with_fallback=False)
        assert first is not None
        yield first
        if self.places.fallback_cafile:
            with suppress(TooSlowError):
                if second := self._context(variant, deadline, with_fallback=True):
                    yield second

    def defers_an_issuer_of(self, sent: tuple[bytes, ...]) -> bool:
        """Return whether the deferred bundle may hold an issuer of one of these certificates.

        Looking for names in it costs a tenth of loading it, and no connection.
        """
        if not self.places.fallback_cafile:
            return False
        from binascii import a2b_base64

        from check_starttls_cert.certificate import canonical_subject, read

        try:
            wanted = {read(der).canonical_issuer for der in sent}
            with open(self.places.fallback_cafile, "rb") as file:
                bundle = file.read(MAX_SEARCHED + 1)
        except (CertificateError, OSError):
            return True  # loading it will tell
        if len(bundle) > MAX_SEARCHED:
            return True
        # A name is read only where its longest word is there: they are written in several alphabets of ASN.1.
        words = [max(re.findall(rb"[a-z0-9]+", name), key=len, default=b"") for name in wanted]
        for pem in re.findall(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----", bundle):
            with suppress(ValueError):
                der = a2b_base64(pem)
                plain = der.replace(b"\0", b"").lower()
                if any(word in plain for word in words) and canonical_subject(der) in wanted:
                    return True
        return False

    def named_certificates(self) -> Iterator[bytes]:
        """Yield the DER of what is in the file that the user names, as far as it is small enough to be searched.

        OpenSSL lists certification authorities only: not an anchor that is none, nor one that it calls malformed.
        """
        if not self.places.private or not self.places.cafile:
            return
        from binascii import a2b_base64

        with suppress(OSError), open(self.places.cafile, "rb") as file:
            bundle = file.read(MAX_SEARCHED)
            for pem in re.findall(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----", bundle):
                with suppress(ValueError):
                    yield a2b_base64(pem)

    def _context(self, variant: Variant, deadline: Deadline, *, with_fallback: bool) -> ssl.SSLContext | None:
        """Return the context that was made for this before, or make it."""
        key = variant, with_fallback
        if key in self._contexts:
            return self._contexts[key]
        name = str(self.places.fallback_cafile if with_fallback else self.places.cafile)
        if not self._lock.acquire(timeout=left(deadline, name)):
            raise too_slow(deadline, name)  # another probe is at it
        try:
            if key not in self._contexts:
                self._contexts[key] = self._load(variant, deadline, with_fallback=with_fallback)
            return self._contexts[key]
        finally:
            self._lock.release()

    def _load(self, variant: Variant, deadline: Deadline, *, with_fallback: bool) -> ssl.SSLContext | None:
        context = bare_context(variant)
        context.verify_mode = ssl.CERT_REQUIRED
        if self.places.private:
            # Who names a certificate trusts it, whoever issued it: RFC 5280 section 6.1.1 (d) asks for a name and a
            # key only. So do curl, Go and Windows. The system's store is left as OpenSSL's clients have it.
            context.verify_flags |= VERIFY_X509_PARTIAL_CHAIN
        if self.places.system:
            context.load_default_certs()
        if self.places.capath:
            context.load_verify_locations(capath=self.places.capath)
        if self.places.cafile:
            load(context, self.places.cafile, deadline)
        if with_fallback and self.places.fallback_cafile:
            try:
                load(context, self.places.fallback_cafile, deadline)
            except TooSlowError:
                raise  # another probe may have more time
            except UsageError:
                return None  # nobody has named it: the directory's verdict counts
        return context


def trust_store(cafile: str | None, capath: str | None) -> TrustStore:
    """Return the trust store that ``cafile`` and ``capath`` name, or the operating system's.

    The system's is what ``SSLContext.load_default_certs`` finds, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
    included, but lazily: OpenSSL opens a hashed directory's files as it needs them, while a bundle costs
    30 ms of CPU at each start. A bundle that lies inside the hashed directory holds the same certificates.
    Raises ``UsageError`` when the file or directory is not there.
    """
    if cafile:
        require_file(cafile)
    if capath:
        require_directory(capath)
    if cafile or capath:
        return shared(Places(" and ".join(filter(None, (cafile, capath))), cafile, capath, private=True))
    if sys.platform == "win32":
        return shared(Places("the Windows certificate store", system=True))
    paths = ssl.get_default_verify_paths()
    # SSL_CERT_DIR may list several directories, which get_default_verify_paths takes for one that does not exist.
    listed = os.environ.get(paths.openssl_capath_env, paths.openssl_capath).split(os.pathsep)
    directories = list(filter(os.path.isdir, listed))
    capath = os.pathsep.join(directories) or None
    found = " and ".join(filter(None, (paths.cafile, capath))) or "no store found on this system"
    hashed = map(os.path.realpath, filter(hashed_names, directories))
    if paths.cafile and os.path.dirname(os.path.realpath(paths.cafile)) in hashed:
        return shared(Places(found, capath=capath, fallback_cafile=paths.cafile))
    return shared(Places(found, paths.cafile, capath))


def require_file(path: str) -> None:
    """Raise ``UsageError`` unless ``path`` is a file, and say what it is instead."""
    if os.path.isdir(path):
        raise UsageError(f'"{printable(path)}" is a directory; use --ca-dir for it')
    if not os.path.exists(path):
        raise UsageError(f'there is no file "{printable(path)}" to read trust anchors from')
    if not os.path.isfile(path):
        # What <(cat ...) gives to a program is gone once it is read; a file is read for each kind of handshake.
        raise unreadable(path, "it is a pipe or a device; write its certificates to a file")


def require_directory(path: str) -> None:
    """Raise ``UsageError`` unless ``path`` is a directory in which OpenSSL finds certificates."""
    if os.path.isfile(path):
        raise UsageError(f'"{printable(path)}" is a file; use --ca-file for it')
    if not hashed_names(path):
        raise UsageError(
            f'"{printable(path)}" is not a directory of hashed certificates; "openssl rehash" makes one from PEM files'
        )


def shared(places: Places) -> TrustStore:
    """Return this process's store of these places, as long as the files are what they were when it was made."""
    state = tuple(map(signature, (places.cafile, places.fallback_cafile)))
    with _LOCK:
        known = _STORES.get(places)
        if known is not None and known[0] == state:
            return known[1]
        store = TrustStore(places)
        _STORES[places] = state, store
        return store


_LOCK = threading.Lock()
_STORES: dict[Places, tuple[tuple[object, ...], TrustStore]] = {}


def signature(path: str | None) -> tuple[int, ...]:
    """Return what changes when a file is replaced."""
    if path is not None:
        with suppress(OSError):
            found = os.stat(path)
            return found.st_ino, found.st_size, found.st_mtime_ns
    return ()


def unverified_context(variant: Variant = PLAIN) -> ssl.SSLContext:
    """Return a context that does not verify the chain."""
    context = bare_context(variant)
    context.verify_mode = ssl.CERT_NONE
    return context


def bare_context(variant: Variant) -> ssl.SSLContext:
    """Return a context without trust anchors."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= OP_LEGACY_SERVER_CONNECT
    context.set_ciphers(CIPHERS)
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    if variant.alpn is not None:
        context.set_alpn_protocols([variant.alpn])
    if variant.curve is not None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # TLS 1.3 has no such curves
        context.set_ecdh_curve(variant.curve)
    return context


def load(context: ssl.SSLContext, path: str, deadline: Deadline) -> None:
    """Load the trust anchors of a PEM file, a few at a time: OpenSSL itself would not stop at the deadline.

    Raises ``UsageError`` when the file cannot be read, says which certificate of it cannot, or that it took too long.
    """
    loaded = False
    try:
        with open(path, "rb") as file:
            several: list[Block] = []
            for block in blocks(lines_of(file, deadline)):
                if block.pem.startswith(BEGIN_TRUSTED):
                    if os.fstat(file.fileno()).st_size > MAX_TRUSTED:
                        raise unreadable(path, f"a file with a TRUSTED CERTIFICATE has {MAX_TRUSTED} bytes at most")
                    context.load_verify_locations(path)
                    return
                several.append(block)
                if len(several) == BLOCKS_AT_ONCE:
                    left(deadline, path)
                    add(context, several, path)
                    several, loaded = [], True
            if several:
                add(context, several, path)
                loaded = True
    except ssl.SSLError:
        loaded = False
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    if not loaded:
        raise unreadable(path, "it holds no PEM certificate")


def lines_of(file: BinaryIO, deadline: Deadline) -> Iterator[bytes]:
    """Yield the lines of a file, without their ends and in bounded pieces. Raises ``TooSlowError``."""
    for number, line in enumerate(iter(lambda: file.readline(MAX_PEM_LINE), b"")):
        if number % LINES_AT_ONCE == 0 or len(line) == MAX_PEM_LINE:
            left(deadline, file.name)
        yield line.strip()


def blocks(file: Iterable[bytes]) -> Iterator[Block]:
    """Yield the certificates among the lines of a PEM file. What is around them says nothing (RFC 7468 section 2)."""
    number = start = size = 0
    lines: list[bytes] = []
    for line, text in enumerate(file, 1):
        if text.startswith(BEGIN):
            if lines:
                yield Block(number, start, b"\n".join(lines), whole=False)
            lines = []
            if text in BEGIN_CERTIFICATE or text == BEGIN_TRUSTED:
                number, start, lines, size = number + 1, line, [text], 0
        elif lines:
            lines.append(text)
            size += len(text)
            if text.startswith(END) or size > MAX_PEM_BLOCK:
                yield Block(number, start, b"\n".join(lines), whole=text.startswith(END))
                lines = []
    if lines:
        yield Block(number, start, b"\n".join(lines), whole=False)


def add(context: ssl.SSLContext, several: list[Block], path: str) -> None:
    """Add certificates to a context's trust anchors. Raises ``UsageError`` that names the one that is broken."""
    with suppress(ssl.SSLError, UnicodeError):
        if all(block.whole for block in several):
            context.load_verify_locations(cadata=b"\n".join(block.pem for block in several).decode("ascii"))
            return
    for block in several:
        try:
            if not block.whole:
                raise UnicodeError  # noqa: TRY301 - as unreadable as the others
            context.load_verify_locations(cadata=block.pem.decode("ascii"))
        except (ssl.SSLError, UnicodeError):
            raise unreadable(
                path, f"certificate {block.number}, which begins in line {block.line}, is damaged"
            ) from None


def hashed_names(path: str) -> int:
    """Return how many certificates a directory holds under names that OpenSSL looks for."""
    with suppress(OSError), os.scandir(path) as entries:
        return sum(1 for entry in entries if re.fullmatch(HASHED_NAME, entry.name))
    return 0


def left(deadline: Deadline, path: str) -> float:
    """Return the seconds that are left for loading. Raises ``UsageError``, because the file is to blame."""
    seconds = deadline.left
    if seconds <= 0:
        raise too_slow(deadline, path)
    return seconds


def too_slow(deadline: Deadline, path: str) -> TooSlowError:
    """Return the error for a file that is too large for the deadline."""
    return TooSlowError(
        f'reading trust anchors from "{printable(path)}" takes longer than {deadline.seconds:g} s; '
        "name a smaller file, or allow more with --timeout"
    )


def unreadable(path: str, reason: str) -> UsageError:
    """Return the error for a file that cannot be read."""
    return UsageError(f'cannot read trust anchors from "{printable(path)}": {reason}')
