"""An issue as a mail: the same in HTML and in text, small, and right for who reads it."""

import re

import html5lib
import pytest

from newsletter.content import KINDS, sections
from newsletter.letters import LARGEST, Links, issue_letter
from newsletter.plain import as_text
from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db
LINKS = Links(unsubscribe="https://shipside.example/leave/", preferences="https://shipside.example/choose/")


def squeezed(text: str) -> str:
    return " ".join(text.split())


def bare(text: str) -> str:
    return re.sub(r"\W", "", text)


def letter_of(issue, **options):
    letter = issue_letter(issue, LINKS, **options)
    return letter, html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(letter.html)


def test_everything_that_the_html_says_stands_in_the_text():
    make_site(3)
    issue = make.issue_of_everything()
    issue.lead = "A *lead* with [words](https://example.com/x?a=1&b=2), [ours](/tools/):\n\n- one & two\n- three"
    letter, document = letter_of(issue)
    text = squeezed(letter.text)
    body = document.find("body")
    blocks = [element for element in body.iter() if element.tag in ("h1", "h2", "h3", "p", "li")]
    assert len(blocks) > 30
    for block in blocks:
        words = squeezed("".join(block.itertext()))
        if block.find("a") is None or block.tag == "h3":
            assert words in text
        else:
            assert all(squeezed(piece) in text for piece in block.itertext())
    links = [element.attrib["href"] for element in body.iter("a")]
    assert [link for link in links if link not in letter.text] == []
    assert all(link.startswith(("http://127.0.0.1:8000/", "https://")) for link in links)
    # And the text says nothing of its own but addresses and marks.
    said = bare("".join(body.itertext()))
    for line in letter.text.splitlines():
        assert bare(re.sub(r"https?://\S+", "", line)) in said


def test_mail_loads_nothing_and_tracks_nothing():
    make_site()
    letter, document = letter_of(make.issue_of_everything())
    assert {element.tag for element in document.iter()} & {"img", "script", "link", "iframe", "object"} == set()
    assert "url(" not in letter.html
    assert "?" not in "".join(element.attrib["href"] for element in document.find("body").iter("a"))


def test_styles_are_on_the_elements_and_the_dark_ones_in_the_sheet():
    make_site()
    _, document = letter_of(make.issue_of_everything())
    styled = [element for element in document.find("body").iter() if element.tag in ("h1", "h2", "h3", "a")]
    assert all(element.attrib.get("style") for element in styled)
    [sheet] = document.iter("style")
    assert "prefers-color-scheme: dark" in sheet.text.replace("scheme:dark", "scheme: dark")


def test_largest_issue_stays_small_enough_and_says_what_it_leaves_out():
    entries = [
        make.entry(kind=kind, title="&" * 100 + str(n), category="ü" * 200, words=("<" * 700, "語" * 320))
        for kind in KINDS
        for n in range(100)
    ]
    issue = make.issue(*entries, lead="*&* " * 1000, subject="& " * 60)
    letter, _ = letter_of(issue)
    assert 20_000 < len(letter.html.encode()) <= LARGEST
    left = re.findall(r"(\d+) more on the site", letter.text)
    assert len(left) == 5
    assert set(left) == set(re.findall(r"(\d+) more on the site", letter.html))


def test_reader_of_very_many_categories_gets_a_mail_that_is_small_enough_too():
    entries = [
        make.entry(category="ü" * 200, category_ids=(n,), title="&" * 100 + str(n), words=("<" * 700, "語" * 320))
        for n in range(60)
    ]
    issue = make.issue(*entries, lead="*&* " * 1000)
    letter, _ = letter_of(issue, categories=frozenset(range(60)))
    assert 20_000 < len(letter.html.encode()) <= LARGEST
    assert re.findall(r"(\d+) more on the site", letter.text) == ["54"]


def test_reader_of_some_categories_gets_those_only_and_under_their_names():
    entries = [
        make.entry(kind="comparison", title="A vs B", category="Speech", category_ids=(1, 2)),
        make.entry(kind="flip", title="Flip", category="Agents", category_ids=(2,)),
        make.entry(kind="prediction", title="Prediction", category="Search", category_ids=(3,)),
    ]
    shape = {
        chosen: [(part.title, [entry.title for entry in part.entries]) for part in sections(entries, chosen)]
        for chosen in (None, frozenset({1}), frozenset({2}), frozenset({1, 2}), frozenset({2, 3}), frozenset({9}))
    }
    assert shape == {
        None: [("New comparisons", ["A vs B"]), ("Verdicts that flipped", ["Flip"]),
               ("Predictions judged", ["Prediction"])],
        frozenset({1}): [("Speech", ["A vs B"])],
        frozenset({2}): [("Agents", ["A vs B", "Flip"])],
        frozenset({1, 2}): [("Agents", ["Flip"]), ("Speech", ["A vs B"])],
        frozenset({2, 3}): [("Agents", ["A vs B", "Flip"]), ("Search", ["Prediction"])],
        frozenset({9}): [],
    }  # fmt: skip
    letter, _ = letter_of(make.issue(*entries), categories=frozenset({2}))
    assert ("Prediction" in letter.text, "Flip" in letter.text, "some categories" in letter.text) == (False, True, True)


def test_subject_is_one_line():
    assert issue_letter(make.issue(subject="One\nBcc: two"), LINKS).subject == "One Bcc: two"


def test_markdown_as_text_keeps_links_and_lists():
    assert as_text("Hi *you*, <b> & [x](/y/).\n\n> said\n\n1. a\n2. b", site="https://s.example") == (
        "Hi you, <b> & x (https://s.example/y/).\n\nsaid\n\n- a\n- b"
    )
