"""The list of changes: verdicts, prices, facts, corrections, and new tools, by day."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from catalog.actions import import_catalog
from comparisons.choices import ChangeKind
from comparisons.reading.changes import ChangeKey
from tests import factories as make
from tests.catalog.documents import document, import_content, plan, tool
from tests.comparisons.contents import SECRET, UNSEEN
from tools.models import Plan, Tool

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
DAY = timedelta(days=1)
PRO = {"name": "Pro", "kind": "paid", "currency": "USD", "period": "month"}


def read_changes(client: Client, query: str = "") -> list[tuple[str, str]]:
    """Return (kind, line) of each change on a page of the list, with blanks normalized."""
    page = html.fromstring(client.get(f"/changes/{query}").content.decode())
    rows = page.find_class("change")
    return [
        (
            row.find_class("log__kind")[0].text_content(),
            " ".join((row.find_class("flip") or row.find_class("change__words"))[0].text_content().split()),
        )
        for row in rows
    ]


def supersede(plan: Plan, *, day: int, correction: bool = False, **values) -> Plan:
    """Supersede a plan `day` days after PAST."""
    at = make.PAST + day * DAY
    Plan.objects.filter(pk=plan.pk).update(superseded_at=at, correction=correction)
    plan.superseded_at = at
    successor = plan.build_successor(**values)
    successor.save()
    return successor


def make_tool(**fields) -> Tool:
    return make.tool(**{"name": "Acme", "slug": "acme", **fields})


def test_price_changes_have_old_new_day_and_percent(client):
    acme = make_tool()
    price = make.plan(of=acme, amount=20, source="https://www.acme.example/pricing", **PRO)
    price = supersede(price, day=1, amount=25)
    price = supersede(price, day=2, amount=20)
    price = supersede(price, day=3, amount=20, currency="EUR")
    price = supersede(price, day=4, amount=200, currency="EUR", period="year")
    price = supersede(price, day=5, name="Plus")
    supersede(price, day=6, kind="free", amount=None, currency=None, period=None)
    site = " acme.example"
    assert read_changes(client, "?kind=prices") == [
        ("Price", f"Acme, Plus: €200/yr → Free{site}"),
        ("Price", f"Acme, Pro, now Plus: still €200/yr{site}"),
        ("Price", f"Acme, Pro: €20/mo → €200/yr{site}"),
        ("Price", f"Acme, Pro: $20/mo → €20/mo{site}"),
        ("Price", f"Acme, Pro: $25/mo → $20/mo −20%{site}"),
        ("Price", f"Acme, Pro: $20/mo → $25/mo +25%{site}"),
    ]


def test_what_is_no_longer_free_is_a_headline(client):
    acme = make_tool()
    free = make.plan(of=acme, name="Team", kind="free")
    supersede(free, day=1, kind="paid", amount=10, currency="USD", period="month")
    make.plan(of=acme, name="Hobby", kind="free", superseded_at=make.PAST + 2 * DAY)
    supersede(make.plan(of=acme, name="Core", kind="free"), day=3, name="Basic")
    expected = [
        ("No longer free", "Acme, Hobby: Free → no longer offered"),
        ("No longer free", "Acme, Team: Free → $10/mo"),
    ]
    assert read_changes(client, "?kind=no-longer-free") == expected
    page = client.get("/changes/?kind=prices").content.decode()
    assert [page.count("change--headline"), len(read_changes(client, "?kind=prices"))] == [2, 3]
    assert "No longer free: Acme, Team: Free → $10/mo" in client.get("/feeds/changes.xml").content.decode()


def test_plans_that_appear_and_end_are_changes(client):
    acme = make_tool()
    make.plan(of=acme, amount=20, added_at=make.PAST + DAY, superseded_at=make.PAST + 9 * DAY, **PRO)
    make.plan(of=acme, amount=30, added_at=make.PAST + 20 * DAY, **PRO)
    assert read_changes(client, "?kind=prices") == [
        ("Price", "Acme, Pro: not listed → $30/mo"),
        ("Price", "Acme, Pro: $20/mo → no longer offered"),
        ("Price", "Acme, Pro: not listed → $20/mo"),
    ]


def test_corrections_are_no_news_and_marked_where_they_were_news(client):
    acme, license_ = make_tool(), make.attribute(name="License")
    price = make.plan(of=acme, amount=20, **PRO)
    price = supersede(price, day=1, amount=250)
    supersede(price, day=2, correction=True, amount=25)
    wrong = {"correction": True, "superseded_at": make.PAST + 3 * DAY}
    make.fact(of=acme, attribute=license_, value="GPL", note="old parts", **wrong)
    make.fact(of=acme, attribute=license_, value="MIT")
    make.plan(of=acme, name="Team", kind="free", **wrong)
    make.correction(of=acme, note="The logo was another.", made_at=make.PAST + 4 * DAY)
    assert read_changes(client, "?kind=corrections") == [
        ("Correction", "Acme: The logo was another."),
        ("Correction", "Acme, License: we said GPL (old parts); it is MIT"),
        ("Correction", "Acme, Team: we said Free; there is no such plan"),
        ("Correction", "Acme, Pro: we said $250/mo; it is $25/mo"),
    ]
    news = [("Price", "Acme, Pro: $20/mo → $250/mo +1,150%, which we corrected on Jan 7, 2026")]
    assert (read_changes(client, "?kind=prices"), read_changes(client, "?kind=facts")) == (news, [])


def test_facts_change_in_words(client):
    acme = make_tool()
    choices = [{"slug": "mit", "name": "MIT"}, {"slug": "apache-2.0", "name": "Apache-2.0"}]
    licenses = make.attribute(name="License", kind="choice", choices=choices)
    context = make.attribute(name="Context", kind="number", unit="tokens")
    make.fact(of=acme, attribute=licenses, value="mit", superseded_at=make.PAST + DAY)
    make.fact(of=acme, attribute=licenses, value="apache-2.0", source="https://acme.example/license")
    make.fact(of=acme, attribute=context, value="128000", superseded_at=make.PAST + 2 * DAY)
    make.fact(of=acme, attribute=make.attribute(), added_at=make.PAST + 3 * DAY)  # we learned it; nothing changed
    assert read_changes(client, "?kind=facts") == [
        ("Fact", "Acme, Context: 128,000 tokens → no longer stated"),
        ("Fact", "Acme, License: MIT → Apache-2.0 acme.example"),
    ]


def test_flips_have_both_editions(client):
    acme, seat = make_tool(), make.reviewer(name="The Seat")
    review = make.review(of=acme, by=seat, verdict="skip", quote="Old *words*.")
    make.review(of=acme, by=seat, verdict="skip", quote="Same again.", published_at=make.PAST + DAY)
    edition = make.later_edition(of=review, verdict="ship", quote="New words.", published_at=make.PAST + 2 * DAY)
    assert read_changes(client, "?kind=verdicts") == [("Verdict", "The Seat flipped on Acme skip → to ship")]
    page = client.get("/changes/?kind=verdicts").content.decode()
    assert [page.count(words) for words in ("<p>Same again.</p>", "<p>New words.</p>", "Old <em>")] == [1, 1, 0]
    assert f'href="/tools/acme/#edition-{edition.pk}"' in page
    assert "Then, Jan 6, 2026" in page


def test_new_tools_are_listed_with_their_tagline(client):
    make_tool(tagline="It does things.", category=make.category(name="Things"))
    assert read_changes(client, "?kind=tools") == [("New tool", "Acme in Things: It does things.")]


def test_changes_of_all_kinds_are_mixed_by_day(client):
    acme = make_tool()
    supersede(make.plan(of=acme, amount=20, **PRO), day=1, amount=25)
    make.correction(of=acme, made_at=make.PAST + DAY + timedelta(hours=1))
    make.fact(of=acme, superseded_at=make.PAST + 2 * DAY)
    assert [kind for kind, _ in read_changes(client)] == ["Fact", "Correction", "Price", "New tool"]
    page = html.fromstring(client.get("/changes/").content.decode())
    days = [(part.find(".//time"), part.findall(".//li")) for part in page.find_class("log-part")]
    assert [(day.get("datetime"), day.text, len(changes)) for day, changes in days] == [
        ("2026-01-07", "Jan 7, 2026", 1),
        ("2026-01-06", "Jan 6, 2026", 2),
        ("2026-01-05", "Jan 5, 2026", 1),
    ]


@pytest.mark.parametrize("fields", UNSEEN)
def test_changes_of_hidden_tools_are_not_listed(client, fields):
    hidden = make.tool(name=SECRET, **fields)
    later = make.PAST + DAY
    for kind in ({"correction": True}, {"correction": False}):
        make.plan(of=hidden, name=f"{SECRET} {kind}", kind="free", superseded_at=later, **kind)
        make.fact(of=hidden, value=SECRET, superseded_at=later, **kind)
    make.plan(of=hidden, name=SECRET, added_at=later)
    make.correction(of=hidden, note=SECRET)
    review = make.review(of=hidden, by=make.reviewer(), quote=SECRET)
    make.later_edition(of=review, quote=SECRET)
    assert read_changes(client) == []
    assert SECRET not in client.get("/feeds/changes.xml").content.decode()
    assert client.get(f"/feeds/tools/{hidden.slug}.xml").status_code == 404


def test_drafts_and_scheduled_editions_are_not_listed(client, time_machine):
    review = make.review(of=make_tool(), by=make.reviewer())
    make.later_edition(of=review, published_at=None)
    make.later_edition(of=review, published_at=make.FUTURE)
    assert read_changes(client, "?kind=verdicts") == []
    time_machine.move_to(make.FUTURE + DAY)
    assert len(read_changes(client, "?kind=verdicts")) == 1


def test_what_was_superseded_before_the_tool_came_out_is_no_news(client):
    acme = make_tool()
    make.plan(of=acme, amount=10, superseded_at=make.PAST - DAY, **PRO)
    make.plan(of=acme, amount=15, superseded_at=make.PAST - timedelta(hours=1), correction=True, **PRO)
    make.plan(of=acme, amount=20, **PRO)
    make.plan(of=acme, name="Team", added_at=make.PAST - DAY)
    make.fact(of=acme, superseded_at=make.PAST)
    assert [kind for kind, _ in read_changes(client)] == ["New tool"]


def test_filters_combine_and_bad_ones_are_ignored(client):
    things = make.category(slug="things", name="Things")
    for name, category in (("Acme", things), ("Other", make.category())):
        one = make.tool(name=name, category=category)
        supersede(make.plan(of=one, amount=20, **PRO), day=1, amount=25)
    acme = [("Price", "Acme, Pro: $20/mo → $25/mo +25%")]
    assert read_changes(client, "?kind=prices&category=things") == acme
    assert len(read_changes(client, "?category=things")) == 2
    for bad in ("?kind=x", "?category=nothing", "?before=x", "?before=1-2", "?before=%00", "?page=7"):
        assert len(read_changes(client, bad)) == 4
    for extreme in ("99999999999999999-9-999999999999999999", "0-0-0"):
        assert client.get(f"/changes/?before={extreme}").status_code == 200
    things.slug = "stuff"
    things.save()
    assert read_changes(client, "?kind=prices&category=things") == acme
    page = client.get("/changes/?kind=prices&category=stuff").content.decode()
    feed = escape("/feeds/changes.xml?kind=prices&category=stuff")
    assert page.count(f'href="{feed}"') == 2  # in the head and to click
    assert '<link rel="canonical" href="http://127.0.0.1:8000/changes/?kind=prices&amp;category=stuff">' in page


def test_import_that_supersedes_many_plans_is_listed_once(client):
    def content(amount: int) -> dict:
        return document(
            tools=[
                tool(f"tool-{n}", plans=[plan(name=f"Plan {m}", amount=amount) for m in range(25)]) for n in range(4)
            ]
        )

    import_content(content(20))
    for _ in range(2):
        import_content(content(25))
        listed = list(walk_pages(client, "?kind=prices"))
        assert (len(listed), len(set(listed))) == (100, 100)


def walk_pages(client, query: str):
    """Yield each change of a list, page by page."""
    while query is not None:
        yield from read_changes(client, query)
        page = client.get(f"/changes/{query}").content.decode()
        found = re.search(r'href="/changes/([^"]*)" rel="next"', page)
        query = found[1].replace("&amp;", "&") if found else None


def test_pages_list_every_change_once(client, monkeypatch):
    monkeypatch.setattr("comparisons.views.changes.CHANGES_PER_PAGE", 4)
    instant = make.PAST + DAY
    for number in range(5):
        one = make.tool(name=f"Tool {number}", published_at=make.PAST - DAY)
        for n in range(2):
            make.plan(of=one, name=f"Ended {n}", kind="free", superseded_at=instant)
            make.plan(of=one, name=f"New {n}", kind="free", added_at=instant)
            make.fact(of=one, superseded_at=instant)
        make.correction(of=one, note=f"{number}.", made_at=instant)
    everything = list(walk_pages(client, ""))
    assert (len(everything), len(set(everything))) == (40, 40)
    assert 'name="robots" content="noindex"' in client.get("/changes/?before=9-9-9").content.decode()


def test_demo_has_every_kind_of_change(client, monkeypatch):
    monkeypatch.setattr("comparisons.views.changes.CHANGES_PER_PAGE", 1000)
    import_catalog(content=DEMO.read_bytes())
    for kind in ChangeKind:
        assert read_changes(client, f"?kind={kind}"), kind
    prices = " ".join(line for _, line in read_changes(client, "?kind=prices"))
    for words in ("not listed → ", " → no longer offered", ", now ", "%"):
        assert words in prices
    corrections = read_changes(client, "?kind=corrections")
    assert {line.split(", ")[1].split(":")[0] for _, line in corrections if ", " in line} >= {
        "Copilot Business",
        "License",
    }


@given(st.integers(0, 10**17 - 1), st.integers(0, 9), st.integers(0, 10**18 - 1))
def test_key_survives_its_text(microseconds, origin, pk):
    text = f"{microseconds}-{origin}-{pk}"
    assert str(ChangeKey.parse(text)) == text


def test_list_is_unchanged_until_something_changes(client, time_machine):
    acme = make_tool()
    price = make.plan(of=acme, amount=20, **PRO)
    make.tool(name="Later", published_at=make.FUTURE)
    for url in ("/changes/", "/changes/?kind=prices", "/feeds/tools/acme.xml"):
        etag = client.get(url).headers["ETag"]
        make.votes(on=acme, ship=3)
        assert client.get(url, headers={"if-none-match": etag}).status_code == 304
    etag = client.get("/changes/").headers["ETag"]
    price.supersede(amount=25)
    changed = client.get("/changes/", headers={"if-none-match": etag})
    assert changed.status_code == 200
    time_machine.move_to(make.FUTURE + DAY)
    assert client.get("/changes/", headers={"if-none-match": changed.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/changes/", 3),
        ("/changes/?kind=prices&category=things", 3),
        ("/feeds/changes.xml", 1),
        ("/feeds/tools/acme-1.xml", 2),
    ],
)
def test_query_counts_are_constant(client, django_assert_num_queries, things, url, queries):
    category = make.category(slug="things")
    for number in range(things):
        one = make_tool(slug=f"acme-{number + 1}", category=category)
        supersede(make.plan(of=one, amount=20, **PRO), day=1, amount=25)
        make.fact(of=one, superseded_at=datetime.now(UTC))
        make.correction(of=one)
        make.later_edition(of=make.review(of=one, by=make.reviewer()))
    with django_assert_num_queries(queries):
        client.get(url)


def test_comparison_lists_what_changed_about_its_tools(client):
    tools = [make_tool(tagline="It does things."), make.tool(name="Beta", slug="beta"), make.tool(slug="third")]
    for one, was, now in zip(tools, (20, 7, 3), (25, 9, 4), strict=True):
        supersede(make.plan(of=one, amount=was, **PRO), day=1, amount=now)
    page = html.fromstring(client.get("/compare/acme-vs-beta/").content.decode())
    [log] = page.find_class("log")
    assert [" ".join(" ".join(part.text_content() for part in line).split()) for line in log] == [
        "Price Jan 6, 2026 Beta, Pro: $7/mo → $9/mo",
        "Price Jan 6, 2026 Acme, Pro: $20/mo → $25/mo",
        "New tool Jan 5, 2026 Beta",
        "New tool Jan 5, 2026 Acme: It does things.",
    ]
