"""What an import keeps: corrections, and the history of what it wrote."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.actions import make_load, remove_load
from catalog.made_up.generator import Size
from tests import factories as make
from tests.catalog.test_catalog import bring_in, document, exported, fact, plan, problems_of, review, tool
from tools.models import Attribute, Correction, Plan, Tool

pytestmark = pytest.mark.django_db
MADE = {"note": "We gave the licence as MIT.", "made_at": "2026-11-12T09:00:00Z"}


def entries(model):
    """Every entry in the history of a model, oldest first: (what, by whom, why)."""
    return list(
        model.history.order_by("history_id").values_list("history_type", "history_user", "history_change_reason")
    )


def test_corrections_come_back_byte_for_byte():
    content = document(
        tools=[tool(corrections=[MADE, {**MADE, "made_at": "2026-11-10T09:00:00.123456Z"}]), tool("beta")]
    )
    bring_in(content)
    first = exported()
    assert json.loads(first)["tools"] == content["tools"]
    report = bring_in(first)
    assert (report.added.total(), report.unchanged["corrections"], exported()) == (0, 2, first)


def test_site_without_corrections_exports_no_such_key():
    bring_in(document(tools=[tool()]))
    assert "corrections" not in exported()


def test_corrections_that_the_file_does_not_mention_are_left_alone():
    bring_in(document(tools=[tool(corrections=[MADE])]))
    bring_in(document(tools=[tool()]))
    assert Correction.objects.get().note == MADE["note"]


def test_corrections_are_checked_each_with_its_place():
    future = (timezone.now() + timedelta(days=1)).isoformat()
    wrong = [
        {**MADE, "note": " "},
        {**MADE, "note": "Twice."},
        {"note": "x" * 501, "made_at": future},
        {"note": "a\nb"},
    ]
    assert problems_of(document(tools=[tool(corrections=wrong)])) == [
        "tools[0].corrections[0].note: must not be empty",
        "tools[0].corrections[1].made_at: this tool has a correction of that very moment already",
        "tools[0].corrections[2].made_at: lies in the future, so it cannot have been made",
        "tools[0].corrections[2].note: has 501 characters; 500 are the most",
        "tools[0].corrections[3].made_at: is missing",
        "tools[0].corrections[3].note: has the control character U+000A",
    ]


def test_correction_is_not_rewritten():
    bring_in(document(tools=[tool(corrections=[MADE])]))
    assert problems_of(document(tools=[tool(corrections=[{**MADE, "note": "All was well."}])])) == [
        "tools[0].corrections[0].note: a correction stays as it was made; the site has other words for that time"
    ]


def test_import_is_in_the_history_of_all_that_it_writes():
    user = User.objects.create(username="ada")
    full = tool(
        plans=[plan()],
        facts=[fact()],
        corrections=[MADE],
        reviews=[review(predictions=[{"claim": "Soon.", "due_on": "2027-01-01"}])],
    )
    bring_in(document(tools=[full, tool("beta")], comparisons=[{"tools": ["alpha", "beta"]}]), by=user)
    row = Tool.objects.get(slug="alpha")
    written = [row, row.category, row.plans.get(), row.facts.get(), row.corrections.get(), row.reviews.get(),
               row.reviews.get().predictions.get(), row.reviews.get().reviewer, Attribute.objects.get(),
               row.comparisons_as_first.get()]  # fmt: skip
    for thing in written:
        [entry] = thing.history.all()
        assert (entry.history_type, entry.history_user, entry.history_change_reason) == ("+", user, "catalog import")
        kept = {field.attname: getattr(entry, field.attname) for field in entry.tracked_fields}
        assert kept == {name: getattr(thing, name) for name in kept}
    [entry] = Attribute.history.all()
    assert [link.category for link in entry.categories.all()] == [row.category]


def test_second_import_notes_only_what_it_changed():
    bring_in(document(tools=[tool(plans=[plan()]), tool("beta")]))
    bring_in(document(tools=[tool(name="Omega", plans=[plan(amount=25)]), tool("beta")]))
    assert entries(Tool) == [("+", None, "catalog import")] * 2 + [("~", None, "catalog import")]
    assert [entry.name for entry in Tool.history.filter(history_type="~")] == ["Omega"]
    noted = [
        (entry.history_type, entry.amount, entry.superseded_at is None) for entry in Plan.history.order_by("history_id")
    ]
    assert noted == [("+", 20, True), ("+", 25, True), ("~", 20, False)]


def test_links_alone_are_a_change_of_an_attribute():
    bring_in(document())
    content = document()
    content["attributes"][0]["categories"] = []
    bring_in(content)
    bring_in(content)
    assert entries(Attribute) == [("+", None, "catalog import"), ("~", None, "catalog import")]
    assert [entry.categories.count() for entry in Attribute.history.order_by("history_id")] == [1, 0]


def test_dry_run_and_made_up_content_leave_no_history():
    bring_in(document(tools=[tool()]), dry_run=True)
    make_load(size=Size(tools=3, comparisons=1, reviewers=1, votes=3, categories=1), seed=1)
    assert [entries(model) for model in (Tool, Plan, Attribute)] == [[], [], []]


def test_removing_made_up_content_takes_its_history_and_corrections_and_nothing_else():
    own = make.tool()
    make_load(size=Size(tools=3, comparisons=1, reviewers=1, votes=3, categories=1), seed=1)
    made_up = Tool.objects.exclude(pk=own.pk).first()
    made_up.save()
    make.correction(of=made_up)
    remove_load()
    assert (list(Tool.objects.all()), list(Tool.history.values_list("id", flat=True))) == ([own], [own.pk])
    assert (Correction.objects.count(), Correction.history.count()) == (0, 0)
