"""The page: true, bounded, valid, usable with and without its script, and nothing but text comes into it."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import html
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
import zoo
from conftest import required
from hostile.chains import CHAINS
from observations import DAY, EXPIRED, NO_ISSUER, NOW, authority, evaluated, facts, named, seen, unseen
from servers import process
from servers.chromium import Browser
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert import __version__, chain
from check_starttls_cert.errors import ProbeError, UsageError
from check_starttls_cert.observation import Observation
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.sweep.deliveries import html as module
from check_starttls_cert.sweep.deliveries import opened
from check_starttls_cert.sweep.outcome import Tally


def host(name: str, days: float, **values: Any) -> Report:
    """Return the report of a host whose certificate has so many days left."""
    return evaluated(seen(named(name, remaining=days * DAY)), host=name, **values)


ALL = [*REPORTS.values(), host("a.test", 40), host("b.test", 300), host("c.test", 700)]


def written(path, *reports: Report, made: Tally | None = None) -> str:
    """Return the page of a sweep."""
    (delivery,) = opened({"html": str(path)})
    for report in reports:
        delivery.take(delivery.show(report))
    assert delivery.end(made or tally(*reports)) == ""
    return path.read_text("utf-8")


class Texts(HTMLParser):
    """The text of the rows of a page, cell by cell, and of the rest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.rest = ""
        self._places: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in ("meta", "input"):
            self._places.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self._places.pop() == tag

    def handle_data(self, data) -> None:
        if {"td", "th"} & set(self._places):
            self.tables[-1][-1][-1] += data
        elif not {"style", "script"} & set(self._places):
            self.rest += data

    @property
    def rows(self) -> list[list[str]]:
        """The rows of the table of targets."""
        return self.tables[-1][1:]


def words(text: str) -> str:
    """Return a text with single spaces."""
    return " ".join(text.split())


# What it says.


def test_every_target_is_a_row_and_the_most_urgent_comes_first(tmp_path) -> None:
    page = Texts(written(tmp_path / "x.html", host("b.test", 300), FINE, BAD, REPORTS["expired_3_days"]))
    assert [[words(cell) for cell in row[:4]] for row in page.rows] == [
        ["CRITICAL", "mta.example.com:25smtp", "-3", "2026-11-20"],
        ["CRITICAL", "mta.example.com:25smtp", "unknown", ""],
        ["OK", "mta.example.com:25smtp", "59", "2027-01-22"],
        ["OK", "b.test:25smtp", "300", "2027-09-19"],
    ]
    assert "expired 3 days ago (2026-11-20)" in page.rows[0][4]
    assert "issuerCN=R11,O=Let's Encrypt,C=US" in page.rows[2][4]


@pytest.mark.parametrize("name", REPORTS)
def test_a_row_has_every_problem_and_every_fact(tmp_path, name) -> None:
    report = REPORTS[name]
    ((*_, found),) = Texts(written(tmp_path / "x.html", report)).rows
    verbose = evaluated(report.observation, verbose=1) if report.observation.presented else report
    for each in report.problems:
        assert each in found
    for line in module.facts(verbose):
        assert line.partition(": ")[2] in found


def test_the_counts_are_of_all(tmp_path) -> None:
    said = words(Texts(written(tmp_path / "x.html", FINE, BAD, BAD, REPORTS["warning_by_days"])).rest)
    assert "3 of 4 targets need attention." in said
    assert "2 CRITICAL 1 WARNING 0 UNKNOWN 1 OK" in said
    assert "1 of 1 target needs attention." in words(Texts(written(tmp_path / "x.html", BAD)).rest)
    assert "All 2 targets are fine." in words(Texts(written(tmp_path / "x.html", FINE, FINE)).rest)
    assert "The one target is fine." in words(Texts(written(tmp_path / "x.html", FINE)).rest)


def test_when_it_was_made_by_what_and_how_long_that_took_stands_at_the_foot(tmp_path) -> None:
    said = words(Texts(written(tmp_path / "x.html", FINE, BAD)).rest)
    assert said.endswith(f"As of 2026-11-23 14:24 UTC. 2 targets in 1.5 s by check_starttls_cert {__version__}.")


def test_a_sweep_that_was_ended_says_so(tmp_path) -> None:
    made = tally(BAD)
    made.ended = "ended by SIGTERM"
    said = words(Texts(written(tmp_path / "x.html", BAD, made=made)).rest)
    assert "The sweep did not come to its end: ended by SIGTERM." in said


def test_the_calendar_counts_what_ends_on_each_day_of_a_year(tmp_path) -> None:
    ends = [host(f"{number}.test", days) for number, days in enumerate((6, 6, 40, 41, 300, 500, 700))]
    page = Texts(written(tmp_path / "x.html", *ends, REPORTS["expired_3_days"], BAD))
    found = {}
    for month in page.tables[:-1]:
        assert month[0] == list("MTWTFSS")
        for week in month[1:]:
            assert len(week) == 7
            found.update({day: None for day in map(words, week) if " " in day})
    assert list(found) == ["29 2"]
    assert [caption for caption in ("November 2026", "January 2027", "September 2027") if caption in page.rest]
    assert "October 2027" not in page.rest
    assert "1 certificate has ended already. 2 certificates end later." in words(page.rest)
    days = re.findall(r'title="(\S+): (\d+ certificates?) ends?"', written(tmp_path / "x.html", *ends))
    assert days == [
        ("2026-11-29", "2 certificates"),
        ("2027-01-02", "1 certificate"),
        ("2027-01-03", "1 certificate"),
        ("2027-09-19", "1 certificate"),
    ]


def test_the_day_of_the_sweep_is_marked(tmp_path) -> None:
    page = written(tmp_path / "x.html", host("a.test", 6), host("b.test", 0.1))
    assert re.findall(r"<td[^>]*aria-current[^>]*><[^>]*>(\d+)", page) == ["23"]
    assert re.findall(r"<td[^>]*aria-current[^>]*>(\d+)", written(tmp_path / "x.html", host("a.test", 6))) == ["23"]


def test_a_day_has_the_worst_state_of_what_ends_on_it(tmp_path) -> None:
    lenient, strict = host("a.test", 20), host("b.test", 20, **observed_thresholds())
    assert '<td class="WARNING"><a href="#2026-12-13"' in written(tmp_path / "x.html", lenient)
    for order in ((lenient, strict), (strict, lenient)):
        assert '<td class="CRITICAL"><a href="#2026-12-13"' in written(tmp_path / "x.html", *order)


def observed_thresholds() -> dict[str, Any]:
    """Return options by which 20 days are critical."""
    from observations import thresholds

    return thresholds(warning="60", critical="30")


@pytest.mark.parametrize("year", [1, 1970, 9998, 9999])
def test_there_is_a_calendar_whatever_the_clock_says(tmp_path, year) -> None:
    now = NOW.replace(year=year, month=12, day=5)
    report = evaluated(seen(facts(not_before=now - DAY, not_after=now + 20 * DAY)), now)
    page = Texts(written(tmp_path / "x.html", report))
    (column,) = (week.index("25") for week in page.tables[0] if "25" in week)
    assert column == (now + 20 * DAY).weekday()
    assert f"As of {year:04}-12-05" in page.rest


def test_without_a_certificate_that_ends_within_a_year_there_is_no_calendar(tmp_path) -> None:
    page = Texts(written(tmp_path / "x.html", host("a.test", 3000), BAD))
    assert len(page.tables) == 1
    assert "No certificate ends within a year. 1 certificate ends later." in words(page.rest)


def test_what_is_left_out_is_said_and_counted_all_the_same(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    reports = [host(f"{number}.test", 40 + number) for number in range(20)]
    page = Texts(written(tmp_path / "x.html", *reports, BAD, BAD))
    assert [words(row[2]) for row in page.rows] == ["unknown", "unknown", "40"]
    assert "The 3 most urgent are listed. Left out are 19 OK." in words(page.rest)
    assert "2 CRITICAL 0 WARNING 0 UNKNOWN 20 OK" in words(page.rest)
    left_out = written(tmp_path / "x.html", *[BAD] * 5, FINE)
    assert "Left out are 2 CRITICAL, 1 OK." in left_out
    # The days of those that are left out are there, and lead nowhere.
    assert '<span title="2027-01-22: 1 certificate ends">' in left_out


def test_no_thread_decides_the_order(tmp_path) -> None:
    assert written(tmp_path / "x.html", *ALL) == written(tmp_path / "x.html", *reversed(ALL))


def test_a_bar_is_as_long_as_the_days_that_are_left(tmp_path) -> None:
    for days, width in ((-3, "0.0"), (45, "45.0"), (89.96, "90.0"), (90, "90.0"), (10_000, "90.0")):
        page = written(tmp_path / "x.html", host("a.test", days))
        assert re.findall(r'<rect width="([^"]*)"', page) == [width]


# How it is brought.


def test_until_the_end_the_old_page_is_there(tmp_path) -> None:
    path = tmp_path / "x.html"
    path.write_text("old")
    (delivery,) = opened({"html": str(path)})
    delivery.take(delivery.show(FINE))
    assert (os.listdir(tmp_path), path.read_text()) == (["x.html"], "old")
    assert delivery.end(tally(FINE)) == ""
    assert (os.listdir(tmp_path), path.read_text() == "old") == (["x.html"], False)


def test_a_page_that_cannot_be_written_is_told(tmp_path, monkeypatch) -> None:
    path = tmp_path / "x.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    (delivery,) = opened({"html": str(path)})
    assert delivery.end(tally(FINE)) == f'the page is not in "{path}": no space left on device'
    assert (os.listdir(tmp_path), path.read_text()) == (["x.html"], "old")


def test_a_place_where_no_page_can_be_is_wrong_usage(tmp_path) -> None:
    with pytest.raises(UsageError, match="--html: cannot write"):
        opened({"html": str(tmp_path)})


def test_without_jinja2_it_is_wrong_usage(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match="html needs the package jinja2"):
        opened({"html": str(tmp_path / "x.html")})


def test_nothing_is_kept_of_a_target_that_is_not_listed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 10)
    (delivery,) = opened({"html": str(tmp_path / "x.html")})
    shown = [delivery.show(host(f"{number}.test", number)) for number in range(-50, 1000)]
    for each in shown:
        delivery.take(each)
    kept = [each for _, each in delivery._urgent]
    assert sorted(kept) == sorted(shown[:10])
    assert len(delivery._ends) <= 366


# What it is made of.


def test_the_policy_lets_nothing_in_but_the_page_s_own_style_and_script(tmp_path) -> None:
    page = written(tmp_path / "x.html", *ALL)
    policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1])

    def named(tag: str) -> str:
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {named('style')}",
        f"script-src {named('script')}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    # The policy stands before all that it is about.
    assert page.index("Content-Security-Policy") < page.index("<style>")
    outside = r"(?i)\b(?:src|srcset|action|on\w+|style)=|url\(|@import|https?:"
    assert not re.search(outside, page)


def test_tidy_finds_nothing_wrong(tmp_path) -> None:
    with required("tidy"):
        tidy = process.find("tidy")
    for number, reports in enumerate(((FINE,), ALL, nasty())):
        path = tmp_path / f"{number}.html"
        written(path, *reports)
        done = subprocess.run([tidy, "-quiet", "-errors", str(path)], capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if not any(word in line for word in UNKNOWN_TO_TIDY)]
        assert complaints == []


UNKNOWN_TO_TIDY = ('proprietary attribute "aria-current"',)
"""What tidy takes amiss that HTML has: tidy 5.6 is older than WAI-ARIA 1.1."""

# Nothing but text comes into it.

PAYLOADS = (
    "<script>document.title='ran'</script>",
    "\"><img src=x onerror=document.title='ran'>",
    "'><svg onload=document.title='ran'>",
    "javascript:document.title='ran'",
    "</style><script>document.title='ran'</script>",
    "</script><script>document.title='ran'</script>",
    "</title><script>document.title='ran'</script>",
    "--><!-- ]]> <![CDATA[",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} &lt;b&gt; &#60;b&#62;",
    "\u202egpj.exe \u2066\u200f\x00\x1b[31m\r\n\ufeff\udc80",
    "<base href=//evil.test><meta http-equiv=refresh content='0;url=//evil.test'>",
    "<link rel=stylesheet href=//evil.test><style>* {display: none}</style>",
    "<plaintext><textarea><template><noscript><iframe srcdoc='<script>parent.document.title=1</script>'>",
)


def nasty() -> list[Report]:
    """Return reports with markup in every place where a stranger's text can stand."""
    made = []
    for text in PAYLOADS:
        own = facts(
            subject=f"CN={text}",
            issuer=f"O={text}",
            issuer_attributes=(f"O={text}",),
            common_names=(text,),
            dns_names=(text, f"*.{text}"),
            signature_hash=text,
            remaining=-DAY,
        )
        quoted = ProbeError("the server refuses STARTTLS", quote=text.encode("utf-8", "surrogateescape"))
        made += [
            evaluated(seen(own, EXPIRED, above=(authority(text, text),), sent=()), issuer=("Lab",)),
            evaluated(seen(named(text), NO_ISSUER), name_check="none", max_lifetime=30.0),
            evaluated(unseen(quoted)),
        ]
    return made


def served(ders: tuple[bytes, ...]) -> Observation:
    """Return the observation of a server with this chain."""
    try:
        return seen(trust=NO_ISSUER, chain=chain.build(ders, (), NO_ISSUER))
    except ProbeError as error:
        return unseen(error)


def menagerie() -> list[Report]:
    """Return reports on the certificates of the zoo and of the hostile kit."""
    made = []
    for make in {**zoo.CASES, **zoo.JUDGED}.values():
        case = make(NOW)
        sent = re.findall("-----BEGIN.*?-----END CERTIFICATE-----\n", case.chain.decode("ascii"), re.DOTALL)
        made.append(evaluated(served(tuple(map(ssl.PEM_cert_to_DER_cert, sent)))))
    made += [evaluated(served(make().chain)) for make in CHAINS.values() if make().chain]
    return made


STRUCTURE = """
(() => {
  const told = element => [element.tagName, ...[...element.attributes].map(each => each.name).sort()].join(" ");
  const inside = element => [element, ...element.querySelectorAll("*")].map(told).join(", ");
  const rows = [...document.querySelectorAll("#targets tbody tr")].map(inside).sort();
  document.querySelector("#targets tbody").replaceChildren();
  return [inside(document.documentElement), ...rows];
})()
"""
"""The elements of a page and the names of their attributes; each row's, which the text may put in another order."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    with contextlib.ExitStack() as stack:
        with required("chromium"):
            started = Browser(stack, str(tmp_path_factory.mktemp("chromium")))
        yield started


@pytest.fixture
def page(browser, tmp_path) -> Iterator[Any]:
    """Yield what opens the page of some reports, with everything as it is for a plain user."""

    def show(*reports: Report) -> Browser:
        written(tmp_path / "x.html", *reports)
        browser.open(str(tmp_path / "x.html"))
        return browser

    yield show
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
    browser.call("Emulation.clearDeviceMetricsOverride")


def complaints(browser: Browser) -> list[Any]:
    """Return what the browser has to complain of: errors of scripts, violations of the policy."""
    return browser.said("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")


def harmless(shown: str) -> str:
    """Return what a delivery shows of a target, without a character that means anything to anybody."""

    def tame(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(tame, value))
        return re.sub(r"[^A-Za-z0-9]", "x", value) if isinstance(value, str) and value else value

    head, said = map(json.loads, shown.split("\n"))
    return f"{json.dumps(head)}\n{json.dumps({key: tame(value) for key, value in said.items()})}"


@pytest.mark.servers
@pytest.mark.parametrize("make", [nasty, menagerie])
def test_no_certificate_and_no_server_puts_markup_into_it(browser, tmp_path, make) -> None:
    reports = make()
    structures = []
    for name, change in (("hostile", str), ("harmless", harmless)):
        path = tmp_path / f"{name}.html"
        (delivery,) = opened({"html": str(path)})
        for report in reports:
            delivery.take(change(delivery.show(report)))
        assert delivery.end(tally(*reports)) == ""
        browser.open(str(path))
        assert browser.evaluate("document.title") == f"CRITICAL - certificates of {len(reports)} targets"
        assert complaints(browser) == []
        requests = browser.said("Network.requestWillBeSent")
        assert [each["request"]["url"] for each in requests] == [f"file://{path}"]
        structures.append(browser.evaluate(STRUCTURE))
    hostile, tame = structures
    assert len(hostile) == 1 + len(reports)
    assert hostile == tame
    # It is all there, as text.
    browser.open(str(tmp_path / "hostile.html"))
    text = browser.evaluate("document.body.textContent")
    for report in reports:
        for problem in report.problems:
            assert problem in text


@pytest.mark.servers
def test_what_came_in_all_the_same_would_not_run(browser, tmp_path) -> None:
    # That the page above does not run is worth as much as that this one does.
    raw = "\n".join(PAYLOADS[:6]).encode("utf-8", "replace").decode()
    path = tmp_path / "x.html"
    path.write_text(f"<!DOCTYPE html><title>old</title>{raw}", "utf-8")
    browser.open(str(path))
    browser.said()
    assert browser.evaluate("document.title") == "ran"
    text = written(path, FINE)
    path.write_text(text.replace("<h1>", f"{raw}<h1>", 1), "utf-8")
    browser.open(str(path))
    assert len(complaints(browser)) >= 3
    assert browser.evaluate("document.title") == "OK - certificates of 1 target"


@pytest.mark.servers
def test_without_script_every_row_is_there_and_its_details_open(page) -> None:
    browser = page(*ALL)
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    page(*ALL)
    heights = browser.evaluate("[...document.querySelectorAll('#targets tbody tr')].map(row => row.offsetHeight)")
    assert len(heights) == len(ALL)
    assert min(heights) > 0
    assert browser.evaluate("document.querySelector('form').offsetHeight") == 0
    assert browser.evaluate("document.querySelector('dl').checkVisibility()") is False
    browser.call("Emulation.setDeviceMetricsOverride", width=1200, height=5000, deviceScaleFactor=1, mobile=False)
    box = browser.evaluate("document.querySelector('summary').getBoundingClientRect().toJSON()")
    x, y = box["x"] + 30, box["y"] + 8
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert browser.evaluate("document.querySelector('dl').checkVisibility()") is True


SHOWN = """[...document.querySelectorAll("#targets tbody tr")].filter(row => row.offsetHeight)
.map(row => row.querySelector("th").firstChild.textContent)"""

SEARCH = """(search => { search.value = %s; search.dispatchEvent(new Event("input", {bubbles: true})); })
(document.querySelector("[type=search]"))"""

FEW = [host("b.test", 150), host("a.test", 300), host("c.test", 35), evaluated(BAD.observation, host="d.test")]


@pytest.mark.servers
def test_rows_are_searched_by_all_words_in_details_too(page) -> None:
    browser = page(*FEW)
    assert browser.evaluate(SHOWN) == ["d.test:25", "c.test:25", "b.test:25", "a.test:25"]
    for said, expected in (
        ("  B.Test ", ["b.test:25"]),
        ("let's smtp", ["c.test:25", "b.test:25", "a.test:25"]),
        ("test refused", ["d.test:25"]),
        ("nothing-like-it", []),
        ("", ["d.test:25", "c.test:25", "b.test:25", "a.test:25"]),
    ):
        browser.evaluate(SEARCH % json.dumps(said))
        assert browser.evaluate(SHOWN) == expected
        assert browser.evaluate("document.querySelector('output').value") == f"{len(expected)} of 4 shown"
    assert complaints(browser) == []


@pytest.mark.servers
def test_rows_are_chosen_by_state_and_by_day(page) -> None:
    browser = page(*FEW)
    assert browser.evaluate("[...document.querySelectorAll('[name=state]')].map(box => box.value)") == [
        "CRITICAL",
        "OK",
    ]
    browser.evaluate("document.querySelector('[value=CRITICAL]').click()")
    assert browser.evaluate(SHOWN) == ["c.test:25", "b.test:25", "a.test:25"]
    browser.evaluate("document.querySelector('#calendar a').click()")
    assert browser.evaluate(SHOWN) == ["c.test:25"]
    assert browser.evaluate("document.querySelector('[type=search]').value") == "2026-12-28"


@pytest.mark.servers
def test_rows_are_sorted_by_a_heading_and_once_more_the_other_way_round(page) -> None:
    browser = page(*FEW)
    urgent, by_name = ["d.test:25", "c.test:25", "b.test:25", "a.test:25"], ["a.test:25", "b.test:25", "c.test:25"]
    for heading, way, expected in (
        (0, "ascending", urgent[::-1]),
        (0, "descending", urgent),
        (1, "ascending", [*by_name, "d.test:25"]),
        (1, "descending", ["d.test:25", *by_name[::-1]]),
        (2, "ascending", ["c.test:25", "b.test:25", "a.test:25", "d.test:25"]),
    ):
        browser.evaluate(f"document.querySelectorAll('#targets thead button')[{heading}].click()")
        assert browser.evaluate(SHOWN) == expected
        sorts = browser.evaluate("[...document.querySelectorAll('[aria-sort]')].map(each => each.ariaSort)")
        assert sorts == [way]


@pytest.mark.servers
def test_an_old_page_says_how_old_it_is(page) -> None:
    now = datetime.now(timezone.utc)
    for report, said in ((FINE._replace(now=now - 3.2 * DAY), ", 3 days ago"), (FINE._replace(now=now), "")):
        assert page(report).evaluate("document.querySelector('#age').textContent") == said


CONTRAST = """
(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.offsetHeight) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    found[`${element.tagName}.${element.className}: ${getComputedStyle(element).color} on ${ground(element)}`] =
        (one + 0.05) / (other + 0.05);
  }
  return found;
})()
"""


@pytest.mark.servers
@pytest.mark.parametrize(("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("dark", "print")])
def test_all_text_has_the_contrast_that_weak_eyes_need(page, scheme, media) -> None:
    browser = page(*ALL)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.call("Emulation.setEmulatedMedia", media=media, features=features)
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = browser.evaluate(CONTRAST)
    assert len(found) > 20
    # WCAG 2.2, success criterion 1.4.3.
    assert {place: ratio for place, ratio in found.items() if ratio < 4.5} == {}
    dark = browser.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark is (scheme == "dark" and media == "screen")


@pytest.mark.servers
@pytest.mark.parametrize("width", [360, 800, 1600])
def test_on_no_screen_the_page_is_wider_than_that(page, width) -> None:
    browser = page(*ALL)
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.servers
def test_readers_that_see_nothing_find_headings_tables_and_labels(page) -> None:
    browser = page(*ALL)
    browser.call("Accessibility.enable")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    browser.call("Accessibility.disable")
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node["ignored"]:
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert roles["heading"] == ["Certificates", "What ends when", "Targets"]
    assert roles["searchbox"] == ["Search"]
    assert roles["checkbox"] == ["CRITICAL", "WARNING", "UNKNOWN", "OK"]
    assert roles["region"] == ["What ends when", "Targets"]
    assert len(roles["rowheader"]) == len(ALL)
    assert {"banner", "main", "contentinfo"} <= set(roles)
    assert all(roles["button"])
    assert all(roles["link"])
    assert browser.evaluate("document.documentElement.lang") == "en"


def test_every_state_has_its_colours() -> None:
    style = module.source("page.css")
    for state in State:
        assert f".{state.name} {{ --state: var(--{state.name.lower()}); }}" in style
