"""LDAP: the transcripts, and what they do not show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts import WHOLE, assert_safe, goodbye, replay, transcript_tests, vectors

TestTranscripts = transcript_tests("ldap", declines=("Refused",))

VECTORS = vectors("ldap")


def test_the_request_is_that_of_the_rfc():
    # RFC 4511 sections 4.12 and 4.14.1, in DER
    request = bytes.fromhex("301d0201017718 8016") + b"1.3.6.1.4.1.1466.20037"
    assert {vector.turns[0] for vector in VECTORS} == {("C", request)}


@pytest.mark.parametrize("protocol", ["ldap", "ldaps"])
def test_the_goodbye_is_an_unbind_request_and_waits_for_nothing(protocol):
    # RFC 4511 section 4.3: [APPLICATION 2] NULL, with a message ID of its own (section 4.1.1.1)
    goodbye(protocol, WHOLE, ("C", bytes.fromhex("30050201024200")))


@given(st.integers(0, 13), st.integers(0, 255))
def test_one_wrong_octet_in_a_good_answer_is_an_error_or_means_the_same(position, octet):
    answer = bytearray(VECTORS[0].server)
    answer[position] = octet
    error = replay("ldap", VECTORS[0]._replace(turns=(VECTORS[0].turns[0], ("S", bytes(answer))), end="close"))
    assert error is not None
    assert_safe(error)
