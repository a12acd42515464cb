"""How many tools of a category have what a fact of one says. The shape needs no database; the page does."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as markup

from comparisons.reading.records import ListedAttribute, ListedColumns, ListedFact
from comparisons.shaping.facets import index_tools
from comparisons.shaping.peers import MAX_SQUARES, PER_ROW, count_peers
from tests import factories as make
from tools.choices import Grade
from tools.values import Option, Scale

SELF_HOSTED = ListedAttribute(
    7, "self-hosted", "Self-hosting", Scale("grade", tuple(Option(one.value, one.label) for one in Grade)), ""
)


def count(grades: dict[int, str | None], *, tool: int, others: int = 3):
    """Return the peers of a tool in category 1, given the grades of its tools by id; `others` are in category 2."""
    outside = range(max(grades) + 1, max(grades) + 1 + others)
    size = len(grades) + others
    categories = [1] * len(grades) + [2] * others
    tools = ListedColumns([*grades, *outside], categories, ["free"] * size, [""] * size, [None] * size)
    facts = [
        ListedFact(
            SELF_HOSTED.id, grade.value, grade.label, [pk for pk, value in grades.items() if value == grade.value]
        )
        for grade in Grade
    ]
    facts.append(ListedFact(SELF_HOSTED.id, "yes", "Yes", list(outside)))
    listed = index_tools(tools).with_facts([SELF_HOSTED], facts)
    return count_peers(listed, [SELF_HOSTED.id], tool=tool, category=1).get(SELF_HOSTED.id)


def test_peers_are_counted_within_the_category_and_sorted_by_what_they_have():
    peers = count({1: "no", 2: "yes", 3: None, 4: "partly", 5: "yes"}, tool=4)
    assert peers.words == "Yes for 2 of 5, partly for 1, not known for 1"
    assert [square.kind for square in peers.squares] == ["yes", "yes", "partly", "no", "unknown"]
    assert peers.own == peers.squares[2]
    assert count({1: "no", 2: "no"}, tool=1).words == "Yes for none of 2"


def test_tool_without_a_grade_or_without_others_has_no_peers():
    assert count({1: None, 2: "yes"}, tool=1) is None
    assert count({1: "yes"}, tool=1) is None
    assert count({1: "yes", 2: "no"}, tool=99) is None  # not listed, as a draft is


@given(st.lists(st.sampled_from(["yes", "partly", "no", None]), min_size=1, max_size=2 * MAX_SQUARES))
def test_every_tool_is_one_square_of_the_drawing_or_part_of_a_bar(grades):
    peers = count(dict(enumerate(["yes", *grades])), tool=0)
    total, having = len(grades) + 1, grades.count("yes") + 1
    assert peers.percent == round(100 * having / total, 1)
    assert len(peers.squares) == (total if total <= MAX_SQUARES else 0)
    places = {(square.x, square.y) for square in peers.squares}
    assert len(places) == len(peers.squares)
    assert all(0 < x + 11 <= peers.width and 0 < y + 11 <= peers.height for x, y in places)
    assert peers.width <= PER_ROW * 15 + 2


@pytest.mark.django_db
def test_tool_page_draws_the_peers_of_its_grades_at_constant_cost(client):
    category = make.category()
    grade, text = make.attribute(kind="grade"), make.attribute(kind="text")
    for attribute in (grade, text):
        attribute.categories.add(category)
    tools = [make.tool(slug=f"t{place}", category=category) for place in range(3)]
    for tool, value in zip(tools, ("yes", "no", "yes"), strict=True):
        make.fact(of=tool, attribute=grade, value=value)
    make.fact(of=tools[0], attribute=text, value="Us")
    draft = make.tool(slug="draft", category=category, published_at=None)
    make.fact(of=draft, attribute=grade, value="no")

    def read() -> tuple[list[str], list[str], int]:
        client.get("/tools/t1/")  # fills the caches of the revision
        with CaptureQueriesContext(connection) as queries:
            page = markup.fromstring(client.get("/tools/t0/").content.decode())
        table = page.find_class("facts--peers")[0]
        words = [cell.text_content().strip() for cell in table.find_class("facts__peers")]
        kinds = [rect.get("class") for rect in table.iter("rect")]
        return words, kinds, len(queries)

    [grade_of_all] = client.get("/tools/t0.json").json()["peers"]
    assert grade_of_all == {
        "slug": grade.slug,
        "tools": 3,
        "yes": 2,
        "partly": 0,
        "unknown": 0,
        "words": "Yes for 2 of 3",
    }
    words, kinds, queries = read()
    assert (words, kinds) == (["Yes for 2 of 3"], ["peers__yes", "peers__yes", "peers__no", "peers__own"])
    for place in range(3, 50):
        make.fact(of=make.tool(slug=f"t{place}", category=category), attribute=grade, value="partly")
    words, kinds, more = read()
    assert words == ["Yes for 2 of 50, partly for 47"]
    assert kinds == ["bar__track", "bar__part"]
    assert more == queries
