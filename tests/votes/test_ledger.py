"""The public ledger, and the daily totals as CSV."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest

from tests import factories as make
from votes.chart import BY_CHOICE, draw_chart
from votes.ledger import LedgerRow, fill_days, sum_rows
from votes.models import VoteState

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-03T12:00:00+00:00")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _a_later_month(time_machine):
    time_machine.move_to("2026-12-15 12:00Z", tick=False)


def make_held(**fields):
    return {"state": VoteState.HELD, "held_for": "burst", **fields}


def make_rejected(reason, **fields):
    return {"state": VoteState.REJECTED, "rejected_for": reason, **fields}


def parse_rows(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page, re.S)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"(?:^|<td>)(.*?)</t[hd]>", row)] for row in rows]


def make_ledger():
    """Return a tool with votes in all states on three days of two months."""
    tool = make.tool(slug="alpha", name="Alpha")
    make.votes(on=tool, ship=3, skip=2, created_at=NOON)
    make.votes(on=tool, ship=2, created_at=NOON, **make_held())
    for n, reason in enumerate(("flood", "script", "duplicate", "other"), start=1):
        make.votes(on=tool, ship=n, created_at=NOON + DAY, **make_rejected(reason))
    make.votes(on=tool, skip=1, created_at=NOON.replace(hour=23, minute=59) + 2 * DAY)
    make.votes(on=tool, ship=7, created_at=NOON.replace(month=9))
    return tool


def test_ledger_shows_the_days_of_the_newest_month(client):
    make_ledger()
    page = client.get("/tools/alpha/votes/").content.decode()
    reasons = "1 network flood, 2 script, 3 the same people again, 4 other"
    assert parse_rows(page) == [
        ["Nov 5", "0", "1", "0", "0"],
        ["Nov 4", "0", "0", "0", f"10 {reasons}"],
        ["Nov 3", "3", "2", "2", "0"],
        ["Total", "3", "3", "2", f"10 {reasons}"],
    ]
    assert page.count('<rect class="bars__') == 4 + 5  # four in the legend, five parts of bars
    assert '<a href="/tools/alpha/votes/?month=2026-09">September 2026 →</a>' in page


def test_months_link_to_each_other(client):
    make_ledger()
    page = client.get("/tools/alpha/votes/?month=2026-09").content.decode()
    assert parse_rows(page)[0] == ["Sep 3", "7", "0"]  # no votes under review, none rejected
    assert '<a href="/tools/alpha/votes/?month=2026-11">← November 2026</a>' in page


# A line feed that `$` overlooks, digits that `\d` takes, NUL, and a number too long for int().
NO_MONTHS = ["2026-11\n", "٢٠٢٦-11", "2026-1１", "²026-11", "2026-11\0", "9" * 5000]


@pytest.mark.parametrize("month", ["2026-10", "2026-13", "0000-01", "x", "2026-11-03", "99999-01", *NO_MONTHS])
def test_month_without_votes_is_404(client, month):
    make_ledger()
    assert client.get("/tools/alpha/votes/", {"month": month}).status_code == 404


def test_ledger_without_votes(client):
    make.tool(slug="alpha")
    assert "No votes yet." in client.get("/tools/alpha/votes/").content.decode()


def test_tool_page_links_to_the_ledger(client):
    make.tool(slug="alpha")
    assert client.get("/tools/alpha/").content.decode().count('href="/tools/alpha/votes/"') == 1


def test_ledger_is_cacheable_and_revalidates(client):
    tool = make_ledger()
    response = client.get("/tools/alpha/votes/")
    assert (response.headers["Cache-Control"], response.headers["Vary"]) == ("public, no-cache", "Accept-Encoding")
    tag = {"if-none-match": response.headers["ETag"]}
    assert client.get("/tools/alpha/votes/", headers=tag).status_code == 304
    make.votes(on=tool, skip=1, created_at=NOON, **make_rejected("flood"))
    assert client.get("/tools/alpha/votes/", headers=tag).status_code == 200


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_ledger_of_an_unpublished_tool_is_404(client, fields):
    make.votes(on=make.tool(slug="alpha", **fields), ship=1)
    assert client.get("/tools/alpha/votes/").status_code == 404


def test_former_slug_redirects(client):
    tool = make_ledger()
    type(tool).objects.filter(pk=tool.pk).update(slug="omega")
    response = client.get("/tools/alpha/votes/")
    assert (response.status_code, response.headers["Location"]) == (301, "/tools/omega/votes/")


@pytest.mark.parametrize("days", [1, 20])
def test_queries_are_constant(client, days, django_assert_num_queries):
    tool = make.tool(slug="alpha")
    for n in range(days):
        make.votes(on=tool, ship=1, created_at=NOON + n * DAY)
    with django_assert_num_queries(3):  # the tool, its months, the days
        client.get("/tools/alpha/votes/")
    with django_assert_num_queries(3):  # the fingerprint, the published tools, the totals of up to 50 of them
        b"".join(client.get("/export/votes.csv"))


def test_export_has_one_row_per_tool_and_day(client):
    make_ledger()
    other = make.tool(slug="beta")
    make.votes(on=other, skip=4, created_at=NOON)
    for n, fields in enumerate([{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]):
        make.votes(on=make.tool(slug=f"secret-{n}", **fields), ship=1, created_at=NOON)
    response = client.get("/export/votes.csv")
    assert response.streaming
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="shipside-votes-2026-12-15.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(response).decode())))
    assert rows == [
        ["tool", "day", "ship", "skip", "held",
         "rejected_flood", "rejected_script", "rejected_duplicate", "rejected_other"],
        ["alpha", "2026-09-03", "7", "0", "0", "0", "0", "0", "0"],
        ["alpha", "2026-11-03", "3", "2", "2", "0", "0", "0", "0"],
        ["alpha", "2026-11-04", "0", "0", "0", "1", "2", "3", "4"],
        ["alpha", "2026-11-05", "0", "1", "0", "0", "0", "0", "0"],
        ["beta", "2026-11-03", "0", "4", "0", "0", "0", "0", "0"],
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_export_is_streamed(client):
    """Runs outside a transaction, as in production."""
    tool = make.tool(slug="alpha")
    for n in range(2100):
        make.votes(on=tool, ship=1, created_at=NOON - n * DAY)
    pieces = list(client.get("/export/votes.csv"))
    assert len(pieces) == 22
    assert b"".join(pieces).count(b"\n") == 2101


def test_export_reads_any_number_of_tools(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("votes.ledger.TOOLS_PER_QUERY", 2)
    for slug in ("delta", "alpha", "echo", "charlie", "bravo"):
        make.votes(on=make.tool(slug=slug), ship=1, created_at=NOON)
    with django_assert_num_queries(2 + 3):
        rows = list(csv.reader(io.StringIO(client.get("/export/votes.csv").getvalue().decode())))
    assert [row[0] for row in rows] == ["tool", "alpha", "bravo", "charlie", "delta", "echo"]


def make_row(day: int, ship: int = 0, held: int = 0, flood: int = 0) -> LedgerRow:
    return LedgerRow(NOON.replace(day=day, hour=0), ship, 0, held, flood, 0, 0, 0)


def test_chart_stacks_counted_held_and_rejected_votes():
    drawn = draw_chart([make_row(1, ship=2, held=1, flood=1), make_row(2), make_row(3, ship=1)])
    assert (drawn.width, drawn.top) == (30, 4)
    assert [(bar.kind, bar.x, bar.y, bar.height) for bar in drawn.parts] == [
        ("counted", 1, "50.00", "50.00"),
        ("held", 1, "25.00", "25.00"),
        ("rejected", 1, "0.00", "25.00"),
        ("counted", 21, "75.00", "25.00"),
    ]
    assert draw_chart([]).parts == []
    by_choice = draw_chart([make_row(1, ship=2, held=1, flood=1)], BY_CHOICE)
    assert [bar.kind for bar in by_choice.parts] == ["ship", "held", "rejected"]


def test_fill_days_adds_days_without_votes():
    days = fill_days([make_row(3, ship=2)], NOON.date().replace(day=1))
    assert [len(days), days[2].ship, days[29].day.day] == [30, 2, 30]
    assert (sum_rows(days).votes, sum_rows([]).votes) == (2, 0)
