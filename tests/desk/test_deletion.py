"""Deleted is only what readers never saw: at the desk with a sentence, in the database whoever asks."""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from comparisons.models import Comparison
from reviews.models import Review
from tests import factories as make
from tools.models import Category, Plan, Tool

pytestmark = pytest.mark.django_db
PUBLIC = [{}, {"withdrawn_at": make.PAST}]
HIDDEN = [{"published_at": None}, {"published_at": make.FUTURE}]


def of_everything(**fields):
    """A row of each kind that readers see, of a tool and a review that are public as the fields say."""
    tool = make.tool(**fields)
    review = make.review(of=tool, by=make.reviewer(), **fields)
    return [make.prediction(of=review), review, make.comparison(first=make.tool(), second=make.tool(), **fields),
            make.plan(of=tool), make.fact(of=tool), tool]  # fmt: skip


def refuses(row) -> bool:
    try:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk)._raw_delete("default")
    except IntegrityError as error:
        return "was public" in str(error)
    return False


@pytest.mark.parametrize("fields", PUBLIC)
def test_database_keeps_what_was_public(fields):
    rows = of_everything(**fields)
    assert [refuses(row) for row in rows] == [True] * len(rows)


@pytest.mark.parametrize("fields", HIDDEN)
def test_database_lets_go_of_what_was_never_public(fields):
    rows = of_everything(**fields)
    tool = rows[-1]
    tool.listings.all().delete()
    tool.tallies.all().delete()
    assert [refuses(row) for row in rows] == [False] * len(rows)


def test_what_was_public_once_stays_whatever_its_time_says_now(time_machine):
    tool = make.tool()
    for later in (make.FUTURE, None):
        tool.published_at = later
        tool.save()
        assert refuses(tool)


def test_what_was_only_ever_scheduled_goes():
    tool = make.tool(published_at=make.FUTURE)
    tool.published_at = None
    tool.save()
    tool.delete()
    assert not Tool.objects.exists()


def test_maintenance_may_and_only_in_its_own_transaction():
    tool, other = make.tool(), make.tool()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
        tool.delete()
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")
    assert refuses(other)


def say(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def delete_address(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])


@pytest.mark.parametrize("kind", ["tool", "review", "comparison"])
def test_desk_says_why_something_public_stays(admin_client, kind):
    review = make.review(of=make.tool(), by=make.reviewer())
    row = {"tool": review.tool, "review": review, "comparison": make.comparison()}[kind]
    page = admin_client.get(reverse(f"admin:{row._meta.app_label}_{kind}_change", args=[row.pk])).content.decode()
    assert delete_address(row) not in page
    for response in (admin_client.get(delete_address(row)), admin_client.post(delete_address(row), {"post": "yes"})):
        assert response.status_code == 302
        assert say(response)[-1] == (
            f"“{row}” stays. What readers have seen is not deleted: a page or a review is withdrawn, a price or a fact "
            "is superseded."
        )
    assert type(row).objects.filter(pk=row.pk).exists()


def test_draft_is_deleted_and_its_history_says_by_whom(admin_client, admin_user):
    tool = make.tool(published_at=None)
    make.plan(of=tool)
    response = admin_client.post(delete_address(tool), {"post": "yes"})
    assert (response.status_code, Tool.objects.count(), Plan.objects.count()) == (302, 0, 0)
    assert [Tool.history.first().history_user, Plan.history.first().history_user] == [admin_user] * 2


def delete_all(client, model):
    rows = list(model.objects.values_list("pk", flat=True))
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    asked = client.post(address, {"action": "delete_selected", "_selected_action": rows})
    if asked.status_code == 302:
        return asked, None
    chosen = [int(part.split('"')[0]) for part in asked.content.decode().split('name="_selected_action" value="')[1:]]
    return asked, client.post(address, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})


def test_bulk_deletion_leaves_what_is_public_and_reports_both(admin_client):
    kept, gone = make.tool(name="Kept"), [make.tool(name=f"Draft {n}", published_at=None) for n in range(2)]
    asked, done = delete_all(admin_client, Tool)
    page = asked.content.decode()
    assert "“Kept” stays. What readers have seen is not deleted" in page
    assert all(tool.name in page for tool in gone)
    assert say(done) == ["Successfully deleted 2 tools."]
    assert list(Tool.objects.all()) == [kept]


def test_bulk_deletion_of_public_things_alone_asks_nothing(admin_client):
    for number in range(12):
        make.comparison(first=make.tool(name=f"A {number}"))
    asked, done = delete_all(admin_client, Comparison)
    [message] = say(asked)
    assert done is None
    assert message.count("“") == 10
    assert "and two others stay. What readers have seen" in message
    assert Comparison.objects.count() == 12


def test_category_with_tools_is_not_deleted_and_says_what_needs_it(admin_client):
    tool = make.tool(name="Needs it")
    page = admin_client.get(delete_address(tool.category)).content.decode()
    assert "Cannot delete category" in page
    assert "Needs it" in page
    assert admin_client.post(delete_address(tool.category), {"post": "yes"}).status_code == 200
    assert Category.objects.count() == 1


def test_published_meanwhile_is_a_message_and_no_error_page(admin_client, monkeypatch):
    review = make.review(of=make.tool(), by=make.reviewer())
    monkeypatch.setattr("desk.history.deletion.was_seen", lambda row: False)  # as it was a moment ago
    response = admin_client.post(delete_address(review), {"post": "yes"})
    assert (response.status_code, say(response)[-1][:21]) == (302, "Nothing was deleted. ")
    asked, done = delete_all(admin_client, Review)
    assert say(done)[-1].startswith("Nothing was deleted. What readers have seen is not deleted")
    assert (asked.status_code, Review.objects.count()) == (200, 1)


def test_corrections_are_added_at_the_desk_and_nothing_else(admin_client):
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
    assert admin_client.post(delete_address(correction), {"post": "yes"}).status_code == 403
    page = admin_client.get(reverse("admin:tools_tool_change", args=[tool.pk])).content.decode()
    assert ("corrections-TOTAL_FORMS" in page, "The price was wrong." in page) == (True, True)
