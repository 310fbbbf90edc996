"""Every conversation of ``transcripts/*.txt``, replayed in every way a network may deliver it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transcripts import (
    BYTEWISE,
    ENDS,
    HERE,
    WHOLE,
    Babbler,
    assert_outcome,
    assert_safe,
    assert_survives_truncation,
    converse,
    replay,
    vectors,
)

from check_starttls_cert.errors import PlaintextInjected, ProbeError
from check_starttls_cert.starttls import PROTOCOLS

SPOKEN = sorted(file.stem for file in HERE.glob("*.txt"))
VECTORS = [(protocol, vector) for protocol in SPOKEN for vector in vectors(protocol)]


def each(chosen):
    """Return the decorator that runs a test with each of the chosen vectors."""
    names = [f"{protocol}: {vector.name}" for protocol, vector in chosen]
    return pytest.mark.parametrize(("protocol", "vector"), chosen, ids=names)


every = each(VECTORS)
good = each([(protocol, vector) for protocol, vector in VECTORS if vector.expect == "ok"])


def test_every_protocol_that_has_starttls_has_transcripts():
    assert (
        sorted(name for name, protocol in PROTOCOLS.items() if not protocol.starts_with_tls and name != "submission")
        == SPOKEN
    )


@pytest.mark.parametrize("protocol", SPOKEN)
def test_every_kind_of_end_is_among_a_protocol_s_transcripts(protocol):
    seen = {vector.expect for vector in vectors(protocol)}
    # LDAP and FTP have no list of capabilities; a PreLogin has no way to refuse.
    offer = {"ldap": {"Refused"}, "mssql": {"StarttlsNotOffered"}}.get(protocol, {"StarttlsNotOffered", "Refused"})
    assert seen >= {"ok", "ProtocolError", "PlaintextInjected", "PeerClosed", "DeadlineExceeded", *offer}


@every
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE, 7])
def test_the_outcome_is_the_same_however_the_bytes_are_cut(protocol, vector, chunk):
    assert_outcome(vector, replay(protocol, vector, chunk))


@every
def test_replies_that_come_early_are_read_one_after_the_other(protocol, vector):
    assert_outcome(vector, replay(protocol, vector, lock_step=False))


@good
@pytest.mark.parametrize("chunk", [WHOLE, BYTEWISE])
@pytest.mark.parametrize("garbage", [b"\n", b"250 ok\r\n", b"\x30\x00", b"\x16\x03\x03", b" "])
def test_plaintext_behind_the_go_ahead_never_reaches_tls(protocol, vector, chunk, garbage):
    assert isinstance(replay(protocol, vector.followed_by(garbage), chunk), PlaintextInjected)


@every
@pytest.mark.parametrize("end", ENDS)
def test_a_conversation_cut_at_any_octet_ends_in_an_error(protocol, vector, end):
    assert_survives_truncation(protocol, vector, end)


OPENINGS = st.sampled_from([b"", *(vector.server[:size] for _, vector in VECTORS for size in (4, 12, 40, 200))])
REPLIES = st.binary(max_size=60) | st.sampled_from(
    [line for _, v in VECTORS for line in v.server[:2000].splitlines(True)]
)


@pytest.mark.parametrize("protocol", SPOKEN)
@pytest.mark.parametrize("end", ["close", "silence"])
@settings(max_examples=40, deadline=None)
@given(opening=OPENINGS, replies=st.lists(REPLIES, max_size=8), chunk=st.sampled_from([WHOLE, BYTEWISE]))
@example(opening=b"", replies=[b"\x30\x7f", bytes(127)], chunk=WHOLE)
def test_no_server_whatever_it_says_makes_anything_but_tls_or_a_probe_error(protocol, end, opening, replies, chunk):
    error = converse(protocol, Babbler(opening + b"".join(replies), end, chunk))
    assert error is None or isinstance(error, ProbeError)
    if error is not None:
        assert_safe(error)
