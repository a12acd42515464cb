"""A reader's must-haves in lists of tools: `/tools/?need=…` and the same of a category."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.records import ListedAttribute, ListedColumns, ListedFact
from comparisons.shaping import facets, listed_needs
from comparisons.shaping.needs import Need
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Attribute, Category
from tools.values import Option, Scale

GRADES = tuple(Option(grade, grade.title()) for grade in ("yes", "partly", "no"))
CHOICES = (Option("mit", "MIT"), Option("bsd", "BSD"))
ATTRIBUTES = [
    ListedAttribute(1, "hosting", "Hosting", Scale("grade", GRADES), ""),
    ListedAttribute(2, "license", "License", Scale("choice", CHOICES, several=True), ""),
    ListedAttribute(3, "context", "Context", Scale("number"), "higher"),
]
NEEDS = [
    Need(listed_needs.to_criterion(ATTRIBUTES[0])),
    Need(listed_needs.to_criterion(ATTRIBUTES[1]), "mit"),
    Need(listed_needs.to_criterion(ATTRIBUTES[2]), "100"),
]
VALUES = st.tuples(
    st.sampled_from([None, "yes", "partly", "no"]),
    st.sampled_from([None, "mit", "bsd", "mit, bsd"]),
    st.sampled_from([None, "99", "100", "1000"]),
)
FAILS = ({"no"}, {"bsd"}, {"99"})


def index(tools: list[tuple[str | None, ...]]) -> facets.ListedTools:
    """Index tools with these values; a tool's id is its place, from 1."""
    having: dict[tuple[int, str], list[int]] = {}
    for tool, values in enumerate(tools, start=1):
        for attribute, value in enumerate(values, start=1):
            if value is not None:
                having.setdefault((attribute, value), []).append(tool)
    size = len(tools)
    listed = ListedColumns(list(range(1, size + 1)), [1] * size, ["free"] * size, ["all"] * size, [None] * size)
    facts = [ListedFact(attribute, value, value, ids) for (attribute, value), ids in having.items()]
    return facets.index_tools(listed).with_facts(ATTRIBUTES, facts)


@given(st.lists(VALUES, max_size=9), st.sets(st.sampled_from(range(3))))
def test_lists_judge_as_the_values_of_each_tool_do(tools, wanted):
    listed = index(tools)
    judged = [listed_needs.judge_listed(NEEDS[n], n + 1, listed) for n in sorted(wanted)]
    selection = facets.select_tools(listed, category=None, facts={}, needs=listed_needs.pass_needs(listed, judged))
    passing = [tool for tool, values in enumerate(tools, start=1) if all(values[n] not in FAILS[n] for n in wanted)]
    assert listed.select(selection.pass_all()) == passing
    words = listed_needs.describe_standings(listed, judged, passing)
    for tool in passing:
        values = tools[tool - 1]
        assert ("Not known" in str(words[tool])) == any(values[n] is None for n in wanted)
        assert ("Only in part" in str(words[tool])) == (0 in wanted and values[0] == "partly")


@pytest.mark.parametrize(
    ("tools", "needs", "sentence"),
    [
        ([("yes", None, None), ("no", None, None)], [0], "By your must-have one of 2 tools is left."),
        ([("yes", "mit", None)], [0, 1], "By your two must-haves one of 1 tool is left."),
        ([("yes", "mit", None), (None, "mit", None), ("yes", None, None), ("no", None, None)], [0, 1],
         "By your two must-haves three of 4 tools are left. Of two tools nobody knows all that you ask for."),
        ([("no", None, None)], [0], "By your must-have none of 1 tool is left."),
        ([("no", None, None)], [], ""),
    ],
)  # fmt: skip
def test_sentence_counts_what_is_left(tools, needs, sentence):
    listed = index(tools)
    judged = [listed_needs.judge_listed(NEEDS[n], n + 1, listed) for n in needs]
    selection = facets.select_tools(listed, category=None, facts={}, needs=listed_needs.pass_needs(listed, judged))
    assert listed_needs.write_list_sentence(selection, judged) == sentence


# -- On the pages -------------------------------------------------------------------------------------------


@pytest.fixture
def _tools(db):
    category = make.category(slug="greek")
    hosting = make.attribute(slug="hosting", name="Hosting", kind="grade", decides=True)
    choices = [{"slug": slug, "name": slug.upper()} for slug in ("mit", "gpl")]
    license_ = make.attribute(slug="license", name="License", kind="choice", choices=choices)
    for attribute in (hosting, license_):
        attribute.categories.add(category)
    values = {"Alpha": ("yes", "mit"), "Beta": ("no", "mit"), "Gamma": (None, "gpl"), "Delta": ("partly", None)}
    for name, of_tool in values.items():
        tool = make.tool(slug=name.lower(), name=name, category=category)
        for attribute, value in zip((hosting, license_), of_tool, strict=True):
            if value:
                make.fact(of=tool, attribute=attribute, value=value)
    make.tool(slug="omega", name="Omega")


def read(client: Client, url: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Return the words about must-haves per card, and what the page says about them."""
    page = text(client, url)
    cards = {
        re.search(r"<bdi>(\w+)</bdi>", card)[1]: [unescape(words) for words in re.findall(r'rows__open">(.*?)<', card)]
        for card in re.findall(r'<th class="rows__name".*?</th>', page, re.S)
    }
    said = unescape(" ".join(re.findall(r'<fieldset class="list-needs">.*?<p>(.*?)</p>', page, re.S)))
    return cards, {
        "said": said,
        "noindex": "noindex" in page,
        "ticked": re.findall(r'name="need" value="(.*?)" id=', page),
    }


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("url", ["/tools/?category=greek&", "/categories/greek/?"])
def test_lists_leave_out_what_fails_and_say_what_is_open(client, url):
    assert read(client, f"{url}need=hosting,license:mit") == (
        {"Alpha": [], "Delta": ["Only in part: “Hosting”", "Not known: “License: MIT”"]},
        {
            "said": "By your two must-haves two of 4 tools are left. Of one tool nobody knows all that you ask for.",
            "noindex": True,
            "ticked": ["hosting", "license:mit"],
        },
    )


def read_struck(client: Client, url: str) -> tuple[list[tuple[str, str]], str]:
    """Return the struck tools as (name, words), and the words about the rest."""
    page = unescape(text(client, url))
    section = "".join(re.findall(r'<section class="struck".*?</section>', page, re.S))
    rows = re.findall(r'<s><a href="/tools/[\w-]+/"><bdi>(.*?)</bdi></a></s> <span>(.*?)</span>', section)
    return rows, "".join(re.findall(r"<p>(.*?)</p>", section))


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("url", ["/tools/?category=greek&", "/categories/greek/?"])
def test_lists_strike_what_fails_by_name_and_say_why(client, url):
    assert read_struck(client, f"{url}need=hosting,license:mit") == (
        [("Beta", "Fails “Hosting”."), ("Gamma", "Fails “License: MIT”.")],
        "",
    )
    assert read_struck(client, f"{url}need=hosting&license=gpl") == ([], "")  # the filter leaves Beta out
    assert read_struck(client, url) == ([], "")


@pytest.mark.usefixtures("_tools")
def test_lists_name_twenty_struck_tools_and_count_the_rest(client):
    hosting, category = Attribute.objects.get(slug="hosting"), Category.objects.get(slug="greek")
    for number in range(20):
        make.fact(of=make.tool(name=f"Psi {number:02}", category=category), attribute=hosting, value="no")
    rows, more = read_struck(client, "/categories/greek/?need=hosting")
    assert [name for name, _ in rows] == ["Beta", *(f"Psi {number:02}" for number in range(19))]
    assert more == "And 1 more."


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("url", ["/tools/?category=greek&", "/categories/greek/?"])
def test_lists_name_what_is_struck_when_nothing_is_left(client, url):
    Attribute.objects.filter(slug="license").update(choices=[{"slug": s, "name": s} for s in ("mit", "gpl", "bsd")])
    cards, page = read(client, f"{url}need=license:bsd&license=mit")
    assert (cards, page["said"]) == ({}, "By your must-have none of 2 tools is left.")
    assert [name for name, _ in read_struck(client, f"{url}need=license:bsd&license=mit")[0]] == ["Alpha", "Beta"]


@pytest.mark.usefixtures("_tools")
def test_tools_of_other_categories_stay_as_unknown(client):
    cards, _ = read(client, "/tools/?need=hosting")
    assert cards == {"Alpha": [], "Delta": ["Only in part: “Hosting”"], "Gamma": ["Not known: “Hosting”"],
                     "Omega": ["Not known: “Hosting”"]}  # fmt: skip


@pytest.mark.usefixtures("_tools")
@pytest.mark.parametrize("url", ["/tools/", "/categories/greek/"])
def test_invalid_must_haves_are_left_out_and_named(client, url):
    page = text(client, f"{url}?need=nothing,license")
    assert "“nothing” and “license” are not must-haves that we know, so they were left out." in page
    assert "noindex" in page
    assert read(client, f"{url}?need=nothing")[0] == read(client, url)[0]


@pytest.mark.usefixtures("_tools")
def test_must_haves_combine_with_facets_and_orders(client):
    cards, page = read(client, "/tools/?category=greek&need=hosting&license=gpl&sort=name")
    assert (list(cards), page["said"]) == (["Gamma"], "By your must-have one of 1 tool is left. Of one tool nobody "
                                           "knows all that you ask for.")  # fmt: skip


@pytest.mark.usefixtures("_tools")
def test_number_of_queries_does_not_depend_on_must_haves(client, django_assert_max_num_queries):
    client.get("/tools/?need=hosting")
    with django_assert_max_num_queries(20) as one:
        client.get("/tools/?category=greek&need=hosting")
    with django_assert_max_num_queries(len(one)):
        client.get("/tools/?category=greek&need=hosting,license:mit,nothing")
