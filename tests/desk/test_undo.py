"""Undoing imports and bulk actions: what still stands as they left it goes back, and the rest is listed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import BulkChange
from comparisons.models import Comparison
from desk.bulk_changes.undoing import undo_change
from reviews.models import Review
from tests import factories as make
from tests.catalog.documents import document, export, fact, import_content, plan, review, tool
from tests.desk.uploading import IMPORTS, PUBLISHES, client_with, messages_of
from tools.models import Attribute, Category, Fact, Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return client_with(*PUBLISHES)


def import_file(**sections) -> BulkChange:
    import_content(document(**sections), name="file.json")
    return BulkChange.objects.latest("pk")


def look(client: Client, change: BulkChange):
    return client.get(f"/admin/changes/{change.pk}/undo/")


def undo(client: Client, change: BulkChange, why: str = "wrong") -> BulkChange:
    """Undo a change as a browser does, and return the undo."""
    shown = look(client, change)
    assert shown.status_code == 200, shown.headers
    response = client.post(f"/admin/changes/{change.pk}/undo/", {"seal": shown.context["seal"], "why": why})
    assert (response.status_code, response["Location"]) == (303, f"/admin/changes/{change.pk}/")
    made = BulkChange.objects.latest("pk")
    assert (made.undoes_id, made.summary) == (change.pk, shown.context["report"].summary)
    return made


def read_prices() -> list[tuple]:
    rows = Plan.objects.order_by("pk")
    return [(row.name, row.amount, row.superseded_at is None, row.correction) for row in rows]


def test_prices_that_readers_saw_are_superseded_back(ada):
    import_file(tools=[tool(plans=[plan()], facts=[fact()])])
    change = import_file(tools=[tool(plans=[plan(amount=25), plan(name="Max")], facts=[fact(value="BSD")])])
    shown = look(ada, change)
    assert [(row.label, row.word) for row in shown.context["report"].rows] == [
        ("plan “Pro” of “Alpha”", "changed back"),
        ("fact “License: MIT” of “Alpha”", "changed back"),
        ("plan “Max” of “Alpha”", "no longer offered"),
    ]
    assert Plan.objects.count() == 3
    undo(ada, change)
    assert read_prices() == [
        ("Pro", 20, False, False),
        ("Pro", 25, False, True),
        ("Max", 20, False, True),
        ("Pro", 20, True, False),
    ]
    again = Plan.objects.get(name="Pro", superseded_at=None)
    assert (str(again.verified_on), again.source) == ("2026-11-01", "https://example.com/pricing")
    facts = Fact.objects.order_by("pk")
    assert [(row.value, row.superseded_at is None) for row in facts] == [("MIT", False), ("BSD", False), ("MIT", True)]


def test_undo_can_be_undone(ada):
    import_file(tools=[tool(tagline="Old", plans=[plan()]), tool("draft", published_at=None, plans=[plan()])])
    change = import_file(
        tools=[
            tool(tagline="New", plans=[plan(amount=25)]),
            tool("draft", published_at=None, plans=[plan(amount=30)]),
            tool("beta", published_at=None, plans=[plan()], reviews=[review(published_at=None)]),
        ]
    )
    first = undo(ada, change, why="changed")
    assert not Tool.objects.filter(slug="beta").exists()
    assert not Review.objects.exists()
    assert Tool.objects.get(slug="alpha").tagline == "Old"
    assert Plan.objects.get(tool__slug="draft").amount == 20
    undo(ada, first, why="changed")
    assert Tool.objects.get(slug="alpha").tagline == "New"
    prices = [20, 25, 20, 25]  # each superseded by the next
    assert list(Plan.objects.filter(tool__slug="alpha").order_by("pk").values_list("amount", flat=True)) == prices
    assert list(Plan.objects.filter(tool__slug="draft").values_list("amount", flat=True)) == [30]
    beta = Tool.objects.get(slug="beta")
    assert (beta.plans.get().amount, beta.reviews.get().quote) == (20, "Because.")


def test_what_was_changed_since_is_left_and_listed(ada):
    import_file(tools=[tool(tagline="Old", website="https://old.example/", plans=[plan(), plan(name="Max")])])
    change = import_file(
        tools=[
            tool(tagline="New", website="https://new.example/", plans=[plan(amount=25), plan(name="Max", amount=30)]),
            tool("beta", published_at=None),
        ]
    )
    alpha, beta = Tool.objects.order_by("slug")
    alpha.tagline = "Mine"
    alpha.save()
    alpha.plans.get(name="Pro", superseded_at=None).supersede(amount=26)
    make.plan(of=beta)
    shown = look(ada, change)
    assert shown.context["report"].left == [
        ("tool “Beta”", "it or something of it was changed or added since, so it stays as a whole"),
        ("tool “Alpha”", "it was changed since: tagline"),
        ("plan “Pro” of “Alpha”", "it has another value since"),
    ]
    undo(ada, change)
    alpha.refresh_from_db()
    assert (alpha.tagline, alpha.website) == ("Mine", "https://old.example/")
    assert dict(alpha.plans.current().values_list("name", "amount")) == {"Pro": 26, "Max": 20}
    assert Tool.objects.filter(slug="beta").exists()


def test_what_the_import_published_is_withdrawn_and_only_by_who_may(ada):
    change = import_file(tools=[tool(reviews=[review()]), tool("beta")], comparisons=[
        {"tools": ["alpha", "beta"], "introduction": "", "published_at": "2026-11-02T09:00:00Z"}
    ])  # fmt: skip
    importer = client_with(*IMPORTS, name="bob")
    report = look(importer, change).context["report"]
    assert report.kinds == []
    assert {reason for _, reason in report.left[:3]} <= {
        "your account may not publish or withdraw it",
        "readers see it, and your account may not publish: ask an editor",
    }
    made = undo(ada, change)
    states = [row.state for row in (*Tool.objects.all(), *Comparison.objects.all())]
    assert states == ["withdrawn", "withdrawn", "withdrawn"]
    assert Review.objects.get().state == "published"  # it is hidden with its tool
    assert made.left == [
        ["reviewer “The Builder”", "other rows refer to it"],
        ["category “Things”", "other rows refer to it"],
    ]
    assert not Attribute.objects.exists()


def test_two_undos_at_once_do_it_once(ada):
    import_file(tools=[tool(plans=[plan()])])
    change = import_file(tools=[tool(plans=[plan(amount=25)])])
    seen_by_bob = look(client_with(*IMPORTS, name="bob"), change).context["seal"]
    undo(ada, change)
    response = ada.post(f"/admin/changes/{change.pk}/undo/", {"seal": seen_by_bob})
    assert (response.status_code, response.context["report"].does_nothing) == (409, True)
    assert Plan.objects.count() == 3


def test_rows_deleted_since_are_listed(ada):
    import_file(tools=[tool("beta", published_at=None, plans=[plan()])])
    change = import_file(tools=[tool("beta", published_at=None, tagline="New", plans=[plan(amount=25)])])
    Tool.objects.get().delete()
    report = look(ada, change).context["report"]
    assert (report.does_nothing, report.left) == (
        True, [("tool “Beta”", "it was deleted since"), ("plan “Pro”", "it was deleted since")],
    )  # fmt: skip


def test_dry_run_writes_nothing_and_message_leads_to_the_undo(ada):
    change = import_file(tools=[tool()])
    before = [list(model.history.values_list("history_id")) for model in (Tool, Category, Attribute)]
    look(ada, change)
    assert [list(model.history.values_list("history_id")) for model in (Tool, Category, Attribute)] == before
    assert BulkChange.objects.count() == 1
    made = undo(ada, change)
    [message] = messages_of(ada.get(f"/admin/changes/{change.pk}/"))
    assert f'href="/admin/changes/{made.pk}/undo/"' in message


def test_undo_makes_a_constant_number_of_queries():
    user = User.objects.create(username="eve", is_superuser=True)
    numbers = []
    for count in (1, 3):
        slugs = [f"{letter}{count}" for letter in "abc"[:count]]
        import_file(tools=[tool(slug, plans=[plan()], facts=[fact()]) for slug in slugs])
        change = import_file(tools=[tool(slug, plans=[plan(amount=25)], facts=[fact(value="BSD")]) for slug in slugs])
        with CaptureQueriesContext(connection) as captured:
            undo_change(change=change, by=user, dry_run=True)
        numbers.append(len(captured))
    assert numbers[0] == numbers[1]


def test_vocabulary_and_comparisons_go_back_and_forth(ada):
    things, others = ({"slug": slug, "name": name} for slug, name in (("things", "Things"), ("others", "A few")))
    license_ = {"slug": "license", "name": "License", "categories": ["things", "others"]}
    pair = {"tools": ["alpha", "beta"], "introduction": "Old.", "published_at": None}
    import_file(categories=[things, others], attributes=[license_], tools=[tool(), tool("beta")], comparisons=[pair])
    before = export()
    change = import_file(
        categories=[things, {**others, "name": "Others"}, {"slug": "new", "name": "New"}],
        attributes=[{**license_, "categories": ["new"]}],
        tools=[tool("gamma", category="new", published_at=None)],
        comparisons=[
            {**pair, "tools": ["beta", "alpha"], "introduction": "New."},
            {**pair, "tools": ["gamma", "alpha"]},
        ],
    )
    after = export()
    first = undo(ada, change)
    assert (export(), first.left) == (before, [])
    assert (undo(ada, first).left, export()) == ([], after)
