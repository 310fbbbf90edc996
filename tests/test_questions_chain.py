"""The chain: complete, in order, and valid for as long."""

from __future__ import annotations

import pytest
from observations import (
    DAY,
    INTERMEDIATE,
    NO_ISSUER,
    ROOT,
    SECOND,
    SELF_SIGNED,
    TRUSTED,
    authority,
    evaluated,
    facts,
    issuing,
    performance,
    seen,
    self_signed,
    thresholds,
    unread,
    verdict,
)

from check_starttls_cert import summary
from check_starttls_cert.chain import Chain, Namesake


def chain(observation, **values) -> tuple[str, str]:
    return verdict("chain", observation, **values)


@pytest.mark.parametrize(
    ("remaining", "state", "words"),
    [
        (28 * DAY + SECOND, "ok", ""),
        (28 * DAY, "warning", 'chain: "Issuing CA 2" expires in 28 days (2026-12-21)'),
        (7 * DAY + SECOND, "warning", 'chain: "Issuing CA 2" expires in 7 days (2026-11-30)'),
        (7 * DAY, "critical", 'chain: "Issuing CA 2" expires in 7 days (2026-11-30)'),
        (5.5 * DAY, "critical", 'chain: "Issuing CA 2" expires in 5 days (2026-11-29)'),
        (-DAY, "critical", 'chain: "Issuing CA 2" expired 1 day ago (2026-11-22 14:24 UTC)'),
    ],
)
def test_an_intermediate_that_expires_first_has_the_same_thresholds_and_is_named(remaining, state, words) -> None:
    assert chain(seen(above=issuing(remaining))) == (state, words)
    assert chain(seen(trust=NO_ISSUER, above=issuing(remaining))) == (state, words)


def test_given_thresholds_hold_for_the_chain_too() -> None:
    assert chain(seen(above=issuing(5.5 * DAY)), **thresholds(warning="5", critical="2"))[0] == "ok"
    assert chain(seen(above=issuing(5.5 * DAY)), **thresholds(warning="6", critical="2"))[0] == "warning"


def test_an_intermediate_that_outlives_the_certificate_is_not_told_again() -> None:
    certificate = facts(5 * DAY)
    assert chain(seen(certificate, above=issuing(5 * DAY))) == ("ok", "")
    assert chain(seen(certificate, above=issuing(6 * DAY))) == ("ok", "")
    assert chain(seen(certificate, above=issuing(5 * DAY - SECOND)))[0] == "critical"


def test_an_intermediate_that_is_not_yet_valid_is_critical_though_it_outlives_the_certificate() -> None:
    state, words = chain(seen(above=issuing(100 * DAY, lifetime=90 * DAY)))
    assert (state, words) == ("critical", 'chain: "Issuing CA 2" not valid before 2026-12-03, in 10 days')


def test_a_root_that_expires_first_is_part_of_the_path() -> None:
    root = authority("Old root", remaining=3 * DAY)
    assert chain(seen(root=root)) == ("critical", 'chain: "Old root" expires in 3 days (2026-11-26)')
    assert performance(seen(root=root))[-1] == "days_until_chain_expiration=3;28:;7:"


def test_an_expired_certificate_that_is_not_on_the_path_alarms_nobody() -> None:
    crossed = authority("ISRG Root X1", "DST Root CA X3", remaining=-100 * DAY)
    observed = seen(sent=(INTERMEDIATE, crossed))
    assert chain(observed) == ("ok", "")
    assert performance(observed)[-1] == "days_until_chain_expiration=2000"


def test_the_days_of_the_chain_are_those_of_its_first_end() -> None:
    path = (authority("R11", "R1", remaining=300 * DAY), authority("R1", "ISRG Root X1", remaining=100.5 * DAY))
    assert performance(seen(above=path))[-1] == "days_until_chain_expiration=100.5"


INCOMPLETE = 'chain incomplete: the server does not send "R11", issuer of "mta.example.com"'


def test_a_missing_intermediate_is_named_even_where_the_certificate_is_trusted() -> None:
    assert chain(seen(sent=())) == ("warning", INCOMPLETE)
    assert chain(seen(trust=NO_ISSUER, above=())) == ("critical", INCOMPLETE)


@pytest.mark.parametrize("state", ["ok", "warning", "critical"])
def test_a_gap_below_an_unknown_anchor_is_as_bad_as_the_user_says_distrust_is(state) -> None:
    observed = seen(trust=NO_ISSUER, above=())
    assert chain(observed, untrusted=state) == (state, INCOMPLETE)
    assert chain(observed, untrusted="ok", state=(("chain", state),)) == (state, INCOMPLETE)


def test_an_allowed_self_signed_certificate_has_no_chain_to_complete() -> None:
    assert chain(seen(self_signed(), SELF_SIGNED), allow_self_signed=True) == ("ok", "")


def test_several_problems_of_the_chain_are_one_answer_in_the_worst_state() -> None:
    assert chain(seen(above=issuing(20 * DAY), sent=())) == (
        "warning",
        f'chain: "Issuing CA 2" expires in 20 days (2026-12-13) / {INCOMPLETE}',
    )
    assert chain(seen(above=issuing(5 * DAY), sent=()))[0] == "critical"


def test_ordering_problems_count_only_on_request() -> None:
    observed = seen(sent=(INTERMEDIATE, INTERMEDIATE, ROOT))
    assert chain(observed) == ("ok", "")
    assert chain(observed, state=(("chain", "warning"),)) == (
        "warning",
        'chain: "R11" is sent more than once / chain: the root "ISRG Root X1" is sent though clients must have it',
    )


def test_where_the_chain_cannot_be_read_the_question_is_silent_and_v_says_so_once() -> None:
    own = facts()
    for trust in (TRUSTED, NO_ISSUER):
        observed = seen(own, trust, chain=unread(own))
        assert chain(observed) == ("ok", "")
        assert chain(observed, state=(("chain", "critical"),)) == ("ok", "")
        assert performance(observed)[-1] == "public_key_size=2048"
        assert "chain" not in summary.line(evaluated(observed))
        told = [line for line in summary.details(evaluated(observed, verbose=1)) if line.startswith("chain")]
        assert len(told) == 1
        assert "this Python tells the server's own certificate only" in told[0]


def test_an_issuer_that_is_sent_with_another_key_is_not_said_to_be_missing() -> None:
    own = facts()
    renewed = Namesake(authority("R11", "ISRG Root X1"), sent=True)
    sent = Chain((own, renewed.facts), (own,), verified=False, namesakes=(renewed,))
    state, words = chain(seen(own, NO_ISSUER, chain=sent))
    assert state == "critical"
    assert words == (
        'chain incomplete: the "R11" that the server sends has another key than the one that signed "mta.example.com"'
    )


def test_certificates_that_cannot_be_read_are_counted_and_nothing_is_said_to_be_missing() -> None:
    own = facts()
    sent = Chain((own,), (own,), verified=False, unreadable=(1,))
    assert chain(seen(own, NO_ISSUER, chain=sent)) == (
        "warning",
        "chain: 1 certificate above the server's own cannot be read",
    )


def test_where_no_issuer_is_named_none_is_missing() -> None:
    own = facts(issuer="", issuer_attributes=())
    assert chain(seen(own, NO_ISSUER, above=())) == ("ok", "")
