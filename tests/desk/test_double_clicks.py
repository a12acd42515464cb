"""A form that is sent twice at once saves once, and both requests get the response of the first."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from lxml import html

from accounts.models import User
from newsletter.models import Issue, Outbox
from tests import factories as make
from tests.desk.forms import change_url, fill_form, read_fields, save_form
from tests.locking import send_at_once, send_twice
from tools.models import Category, Correction, Plan, Tool

pytestmark = pytest.mark.django_db(transaction=True)

TWICE = "This form was sent twice. The second time changed nothing."


def refuse_inserts(table: str) -> str:
    return f"LOCK TABLE {table} IN SHARE MODE"


def read_add_form(client: Client, url: str) -> dict[str, Any]:
    return read_fields(client.get(url).content.decode())


def read_messages(client: Client) -> list[str]:
    page = html.fromstring(client.get("/admin/").content.decode())
    return [item.text_content() for item in page.xpath("//ul[@class='messagelist']/li")]


def test_adding_a_tool_twice_makes_one_draft(admin_client):
    url = "/admin/tools/tool/add/"
    fields = read_add_form(admin_client, url) | {"name": "Double Click", "category": make.category().pk}
    responses = send_twice(
        admin_client, url, fields | {"_save": "Save"}, lock="SELECT FROM tools_contentrevision FOR UPDATE"
    )
    assert list(Tool.objects.values_list("slug", flat=True)) == ["double-click"]
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [(302, "/admin/tools/tool/")] * 2


def test_adding_a_user_twice_makes_one_account(admin_client):
    url = "/admin/accounts/user/add/"
    typed = {"username": "bea", "email": "bea@example.org"}
    fields = read_add_form(admin_client, url) | typed
    responses = send_twice(admin_client, url, fields | {"_save": "Save"}, lock=refuse_inserts("accounts_user"))
    bea = User.objects.get(username="bea")
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [
        (302, f"/admin/accounts/user/{bea.pk}/change/")
    ] * 2


def test_user_name_taken_in_the_meantime_is_reported(admin_client):
    """Two administrators add the same name at once, each in a form of their own."""
    url = "/admin/accounts/user/add/"
    typed = {"username": "bea", "email": "bea@example.org"}
    forms = [read_add_form(admin_client, url) | typed for _ in range(2)]
    responses = send_at_once(admin_client, url, forms, lock=refuse_inserts("accounts_user"))
    responses.sort(key=lambda response: response.status_code)
    assert [each.status_code for each in responses] == [200, 302]
    errors = responses[0].context["adminform"].form.errors
    assert errors["username"] == ["Another account has this user name."]


def test_adding_a_group_twice_makes_one_group(admin_client):
    url = "/admin/auth/group/add/"
    fields = read_add_form(admin_client, url) | {"name": "Interns", "_save": "Save"}
    responses = send_twice(admin_client, url, fields, lock=refuse_inserts("auth_group"))
    assert Group.objects.filter(name="Interns").count() == 1
    assert [each.status_code for each in responses] == [302, 302]


def test_composing_an_issue_twice_makes_one_draft(admin_client):
    make.comparison(published_at=timezone.now())
    responses = send_twice(
        admin_client, "/admin/newsletter/issue/compose/", {}, lock=refuse_inserts("newsletter_issue")
    )
    issue = Issue.objects.get()
    location = f"/admin/newsletter/issue/{issue.pk}/change/"
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [(303, location)] * 2


def test_test_mail_sent_twice_is_queued_once(admin_client, admin_user):
    admin_user.email = "admin@example.org"
    admin_user.save()
    issue = make.issue()
    url = f"/admin/newsletter/issue/{issue.pk}/test/"
    token = read_fields(admin_client.get(change_url(issue)).content.decode())["csrfmiddlewaretoken"]
    send_twice(admin_client, url, {"csrfmiddlewaretoken": token}, lock=refuse_inserts("newsletter_outbox"))
    assert Outbox.objects.count() == 1


def test_change_form_sent_twice_is_no_conflict_with_oneself(admin_client):
    tool = make.tool()
    fields = fill_form(admin_client, tool, tagline="Now with jam.")
    new_rows = {
        "corrections-TOTAL_FORMS": "1",
        "corrections-0-note": "The tagline was wrong.",
        "plans-TOTAL_FORMS": "1",
        "plans-0-name": "Solo",
        "plans-0-kind": "free",
    }
    responses = send_twice(
        admin_client,
        change_url(tool),
        fields | new_rows | {"_continue": "Save"},
        lock="SELECT FROM tools_contentrevision FOR UPDATE",
    )
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [(302, change_url(tool))] * 2
    assert (Correction.objects.count(), Plan.objects.count(), tool.history.count()) == (1, 1, 2)


def test_restoring_twice_is_no_conflict_with_oneself(admin_client):
    tool = make.tool(tagline="Then.")
    version = tool.history.get()
    save_form(admin_client, tool, tagline="Now.")
    url = f"/admin/tools/tool/{tool.pk}/history/tool/{version.pk}/restore/"
    page = html.fromstring(admin_client.get(url).content.decode())
    fields = {
        name: page.xpath(f"//form[.//input[@name='seen_version']]//input[@name='{name}']/@value")[0]
        for name in ("csrfmiddlewaretoken", "seen_version")
    }
    responses = send_twice(admin_client, url, fields, lock="SELECT FROM tools_contentrevision FOR UPDATE")
    history = f"/admin/tools/tool/{tool.pk}/history/"
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [(302, history)] * 2
    assert tool.history.count() == 3


def test_form_sent_again_with_the_back_button_says_so(admin_client):
    url = "/admin/tools/category/add/"
    fields = read_add_form(admin_client, url) | {"name": "Agents", "slug": "agents", "_save": "Save"}
    assert admin_client.post(url, fields).headers["Location"] == "/admin/tools/category/"
    read_messages(admin_client)
    assert admin_client.post(url, fields).headers["Location"] == "/admin/tools/category/"
    assert read_messages(admin_client) == [TWICE]
    assert Category.objects.count() == 1


def test_form_that_was_not_saved_may_be_sent_again(admin_client):
    url = "/admin/tools/category/add/"
    taken = make.category(slug="agents")
    fields = read_add_form(admin_client, url) | {"name": "Agents", "slug": "agents", "_save": "Save"}
    assert admin_client.post(url, fields).status_code == 200
    taken.delete()
    assert admin_client.post(url, fields).status_code == 302
    assert Category.objects.count() == 1


def test_same_words_in_a_new_form_are_saved_again(admin_client):
    url = "/admin/tools/tool/add/"
    typed = {"name": "Twin", "category": make.category().pk, "_save": "Save"}
    for _ in range(2):
        admin_client.post(url, read_add_form(admin_client, url) | typed)
    assert list(Tool.objects.order_by("pk").values_list("slug", flat=True)) == ["twin", "twin-2"]


def test_window_of_add_another_is_closed_twice(admin_client):
    url = "/admin/tools/category/add/?_popup=1"
    fields = read_add_form(admin_client, url) | {"name": "Agents", "slug": "agents", "_save": "Save"}
    pages = [admin_client.post(url, fields) for _ in range(2)]
    assert [each.status_code for each in pages] == [200, 200]
    assert pages[0].context["popup_response_data"] == pages[1].context["popup_response_data"]
    assert Category.objects.count() == 1
