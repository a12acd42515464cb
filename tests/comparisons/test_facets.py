"""Filters by facts: their counts against a count by hand, and their parameters."""

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from catalog.made_up.generator import FakeContent, Size
from comparisons.fact_filters import parse_fact_filters
from comparisons.forms import SeatFilterForm, ToolFilterForm
from comparisons.reading.records import ListedAttribute, ListedCategory, ListedColumns, ListedFact
from comparisons.shaping import facets
from comparisons.shaping.facets import FactFilter
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
    columns = ListedColumns(
        [100 + n for n in range(len(made))],
        [tool.category for tool in made],
        [tool.entry for tool in made],
        [tool.camp for tool in made],
        [tool.monthly for tool in made],
    )
    facts = [
        ListedFact(key, ", ".join(value) if isinstance(value, set) else str(value), "in words", [100 + n])
        for n, tool in enumerate(made)
        for key, value in tool.known.items()
    ]
    hidden = [ListedFact(1, "mit", "MIT", [99]), ListedFact(4, "yes", "Yes", [100])]
    return facets.index_tools(columns).with_facts(CATEGORIES[0].attributes, facts + hidden)


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
    categories = [1 + int(tool["category"][5:11]) for tool in catalog["tools"]]
    tools = len(categories)
    columns = ListedColumns(list(range(tools)), categories, [""] * tools, ["split"] * tools, [None] * tools)
    listed = facets.index_tools(columns).with_facts(attributes.values(), facts)
    [licensed] = [slug for slug in attributes if slug.endswith("license")]
    [context] = [slug for slug in attributes if slug.endswith("context-window")]
    wanted = {
        attributes[licensed].id: FactFilter(("mit", "apache-2.0")),
        attributes[context].id: FactFilter(low=Decimal(128_000)),
    }
    selection = facets.select_tools(listed, category=1, facts=wanted)
    of_category = [values for category, values in zip(categories, known, strict=True) if category == 1]
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
