"""Names as RFC 9525 compares them: section 6.3 for DNS names, and the forms of RFC 5890."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from check_starttls_cert.names import covers, ip_address, to_ascii

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=5).map(".".join)


@given(names)
def test_every_name_covers_itself_whatever_its_case_and_the_reference_s_final_dot(name):
    for presented in (name, name.upper(), name.title()):
        for reference in (name, name.upper(), name + "."):
            assert covers(presented, reference)


@given(names, names)
def test_a_name_covers_no_other(presented, reference):
    assert covers(presented, reference) == (presented == reference)


@given(labels, labels, names)
@example("x", "mta", "example.com")
def test_a_label_is_no_wildcard(presented, reference, parent):
    assert covers(f"{presented}.{parent}", f"{reference}.{parent}") == (presented == reference)


@given(labels, names)
def test_a_wildcard_stands_for_one_label(label, parent):
    assert covers(f"*.{parent}", f"{label}.{parent}")
    assert covers(f"*.{parent}".upper(), f"{label}.{parent}.")


@given(st.lists(labels, min_size=2, max_size=4).map(".".join), names)
def test_a_wildcard_never_crosses_labels(labels, parent):
    assert not covers(f"*.{parent}", f"{labels}.{parent}")


@given(names)
def test_a_wildcard_does_not_cover_its_parent(parent):
    assert not covers(f"*.{parent}", parent)
    assert not covers(f"*.{parent}", f".{parent}")


@given(labels, labels, names)
@example("mail", "1", "example.com")
def test_a_wildcard_is_a_whole_label(front, back, parent):
    reference = f"{front}{back}.{parent}"
    for presented in (f"{front}*.{parent}", f"*{back}.{parent}", f"{front}*{back}.{parent}", f"**.{parent}"):
        assert not covers(presented, reference)


@given(labels, labels, names)
def test_a_wildcard_is_the_left_most_label_and_the_only_one(first, second, parent):
    assert not covers(f"{first}.*.{parent}", f"{first}.{second}.{parent}")
    assert not covers(f"*.*.{parent}", f"{first}.{second}.{parent}")


@given(names)
def test_an_asterisk_alone_covers_nothing(reference):
    for presented in ("*", "*.", "**", "*.*", ".*"):
        assert not covers(presented, reference)


@pytest.mark.parametrize("presented", ["", ".", "*.", "..", "*..example.com", " mta.example.com", "mta.example.com\0"])
@pytest.mark.parametrize("reference", ["mta.example.com", "example.com", "com"])
def test_odd_presented_names_cover_nothing(presented, reference):
    assert not covers(presented, reference)


def test_two_empty_names_do_not_match():
    assert not covers("", "")
    assert not covers(".", "")


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        ("a.example.com.evil.test", "a.example.com"),
        ("example.com", "aexample.com"),
        ("*.example.com", "aexample.com"),
        ("mta.example.com", "mta_example_com"),
        ("mta.example.com", "mta.example.co"),
    ],
)
def test_a_name_that_only_looks_alike_covers_nothing(presented, reference):
    # check_ssl_cert's regular expression let agoogle.com pass for google.com
    assert not covers(presented, reference)


@pytest.mark.parametrize(
    ("written", "ascii_form"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.EXAMPLE", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        # IDNA 2008 keeps sharp s, IDNA 2003 made it ss: two owners, two names.
        ("straße.example", "xn--strae-oqa.example"),
        ("STRASSE.example", "strasse.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("bücher\u3002example", "xn--bcher-kva.example"),
        ("bücher\uff0eexample\uff61", "xn--bcher-kva.example"),
        ("mta.example.com.", "mta.example.com"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_both_forms_of_an_international_name_are_one(written, ascii_form):
    assert to_ascii(written) == ascii_form
    assert to_ascii(ascii_form) == ascii_form
    assert covers(ascii_form, written) == bool(ascii_form)


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        ("bücher.example", "bücher.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("\uff4d\uff54\uff41.example.com", "mta.example.com"),
        ("*.\uff45xample.com", "mta.example.com"),
        ("\u212amail.example.com", "kmail.example.com"),
        ("mta.example.com.", "mta.example.com"),
        ("*.example.com.", "mta.example.com"),
        ("mta\u3002example.com", "mta.example.com"),
    ],
)
def test_a_presented_name_is_compared_as_it_is(presented, reference):
    # RFC 9525 section 2: a DNS-ID is made of A-labels; clients compare ASCII and nothing else.
    assert not covers(presented, reference)
    assert not covers(presented, presented)


def test_sharp_s_and_ss_are_two_names():
    assert not covers("straße.example", "strasse.example")


def test_a_wildcard_covers_an_international_label():
    assert covers("*.example", "bücher.example")
    assert covers("*.xn--bcher-kva.example", "www.bücher.example")


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_makes_the_comparison_fail(presented, reference):
    assert covers(presented, reference) in (True, False)


@given(st.text(st.characters(min_codepoint=128), min_size=1, max_size=40))
def test_a_name_of_usual_length_becomes_ascii_and_stays_it(label):
    name = to_ascii(f"{label}.example")
    if all(len(part) <= 63 for part in unicodedata.normalize("NFKC", label.lower()).split(".")):
        assert name.isascii()


@pytest.mark.parametrize(
    "hostile",
    [
        "ü" * 90_000,
        "ü." * 45_000,
        "*." * 45_000 + "ü",
        "a" + "\u0301\u0316" * 25_000,
        "a" + "\u0316\u0301" * 25_000 + ".example.com",
        "\ufdfa" * 30_000,
    ],
    ids=["one label", "many labels", "many wildcards", "combining marks", "combining marks in a label", "ligatures"],
)
def test_superlinear_work_is_only_done_on_what_may_be_a_name(hostile, monkeypatch):
    # Punycode is quadratic in the label, NFKC in a run of combining marks; a name has 253 octets (RFC 1035).
    lengths = []
    normalize = unicodedata.normalize

    def counting(form, text):
        lengths.append(len(text))
        return normalize(form, text[:1000])

    monkeypatch.setattr(unicodedata, "normalize", counting)
    assert not covers(hostile, "mta.example.com")
    assert not covers("mta.example.com", hostile)
    assert max(lengths, default=0) <= 1000


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("192.0.2.1", bytes([192, 0, 2, 1])),
        ("2001:db8::1", bytes.fromhex("20010db8000000000000000000000001")),
        ("2001:DB8:0:0::1", bytes.fromhex("20010db8000000000000000000000001")),
        ("fe80::1%eth0", bytes.fromhex("fe800000000000000000000000000001")),
        ("::ffff:192.0.2.1", bytes.fromhex("00000000000000000000ffffc0000201")),
        ("mta.example.com", None),
        ("192.0.2", None),
        ("192.0.2.256", None),
        ("192.0.2.1.", None),
        ("0xc0.0.2.1", None),
        ("3221225985", None),
        ("[2001:db8::1]", None),
        ("1::2::3", None),
        ("", None),
        ("192.0.2.1\0", None),
        ("ü", None),
        ("\ud800", None),
    ],
)
def test_an_ip_address_is_told_from_a_name(text, packed):
    assert ip_address(text) == packed


@given(st.text(max_size=60))
def test_no_text_makes_the_question_for_an_address_fail(text):
    assert ip_address(text) is None or len(ip_address(text)) in (4, 16)


@given(st.ip_addresses())
def test_every_address_is_one(address):
    assert ip_address(str(address)) == address.packed
