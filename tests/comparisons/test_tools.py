"""The list of tools: filters, counts, and order."""

import pytest

from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Category, Tool
from votes.models import Camp, Listing

pytestmark = pytest.mark.django_db
NAMES = ["Ada", "Bob", "Cyd", "Dot", "Eve"]


def get_names(client, query: str = "") -> list[str]:
    """Return the names of the tools on the list, in order."""
    page = text(client, "/tools/" + query)
    return sorted((name for name in NAMES if f"<bdi>{name}</bdi>" in page), key=lambda name: page.index(f">{name}<"))


@pytest.fixture
def five() -> None:
    """Make tools that differ in everything that can be filtered by."""
    seats = [make.reviewer() for _ in range(4)]
    code, chat = make.category(slug="code", name="Code"), make.category(slug="chat", name="Chat")
    rows = [
        (code, "++++", "free", 0), (code, "+++-", "paid", 12), (chat, "++--", "free", 60), (chat, "----", None, 9),
        (chat, "", "contact", 10),
    ]  # fmt: skip
    for name, (category, verdicts, price, votes) in zip(NAMES, rows, strict=True):
        tool = make.tool(name=name, category=category)
        make.panel(of=tool, seats=seats[: len(verdicts)], verdicts=verdicts)
        make.votes(on=tool, ship=votes)
        paid = {"amount": 5, "currency": "USD", "period": "month"} if price == "paid" else {}
        if price:
            make.plan(of=tool, kind=price, **paid)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "Ada Bob Cyd Dot Eve"),
        ("?category=chat", "Cyd Dot Eve"),
        ("?price=free", "Ada Cyd"),
        ("?price=contact", "Eve"),
        ("?panel=all-ship", "Ada"),
        ("?panel=most-ship", "Bob"),
        ("?panel=split", "Cyd"),
        ("?panel=most-skip", ""),
        ("?panel=all-skip", "Dot"),
        ("?panel=unreviewed", "Eve"),
        ("?community=1", "Bob Cyd Eve"),
        ("?community=1&category=chat&price=free", "Cyd"),
        ("?sort=community", "Cyd Bob Eve Dot Ada"),
        ("?sort=name", "Ada Bob Cyd Dot Eve"),
        ("?sort=reviewed&panel=all-skip", "Dot"),
        ("?category=nothing&price=x&panel=&sort=%00&page=abc", "Ada Bob Cyd Dot Eve"),
    ],
)
def test_filters_and_sorts_combine(client, five, query, names):
    assert get_names(client, query) == names.split()


def test_counts_apply_the_other_filters(client, five):
    page = text(client, "/tools/?category=chat")
    options = [("Code", 2), ("Chat", 3), ("Free", 1), ("Paid", 0), ("Contact sales", 1), ("All skip", 1)]
    for name, tools in options:
        assert f"<bdi>{name}</bdi> <small>{tools}</small>" in page
    assert "With a number <small>2</small>" in page
    assert "3 tools" in page


def test_filtered_lists_are_noindex(client, five):
    assert "noindex" not in text(client, "/tools/")
    assert '<meta name="robots" content="noindex">' in text(client, "/tools/?price=free")


def test_empty_list_says_so(client):
    assert "No tool is published yet." in text(client, "/tools/")
    make.tool()
    assert "No tools match these filters." in text(client, "/tools/?price=free")


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_only_published_tools_are_listed_and_counted(client, fields):
    make.tool(name="Hidden", **fields)
    assert "No tool is published yet." in text(client, "/tools/")
    make.tool(name="Shown")
    page = text(client, "/tools/")
    assert ("Hidden" in page, "1 tool</b>" in page) == (False, True)


@pytest.mark.parametrize("things", [1, 3, 30])
def test_query_count_is_constant(client, django_assert_num_queries, things):
    make.attribute(kind="grade")
    for _ in range(things):
        tool = make.tool()
        make.plan(of=tool)
        make.review(of=tool, by=make.reviewer())
        make.votes(on=tool, ship=2)
    # Revision, all tools, attributes and their categories, categories, seats (all but the first cached per revision),
    # tools with a community number, ids of the page, its tools, their plans. Facts only for a category or a must-have.
    with django_assert_num_queries(10):
        text(client, "/tools/")
    with django_assert_num_queries(5):
        text(client, "/tools/")


@pytest.mark.usefixtures("five")
def test_each_tool_is_in_the_camp_of_its_share():
    for camp in Camp:
        assert {Camp.of(row.share) for row in Listing.objects.at().filter(camp.condition)} <= {camp}
    assert sum(Listing.objects.at().filter(camp.condition).count() for camp in Camp) == Tool.objects.count()


def test_pages_list_every_tool_once(client):
    for number in range(102):
        make.tool(name=f"Tool number {number:03}")
    seen = [text(client, f"/tools/?page={page}").count("rows__name") for page in (1, 2, 3, 4)]
    assert seen == [50, 50, 2, 2]


def test_names_sort_regardless_of_case_accents_and_the_servers_locale(client):
    category = make.category(name="Écriture")
    make.tool(category=make.category(name="drawing"))
    make.tool(category=make.category(name="Zoology"), name="Ärger 2")
    names = ["Zürich", "vLLM", "Éclair AI", "llama.cpp", "Tool 10", "Tool 9", "faster-whisper", "Whisper", "pgvector"]
    for name in names:
        make.tool(name=name, category=category)
    ordered = ["Éclair AI", "faster-whisper", "llama.cpp", "pgvector", "Tool 9", "Tool 10", "vLLM", "Whisper", "Zürich"]
    pages = [client.get(url).content.decode() for url in ("/tools/?sort=name", "/tools/", category.get_absolute_url())]
    assert [sorted(ordered, key=page.index) for page in pages] == [ordered] * 3
    assert [tool.name for tool in Tool.objects.filter(category=category)] == ordered
    assert [row.name for row in Category.objects.all()] == ["drawing", "Écriture", "Zoology"]


@pytest.mark.parametrize("hidden", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_category_without_published_tools_has_no_page(client, hidden):
    category = make.category(name="Secret plans", slug="renamed")
    Category.objects.filter(pk=category.pk).update(slug="secret-plans")
    assert client.get("/categories/secret-plans/").status_code == 404
    tool = make.tool(category=category, **hidden)
    for slug in ("secret-plans", "renamed"):
        answer = client.get(f"/categories/{slug}/")
        assert (answer.status_code, b"Secret plans" in answer.content) == (404, False)
    make.tool(category=tool.category)
    assert client.get("/categories/secret-plans/").status_code == 200
    assert client.get("/categories/renamed/").url == "/categories/secret-plans/"
