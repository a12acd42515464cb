"""Issues as messages: the same in HTML and in text, small, and fitted to the reader."""

import re

import html5lib
import pytest
from django.utils.html import escape

from newsletter.content import KINDS, ItemSide, build_sections, build_subject, find_top_story, parse_items
from newsletter.messages import MAX_HTML_BYTES, Links, build_issue_message
from newsletter.plain import render_text
from tests import factories as make
from tests.comparisons.contents import make_site

pytestmark = pytest.mark.django_db
LINKS = Links(unsubscribe="https://shipside.example/leave/", preferences="https://shipside.example/choose/")


def collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def strip_punctuation(text: str) -> str:
    return re.sub(r"\W", "", text)


def build(issue, **options):
    message = build_issue_message(issue, LINKS, **options)
    return message, html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(message.html)


def test_text_and_html_have_the_same_content():
    make_site(3)
    issue = make.issue_of_everything()
    issue.lead = "A *lead* with [words](https://example.com/x?a=1&b=2), [ours](/tools/):\n\n- one & two\n- three"
    message, document = build(issue)
    text = collapse_spaces(message.text)
    body = document.find("body")
    blocks = [element for element in body.iter() if element.tag in ("h1", "h2", "h3", "p", "li")]
    assert len(blocks) > 30
    for block in blocks:
        words = collapse_spaces("".join(block.itertext()))
        if block.find("a") is None or block.tag == "h3":
            assert words in text
        else:
            assert all(collapse_spaces(piece) in text for piece in block.itertext())
    links = [element.attrib["href"] for element in body.iter("a")]
    assert [link for link in links if link not in message.text] == []
    assert all(link.startswith(("http://127.0.0.1:8000/", "https://")) for link in links)
    # Apart from addresses and punctuation, the text adds nothing.
    html_words = strip_punctuation("".join(body.itertext()))
    for line in message.text.splitlines():
        assert strip_punctuation(re.sub(r"https?://\S+", "", line)) in html_words


def test_message_loads_nothing_and_tracks_nothing():
    make_site()
    message, document = build(make.issue_of_everything())
    assert {element.tag for element in document.iter()} & {"img", "script", "link", "iframe", "object"} == set()
    assert "url(" not in message.html
    assert "?" not in "".join(element.attrib["href"] for element in document.find("body").iter("a"))


def test_styles_are_inlined_except_for_media_queries():
    make_site()
    _, document = build(make.issue_of_everything())
    styled = [element for element in document.find("body").iter() if element.tag in ("h1", "h2", "h3", "a")]
    assert all(element.attrib.get("style") for element in styled)
    [sheet] = document.iter("style")
    assert "prefers-color-scheme: dark" in sheet.text.replace("scheme:dark", "scheme: dark")


def test_largest_issue_is_cut_to_size_and_counts_what_it_leaves_out():
    items = [
        make.entry(kind=kind, title="&" * 100 + str(n), category="ü" * 200, words=("<" * 700, "語" * 320))
        for kind in KINDS
        for n in range(100)
    ]
    issue = make.issue(*items, lead="*&* " * 1000, subject="& " * 60)
    message, _ = build(issue)
    assert 20_000 < len(message.html.encode()) <= MAX_HTML_BYTES
    left = re.findall(r"(\d+) more on the site", message.text)
    assert len(left) == len(KINDS)
    assert set(left) == set(re.findall(r"(\d+) more on the site", message.html))


def test_issue_for_many_categories_is_cut_to_size():
    items = [
        make.entry(category="ü" * 200, category_ids=(n,), title="&" * 100 + str(n), words=("<" * 700, "語" * 320))
        for n in range(60)
    ]
    issue = make.issue(*items, lead="*&* " * 1000)
    message, _ = build(issue, categories=frozenset(range(60)))
    assert 20_000 < len(message.html.encode()) <= MAX_HTML_BYTES
    assert re.findall(r"(\d+) more on the site", message.text) == ["54"]


def test_reader_of_some_categories_gets_only_their_items_under_their_names():
    items = [
        make.entry(kind="comparison", title="A vs B", category="Speech", category_ids=(1, 2)),
        make.entry(kind="flip", title="Flip", category="Agents", category_ids=(2,)),
        make.entry(kind="prediction", title="Prediction", category="Search", category_ids=(3,)),
    ]
    shape = {
        chosen: [(section.title, [item.title for item in section.items]) for section in build_sections(items, chosen)]
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
    message, _ = build(make.issue(*items), categories=frozenset({2}))
    assert ("Prediction" in message.text, "Flip" in message.text, "some categories" in message.text) == (
        False,
        True,
        True,
    )


def test_top_story_is_the_first_judged_comparison_that_is_no_example():
    sides = (ItemSide("A", ("ship", "skip")), ItemSide("B", ("skip",)))
    items = [
        make.entry(kind="comparison", title="Of an example", words=("No.",), sides=sides, is_example=True),
        make.entry(kind="comparison", title="Half judged", words=("No.",), sides=(sides[0], ItemSide("C", ()))),
        make.entry(kind="flip", title="Seat now ships D", outcomes=("skip", "ship")),
        make.entry(kind="comparison", title="A vs B", words=("A leads.", "A seat ships only A."), sides=sides),
    ]
    assert find_top_story(items) == items[3]
    assert (build_subject(items), build_subject(items[:2])) == (
        "A or B? A leads.",
        "Of an example, and one more verdict",
    )
    assert parse_items([item.record for item in items]) == items
    message, _ = build(make.issue(*items, subject="Mine"))
    for line in (
        "50%\n●○ 1 of 2 ship\n",
        "A leads.\nA seat ships only A.\n",
        "●○ A: 50%, 1 of 2 ship\n",
        "○ skip → ● ship\n",
    ):
        assert line in message.text
    message, _ = build(make.issue(*items, state="sent", subject=build_subject(items)))
    assert message.text.count("A leads.") == 1  # in the subject


def test_subject_is_one_line():
    assert build_issue_message(make.issue(subject="One\nBcc: two"), LINKS).subject == "One Bcc: two"


def test_markdown_rendered_as_text_keeps_links_and_lists():
    assert render_text("Hi *you*, <b> & [x](/y/).\n\n> said\n\n1. a\n2. b", base="https://s.example/n/1/") == (
        "Hi you, <b> & x (https://s.example/y/).\n\nsaid\n\n- a\n- b"
    )


def test_links_in_a_lead_are_complete_in_mail():
    lead = "[a](/tools/a/) [b](../2/) [c](#plans) [d](https://x.example/?p=1&q=2)"
    issue = make.issue(lead=lead)
    message = build_issue_message(issue, LINKS)
    page = f"http://127.0.0.1:8000{issue.get_absolute_url()}"
    targets = [
        "http://127.0.0.1:8000/tools/a/",
        "http://127.0.0.1:8000/newsletter/2/",
        f"{page}#plans",
        "https://x.example/?p=1&q=2",
    ]
    assert " ".join(f"{name} ({target})" for name, target in zip("abcd", targets, strict=True)) in message.text
    assert [f'href="{escape(target)}"' in message.html for target in targets] == [True] * 4
