"""Where trust comes from: files, directories and the system; loaded once, in time, and blamed where at fault."""

from __future__ import annotations

import base64
import os
import ssl
import sys
import threading
from pathlib import Path

import pytest
from certificates import alternative_names, authority, make
from hypothesis import given
from hypothesis import strategies as st
from loopback import PATIENCE, Service, server_context, smtp
from openssl_command import openssl

from check_starttls_cert import trust_store as trust_store_module
from check_starttls_cert.errors import UsageError
from check_starttls_cert.observation import Store
from check_starttls_cert.probe import probe
from check_starttls_cert.settings import Target
from check_starttls_cert.trust_store import (
    MAX_PEM_LINE,
    MAX_TRUSTED,
    Places,
    TrustStore,
    Variant,
    add,
    blocks,
    trust_store,
    unverified_context,
)
from check_starttls_cert.wire import Deadline

NAME = "mta.example.com"
ROOT = authority()
INTERMEDIATE = authority("Test intermediate", issuer=ROOT)
LEAF = make(issuer=INTERMEDIATE, extensions=(alternative_names(NAME),))


class Clock:
    """A clock that moves a second at each look."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1
        return self.now


@pytest.fixture
def ca_file(tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT.pem)
    return str(path)


def contexts(store, seconds=PATIENCE, **variant):
    """Return all contexts of a store."""
    return list(store.contexts(Deadline(seconds), Variant(**variant)))


def judged(store, *chain, tmp_path):
    """Return OpenSSL's verdict on a server that sends the chain."""
    with Service(smtp(server_context(tmp_path, *chain))) as service:
        seen = probe(Target("127.0.0.1", "smtp", service.port, NAME), store, PATIENCE)
    assert seen.error is None, seen.error
    return seen.presented.trust


def hashed_directory(path, *certificates):
    """Make a directory as ``openssl rehash`` does; the hash of a name is openssl's, for an anchor only."""
    path.mkdir(exist_ok=True)
    for index, made in enumerate(certificates):
        (path / f"0123abcd.{index}").write_bytes(made.pem)
    return path


def hashed_for_openssl(path, *certificates):
    """Make a directory in which OpenSSL finds the certificates."""
    path.mkdir()
    for made in certificates:
        said = openssl("x509", "-noout", "-subject_hash", input=made.pem).stdout
        (path / f"{said.decode().strip()}.0").write_bytes(made.pem)
    return path


# Files


def test_a_file_of_anchors_is_loaded(ca_file):
    store = trust_store(ca_file, None)
    (context,) = contexts(store)
    assert context.get_ca_certs(binary_form=True) == [ROOT.der]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert not context.check_hostname
    assert store.facts == Store(ca_file, None, private=True)


def test_flags_do_not_depend_on_the_python_version(ca_file, monkeypatch, tmp_path):
    # Python 3.13's default context has VERIFY_X509_STRICT and PARTIAL_CHAIN, 3.9's has neither.
    (named,) = contexts(trust_store(ca_file, None))
    assert int(named.verify_flags) == ssl.VERIFY_X509_TRUSTED_FIRST | 0x80000
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    (of_the_system,) = contexts(trust_store(None, None))
    assert of_the_system.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST
    assert unverified_context().verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize("anchor", [INTERMEDIATE, LEAF], ids=["issuing CA", "leaf"])
def test_a_named_anchor_is_an_anchor_whoever_issued_it(tmp_path, anchor):
    (tmp_path / "ca.pem").write_bytes(anchor.pem)
    assert judged(trust_store(str(tmp_path / "ca.pem"), None), LEAF, INTERMEDIATE, tmp_path=tmp_path).verified
    directory = hashed_for_openssl(tmp_path / "certs", anchor)
    assert judged(trust_store(None, str(directory)), LEAF, INTERMEDIATE, tmp_path=tmp_path).verified


def test_an_anchor_of_the_system_is_one_as_openssl_s_clients_have_it(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_bytes(INTERMEDIATE.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    assert judged(trust_store(None, None), LEAF, INTERMEDIATE, tmp_path=tmp_path).code in {2, 20}


def test_a_file_that_does_not_exist_is_the_user_s_error(tmp_path):
    with pytest.raises(UsageError, match=r'no file ".*nowhere.pem"'):
        trust_store(str(tmp_path / "nowhere.pem"), None)


def test_a_directory_in_the_place_of_a_file_is_told_the_other_option(tmp_path):
    with pytest.raises(UsageError, match="is a directory; use --ca-dir"):
        trust_store(str(tmp_path), None)


def test_a_file_in_the_place_of_a_directory_is_told_the_other_option(ca_file):
    with pytest.raises(UsageError, match="is a file; use --ca-file"):
        trust_store(None, ca_file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_said_to_be_one_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is a pipe or a device; write its certificates to a file"):
        trust_store(str(tmp_path / "pipe"), None)


@pytest.mark.parametrize("contents", [b"", b"garbage", ROOT.der, ROOT.key_pem], ids=["empty", "text", "DER", "a key"])
def test_a_file_without_pem_is_the_user_s_error(tmp_path, contents):
    (tmp_path / "ca.pem").write_bytes(contents)
    with pytest.raises(UsageError, match=r'cannot read trust anchors from ".*ca.pem": it holds no PEM certificate'):
        contexts(trust_store(str(tmp_path / "ca.pem"), None))


def corrupted(made):
    """Return a PEM block whose contents are no certificate."""
    return b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(made.der[:-20]) + b"\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "broken",
    [
        corrupted(LEAF),
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        LEAF.pem.replace(b"-----END CERTIFICATE-----\n", b""),
        LEAF.pem.replace(b"MII", b"M\xc3\xa4"),
        LEAF.pem.replace(b"END CERT", b"END X509 CERT"),
    ],
    ids=["cut", "no base64", "no end", "not ASCII", "another end"],
)
@pytest.mark.parametrize("number", [1, 2, 40])
def test_the_block_that_cannot_be_read_is_named_by_number_and_line(tmp_path, broken, number):
    before = b"# a comment\n" + ROOT.pem * (number - 1)
    (tmp_path / "ca.pem").write_bytes(before + broken + INTERMEDIATE.pem)
    line = before.count(b"\n") + 1
    words = f"certificate {number}, which begins in line {line}, is damaged"
    with pytest.raises(UsageError, match=rf'cannot read trust anchors from ".*ca.pem": {words}'):
        contexts(trust_store(str(tmp_path / "ca.pem"), None))


def test_a_bundle_is_read_as_openssl_reads_it_with_whatever_is_between_the_blocks(tmp_path):
    crlf = INTERMEDIATE.pem.replace(b"\n", b"\r\n")
    old = LEAF.pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE")
    (tmp_path / "ca.pem").write_bytes(b"Subject: \xe4\n" + ROOT.pem + b"\n\n" + LEAF.key_pem + crlf + old + ROOT.pem)
    (context,) = contexts(trust_store(str(tmp_path / "ca.pem"), None))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.load_verify_locations(tmp_path / "ca.pem")
    assert context.cert_store_stats() == theirs.cert_store_stats() == {"x509": 3, "x509_ca": 2, "crl": 0}


def test_a_bundle_of_trusted_certificates_is_openssl_s_to_read(tmp_path):
    trusted = openssl("x509", "-trustout", "-addtrust", "serverAuth", input=ROOT.pem).stdout
    assert b"BEGIN TRUSTED CERTIFICATE" in trusted
    (tmp_path / "ca.pem").write_bytes(INTERMEDIATE.pem + trusted)
    (context,) = contexts(trust_store(str(tmp_path / "ca.pem"), None))
    assert context.cert_store_stats()["x509"] == 2


@given(st.lists(st.sampled_from([*ROOT.pem.splitlines(), b"", b"text", b"-----BEGIN X-----", b"-----END X-----"])))
def test_any_lines_are_blocks_or_nothing(lines):
    found = list(blocks(iter(lines)))
    assert [block.number for block in found] == list(range(1, len(found) + 1))
    for block in found:
        assert lines[block.line - 1] == b"-----BEGIN CERTIFICATE-----"
        assert not block.whole or block.pem.splitlines()[-1].startswith(b"-----END ")


def test_a_file_that_vanishes_is_the_user_s_error(ca_file):
    store = trust_store(ca_file, None)
    Path(ca_file).unlink()
    with pytest.raises(UsageError, match=f'"{ca_file}": No such file'):
        contexts(store)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(ca_file):
    os.chmod(ca_file, 0)
    with pytest.raises(UsageError, match="Permission denied"):
        contexts(trust_store(ca_file, None))


# Time


@pytest.mark.parametrize("contents", [ROOT.pem * 500, b"no certificate\n" * 100_000], ids=["anchors", "text"])
def test_a_file_that_is_too_large_for_the_deadline_is_blamed(tmp_path, contents):
    (tmp_path / "ca.pem").write_bytes(contents)
    store = trust_store(str(tmp_path / "ca.pem"), None)
    words = r'reading trust anchors from ".*ca.pem" takes longer than 3 s; .*--timeout'
    with pytest.raises(UsageError, match=words):
        list(store.contexts(Deadline(3, Clock())))
    assert store._contexts == {}, "another probe may have more time"


def test_a_file_that_openssl_would_read_past_the_deadline_is_not_given_to_it(tmp_path):
    trusted = ROOT.pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")
    (tmp_path / "ca.pem").write_bytes(ROOT.pem + trusted * (1 + MAX_TRUSTED // len(trusted)))
    with pytest.raises(UsageError, match="a file with a TRUSTED CERTIFICATE has 1048576 bytes at most"):
        contexts(trust_store(str(tmp_path / "ca.pem"), None))


def test_the_clock_is_looked_at_within_a_line_that_does_not_end(tmp_path):
    (tmp_path / "ca.pem").write_bytes(bytes(8 * MAX_PEM_LINE))
    with pytest.raises(UsageError, match="takes longer than 5 s"):
        list(trust_store(str(tmp_path / "ca.pem"), None).contexts(Deadline(5, Clock())))


def test_a_probe_that_waits_for_another_s_loading_does_not_outlive_its_deadline(ca_file):
    store = trust_store(ca_file, None)
    with store._lock, pytest.raises(UsageError, match=r"takes longer than 0.05 s"):
        contexts(store, 0.05)


def test_a_deferred_bundle_that_is_too_large_for_the_deadline_is_left_out_and_asked_by_the_next(tmp_path):
    (tmp_path / "bundle.pem").write_bytes(ROOT.pem * 500)
    directory = hashed_directory(tmp_path / "certs", ROOT)
    store = TrustStore(Places("both", capath=str(directory), fallback_cafile=str(tmp_path / "bundle.pem")))
    assert len(list(store.contexts(Deadline(3, Clock())))) == 1
    assert len(contexts(store)) == 2


@pytest.mark.parametrize(
    ("anchors", "sent", "may"),
    [
        ([ROOT], LEAF, False),
        ([ROOT], INTERMEDIATE, True),
        ([LEAF, INTERMEDIATE], LEAF, True),
        ([authority()], INTERMEDIATE, True),
        ([authority("TEST   Root")], INTERMEDIATE, True),
        ([authority("Test")], INTERMEDIATE, False),
    ],
    ids=["another", "the issuer", "among others", "a namesake", "in other letters", "a part of the name"],
)
def test_a_deferred_bundle_is_searched_for_the_names_of_issuers(tmp_path, anchors, sent, may):
    (tmp_path / "bundle.pem").write_bytes(b"".join(made.pem for made in anchors))
    store = TrustStore(Places("both", fallback_cafile=str(tmp_path / "bundle.pem")))
    assert store.defers_an_issuer_of((sent.der,)) is may
    assert TrustStore(Places("one")).defers_an_issuer_of((sent.der,)) is False


def test_a_deferred_bundle_that_cannot_be_searched_may_hold_the_issuer(tmp_path, monkeypatch):
    (tmp_path / "bundle.pem").write_bytes(INTERMEDIATE.pem)
    store = TrustStore(Places("both", fallback_cafile=str(tmp_path / "bundle.pem")))
    assert store.defers_an_issuer_of((b"no certificate",))
    assert TrustStore(Places("both", fallback_cafile="/nowhere")).defers_an_issuer_of((LEAF.der,))
    monkeypatch.setattr(trust_store_module, "MAX_SEARCHED", 100)
    assert store.defers_an_issuer_of((ROOT.der,))


# Once


def test_contexts_are_made_once_and_differ_by_what_they_offer(ca_file):
    store = trust_store(ca_file, None)
    assert trust_store(ca_file, None) is store
    (plain,), (again,), (imap,), (curve,) = (
        contexts(store),
        contexts(trust_store(ca_file, None)),
        contexts(store, alpn="imap"),
        contexts(store, curve="secp256k1"),
    )
    assert plain is again
    assert len({id(plain), id(imap), id(curve)}) == 3
    assert curve.maximum_version == ssl.TLSVersion.TLSv1_2


def test_a_file_that_was_replaced_is_another_store(tmp_path, ca_file):
    before = trust_store(ca_file, None)
    (tmp_path / "new.pem").write_bytes(INTERMEDIATE.pem + ROOT.pem)
    os.replace(tmp_path / "new.pem", ca_file)
    after = trust_store(ca_file, None)
    assert after is not before
    assert contexts(after)[0].cert_store_stats()["x509"] == 2


def test_threads_that_come_at_once_load_once(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    loaded = []
    load = trust_store_module.load
    monkeypatch.setattr(trust_store_module, "load", lambda *arguments: (loaded.append(1), load(*arguments)))
    store = trust_store(str(tmp_path / "ca.pem"), None)
    found = []
    threads = [threading.Thread(target=lambda: found.extend(contexts(store))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(loaded), len(set(map(id, found))), len(found)) == (1, 1, 20)


# Directories


def test_a_directory_that_is_not_hashed_is_the_user_s_error(tmp_path):
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="directory of hashed certificates"):
            trust_store(None, str(directory))


def test_a_hashed_directory_is_read_by_openssl_when_it_needs_it(tmp_path):
    directory = hashed_directory(tmp_path / "certs", ROOT)
    (context,) = contexts(trust_store(None, str(directory)))
    assert context.cert_store_stats()["x509"] == 0


def test_an_anchor_in_a_hashed_directory_is_found(tmp_path):
    directory = hashed_for_openssl(tmp_path / "certs", ROOT)
    assert judged(trust_store(None, str(directory)), LEAF, INTERMEDIATE, tmp_path=tmp_path).verified


def test_a_file_and_a_directory_are_both_used(tmp_path, ca_file):
    other = authority("Another root")
    directory = hashed_for_openssl(tmp_path / "certs", other)
    store = trust_store(ca_file, str(directory))
    assert store.facts.description == f"{ca_file} and {directory}"
    assert judged(store, LEAF, INTERMEDIATE, tmp_path=tmp_path).verified
    assert judged(store, make(issuer=other), tmp_path=tmp_path).verified


# The system's


@pytest.fixture
def system(monkeypatch, tmp_path):
    """Return a function that sets where the system's store is."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")

    def at(cafile=None, capath=None):
        paths = ssl.DefaultVerifyPaths(
            cafile and str(cafile),
            capath and str(capath),
            "SSL_CERT_FILE",
            str(cafile or tmp_path / "none.pem"),
            "SSL_CERT_DIR",
            str(capath or tmp_path / "none"),
        )
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)

    return at


def test_the_system_s_bundle_inside_its_hashed_directory_is_read_last(system, tmp_path):
    directory = hashed_directory(tmp_path / "certs", ROOT)
    (directory / "ca-certificates.crt").write_bytes(ROOT.pem)
    link = tmp_path / "cert.pem"
    link.symlink_to(directory / "ca-certificates.crt")
    for bundle in (directory / "ca-certificates.crt", link):
        system(bundle, directory)
        made = trust_store(None, None).contexts(Deadline(PATIENCE))
        assert next(made).cert_store_stats()["x509"] == 0
        assert next(made).cert_store_stats()["x509"] == 1
        assert list(made) == []


def test_the_system_s_bundle_elsewhere_is_read_at_once(system, tmp_path, ca_file):
    system(ca_file, hashed_directory(tmp_path / "certs", INTERMEDIATE))
    (context,) = contexts(trust_store(None, None))
    assert context.get_ca_certs(binary_form=True) == [ROOT.der]


def test_the_system_s_bundle_in_a_directory_that_is_not_hashed_is_read_at_once(system, tmp_path, ca_file):
    system(ca_file, tmp_path)
    (context,) = contexts(trust_store(None, None))
    assert context.cert_store_stats()["x509"] == 1


def test_a_deferred_bundle_that_cannot_be_read_is_as_good_as_none(system, tmp_path):
    directory = hashed_directory(tmp_path / "certs", ROOT)
    (directory / "ca-certificates.crt").write_bytes(b"garbage")
    system(directory / "ca-certificates.crt", directory)
    assert len(contexts(trust_store(None, None))) == 1


def test_a_system_without_a_store_trusts_nobody_and_says_so(system):
    system()
    store = trust_store(None, None)
    assert store.facts.description == "no store found on this system"
    (context,) = contexts(store)
    assert context.cert_store_stats()["x509"] == 0


def test_the_file_of_the_environment_is_the_system_s_store(monkeypatch, ca_file, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    (context,) = contexts(trust_store(None, None))
    assert context.get_ca_certs(binary_form=True) == [ROOT.der]


def test_a_list_of_directories_in_the_environment_is_the_system_s_store(monkeypatch, tmp_path):
    # OpenSSL's X509_LOOKUP_hash_dir(3): the directories are separated as in PATH
    monkeypatch.setattr(sys, "platform", "linux")
    first, second = (hashed_directory(tmp_path / name, ROOT) for name in ("first", "second"))
    monkeypatch.setenv("SSL_CERT_DIR", f"{first}{os.pathsep}{second}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    assert trust_store(None, None).places.capath == f"{first}{os.pathsep}{second}"


def test_only_anchors_that_the_user_named_are_private(monkeypatch, ca_file, tmp_path):
    directory = hashed_directory(tmp_path / "certs", ROOT)
    assert trust_store(ca_file, None).facts.private
    assert trust_store(None, str(directory)).facts.private
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("SSL_CERT_DIR", str(directory))
    assert not trust_store(None, None).facts.private


def test_anchors_are_counted_where_that_takes_no_loading(ca_file, tmp_path):
    directory = str(hashed_directory(tmp_path / "certs", ROOT, INTERMEDIATE))
    assert trust_store(None, directory).facts.anchors == 2
    assert trust_store(ca_file, None).facts.anchors is None
    assert trust_store(ca_file, directory).facts.anchors is None


def test_windows_is_asked_for_its_own_store(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    asked = []

    def load_default_certs(context):
        asked.append(context)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load_default_certs)
    store = trust_store(None, None)
    assert store.facts == Store("the Windows certificate store")
    assert contexts(store) == asked
    assert len(asked) == 1


def test_a_broken_bundle_of_trusted_certificates_holds_none(tmp_path):
    block = b"-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END TRUSTED CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_bytes(block)
    with pytest.raises(UsageError, match="it holds no PEM certificate"):
        contexts(trust_store(str(tmp_path / "ca.pem"), None))


def test_what_another_probe_has_loaded_in_the_meantime_is_not_loaded_again(ca_file):
    store, other = TrustStore(Places("one", ca_file)), TrustStore(Places("another", ca_file))
    (loaded,) = contexts(other)
    assert store._contexts == {}

    class Busy:
        """A lock that is free when another probe has done its work."""

        def acquire(self, timeout):
            store._contexts.update(other._contexts)
            return True

        def release(self):
            """Do nothing."""

    store._lock = Busy()
    assert contexts(store) == [loaded]


def test_anchors_that_openssl_does_not_take_together_are_given_one_by_one():
    taken = []

    class OneByOne:
        """A context of an OpenSSL that takes one certificate at a time."""

        def load_verify_locations(self, *, cadata):
            if cadata.count("BEGIN") > 1:
                raise ssl.SSLError
            taken.append(cadata)

    several = list(blocks((ROOT.pem + INTERMEDIATE.pem).splitlines()))
    add(OneByOne(), several, "ca.pem")
    assert [ssl.PEM_cert_to_DER_cert(pem) for pem in taken] == [ROOT.der, INTERMEDIATE.der]


def test_a_named_file_tells_all_of_its_certificates_and_the_systems_none(tmp_path):
    anchors = tmp_path / "anchors.pem"
    one, other = make("one"), make("other")
    anchors.write_bytes(one.pem + b"words\n-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n" + other.pem)
    assert list(TrustStore(Places("named", str(anchors), private=True)).named_certificates()) == [one.der, other.der]
    assert list(TrustStore(Places("the system's", str(anchors))).named_certificates()) == []
    assert list(TrustStore(Places("a directory", None, str(tmp_path), private=True)).named_certificates()) == []
    assert list(TrustStore(Places("gone", str(tmp_path / "none"), private=True)).named_certificates()) == []


def test_what_another_probe_has_loaded_while_this_one_waited_is_taken(ca_file) -> None:
    store = TrustStore(Places("named", ca_file, private=True))
    theirs = unverified_context()

    class LateLock:
        """A lock that is free once another probe has loaded the anchors."""

        def acquire(self, timeout: float) -> bool:
            assert timeout > 0
            store._contexts[Variant(), False] = theirs
            return True

        def release(self) -> None:
            """Do nothing."""

    store._lock = LateLock()
    assert list(store.contexts(Deadline(PATIENCE))) == [theirs]
