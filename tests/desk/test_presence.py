"""Who else has a form open at the desk."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Presence, User
from newsletter.cleanup import delete_expired
from tests import factories as make
from tests.desk.forms import change_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    client = Client()
    user = User.objects.create_superuser("ada", password="p", first_name="Ada", last_name="<b>Byron</b>")
    client.force_login(user)
    return client


def read_line(client: Client, obj) -> str:
    """Open a form, and return what it says about others, as HTML."""
    page = client.get(change_url(obj)).content.decode()
    [line] = re.findall(r'<p class="presence"[^>]*>(.*?)</p>', page)
    return line


def report(client: Client, obj, **fields) -> str:
    content_type = ContentType.objects.get_for_model(obj)
    response = client.post(reverse("admin:presence", args=[content_type.pk, obj.pk]), fields)
    assert response.status_code == 200
    return response.json()["words"]


@pytest.mark.parametrize("kind", ["tool", "comparison", "issue"])
def test_form_says_who_else_has_it_open(admin_client, ada, kind):
    obj = {"tool": make.tool, "comparison": make.comparison, "issue": make.issue}[kind]()
    with time_machine.travel("2026-11-29T14:20:00Z", tick=False):
        assert read_line(ada, obj) == ""
        assert read_line(admin_client, make.tool()) == ""
        name = "Ada &lt;b&gt;Byron&lt;/b&gt;"
        assert read_line(admin_client, obj) == f"{name} has had this {kind} open since 14:20 UTC."
        assert report(ada, obj) == f"Admin has had this {kind} open since 14:20 UTC."


def test_opening_counts_for_ten_minutes_and_a_report_for_two(admin_client, ada):
    tool, now = make.tool(), timezone.now()
    read_line(ada, tool)
    for minutes, is_here in ((9, True), (11, False)):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert (report(admin_client, tool) != "") == is_here
    report(ada, tool)
    opened = Presence.objects.get(user__username="ada").opened_at
    with time_machine.travel(now + timedelta(minutes=1)):
        report(ada, tool)
    assert Presence.objects.get(user__username="ada").opened_at == opened
    for minutes, is_here in ((2.5, True), (3.5, False)):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert (report(admin_client, tool) != "") == is_here


def test_user_who_left_is_gone_at_once(admin_client, ada):
    tool = make.tool()
    read_line(ada, tool)
    report(ada, tool, left="1")
    assert read_line(admin_client, tool) == ""


def test_expired_rows_are_deleted(ada):
    tool = make.tool()
    read_line(ada, tool)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        delete_expired()
    assert not Presence.objects.exists()


def test_reports_are_for_those_who_may_change_the_object_and_renew_no_session(client, ada):
    tool = make.tool()
    client.force_login(User.objects.create_user("eve", is_staff=True))
    address = reverse("admin:presence", args=[ContentType.objects.get_for_model(tool).pk, tool.pk])
    assert (client.post(address).status_code, Client().post(address).status_code) == (403, 302)
    rob = make.user("tools.view_tool", "reviews.add_review", "reviews.change_review")  # writes in the scorecard
    client.force_login(rob)
    assert f'data-url="{address}"' in client.get(change_url(tool)).text
    assert client.post(address).status_code == 200
    refused = ada.get(address)
    assert (refused.status_code, refused["Allow"], "the desk" in refused.text) == (405, "POST", True)
    assert ada.post(reverse("admin:presence", args=[10**6, 1])).status_code == 404
    assert (
        ada.post(reverse("admin:presence", args=[ContentType.objects.get_for_model(tool).pk, 10**30])).status_code
        == 404
    )
    ends = ada.session.get_expiry_date()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        report(ada, tool)
    assert abs(ada.session.get_expiry_date() - ends) < timedelta(minutes=1)
