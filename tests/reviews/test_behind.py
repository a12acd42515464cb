"""The line under a scorecard."""

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from reviews.behind import describe_seats
from reviews.choices import Behind
from tests import factories as make


@pytest.mark.parametrize(
    ("behind", "words"),
    [
        ([], ""),
        (["persona"], "The only seat is an editorial persona written by our editors."),
        (["persona"] * 4, "The four seats are editorial personas written by our editors."),
        (["assisted"] * 2, "The two seats are AI-assisted personas edited by our editors."),
        (["person"], "The only seat is held by a person."),
        (["person"] * 3, "The three seats are held by people."),
        (
            ["persona", "person", "persona", "assisted"],
            "Of the four seats, one is held by a person, two are editorial personas written by our editors, "
            "and one is an AI-assisted persona edited by our editors.",
        ),
    ],
)
def test_line_says_who_is_behind_the_seats(behind, words):
    assert describe_seats(behind) == words


@given(behind=st.lists(st.sampled_from(Behind.values), min_size=1, max_size=15))
def test_people_and_personas_are_never_left_out(behind):
    words = describe_seats(behind)
    assert ("held by" in words, "editorial persona" in words, "AI-assisted" in words) == tuple(
        value in behind for value in ("person", "persona", "assisted")
    )


@pytest.mark.django_db
def test_unknown_value_is_refused():
    with pytest.raises(IntegrityError, match="reviews_reviewer_behind_known"):
        make.reviewer(behind="robot")


@pytest.mark.django_db
def test_line_stands_under_the_scorecard_of_tools_and_comparisons(client):
    one, other = make.tool(slug="one"), make.tool(slug="other")
    person, persona = make.reviewer(behind="person"), make.reviewer()
    make.review(of=one, by=person)
    make.review(of=other, by=persona)
    link = '<a href="/disclosure/#panel">What that means</a>'
    for path, words in {
        "/tools/one/": "The only seat is held by a person.",
        "/tools/other/": "The only seat is an editorial persona written by our editors.",
        "/compare/one-vs-other/": (
            "Of the two seats, one is held by a person and one is an editorial persona written by our editors."
        ),
    }.items():
        assert f"{words} {link}" in client.get(path).content.decode()
