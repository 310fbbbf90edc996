"""IMAP: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, WHOLE, goodbye, transcript_tests

TestTranscripts = transcript_tests("imap")

LOGOUT = (("C", b"a3 LOGOUT\r\n"), ("S", b"* BYE Logging out\r\n"))


@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
def test_the_goodbye_is_logout_and_waits_for_the_farewell(chunk):
    # RFC 9051 section 6.1.3: an untagged BYE, and then the tagged OK, which tells nothing more
    goodbye("imap", chunk, *LOGOUT)


@pytest.mark.parametrize("greeting", [b"* OK [CAPABILITY IMAP4rev1] ready\r\n", b"* PREAUTH welcome\r\n"])
def test_a_server_that_starts_with_tls_is_heard_before_the_goodbye(greeting):
    goodbye("imaps", BYTEWISE, ("S", greeting), *LOGOUT)
