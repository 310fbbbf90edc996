"""One probe becomes metrics."""

from __future__ import annotations

from unittest import mock

import pytest
from observations import DAY, NOW, REFUSED, SITUATIONS, STORE, authority, facts, seen, unseen

from check_starttls_cert import options
from check_starttls_cert.contexts import contexts
from check_starttls_cert.errors import UsageError
from check_starttls_cert.resource import StarttlsCertificate
from check_starttls_cert.settings import QUESTIONS

SETTINGS = options.settings({"host": "mta.example.com", "timeout": 2.5})


def resource() -> StarttlsCertificate:
    made = StarttlsCertificate(SETTINGS, STORE, NOW)
    made.questions = contexts(SETTINGS)
    return made


def metrics(observation) -> list[tuple]:
    with mock.patch("check_starttls_cert.resource.probe", return_value=observation):
        return [(metric.name, metric.context, metric.value) for metric in resource().probe()]


def test_a_certificate_answers_every_question_once() -> None:
    assert metrics(seen(facts(12.5 * DAY), above=(authority("R11", "ISRG Root X1", remaining=100 * DAY),))) == [
        ("connection", "connection", None),
        ("days_until_expiration", "expiry", 12.5),
        ("name", "name", None),
        ("days_until_chain_expiration", "chain", 100),
        ("self-signed", "self-signed", None),
        ("trust", "trust", None),
        ("public_key_size", "key-size", 2048),
        ("signature", "signature", None),
        ("pin", "pin", None),
        ("lifetime", "lifetime", None),
        ("tls", "tls", None),
        ("time", "time", None),
    ]


def test_the_user_may_set_the_state_of_every_question_but_of_expiry_which_has_thresholds() -> None:
    judging = {question.key for question in contexts(SETTINGS) if question.judges}
    assert judging == {*QUESTIONS, "expiry"}


def test_a_failed_probe_answers_for_the_connection_and_the_time_only() -> None:
    assert metrics(unseen(REFUSED)) == [("connection", "connection", None), ("time", "time", None)]


def test_the_probe_gets_the_target_the_trust_store_and_the_timeout() -> None:
    probing = resource()
    with mock.patch("check_starttls_cert.resource.probe", return_value=SITUATIONS["fine"]) as probe:
        probing.probe()
    probe.assert_called_once_with(SETTINGS.target, STORE, 2.5)
    assert probing.observation is SITUATIONS["fine"]


def test_unreadable_trust_anchors_are_the_users_error() -> None:
    with mock.patch("check_starttls_cert.resource.probe", side_effect=UsageError("no file")), pytest.raises(UsageError):
        resource().probe()


def test_the_status_line_starts_with_the_plugins_name() -> None:
    assert resource().name == "STARTTLS_CERT"
