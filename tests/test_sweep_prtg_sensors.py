"""Which sensor a target belongs to, by the inventory and by a file of tokens, of which nothing is ever shown."""

from __future__ import annotations

import os

import hypothesis
import pytest
from hypothesis import strategies as st
from observations import PROPERTY

from check_starttls_cert import options
from check_starttls_cert.errors import UsageError
from check_starttls_cert.prtg.shared_sensor import MAX_CHANNELS
from check_starttls_cert.settings import Job
from check_starttls_cert.sweep.prtg_sensors import CHANNEL, TOKEN, Sensors, channel, parse_channel, parse_token

SECRET = "5eC-reT_0"


def job(host: str = "a.test", marks: dict[str, str] = {}, **values) -> Job:  # noqa: B006 - nobody changes it
    return options.job({"host": host, **values})._replace(marks=marks)


def sensors(tmp_path, text: str) -> Sensors:
    """Return the sensors of a file of tokens."""
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(0o600)
    return Sensors(str(path))


def wrong(tmp_path, text: str) -> str:
    """Return what is wrong with a file of tokens, which is nothing of what stands in it."""
    with pytest.raises(UsageError) as caught:
        sensors(tmp_path, text).complete()
    said = str(caught.value).replace(str(tmp_path), "")
    assert SECRET not in said
    assert "\n" not in said
    return said


def test_the_inventory_names_a_token_and_the_file_another(tmp_path) -> None:
    known = sensors(tmp_path, f"a.test {SECRET}\n")
    assert known.token(job("a.test")) == SECRET
    assert known.token(job("a.test", {TOKEN: "own"})) == "own"
    assert known.token(job("b.test")) == ""
    assert Sensors(None).token(job("a.test")) == ""


def test_the_line_that_says_most_counts_and_what_it_leaves_out_may_be_anything(tmp_path) -> None:
    known = sensors(
        tmp_path,
        "\ufeff# sensors\n\na.test all # of it\nimap://a.test imap\na.test:993 port\nimap://a.test:993/n.test one\n"
        "a.test/n.test name\n[2001:db8::1] six\n",
    )
    for token, wanted in {
        "all": job(),
        "imap": job(protocol="imap"),
        "port": job(port=993),
        "one": job(protocol="imap", port=993, name=("n.test",)),
        "name": job(name=("n.test",)),
        "six": job("2001:db8::1"),
    }.items():
        assert known.token(wanted) == token, wanted
        assert known.accept(wanted) == ""
    known.complete()


@pytest.mark.parametrize(
    "line",
    [
        "T",
        "a.test T x",
        "a.test:0 T",
        "nope://a.test T",
        "a.test/b,c T",
        "a.test T!",
        "a.test:x T",
        "a..test T",
        "T! a",
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(tmp_path, line) -> None:
    assert wrong(tmp_path, f"x.test t\n{line}\n".replace("T", SECRET)).startswith(
        "--prtg-tokens: /tokens:2: this is no target with a token behind it; allowed are lines like imap://"
    )


def test_a_target_is_named_once(tmp_path) -> None:
    assert wrong(tmp_path, f"a.test x\n\nA.test {SECRET}\n") == "--prtg-tokens: /tokens:3: line 1 names the same target"


def test_a_token_without_a_target_is_told(tmp_path) -> None:
    assert wrong(tmp_path, f"{SECRET} a.test\n") == (
        "--prtg-tokens: /tokens: no target of the inventory for 1 token, line 1"
    )
    many = "".join(f"{number}.test {SECRET}\n" for number in range(12))
    assert wrong(tmp_path, many).endswith(" for 12 tokens, line 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more")


def test_a_push_without_tokens_is_told() -> None:
    with pytest.raises(UsageError, match="--prtg-push: no target has a token; prtg_token in the inventory or"):
        Sensors(None).complete()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX'")
def test_a_file_that_everybody_can_read_is_told(tmp_path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"a.test {SECRET}\n")
    path.chmod(0o644)
    with pytest.raises(
        UsageError, match=r'--prtg-tokens: everybody can read or change ".*tokens", which holds a secret'
    ):
        Sensors(str(path))


def test_a_sensor_has_room_for_50_targets() -> None:
    known = Sensors(None)
    for number in range(MAX_CHANNELS):
        assert known.accept(job(f"{number}.test", {TOKEN: "t"})) == ""
    assert known.accept(job("x.test", {TOKEN: "t"})) == (
        "its PRTG sensor has 50 targets already, and no room for more channels"
    )
    assert known.accept(job("x.test")) == ""
    assert known.targets("t") == 50


def test_two_targets_of_a_sensor_have_channels_of_their_own() -> None:
    known = Sensors(None)
    assert known.accept(job(marks={TOKEN: "t"})) == ""
    assert known.accept(job(ipv4=True, marks={TOKEN: "t"})) == (
        'another target of its PRTG sensor has the channel "smtp a.test:25" too; prtg_channel gives it a name'
    )
    assert known.accept(job(marks={TOKEN: "t", CHANNEL: "IPv4"})) == ""
    assert known.accept(job(marks={TOKEN: "other"})) == ""


def test_a_channel_is_named_after_what_tells_its_target_apart() -> None:
    assert channel(job()) == "smtp a.test:25"
    assert channel(job("192.0.2.1", protocol="imap", port=1143, name=("b.test", "c.test"))) == (
        "imap 192.0.2.1:1143 (b.test)"
    )


@PROPERTY
@hypothesis.given(st.text())
def test_a_token_that_is_none_is_not_shown(text) -> None:
    try:
        assert parse_token(text) == text
    except ValueError as error:
        assert str(error) == "it is no token; allowed are 1 to 200 letters, digits and ._~{}-"  # noqa: PT017


@pytest.mark.parametrize("text", ["", " ", "a\nb", "x" * 101])
def test_a_channel_has_a_name(text) -> None:
    with pytest.raises(ValueError, match="is no name of a channel"):
        parse_channel(text)
    assert parse_channel("Mail \u00fc, IPv4") == "Mail \u00fc, IPv4"
