"""Filters by facts: their counts against a count by hand, and how lists of tools show them."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.made_up.generator import FakeContent, Size
from comparisons.fact_filters import parse_fact_filters
from comparisons.forms import SeatFilterForm, ToolFilterForm
from comparisons.reading.records import ListedAttribute, ListedCategory, ListedFact, ListedTool
from comparisons.shaping import facets
from comparisons.shaping.facets import FactFilter
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Attribute, Category, Fact, Tool
from tools.values import Option, Scale
from web.masks import mask_of, positions_in

OPTIONS = tuple(Option(slug, slug.upper()) for slug in ("mit", "gpl", "bsd"))
LICENSE = ListedAttribute(1, "license", "License", Scale("choice", OPTIONS, several=True), "")
HOSTING = ListedAttribute(2, "hosting", "Hosting", Scale("grade", (Option("yes", "Yes"), Option("no", "No"))), "")
CONTEXT = ListedAttribute(3, "context", "Context", Scale("number", unit="tokens"), "higher")
CATEGORIES = [
    ListedCategory(7, "code", "Code", (LICENSE, HOSTING, CONTEXT)),
    ListedCategory(8, "chat", "Chat", (LICENSE, CONTEXT)),
]


@given(st.sets(st.integers(0, 300)))
def test_mask_holds_its_positions(positions):
    assert list(positions_in(mask_of(positions))) == sorted(positions)


# -- Counts against counts by hand ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A tool, with what is known of it by the attribute's id: a set of options, or a number."""

    category: int
    entry: str
    camp: str
    has_number: bool
    known: dict[int, Any]
    monthly: Decimal | None = None


@dataclass(frozen=True)
class Asked:
    """What a reader asks for."""

    category: ListedCategory
    price: str
    panel: str
    community: bool
    wanted: dict[int, FactFilter]
    budget: Decimal | None = None

    def judge(self, tool: Made) -> bool | None:
        """Return whether a tool is what the reader asks for; None if that depends on what is not known."""
        answers = [
            meets(self.wanted[attribute.id], tool.known.get(attribute.id))
            for attribute in self.category.attributes
            if attribute.id in self.wanted
        ]
        if self.budget is not None:
            answers.append(None if tool.monthly is None else tool.monthly <= self.budget)
        if (
            tool.category != self.category.id
            or self.price not in ("", tool.entry)
            or self.panel not in ("", tool.camp)
            or (self.community and not tool.has_number)
            or False in answers
        ):
            return False
        return None if None in answers else True


def meets(wish: FactFilter, value: Any) -> bool | None:
    """Return whether a value is what a reader wants; None if it is not known."""
    if value is None:
        return None
    if wish.options:
        return bool(value & set(wish.options))
    return (wish.low is None or value >= wish.low) and (wish.high is None or value <= wish.high)


licenses = st.sets(st.sampled_from([option.slug for option in OPTIONS]), min_size=1)
bounds = st.none() | st.integers(1, 9)
tools = st.builds(
    Made,
    category=st.sampled_from([7, 8]),
    entry=st.sampled_from(["", "free", "paid"]),
    camp=st.sampled_from(["split", "all-ship"]),
    has_number=st.booleans(),
    known=st.fixed_dictionaries(
        {}, optional={1: licenses, 2: st.sampled_from([{"yes"}, {"no"}]), 3: st.integers(1, 9)}
    ),
    monthly=st.none() | st.sampled_from([Decimal(0), Decimal(10), Decimal(20)]),
)
questions = st.builds(
    Asked,
    category=st.sampled_from(CATEGORIES),
    price=st.sampled_from(["", "free"]),
    panel=st.sampled_from(["", "split"]),
    community=st.booleans(),
    wanted=st.fixed_dictionaries(
        {},
        optional={
            1: licenses.map(lambda options: FactFilter(tuple(options))),
            2: st.just(FactFilter(("yes",))),
            3: st.builds(FactFilter, options=st.just(()), low=bounds, high=bounds).filter(
                lambda wish: wish != FactFilter()
            ),
        },
    ),
    budget=st.none() | st.sampled_from([Decimal(5), Decimal(10)]),
)


def index(made: list[Made]) -> facets.ListedTools:
    """Index tools, beside facts of a tool and of an attribute that are not listed."""
    rows = [ListedTool(100 + n, tool.category, tool.entry, tool.camp) for n, tool in enumerate(made)]
    facts = [
        ListedFact(key, ", ".join(value) if isinstance(value, set) else str(value), "in words", [100 + n])
        for n, tool in enumerate(made)
        for key, value in tool.known.items()
    ]
    hidden = [ListedFact(1, "mit", "MIT", [99]), ListedFact(4, "yes", "Yes", [100])]
    monthly = {100 + n: tool.monthly for n, tool in enumerate(made) if tool.monthly is not None}
    return facets.index_tools(rows, CATEGORIES[0].attributes, facts + hidden, monthly)


@given(st.lists(tools, max_size=12), questions)
def test_counts_equal_counts_by_hand(made, asked):
    def judge(**changes: Any) -> list[bool | None]:
        return [replace(asked, **changes).judge(tool) for tool in made]

    def count(**changes: Any) -> int:
        return judge(**changes).count(True)

    asked = replace(asked, wanted={a.id: asked.wanted[a.id] for a in asked.category.attributes if a.id in asked.wanted})
    listed = index(made)
    numbered = mask_of(n for n, tool in enumerate(made) if tool.has_number)
    selection = facets.select_tools(
        listed,
        category=asked.category.id,
        price=asked.price,
        panel=asked.panel,
        community=numbered if asked.community else None,
        facts=asked.wanted,
        budget=asked.budget,
    )
    assert (selection.pass_all().bit_count(), selection.count_unknown()) == (count(), judge().count(None))
    fitting = [tool for tool in made if replace(asked, budget=None).judge(tool)]
    is_limited = asked.budget is not None
    assert selection.count_unknown_of("budget") == is_limited * [tool.monthly for tool in fitting].count(None)
    assert (selection.pass_all(but=["community"]) & numbered).bit_count() == count(community=True)
    assert [option.tools for option in facets.list_categories(selection, CATEGORIES, asked.category)] == [
        count(category=category) for category in CATEGORIES
    ]
    for name, having in {"price": listed.by_entry, "panel": listed.by_camp}.items():
        values = [("free", "Free"), ("paid", "Paid"), ("split", "Split"), ("all-ship", "All ship")]
        for option in facets.list_options(selection, name, having, values, getattr(asked, name)):
            assert option.tools == count(**{name: option.value})
            assert option.is_chosen == (option.value == getattr(asked, name))
    shown = facets.build_fact_facets(selection, asked.category.attributes, asked.wanted)
    for facet, attribute in [(f, a) for f in shown for a in asked.category.attributes if f.name == a.name]:
        others = {key: wish for key, wish in asked.wanted.items() if key != attribute.id}
        for option in facet.options:
            assert option.tools == count(wanted={**others, attribute.id: FactFilter((option.value,))})
        is_set = attribute.id in asked.wanted
        without = [tool for tool in made if replace(asked, wanted=others).judge(tool)]
        assert facet.unknown == is_set * sum(attribute.id not in tool.known for tool in without)


def test_counts_equal_counts_by_hand_over_ten_thousand_tools():
    size = Size(tools=10_000, comparisons=0, reviewers=0, votes=0, categories=3)
    catalog = json.loads("".join(FakeContent(size=size, seed=1, today=date(2026, 11, 20), seats={}).generate_catalog()))
    attributes = {
        made["slug"]: ListedAttribute(key, made["slug"], made["name"], scale_of(made), made["better"])
        for key, made in enumerate(catalog["attributes"])
        if made["kind"] in ("choice", "grade", "number")
    }
    having = defaultdict(list)
    known: list[dict[str, str]] = []
    for key, tool in enumerate(catalog["tools"]):
        known.append({fact["attribute"]: fact["value"] for fact in tool["facts"] if "superseded_at" not in fact})
        for slug in known[key].keys() & attributes.keys():
            having[slug, known[key][slug]].append(key)
    facts = [ListedFact(attributes[slug].id, value, value, tools) for (slug, value), tools in having.items()]
    rows = [ListedTool(key, 1 + int(tool["category"][5:11]), "", "split") for key, tool in enumerate(catalog["tools"])]
    listed = facets.index_tools(rows, attributes.values(), facts)
    [licensed] = [slug for slug in attributes if slug.endswith("license")]
    [context] = [slug for slug in attributes if slug.endswith("context-window")]
    wanted = {
        attributes[licensed].id: FactFilter(("mit", "apache-2.0")),
        attributes[context].id: FactFilter(low=Decimal(128_000)),
    }
    selection = facets.select_tools(listed, category=1, facts=wanted)
    of_category = [values for row, values in zip(rows, known, strict=True) if row.category == 1]
    fits = {
        licensed: lambda value: bool({"mit", "apache-2.0"} & set(value.split(", "))),
        context: lambda value: Decimal(value) >= 128_000,
    }

    def passes(values: dict[str, str], *, but: str) -> bool:
        return all(slug in values and fit(values[slug]) for slug, fit in fits.items() if slug != but)

    assert selection.pass_all().bit_count() == sum(passes(values, but="") for values in of_category) > 100
    counted = 0
    for facet in facets.build_fact_facets(selection, attributes.values(), wanted):
        [slug] = [slug for slug, attribute in attributes.items() if attribute.name == facet.name]
        others = [values for values in of_category if passes(values, but=slug)]
        for option in facet.options:
            assert option.tools == sum(option.value in values.get(slug, "").split(", ") for values in others)
            counted += option.tools
        assert facet.unknown == (sum(slug not in values for values in others) if slug in fits else 0)
    assert counted > 1000


def scale_of(made: dict[str, Any]) -> Scale:
    """Return the scale of an attribute of a catalog file."""
    grades = [Option(grade, grade) for grade in ("yes", "partly", "no")] if made["kind"] == "grade" else []
    options = [Option(**choice) for choice in made["choices"]] or grades
    return Scale(made["kind"], tuple(options), several=made["several"], unit=made["unit"])


# -- Parameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("license=mit&license=gpl&license=x", {1: FactFilter(("mit", "gpl"))}),
        ("license=gpl&license=mit", {1: FactFilter(("mit", "gpl"))}),
        ("context.min=128k&context.max=1M", {3: FactFilter(low=Decimal(128_000), high=Decimal(1_000_000))}),
        ("context.min=128,000+tokens", {3: FactFilter(low=Decimal(128_000))}),
        ("context.min=lots&context.max=5", {3: FactFilter(high=Decimal(5))}),
        ("context.min=" + "9" * 5000, {}),
        ("license=&hosting=maybe&context=8&context.min=&license.min=1&nothing=yes&hosting.is=yes", {}),
        ("license=%00&context.min=%00", {}),
    ],
)
def test_parameters_are_understood_or_ignored(query, wanted):
    filters = parse_fact_filters(QueryDict(query), CATEGORIES[0].attributes)
    assert filters.wanted == wanted
    again = parse_fact_filters(QueryDict(filters.query), CATEGORIES[0].attributes)
    assert again == replace(filters, ignored=())


@pytest.mark.parametrize(("sort", "chosen"), [("context", CONTEXT), ("license", None), ("name", None), ("", None)])
def test_lists_sort_by_numbers_only(sort, chosen):
    assert parse_fact_filters(QueryDict(f"sort={sort}"), CATEGORIES[0].attributes).sort == chosen


def test_no_other_parameter_is_taken_for_an_attribute():
    taken = {*ToolFilterForm.base_fields, *SeatFilterForm.base_fields, *dict(ToolFilterForm.SORTS), "page"} - {""}
    assert taken <= facets.RESERVED
    for slug in facets.RESERVED:
        price = CONTEXT._replace(slug=slug)
        filters = parse_fact_filters(QueryDict(f"{slug}=1&{slug}.min=1&sort={slug}"), [price])
        assert (filters.wanted, filters.sort) == ({}, None)
        filters = parse_fact_filters(QueryDict(f"fact.{slug}.min=1&sort=fact.{slug}"), [price])
        assert (filters.wanted, filters.sort) == ({3: FactFilter(low=Decimal(1))}, price)


@given(st.lists(st.none() | st.integers(1, 3), max_size=8), st.sampled_from(["higher", "lower", ""]))
def test_numbers_sort_best_first_then_by_name_and_unknown_ones_last(numbers, better):
    made = [Made(7, "", "split", has_number=False, known={} if number is None else {3: number}) for number in numbers]
    listed = index(made)
    ordered = facets.sort_by_number(listed, listed.everything, CONTEXT._replace(better=better))
    sign = 1 if better == "lower" else -1
    assert ordered == sorted(
        listed.ids, key=lambda key: (numbers[key - 100] is None, sign * (numbers[key - 100] or 0), key)
    )


# -- Pages ----------------------------------------------------------------------------------------------------

CHOICES = [{"slug": "apache-2.0", "name": "Apache-2.0"}, {"slug": "mit", "name": "MIT"}]


@pytest.fixture
def five() -> Category:
    """Make five tools of one category, with facts of each kind, and a draft with the same facts."""
    category = make.category(slug="code", name="Code")
    licensed = make.attribute(slug="license", name="License", kind="choice", several=True, choices=CHOICES)
    hosting = make.attribute(slug="self-hosting", name="Self-hosting", kind="grade")
    context = make.attribute(
        slug="context-window", name="Context window", kind="number", unit="tokens", better="higher"
    )
    price = make.attribute(slug="price", name="Price list", kind="grade")
    maker = make.attribute(slug="maker", name="Maker")
    for attribute in (licensed, hosting, context, price, maker):
        attribute.categories.add(category)
    rows = [
        ("Ada", "apache-2.0", "yes", "8000", "yes"), ("Bob", "apache-2.0, mit", "no", "128000", "no"),
        ("Cyd", "mit", None, "200000", None), ("Dot", None, "partly", "128000", "yes"), ("Eve", None, None, None, None),
        ("Draft", "apache-2.0", "yes", "1000000", "yes"),
    ]  # fmt: skip
    for name, *values in rows:
        tool = make.tool(name=name, category=category, published_at=None if name == "Draft" else make.PAST)
        make.fact(of=tool, attribute=maker, value="A person")
        make.fact(of=tool, attribute=licensed, value="Superseded", superseded_at=make.PAST)
        for attribute, value in zip((licensed, hosting, context, price), values, strict=True):
            if value:
                make.fact(of=tool, attribute=attribute, value=value)
    return category


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("path", ["/tools/?category=code&", "/categories/code/?"])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "Ada Bob Cyd Dot Eve"),
        ("license=apache-2.0", "Ada Bob"),
        ("license=apache-2.0&license=mit", "Ada Bob Cyd"),
        ("license=apache-2.0&self-hosting=yes", "Ada"),
        ("self-hosting=yes&self-hosting=partly", "Ada Dot"),
        ("context-window.min=128k", "Bob Cyd Dot"),
        ("context-window.min=128,000+tokens&context-window.max=128000", "Bob Dot"),
        ("context-window.min=200001", ""),
        ("fact.price=yes", "Ada Dot"),
        ("license=gpl&price=yes&maker=A+person&context-window.min=lots&context-window=8000", "Ada Bob Cyd Dot Eve"),
        ("sort=context-window", "Cyd Bob Dot Ada Eve"),
        ("sort=context-window&license=mit&license=apache-2.0", "Cyd Bob Ada"),
        ("sort=license", "Ada Bob Cyd Dot Eve"),
    ],
)
def test_lists_are_filtered_and_sorted_by_facts(client, path, query, names):
    assert get_names(client, path + query) == names.split()


def get_names(client: Client, address: str) -> list[str]:
    """Return the names of the tools on a list, in order."""
    page = text(client, address)
    return re.findall(r'<th class="rows__name".*?<bdi>(.*?)</bdi>', page)


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("path", ["/tools/?category=code&", "/categories/code/?"])
def test_options_have_counts_and_unknown_tools_are_counted_apart(client, path):
    page = text(client, path + "self-hosting=yes&self-hosting=no")
    assert read_options(page) == {
        "License": ["Apache-2.0 2", "MIT 1"],
        "Self-hosting": ["Yes 1", "Partly 1", "No 1", "2 more: not known"],
        "Context window": ["8,000 tokens to 200,000 tokens"],
        "Price list": ["Yes 1", "No 1"],
    }
    assert "2 tools</b> · 2 more: not known" in page
    assert 'id="self-hosting-is-yes" checked' in page
    assert (f"{2 + path.startswith('/tools')} on</span>" in page, "Draft" in page) == (True, False)
    two = text(client, path + "self-hosting=yes&context-window.min=9000&license=mit")
    # Nothing that is known of Cyd and Eve speaks against them.
    assert "0 tools</b> · 2 more: not known" in two


def read_options(page: str) -> dict[str, list[str]]:
    """Return the options and remarks of each filter by a fact as text."""
    found = {}
    for fieldset in re.findall(r'<fieldset class="facet">(.*?)</fieldset>', page, re.DOTALL):
        lines = re.findall(r"<legend.*?</legend>|<label class.*?</label>|<p class=\"facet__remark\">.*?</p>", fieldset)
        name, *rest = [re.sub(r"<[^>]+>", "", line).strip() for line in lines]
        if name not in ("Category", "Entry", "Panel", "Community"):
            found[name] = rest
    return found


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
def test_list_without_a_category_has_no_filters_by_facts(client):
    assert get_names(client, "/tools/?license=apache-2.0&sort=context-window") == ["Ada", "Bob", "Cyd", "Dot", "Eve"]
    page = text(client, "/tools/?license=apache-2.0")
    assert ("license-is" in page, "With a category, there are filters by its facts." in page) == (False, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
def test_counts_of_categories_apply_the_facts_they_have(client):
    chat, talk = make.category(slug="chat", name="Chat"), make.category(slug="talk", name="Talk")
    licensed = Attribute.objects.get(slug="license")
    licensed.categories.add(chat)
    for category in (chat, talk):
        for value in ("mit", "apache-2.0"):
            make.fact(of=make.tool(category=category), attribute=licensed, value=value)
    page = text(client, "/tools/?category=code&license=mit")
    assert [
        f"<bdi>{name}</bdi> <small>{tools}</small>" in page for name, tools in (("Chat", 1), ("Code", 2), ("Talk", 2))
    ] == [True] * 3


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("path", ["/tools/?category=code&", "/categories/code/?"])
def test_page_says_its_order_and_shows_the_number(client, path):
    page = text(client, path + "sort=context-window")
    assert "Context window, largest first; equals by name; not known last." in page
    shown = re.findall(r'<td class="rows__measure">(.*?)</td>', page)
    assert shown == ["200,000 tokens", "128,000 tokens", "128,000 tokens", "8,000 tokens", "Not known"]
    assert "rows__rank" not in page
    Attribute.objects.filter(slug="context-window").update(better="lower")
    page = text(client, path + "sort=context-window")
    assert "Context window, smallest first" in page
    assert page.index(">Ada<") < page.index(">Bob<") < page.index(">Cyd<") < page.index(">Eve<")


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
def test_filtered_category_is_noindex_with_a_bare_canonical_address(client):
    bare = text(client, "/categories/code/")
    assert ("noindex" in bare, "first of" in bare or "ranked" in bare) == (False, True)
    for query in ("license=mit", "sort=context-window", "license=mit&page=1"):
        page = text(client, f"/categories/code/?{query}")
        assert '<meta name="robots" content="noindex">' in page
        assert '<link rel="canonical" href="http://127.0.0.1:8000/categories/code/">' in page
        assert "<title>Code, filtered · Shipside</title>" in page
    assert "noindex" not in text(client, "/categories/code/?license=nothing&utm_source=x")


@pytest.mark.django_db
def test_facts_and_seats_combine_on_a_category(client, five):
    seats = [make.reviewer(slug="skeptic", name="The Skeptic"), make.reviewer(slug="founder", name="The Founder")]
    for name, verdicts in {"Ada": "-+", "Bob": "+-"}.items():
        make.panel(of=Tool.objects.get(name=name), seats=seats, verdicts=verdicts)
    page = text(client, "/categories/code/?license=apache-2.0&lens=skeptic&nonsense=1")
    assert page.index(">Bob<") < page.index(">Ada<")
    assert '<input type="hidden" name="lens" value="skeptic">' in page
    assert '<a href="/categories/code/?license=apache-2.0">Back to the whole panel</a>' in page
    assert "/categories/code/?lens=founder&amp;license=apache-2.0" in text(
        client, "/categories/code/?license=apache-2.0"
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
def test_list_changes_with_scheduled_tools_and_with_facts(client, time_machine):
    soon = timezone.now() + timedelta(days=1)
    later = make.tool(name="Later", category=Category.objects.get(slug="code"), published_at=soon)
    licensed = Attribute.objects.get(slug="license")
    make.fact(of=later, attribute=licensed, value="mit")
    path = "/tools/?category=code&license=mit"
    assert "2 tools" in text(client, path)
    time_machine.move_to(soon + timedelta(seconds=1))
    assert "3 tools" in text(client, path)
    Fact.objects.get(tool=later, attribute=licensed, superseded_at=None).supersede(value="apache-2.0")
    assert "2 tools" in text(client, path)


@pytest.mark.django_db
@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("path", ["/tools/?category=code", "/categories/code/?x=1"])
def test_query_count_does_not_depend_on_the_filters(client, django_assert_num_queries, path):
    text(client, path)  # fills the cache of the revision
    with CaptureQueriesContext(connection) as plain:
        text(client, path)
    every = "&license=mit&license=apache-2.0&self-hosting=yes&self-hosting=no&context-window.min=1&fact.price=no"
    for query in ("&license=mit", every):
        with django_assert_num_queries(len(plain)):
            text(client, path + query)


@pytest.mark.django_db
def test_pages_of_a_filtered_list_keep_the_filters(client, five):
    licensed = Attribute.objects.get(slug="license")
    for _ in range(49):
        make.fact(of=make.tool(category=five), attribute=licensed, value="mit")
    for path in ("/tools/?category=code&", "/categories/code/?"):
        first = text(client, f"{path}license=mit")
        assert (first.count("rows__name"), "license=mit&amp;page=2" in first) == (50, True)
        second = text(client, f"{path}license=mit&page=2")
        assert second.count("rows__name") == 1


@pytest.mark.django_db
def test_filters_beyond_the_first_are_folded_unless_one_is_set_and_what_decides_comes_first(client):
    category, attributes = make.category(slug="code"), []
    tool = make.tool(category=category)
    for n in range(8):
        attributes.append(make.attribute(slug=f"part-{n}", name=f"Part {n}", kind="grade", decides=n == 7))
        attributes[n].categories.add(category)
        make.fact(of=tool, attribute=attributes[n], value="yes")
    page = text(client, "/categories/code/")
    assert re.findall('<legend class="facet__name">(.*?)</legend>', page) == [
        f"Part {n}" for n in (7, 0, 1, 2, 3, 4, 5, 6)
    ]
    assert (
        page.index("Part 3</legend>") < page.index("<summary>3 more filters</summary>") < page.index("Part 4</legend>")
    )
    assert 'id="more-filters">' in page
    assert 'id="more-filters" open>' in text(client, "/categories/code/?part-6=yes")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("context.min=abc", "Context: "),
        ("context.max=1e99", "Context: "),
        ("license=mit&license=xyz", "License: there is no “xyz”."),
        ("license=mit,gpl", "License: there is no “mit,gpl”."),
    ],
)
@pytest.mark.django_db
def test_filter_that_cannot_be_read_is_named(client, query, words):
    category = make.category(slug="things")
    make.attribute(slug="context", name="Context", kind="number").categories.add(category)
    choices = [{"slug": "mit", "name": "MIT"}]
    make.attribute(slug="license", name="License", kind="choice", choices=choices).categories.add(category)
    make.tool(category=category)
    for address in ("/tools/?category=things&", "/categories/things/?"):
        page = client.get(address + query).content.decode()
        assert words in page
        assert 'role="status"' in page
    page = client.get(f"/tools/?{query}").content.decode()
    assert f"To filter by {words.partition(':')[0]}, choose a category." in page
    assert "choose a category." not in client.get("/tools/?utm_source=x&sort=name").content.decode()
