"""Only what readers never saw can be deleted: the desk explains it, and the database enforces it."""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from catalog.models import BulkChange
from comparisons.models import Comparison
from reviews.models import Review
from tests import factories as make
from tests.desk.people import make_user, sign_in
from tools.models import Category, Plan, Tool

pytestmark = pytest.mark.django_db
PUBLIC = [{}, {"withdrawn_at": make.PAST}]
HIDDEN = [{"published_at": None}, {"published_at": make.FUTURE}]


def make_one_of_each(**fields):
    """Return a row of each kind that readers see, with these publication times of tool and review."""
    tool = make.tool(**fields)
    review = make.review(of=tool, by=make.reviewer(), **fields)
    return [make.prediction(of=review), review, make.comparison(first=make.tool(), second=make.tool(), **fields),
            make.plan(of=tool), make.fact(of=tool), tool]  # fmt: skip


def is_refused(row) -> bool:
    """Return whether the database refuses to delete a row."""
    try:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")
    except IntegrityError as error:
        return "was public" in str(error)
    return False


@pytest.mark.parametrize("fields", PUBLIC)
def test_database_refuses_to_delete_public_rows(fields):
    rows = make_one_of_each(**fields)
    assert [is_refused(row) for row in rows] == [True] * len(rows)


@pytest.mark.parametrize("fields", HIDDEN)
def test_database_deletes_rows_that_were_never_public(fields):
    rows = make_one_of_each(**fields)
    tool = rows[-1]
    tool.listings.all().delete()
    tool.tallies.all().delete()
    assert [is_refused(row) for row in rows] == [False] * len(rows)


def test_row_that_was_public_once_cannot_be_deleted_later(time_machine):
    tool = make.tool()
    for later in (make.FUTURE, None):
        tool.published_at = later
        tool.save()
        assert is_refused(tool)


def test_row_that_was_only_scheduled_can_be_deleted():
    tool = make.tool(published_at=make.FUTURE)
    tool.published_at = None
    tool.save()
    tool.delete()
    assert not Tool.objects.exists()


def test_maintenance_setting_applies_to_its_transaction_only():
    tool, other = make.tool(), make.tool()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
        tool.delete()
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")
    assert is_refused(other)


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def delete_url(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])


@pytest.mark.parametrize("kind", ["tool", "review", "comparison"])
def test_desk_explains_why_public_content_stays(admin_client, kind):
    review = make.review(of=make.tool(), by=make.reviewer())
    row = {"tool": review.tool, "review": review, "comparison": make.comparison()}[kind]
    page = admin_client.get(reverse(f"admin:{row._meta.app_label}_{kind}_change", args=[row.pk])).content.decode()
    assert delete_url(row) not in page
    for response in (admin_client.get(delete_url(row)), admin_client.post(delete_url(row), {"post": "yes"})):
        assert response.status_code == 302
        assert messages_of(response)[-1] == (
            f"“{row}” stays. Content that readers have seen cannot be deleted. Withdraw a page or a review; "
            "supersede a price or a fact."
        )
    assert type(row).objects.filter(pk=row.pk).exists()


def test_deleted_draft_has_its_user_in_the_history(admin_client, admin_user):
    tool = make.tool(published_at=None)
    make.plan(of=tool)
    response = admin_client.post(delete_url(tool), {"post": "yes"})
    assert (response.status_code, Tool.objects.count(), Plan.objects.count()) == (302, 0, 0)
    assert [Tool.history.first().history_user, Plan.history.first().history_user] == [admin_user] * 2


def make_draft_with_everything() -> Tool:
    """Make a draft tool with reviews and a comparison that readers never saw."""
    tool = make.tool(name="Draft of mine", published_at=None)
    for published_at in (None, make.FUTURE):
        review = make.review(of=tool, by=make.reviewer(), published_at=published_at)
        make.prediction(of=review)
    make.comparison(first=make.tool(), second=tool, published_at=None)
    return tool


def test_draft_takes_along_what_readers_never_saw(admin_client, admin_user):
    tool = make_draft_with_everything()
    page = admin_client.get(delete_url(tool)).text
    assert "Cannot delete" not in page
    assert page.count("Review:") == 2
    assert "Comparison:" in page
    admin_client.post(delete_url(tool), {"post": "yes"})
    assert not Tool.objects.filter(pk=tool.pk).exists()
    assert (Review.objects.count(), Comparison.objects.count()) == (0, 0)
    assert {row.history_user for row in Review.history.filter(history_type="-")} == {admin_user}
    make_draft_with_everything()
    _, done = delete_all(admin_client, Tool)
    assert messages_of(done)[0] == "Successfully deleted 1 tool."
    assert not Review.objects.exists()


def test_draft_stays_with_a_review_that_readers_saw_or_that_the_user_may_not_delete(admin_client):
    tool = make_draft_with_everything()
    clerk = sign_in(make_user("tools.view_tool", "tools.delete_tool"))
    assert clerk.post(delete_url(tool), {"post": "yes"}).status_code == 403
    make.review(of=tool, by=make.reviewer())
    assert "Cannot delete tool" in admin_client.get(delete_url(tool)).text
    assert admin_client.post(delete_url(tool), {"post": "yes"}).status_code == 200
    assert Tool.objects.filter(pk=tool.pk).exists()
    assert Review.objects.filter(tool=tool).count() == 3


def delete_all(client, model):
    rows = list(model.objects.values_list("pk", flat=True))
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    question = client.post(address, {"action": "delete_selected", "_selected_action": rows})
    if question.status_code == 302:
        return question, None
    chosen = [
        int(part.split('"')[0]) for part in question.content.decode().split('name="_selected_action" value="')[1:]
    ]
    return question, client.post(address, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})


def test_bulk_deletion_skips_public_rows_and_reports_both(admin_client):
    kept, gone = make.tool(name="Kept"), [make.tool(name=f"Draft {n}", published_at=None) for n in range(2)]
    question, done = delete_all(admin_client, Tool)
    page = question.content.decode()
    assert "“Kept” stays. Content that readers have seen cannot be deleted" in page
    assert all(tool.name in page for tool in gone)
    deleted, offer = messages_of(done)
    change = BulkChange.objects.get()
    assert (deleted, change.title) == ("Successfully deleted 2 tools.", "Delete two tools")
    assert offer == f'Deleted by mistake? <a href="/admin/changes/{change.pk}/undo/">Undo…</a>'
    assert list(Tool.objects.all()) == [kept]


def test_bulk_deletion_of_public_rows_alone_asks_nothing(admin_client):
    for number in range(12):
        make.comparison(first=make.tool(name=f"A {number}"))
    question, done = delete_all(admin_client, Comparison)
    [message] = messages_of(question)
    assert done is None
    assert message.count("“") == 10
    assert "and two others stay. Content that readers have seen" in message
    assert Comparison.objects.count() == 12


def test_category_with_tools_is_not_deleted_and_lists_them(admin_client):
    tool = make.tool(name="Needs it")
    page = admin_client.get(delete_url(tool.category)).content.decode()
    assert "Cannot delete category" in page
    assert "Needs it" in page
    assert admin_client.post(delete_url(tool.category), {"post": "yes"}).status_code == 200
    assert Category.objects.count() == 1


def test_row_published_in_the_meantime_is_reported(admin_client, monkeypatch):
    review = make.review(of=make.tool(), by=make.reviewer())
    monkeypatch.setattr("desk.history.deletion.must_stay", lambda row: False)  # as a moment before it was published
    response = admin_client.post(delete_url(review), {"post": "yes"})
    assert (response.status_code, messages_of(response)[-1][:21]) == (302, "Nothing was deleted. ")
    question, done = delete_all(admin_client, Review)
    assert messages_of(done)[-1].startswith("Nothing was deleted. Content that readers have seen cannot be deleted")
    assert (question.status_code, Review.objects.count()) == (200, 1)


def test_corrections_can_only_be_added(admin_client):
    tool, draft = make.tool(), make.tool(published_at=None)
    address = reverse("admin:tools_correction_add")
    assert admin_client.post(address, {"tool": tool.pk, "note": " The  price\nwas wrong. "}).status_code == 302
    [correction] = tool.corrections.all()
    assert correction.note == "The price was wrong."
    refused = admin_client.post(address, {"tool": draft.pk, "note": "x"}).content.decode()
    assert "Readers have not seen this tool yet" in refused
    assert "This field is required" in admin_client.post(address, {"tool": tool.pk, "note": " "}).content.decode()
    change = reverse("admin:tools_correction_change", args=[correction.pk])
    assert "_save" not in admin_client.get(change).content.decode()
    assert admin_client.post(change, {"note": "x"}).status_code == 403
    assert admin_client.post(delete_url(correction), {"post": "yes"}).status_code == 403
    page = admin_client.get(reverse("admin:tools_tool_change", args=[tool.pk])).content.decode()
    assert ("corrections-TOTAL_FORMS" in page, "The price was wrong." in page) == (True, True)
