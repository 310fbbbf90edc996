"""OpenSSL's numbers have OpenSSL's names, and all have words."""

from __future__ import annotations

import os
import re
import ssl

import pytest

from check_starttls_cert import openssl

HEADER = "/usr/include/openssl/x509_vfy.h"


def test_the_table_is_openssl_s():
    if not os.path.exists(HEADER):
        pytest.skip("needs OpenSSL's header files")
    with open(HEADER, encoding="utf-8") as file:
        theirs = {int(number): name for name, number in re.findall(r"define X509_V_ERR_(\w+)\s+(\d+)", file.read())}
    assert {number: error[0] for number, error in openssl.VERIFY_ERRORS.items()} == theirs


@pytest.mark.parametrize("name", [name for name, value in vars(openssl).items() if isinstance(value, int)])
def test_a_constant_has_the_number_of_its_name(name):
    if name != "INVALID_CA_BEFORE_3_0":
        assert openssl.VERIFY_ERRORS[getattr(openssl, name)][0] == name


def test_the_codes_of_an_unknown_issuer_are_those_that_anchors_could_mend():
    assert sorted(openssl.ISSUER_UNKNOWN) == [2, 18, 19, 20, 21]


def test_words_are_parts_of_a_sentence():
    meanings = [error[1] for error in openssl.VERIFY_ERRORS.values()]
    for words in [*meanings, *openssl.HANDSHAKE_FAILURES.values(), openssl.CANNOT_READ]:
        assert words
        assert words[-1] not in ".,;:"


def test_reasons_are_written_as_python_has_them():
    # What this Python's table lacks is taken from OpenSSL's words.
    names = getattr(ssl._ssl, "err_codes_to_names", None)
    if names is None:
        pytest.skip("this Python does not show its table")
    known = set(names.values())
    reasons = set(openssl.HANDSHAKE_FAILURES) | openssl.ALERTS_ABOUT_CLIENT_CERTIFICATES
    later = {openssl.NO_APPLICATION_PROTOCOL, "ASN1_LIB"}
    assert reasons - known <= later
