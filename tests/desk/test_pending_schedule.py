"""Pending changes that a worker publishes at the time that an editor chose."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from desk.models import PendingChange
from desk.pending.publishing import publish_due
from tests.desk.forms import change_url, read_fields, save_form
from tests.desk.pending import WRITES_ALL, act, keep, make_ada, make_priced_tool, pending_url, read_messages
from tests.desk.people import make_user, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return make_ada()


def test_scheduled_change_is_published_by_a_worker(admin_client, time_machine):
    tool = make_priced_tool()
    keep(admin_client, tool, tagline="New.")
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    assert act(admin_client, tool, "schedule", at=f"{at:%Y-%m-%dT%H:%M}").startswith("Scheduled: it is published on")
    assert publish_due() == 0
    time_machine.move_to(at + timedelta(seconds=1))
    call_command("worker", until_empty=True)
    tool.refresh_from_db()
    assert (tool.tagline, PendingChange.objects.count()) == ("New.", 0)
    assert tool.history.first().history_user.username == "admin"


def test_time_is_checked_and_can_be_taken_back(admin_client):
    tool = make_priced_tool()
    token = keep(admin_client, tool, tagline="New.").token
    for at, words in (
        ("", "Choose a time."),
        ("2020-01-01T09:00", "That time has passed."),
        ("99999-01-01", "Enter a valid date/time."),
    ):
        page = admin_client.post(pending_url(tool), {"action": "schedule", "token": token, "at": at})
        assert (page.status_code, words in page.content.decode()) == (200, True)
    act(admin_client, tool, "schedule", at=f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}")
    assert PendingChange.objects.get().publish_at is not None
    act(admin_client, tool, "unschedule")
    assert PendingChange.objects.get().publish_at is None


def test_scheduled_change_that_conflicts_stays_and_is_loud(admin_client, ada, time_machine):
    tool = make_priced_tool()
    keep(ada, tool, tagline="Mine.")
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    act(ada, tool, "schedule", at=f"{at:%Y-%m-%dT%H:%M}")
    save_form(admin_client, tool, tagline="Theirs.")
    time_machine.move_to(at)
    assert publish_due() == 0
    change = PendingChange.objects.get()
    assert change.problem == "Admin changed the same since: Tagline. Edit it to choose."
    front = admin_client.get("/admin/").content.decode()
    assert "was not published" in front
    assert change.problem in front
    assert change.problem in admin_client.get(change_url(tool)).content.decode()
    tool.refresh_from_db()
    assert tool.tagline == "Theirs."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda tool: tool.withdraw(), "The tool is withdrawn. Put it back first."),
        (lambda tool: User.objects.filter(username="ada").update(is_active=False), "Ada may not publish a tool."),
        (
            lambda tool: User.objects.filter(username="ada").delete(),
            "The account that scheduled it no longer exists. Schedule it again.",
        ),
    ],
)
def test_worker_refuses_what_an_editor_could_not_publish(ada, time_machine, spoil, words):
    tool = make_priced_tool()
    keep(ada, tool, tagline="New.")
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    act(ada, tool, "schedule", at=f"{at:%Y-%m-%dT%H:%M}")
    spoil(tool)
    time_machine.move_to(at)
    assert publish_due() == 0
    assert PendingChange.objects.get().problem == words


def test_what_is_scheduled_is_discarded_by_those_only_who_may_schedule(admin_client, ada):
    tool = make_priced_tool()
    writer = sign_in(make_user(*WRITES_ALL))
    at = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    token = keep(writer, tool, tagline="New.").token
    assert 'value="discard"' in writer.get(pending_url(tool)).content.decode()
    act(admin_client, tool, "schedule", at=at)
    response = writer.post(pending_url(tool), {"action": "discard", "token": token})  # from a page opened before
    assert response.status_code == 403
    assert (
        "This pending change was approved, and is scheduled. Your account may not publish a tool, so it cannot discard "
        "it. Ask an editor: ada or admin." in response.content.decode()
    )
    page = writer.get(pending_url(tool)).content.decode()
    assert ('value="discard"' in page, "nor discard what is scheduled. Ask an editor: ada or admin." in page) == (
        False,
        True,
    )
    assert PendingChange.objects.get().publish_at is not None
    act(ada, tool, "discard")
    assert not PendingChange.objects.exists()


def test_edit_by_one_who_may_not_publish_takes_the_schedule_away(admin_client):
    tool = make_priced_tool()
    keep(admin_client, tool, tagline="New.")
    act(admin_client, tool, "schedule", at=f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}")
    writer = sign_in(make_user(*WRITES_ALL))
    form = read_fields(writer.get(pending_url(tool, "edit/")).content.decode())
    response = writer.post(pending_url(tool, "edit/"), {**form, "tagline": "Slipped in.", "_pending": "1"})
    assert read_messages(response).splitlines()[-1] == (
        "It is no longer scheduled, because you changed it. Ask an editor: admin."
    )
    change = PendingChange.objects.get()
    assert (change.posted["tagline"], change.publish_at) == (["Slipped in."], None)
