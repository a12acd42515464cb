"""The table of tools: a column per seat, orders by seat, and the tray."""

import re

import pytest

from comparisons.shaping.tool_table import MAX_SEAT_COLUMNS
from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Tool

pytestmark = pytest.mark.django_db


def get_names(page: str) -> list[str]:
    """Return the names of the tools in the table, in order."""
    return re.findall(r'<th class="rows__name".*?<bdi>(.*?)</bdi>', page)


def get_heads(page: str) -> list[str]:
    """Return the names of the seats that have a column."""
    return re.findall(r'<th class="rows__seat".*?>([^<>]+)</a>', page)


@pytest.fixture
def three() -> None:
    """Make three tools of which two seats judged different ones."""
    category = make.category(slug="code", name="Code")
    builder, skeptic = make.reviewer(slug="builder", name="The Builder"), make.reviewer(slug="skeptic", name="Skeptic")
    make.reviewer(slug="late", name="The Late")
    for name, verdicts in {"Ada": "+-", "Bob": "-+", "Cyd": "+"}.items():
        make.panel(
            of=make.tool(name=name, category=category), seats=[builder, skeptic][: len(verdicts)], verdicts=verdicts
        )


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", ["/tools/", "/categories/code/"])
def test_seats_that_judged_have_a_column_by_which_to_sort(client, path):
    page = text(client, path)
    assert get_heads(page) == ["Builder", "Skeptic"]
    assert get_names(page) == ["Cyd", "Ada", "Bob"]
    assert page.count("Skeptic: not judged") == 1
    page = text(client, f"{path}?sort=seat.skeptic")
    assert get_names(page) == ["Bob", "Ada", "Cyd"]
    assert "What Skeptic would ship first" in page
    assert '<meta name="robots" content="noindex">' in page
    assert get_names(text(client, f"{path}?sort=name")) == ["Ada", "Bob", "Cyd"]
    assert get_names(text(client, f"{path}?sort=seat.nobody")) == ["Cyd", "Ada", "Bob"]


def test_many_seats_share_a_column(client):
    tool = make.tool()
    for _ in range(MAX_SEAT_COLUMNS + 1):
        make.review(of=tool, by=make.reviewer())
    make.tool()  # which nobody judged
    page = text(client, "/tools/")
    assert (get_heads(page), page.count("rows__seats")) == ([], 2)
    assert [len(re.findall(r"<t[hd]\b", row)) for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)] == [6, 6, 6]
    assert re.findall(r">([^<>]+)(?:</a>|</span>)</th>", page)[:4] == ["Compare", "Tool", "Verdicts", "Panel ship"]


@pytest.mark.usefixtures("three")
def test_community_has_no_column_without_a_number(client):
    make.votes(on=make.tool(name="Dot"), ship=1)
    assert "rows__community" not in text(client, "/tools/")
    make.votes(on=make.tool(name="Eve"), ship=12)
    page = text(client, "/tools/")
    assert (page.count("rows__community"), "1 vote so far" in page, "100% of 12" in page) == (5, True, True)


@pytest.mark.usefixtures("three")
def test_chosen_filters_can_be_removed_one_by_one(client):
    page = text(client, "/tools/?category=code&price=free&page=2&sort=name")
    links = re.findall(r'chip--on" href="(.*?)"', page)
    assert links == ["/tools/?price=free&amp;sort=name", "/tools/?category=code&amp;sort=name"]


@pytest.mark.usefixtures("three")
def test_list_sends_its_lens_along_to_be_compared(client):
    form = re.search(r'<form class="list".*?<table', text(client, "/categories/code/?lens=builder"), re.DOTALL)[0]
    assert 'action="/compare/custom/"' in form
    assert '<input type="hidden" name="lens" value="builder">' in form


@pytest.mark.parametrize(
    ("ticked", "words"), [(1, "Second tool"), (5, "There is room for four."), (0, "Type three or four names.")]
)
def test_server_answers_any_number_of_ticks(client, ticked, words):
    slugs = [make.tool().slug for _ in range(ticked)]
    answer = client.get("/compare/custom/", {"t": slugs})
    assert (answer.status_code, words in answer.content.decode()) == (200, True)


def test_budget_keeps_what_a_reader_can_use_for_that_much_a_month(client):
    prices = {
        "Free": {"kind": "free"},
        "Monthly": {"amount": 19, "period": "month"},
        "Yearly": {"amount": 240, "period": "year"},
        "Team": {"amount": 9, "period": "month", "per_seat": True, "minimum_seats": 3},
        "Euros": {"amount": 5, "period": "month", "currency": "EUR"},
        "Metered": {"amount": 1, "period": "usage", "unit": "hour"},
        "Asked": {"kind": "contact"},
    }
    for name, terms in prices.items():
        paid = {"kind": "paid", "currency": "USD", **terms} if "amount" in terms else terms
        make.plan(of=make.tool(name=name), **paid)
    make.plan(of=Tool.objects.get(name="Metered"), kind="paid", amount=20, currency="USD", period="once")

    def names(budget: str) -> list[str]:
        return get_names(client.get("/tools/", {"budget": budget, "sort": "name"}).content.decode())

    assert names("20") == names("$20.00") == ["Free", "Monthly", "Yearly"]
    assert names("19") == ["Free", "Monthly"]
    assert names("27") == ["Free", "Monthly", "Team", "Yearly"]
    assert names("0") == names("x") == names("-1") == names("9999999") == sorted(prices)
    page = client.get("/tools/?budget=20").content.decode()
    assert ("At most $20/mo" in page, 'name="budget" value="20"' in page, "noindex" in page) == (True, True, True)
    assert '<b class="figures">3 tools</b> · 3 more: not known' in page
    assert "Free plans fit. 3 more: not known (sold by usage, once, on request, or in other currencies)." in page
    assert "more: not known" not in client.get("/tools/").content.decode()
    other = Tool.objects.get(name="Asked").category.slug
    page = client.get("/tools/", {"budget": 20, "category": other}).content.decode()
    assert '<b class="figures">0 tools</b> · 1 more: not known' in page
    assert ", 3 more: not known" in client.get("/search/", {"q": "under $20"}).content.decode()
