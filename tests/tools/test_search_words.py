"""Tools are found by what their facts affirm and by their plans."""

from collections import defaultdict
from pathlib import Path

import pytest
from django.db import connection, transaction

from catalog.actions import import_catalog
from tests import factories as make
from tests.comparisons.test_search import get_page, titles
from tests.tools.test_search import search_names
from tools.models import Attribute, Fact, Plan, Tool
from tools.values import SEPARATOR
from votes.models import Listing

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
LICENSES = [
    {"slug": "apache-2.0", "name": "Apache-2.0"},
    {"slug": "mit", "name": "MIT"},
    {"slug": "none", "name": "None"},
]


def get_words(tool: Tool) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT search_words FROM tools_tool WHERE id = %s", [tool.pk])
        return [line for line in cursor.fetchone()[0].split("\n") if line]


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("choice", "apache-2.0, mit", "About: Apache-2.0, MIT"),
        ("choice", "none", None),
        ("grade", "yes", "About: Yes"),
        ("grade", "partly", "About: Partly"),
        ("grade", "no", None),
        ("number", "128000", "About: 128,000 things (128k)"),
        ("number", "1500000", "About: 1,500,000 things (1.5M)"),
        ("number", "131072", "About: 131,072 things"),
        ("number", "-2000", "About: -2,000 things (-2k)"),
        ("number", "0.5", "About: 0.5 things"),
        ("number", "999", "About: 999 things"),
        ("version", "1.10", "About: 1.10"),
        ("day", "2026-11-01", "About: Nov 1, 2026"),
        ("text", "Two floors", "Two floors"),
        ("text", "Northern light", "Northern light"),
        ("text", "No, but soon", None),
        ("text", "none", None),
    ],
)
def test_fact_is_put_into_words_unless_it_denies(kind, value, line):
    about = make.attribute(
        name="About", kind=kind, choices=LICENSES if kind == "choice" else [], several=kind == "choice",
        unit="things" if kind == "number" else "",
    )  # fmt: skip
    tool = make.tool()
    make.fact(of=tool, attribute=about, value=value)
    assert get_words(tool) == ([line] if line else [])


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("choice", "mit", "License: MIT (Licence)"),
        ("choice", "apache-2.0, mit", "License: Apache-2.0, MIT (Licence, ASL)"),
        ("grade", "yes", "License: Yes (Licence)"),
        ("number", "128000", "License: 128,000 (128k) (Licence)"),
    ],
)
def test_fact_is_found_by_other_names(kind, value, line):
    choices = LICENSES if kind == "choice" else []
    about = make.attribute(name="License", kind=kind, choices=choices, several=kind == "choice")
    tool = make.tool()
    make.fact(of=tool, attribute=about, value=value)
    Attribute.objects.filter(pk=about.pk).update(aliases=["Licence", "ASL = apache-2.0"])
    assert get_words(tool) == [line]


@pytest.fixture
def quill() -> Tool:
    """Make a tool with a fact of each kind and two plans, and another with none of it."""
    make.tool(name="Other")
    tool = make.tool(name="Quill")
    for name, kind, value, fields in [
        ("License", "choice", "apache-2.0", {"choices": LICENSES}),
        ("Self-hosting", "grade", "partly", {}),
        ("Telemetry", "grade", "no", {}),
        ("Context window", "number", "128000", {"unit": "tokens"}),
        ("Maker", "text", "A foundry of letters", {}),
    ]:
        make.fact(of=tool, attribute=make.attribute(name=name, kind=kind, **fields), value=value)
    for name in ("Scribe", "Scriptorium"):
        make.plan(of=tool, name=name)
    return tool


@pytest.mark.parametrize(
    "words",
    ["apache-2.0", "Apache 2.0", "apache license", "self-hosted", "self hosting", "128k context", "128,000", "128000",
     "context window 128k tokens", "scriptorium", "scribe plan", "foundry", "quill apache"],
)  # fmt: skip
def test_tool_is_found_by_facts_and_plans(quill, words):
    assert search_names(Tool, words) == ["Quill"]


@pytest.mark.parametrize("words", ["telemetry", "maker", "mit", "64k", "superseded", "none"])
def test_tool_is_not_found_by_what_is_denied_or_not_said(quill, words):
    make.plan(of=quill, name="Superseded", superseded_at=make.PAST)
    assert search_names(Tool, words) == []


def test_joined_words_are_a_phrase(quill):
    """What is hosted by its maker and improves itself is not self-hosted."""
    cloud = make.tool(name="Cloud", description="It improves by self-play. Released under Apache terms, 2 of 0.")
    make.fact(of=cloud, attribute=make.attribute(name="Hosted by the maker", kind="grade"), value="yes")
    assert search_names(Tool, "self-hosted") == search_names(Tool, "apache-2.0") == ["Quill"]
    assert search_names(Tool, "self hosted") == ["Cloud", "Quill"]


def test_own_texts_rank_before_facts_and_plans(quill):
    make.tool(name="Foundry of nothing", published_at=make.PAST)
    make.tool(name="Zebra", description="A foundry.")
    assert search_names(Tool, "foundry") == ["Foundry of nothing", "Zebra", "Quill"]


def test_words_follow_every_change(quill):
    context = Attribute.objects.get(name="Context window")
    licensed = Fact.objects.get(tool=quill, attribute__name="License")
    licensed.supersede(value="mit")
    Attribute.objects.filter(pk=context.pk).update(name="Reads at once", unit="words")
    renamed = [{"slug": "mit", "name": "The MIT License"}, LICENSES[0], LICENSES[2]]
    Attribute.objects.filter(pk=licensed.attribute_id).update(choices=renamed)
    Fact.objects.filter(tool=quill, attribute__name="Telemetry").update(value="partly")
    Plan.objects.get(name="Scribe").retire()
    make.remove(Fact.objects.filter(tool=quill, attribute__name="Maker"))
    assert get_words(quill) == [
        "License: The MIT License", "Self-hosting: Partly", "Telemetry: Partly", "Reads at once: 128,000 words (128k)",
        "Plans: Scriptorium",
    ]  # fmt: skip
    other = make.tool(name="Feather")
    Fact.objects.filter(tool=quill, superseded_at=None).update(tool=other)
    assert (get_words(quill), len(get_words(other))) == (["Plans: Scriptorium"], 4)
    make.remove(Fact.objects.filter(tool=other))
    make.remove(Plan.objects.filter(tool=quill))
    assert (get_words(quill), get_words(other)) == ([], [])


def test_statement_updates_the_tools_whose_words_change_once(django_assert_num_queries):
    tools = [make.tool() for _ in range(3)]
    about = make.attribute(name="About", kind="grade")
    with django_assert_num_queries(1):
        Fact.objects.bulk_create(Fact(tool=tool, attribute=about, value="yes") for tool in tools[:2])
    before = get_versions()
    Fact.objects.update(verified_on=make.PAST.date())
    Fact.objects.filter(tool=tools[0]).update(value="no")
    changed = [tool.pk for tool in tools if get_versions()[tool.pk] != before[tool.pk]]
    assert changed == [tools[0].pk]


def get_versions() -> dict[int, str]:
    """Return the place of each tool's row, by id, which changes when its row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text FROM tools_tool")
        return dict(cursor.fetchall())


def test_saving_facts_does_not_rebuild_listings(quill):
    before = Listing.objects.get(tool=quill).pk
    make.fact(of=quill)
    assert Listing.objects.get(tool=quill).pk == before
    quill.name = "Quills"
    quill.save()
    assert Listing.objects.get(tool=quill).pk != before


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """Import the demo for the tests of this file that read it."""
    with django_db_blocker.unblock(), transaction.atomic():
        import_catalog(content=DEMO.read_bytes())
        yield
        transaction.set_rollback(True)


def list_current_facts() -> list[Fact]:
    facts = Fact.objects.current().filter(tool__in=Tool.objects.published())
    return list(facts.select_related("attribute", "tool"))


@pytest.mark.usefixtures("demo")
def test_demo_tools_are_found_by_each_of_their_choices():
    by_name = defaultdict(set)
    for fact in list_current_facts():
        for option in fact.attribute.options:
            if option.slug in fact.value.split(SEPARATOR):
                by_name[option.name].add(fact.tool_id)
    del by_name["Its own"]  # words that are too common to search for
    assert (len(by_name["Apache-2.0"]), len(by_name["MIT"])) == (14, 8)
    for name, tools in by_name.items():
        assert tools <= set(Tool.objects.search_ids(name)), name


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(("words", "also"), [("apache-2.0", set()), ("mit", {"Piper"})])
def test_demo_page_lists_the_tools_under_a_license(client, words, also):
    """Piper's description says under which license it once was."""
    licensed = {fact.tool.name for fact in list_current_facts() if words in fact.value.split(SEPARATOR)}
    page = get_page(client, "/search/", q=words, kind="tools")
    assert set(titles(page)) == licensed | also


@pytest.mark.usefixtures("demo")
def test_demo_tools_are_found_by_self_hosted_only_if_they_are():
    hosting = {fact.tool_id: fact.value for fact in list_current_facts() if fact.attribute.slug == "self-hosting"}
    found = set(Tool.objects.search_ids("self-hosted"))
    assert {tool for tool, value in hosting.items() if value != "no"} <= found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tools_tool WHERE tool_search_vector(name, short_name, aliases, tagline, description, '')"
            " @@ search_query('self-hosted')"
        )
        by_own_words = {pk for (pk,) in cursor.fetchall()}
    assert {tool for tool in found if hosting.get(tool) == "no"} <= by_own_words
    assert "no" in hosting.values()
