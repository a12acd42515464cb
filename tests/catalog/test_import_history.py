"""Corrections and history: what an import preserves and records."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from catalog.actions import add_fake_content, remove_fake_content
from catalog.made_up.generator import Size
from tests import factories as make
from tests.catalog.documents import document, export, fact, get_problems, import_content, plan, review, tool
from tools.models import Attribute, Correction, Plan, Tool

pytestmark = pytest.mark.django_db
MADE = {"note": "We gave the license as MIT.", "made_at": "2026-11-12T09:00:00Z"}


def list_events(model):
    """Return every history event of a model, oldest first: (type, user, reason)."""
    return list(
        model.history.order_by("history_id").values_list("history_type", "history_user", "history_change_reason")
    )


def test_corrections_survive_a_round_trip_byte_for_byte():
    content = document(
        tools=[tool(corrections=[MADE, {**MADE, "made_at": "2026-11-10T09:00:00.123456Z"}]), tool("beta")]
    )
    import_content(content)
    first = export()
    assert json.loads(first)["tools"] == content["tools"]
    report = import_content(first)
    assert (report.added.total(), report.unchanged["corrections"], export()) == (0, 2, first)


def test_site_without_corrections_omits_the_key():
    import_content(document(tools=[tool()]))
    assert "corrections" not in export()


def test_corrections_missing_from_the_file_are_left_alone():
    import_content(document(tools=[tool(corrections=[MADE])]))
    import_content(document(tools=[tool()]))
    assert Correction.objects.get().note == MADE["note"]


def test_problems_of_corrections_are_reported_with_their_places():
    future = (timezone.now() + timedelta(days=1)).isoformat()
    wrong = [
        {**MADE, "note": " "},
        {**MADE, "note": "Twice."},
        {"note": "x" * 501, "made_at": future},
        {"note": "a\nb"},
    ]
    assert get_problems(document(tools=[tool(corrections=wrong)])) == [
        "tools[0].corrections[0].note: must not be empty",
        "tools[0].corrections[1].made_at: this tool already has a correction at that time",
        "tools[0].corrections[2].made_at: is in the future",
        "tools[0].corrections[2].note: has 501 characters; the maximum is 500",
        "tools[0].corrections[3].made_at: is missing",
        "tools[0].corrections[3].note: has a line break; write it in one line",
    ]


def test_correction_cannot_be_rewritten():
    import_content(document(tools=[tool(corrections=[MADE])]))
    assert get_problems(document(tools=[tool(corrections=[{**MADE, "note": "All was well."}])])) == [
        "tools[0].corrections[0].note: a correction cannot be rewritten: the site has other text for that time"
    ]


def test_import_is_in_the_history_of_every_row_it_writes():
    user = User.objects.create(username="ada")
    full = tool(
        plans=[plan()],
        facts=[fact()],
        corrections=[MADE],
        reviews=[review(predictions=[{"claim": "Soon.", "due_on": "2027-01-01"}])],
    )
    import_content(document(tools=[full, tool("beta")], comparisons=[{"tools": ["alpha", "beta"]}]), by=user)
    row = Tool.objects.get(slug="alpha")
    written = [row, row.category, row.plans.get(), row.facts.get(), row.corrections.get(), row.reviews.get(),
               row.reviews.get().predictions.get(), row.reviews.get().reviewer, Attribute.objects.get(),
               row.comparisons_as_first.get()]  # fmt: skip
    for thing in written:
        [event] = thing.history.all()
        assert (event.history_type, event.history_user, event.history_change_reason) == ("+", user, "catalog import")
        values = {field.attname: getattr(event, field.attname) for field in event.tracked_fields}
        assert values == {name: getattr(thing, name) for name in values}
    [event] = Attribute.history.all()
    assert [link.category for link in event.categories.all()] == [row.category]


def test_second_import_records_only_its_changes():
    import_content(document(tools=[tool(plans=[plan()]), tool("beta")]))
    import_content(document(tools=[tool(name="Omega", plans=[plan(amount=25)]), tool("beta")]))
    assert list_events(Tool) == [("+", None, "catalog import")] * 2 + [("~", None, "catalog import")]
    assert [event.name for event in Tool.history.filter(history_type="~")] == ["Omega"]
    events = [
        (event.history_type, event.amount, event.superseded_at is None) for event in Plan.history.order_by("history_id")
    ]
    assert events == [("+", 20, True), ("+", 25, True), ("~", 20, False)]


def test_changed_categories_alone_are_a_change_of_an_attribute():
    import_content(document())
    content = document()
    content["attributes"][0]["categories"] = []
    import_content(content)
    import_content(content)
    assert list_events(Attribute) == [("+", None, "catalog import"), ("~", None, "catalog import")]
    assert [event.categories.count() for event in Attribute.history.order_by("history_id")] == [1, 0]


def test_dry_run_and_fake_content_leave_no_history():
    import_content(document(tools=[tool()]), dry_run=True)
    add_fake_content(size=Size(tools=3, comparisons=1, reviewers=1, votes=3, categories=1), seed=1)
    assert [list_events(model) for model in (Tool, Plan, Attribute)] == [[], [], []]


def test_removing_fake_content_removes_its_history_and_corrections_and_nothing_else():
    own = make.tool()
    add_fake_content(size=Size(tools=3, comparisons=1, reviewers=1, votes=3, categories=1), seed=1)
    fake = Tool.objects.exclude(pk=own.pk).first()
    fake.save()
    make.correction(of=fake)
    remove_fake_content()
    assert (list(Tool.objects.all()), list(Tool.history.values_list("id", flat=True))) == ([own], [own.pk])
    assert (Correction.objects.count(), Correction.history.count()) == (0, 0)
