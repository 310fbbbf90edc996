"""ManageSieve: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from transcripts import BYTEWISE, goodbye, transcript_tests

from check_starttls_cert.starttls.sieve import first_string

TestTranscripts = transcript_tests("sieve")

CAPABILITIES = b'"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN"\r\nOK "TLS negotiation successful."\r\n'


@pytest.mark.parametrize("protocol", ["sieve", "sieves"])
def test_the_goodbye_hears_the_capabilities_inside_tls_and_logs_out(protocol):
    # RFC 5804 section 2.2: the server repeats its capabilities; a server that starts with TLS says them first
    goodbye(protocol, BYTEWISE, ("S", CAPABILITIES), ("C", b"LOGOUT\r\n"), ("S", b'OK "Bye"\r\n'))


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (b'"STARTTLS"', b"STARTTLS"),
        (b'"SASL" "PLAIN"', b"SASL"),
        (b'""', b""),
        (b"{4}\r\nSASL", b"SASL"),
        (b'{4+}\r\nSASL "PLAIN"', b"SASL"),
        (b"{0}\r\n", b""),
        (b"{x", b""),
    ],
)
def test_a_capability_s_name_is_the_first_string_of_its_line(line, first):
    assert first_string(line) == first
