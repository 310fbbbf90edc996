"""The negotiated TLS version."""

from __future__ import annotations

import pytest
from observations import (
    seen,
    verdict,
)

from check_starttls_cert.observation import Session


@pytest.mark.parametrize(
    ("version", "minimum", "state"),
    [
        ("SSLv3", "1.0", "critical"),
        ("TLSv1", "1.0", "ok"),
        ("TLSv1", "1.1", "critical"),
        ("TLSv1.1", "1.0", "ok"),
        ("TLSv1.1", "1.2", "critical"),
        ("TLSv1.2", "1.2", "ok"),
        ("TLSv1.2", "1.3", "critical"),
        ("TLSv1.3", "1.3", "ok"),
        ("TLSv1.3", "1.0", "ok"),
    ],
)
def test_an_older_tls_version_than_the_minimum_is_critical(version, minimum, state) -> None:
    observed = seen(session=Session(version, "SOME-CIPHER"))
    words = "" if state == "ok" else f"tls: {version} was negotiated, {minimum} is the minimum"
    assert verdict("tls", observed, min_tls=minimum) == (state, words)
    assert verdict("tls", observed) == ("ok", "")
