"""XMPP between servers: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, goodbye, transcript_tests

from check_starttls_cert.starttls.xmpp_client import header

TestTranscripts = transcript_tests("xmpp-server")


@pytest.mark.parametrize("protocol", ["xmpp-server", "xmpps-server"])
def test_the_goodbye_is_the_client_s_in_the_servers_namespace(protocol):
    end = header("mta.example.com", "jabber:server") + b"</stream:stream>"
    goodbye(protocol, BYTEWISE, ("C", end), ("S", b"<stream:stream xmlns='jabber:server'></stream:stream>"))
