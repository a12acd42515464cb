"""Lists of tools that are filtered and sorted by facts."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Attribute, Category, Fact, Tool

pytestmark = pytest.mark.django_db
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


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 3),
        ("category=code", 3),
        ("category=code&license=mit", 2),
        ("category=code&license=mit&community=1", 2),
        ("category=code&sort=context-window", 3),
        ("need=self-hosting", 2),
        ("budget=10", 1),
    ],
)
def test_tools_with_a_community_number_are_counted_among_those_that_pass(client, query, number):
    for name in ("Bob", "Cyd", "Eve"):
        make.votes(on=Tool.objects.get(name=name), ship=30)
    make.plan(of=Tool.objects.get(name="Cyd"), kind="free")
    assert f"With a number <small>{number}</small>" in text(client, f"/tools/?{query}")


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


@pytest.mark.usefixtures("five")
def test_list_without_a_category_has_no_filters_by_facts(client):
    assert get_names(client, "/tools/?license=apache-2.0&sort=context-window") == ["Ada", "Bob", "Cyd", "Dot", "Eve"]
    page = text(client, "/tools/?license=apache-2.0")
    assert ("license-is" in page, "With a category, there are filters by its facts." in page) == (False, True)


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


def test_pages_of_a_filtered_list_keep_the_filters(client, five):
    licensed = Attribute.objects.get(slug="license")
    for _ in range(49):
        make.fact(of=make.tool(category=five), attribute=licensed, value="mit")
    for path in ("/tools/?category=code&", "/categories/code/?"):
        first = text(client, f"{path}license=mit")
        assert (first.count("rows__name"), "license=mit&amp;page=2" in first) == (50, True)
        second = text(client, f"{path}license=mit&page=2")
        assert second.count("rows__name") == 1


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
