"""Mentions of tools in reviews, and the rivals computed from them."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.rivals import read_likely_rivals
from reviews.actions import note_mentions
from reviews.mentions import Names, split_words
from reviews.models import Mention, Review
from tests import factories as make

pytestmark = pytest.mark.django_db
NAMES = Names(
    [(1, "llama.cpp"), (2, "Mistral Medium 3"), (3, "Mistral"), (4, "Continue"), (5, "C++"), (6, "Über"), (6, "")]
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("I would run llama.cpp for that.", {1}),
        ("llama cpp, as some write it", {1}),
        ("Mistral Medium 3 is not Mistral.", {2, 3}),
        ("Mistral Medium alone", {3}),
        ("We continue; Continued work; discontinue", set()),
        ("Continue, with (Continue) and `Continue`", {4}),
        ("Mistrals", set()),
        ("Über-tool", {6}),
        ("C and C++", set()),
        ("", set()),
    ],
)
def test_names_match_whole_words_and_case(text, named):
    assert NAMES.find_in(text) == named


@given(st.text(), st.text(), st.text(alphabet="abc .-", min_size=1))
def test_name_is_found_in_any_text(before, after, name):
    if len("".join(split_words(name))) > 1:
        assert Names([(7, name)]).find_in(f"{before} {name} {after}") == {7}


def test_mentions_are_updated_with_the_text(django_assert_num_queries):
    alpha, beta, seat = make.tool(name="Alpha"), make.tool(name="Beta", aliases=["Bee"]), make.reviewer()
    review = make.review(
        of=alpha, by=seat, quote="Unlike Bee, Alpha works.", flips_if="If Gamma came.", published_at=None
    )
    note_mentions(reviews=Review.objects.all())
    assert list(Mention.objects.values_list("review", "tool")) == [(review.pk, beta.pk)]
    gamma = make.tool(name="Gamma")
    Review.objects.update(quote="No names.")
    with django_assert_num_queries(7):
        note_mentions(reviews=Review.objects.all())
    assert list(Mention.objects.values_list("tool", flat=True)) == [gamma.pk]


def rival_names(tool) -> list[str]:
    return [rival.name for rival in read_likely_rivals(tool, most=5)]


def test_rivals_rank_by_mentions_then_editors_comparisons_then_category(client):
    category, seat = make.category(), make.reviewer()
    tool = make.tool(slug="tool", name="Tool", category=category)
    make.tool(name="Peer", category=category)
    make.tool(name="Stranger")
    make.comparison(first=make.tool(name="Compared"), second=tool)
    make.comparison(first=tool, second=make.tool(name="Compared later"))
    make.tool(name="Named")
    make.review(of=make.tool(name="Naming"), by=seat, quote="Not Tool.")
    make.review(of=tool, by=seat, quote="Not Named.")
    make.review(of=tool, by=make.reviewer(), quote="Named is better.")
    note_mentions(reviews=Review.objects.all())
    assert rival_names(tool) == ["Named", "Naming", "Compared", "Compared later", "Peer"]
    page = client.get("/tools/tool/").content.decode()
    _, *alternatives = page.split('<a class="instead__name')
    assert [
        (re.search(r"<bdi[^>]*>(.*?)</bdi>", box)[1], "Automatic comparison." in box)  # type: ignore[index]
        for box in alternatives
    ] == [("Named", True), ("Naming", True), ("Compared", False), ("Compared later", False), ("Peer", True)]


def test_rivals_link_to_canonical_addresses():
    tool = make.tool(slug="middle")
    a, b, _, z = (make.tool(slug=slug, category=tool.category) for slug in ("a", "b", "y", "z"))
    make.comparison(first=tool, second=a)
    make.comparison(first=z, second=tool)
    make.comparison(first=tool, second=b, published_at=None)
    assert {rival.url for rival in read_likely_rivals(tool, most=5)} == {
        "/compare/middle-vs-a/",
        "/compare/b-vs-middle/",
        "/compare/middle-vs-y/",
        "/compare/z-vs-middle/",
    }


def test_rivals_ignore_unpublished_content():
    seat = make.reviewer()
    tool = make.tool(name="Tool")
    for number, fields in enumerate(
        ({"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST})
    ):
        hidden = make.tool(name=f"Hidden{number}", category=tool.category, **fields)
        make.review(of=hidden, by=seat, quote="Not Tool.")
        make.comparison(first=tool, second=hidden)
    shown = make.tool(name="Shown")
    for fields in (
        {"published_at": None},
        {"published_at": make.FUTURE},
        {"published_at": make.PAST, "withdrawn_at": make.PAST},
    ):
        make.review(of=shown, by=seat, quote="Not Tool.", **fields)
    make.review(
        of=tool, by=seat, quote="Hidden0, Hidden1, Hidden2, of course.", published_at=make.PAST + timedelta(days=1)
    )
    make.comparison(first=tool, second=shown, published_at=make.FUTURE)
    note_mentions(reviews=Review.objects.all())
    assert Mention.objects.count() == 9
    assert rival_names(tool) == []
