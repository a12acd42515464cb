"""Pending changes: edits of what is public that are kept, previewed, scheduled, published, and discarded."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings

from desk.models import PendingChange
from desk.pending import previews
from tests import factories as make
from tests.accounts.people import person
from tests.desk.forms import change_url, fill_form, read_fields, save_form
from tests.desk.pending import WRITES_ALL, act, keep, make_ada, make_priced_tool, pending_url, read_messages
from tests.desk.people import WRITER, make_user, sign_in
from tests.desk.test_conflicts import EDITS, INPUTS, make_price
from tests.desk.test_tool_logo import draw
from tools.models import Plan, Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return make_ada()


def test_change_is_kept_and_published_in_one_step(admin_client, client):
    tool = make_priced_tool()
    before = client.get(tool.get_absolute_url()).content
    change = keep(admin_client, tool, tagline="New.", **{"plans-0-amount": "25"})
    assert client.get(tool.get_absolute_url()).content == before
    assert [(row["row"], row["fields"]) for row in change.differences] == [
        ("", [["Tagline", "Old.", "New."]]),
        ("plan “Pro”", [["Price", "$20/mo", "$25/mo"]]),
    ]
    assert act(admin_client, tool, "publish") == (
        f"Published the pending change of {change.kept_at:%H:%M} UTC. Readers see the new tagline. "
        "Pro is $25/mo for readers; $20/mo stands as history."
    )
    tool.refresh_from_db()
    assert tool.tagline == "New."
    assert [(plan.amount, plan.superseded_at is None) for plan in tool.plans.order_by("pk")] == [
        (20, False),
        (25, True),
    ]
    assert not PendingChange.objects.exists()
    page = client.get(tool.get_absolute_url()).content.decode()
    assert "New." in page
    assert "$25" in page


def test_correction_is_announced_where_readers_find_it(admin_client):
    tool = make_priced_tool()
    keep(admin_client, tool, **{"plans-0-amount": "25", "plans-0-why": "wrong"})
    words = act(admin_client, tool, "publish")
    assert words.endswith("Pro is $25/mo for readers; $20/mo stands as history. The correction is on /changes/.")


def test_direct_save_says_what_readers_see(admin_client):
    tool = make_priced_tool()
    form = fill_form(admin_client, tool, **{"plans-0-amount": "25"})
    response = admin_client.post(change_url(tool), {**form, "_save": "Save"})
    assert read_messages(response).endswith("Pro is $25/mo for readers; $20/mo stands as history.")


def test_history_says_who_proposed_and_who_published(admin_client, ada):
    tool = make_priced_tool()
    change = keep(ada, tool, tagline="New.", change_reason="The maker wrote.")
    act(admin_client, tool, "publish")
    event = tool.history.first()
    at = f"{change.kept_at:%b} {change.kept_at.day}, {change.kept_at.year}, {change.kept_at:%H:%M} UTC"
    assert event.history_user.username == "admin"
    assert event.history_change_reason == f"Pending change of {at} by ada: The maker wrote."


def test_form_is_validated_when_it_is_kept(admin_client):
    tool = make_priced_tool()
    form = fill_form(admin_client, tool, tagline="New.", **{"plans-0-amount": "much"})
    response = admin_client.post(change_url(tool), {**form, "_pending": "1"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "Enter a number." in page
    assert read_fields(page)["tagline"] == "New."
    assert not PendingChange.objects.exists()


def test_nothing_is_kept_that_changes_nothing(admin_client):
    tool = make_priced_tool()
    response = admin_client.post(change_url(tool), {**fill_form(admin_client, tool), "_pending": "preview"})
    assert response.url == change_url(tool)
    assert read_messages(response) == "Nothing differs from what readers see, so nothing was kept."
    assert not PendingChange.objects.exists()


def test_keeping_writes_no_content_and_no_history(admin_client):
    tool = make_priced_tool()
    counts = (Plan.history.count(), Tool.history.count(), Plan.objects.count())
    keep(admin_client, tool, tagline="New.", **{"plans-0-amount": "25"})
    assert (Plan.history.count(), Tool.history.count(), Plan.objects.count()) == counts
    assert list(LogEntry.objects.values_list("change_message", flat=True)) == ["Kept a pending change."]


def test_bar_tells_who_and_what(admin_client, ada):
    tool = make_priced_tool()
    change = keep(ada, tool, tagline="New.")
    page = admin_client.get(change_url(tool)).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert f"Ada has a pending change of {change.kept_at:%b} {change.kept_at.day}, {change.kept_at:%H:%M} UTC" in text
    assert "1 field differs What differs Tagline Old. → New. Preview Edit Publish, schedule, or discard…" in text
    assert 'name="_pending"' not in page  # one at a time


def test_reviewer_learns_that_there_is_one_and_not_what_it_says(admin_client):
    tool = make_priced_tool()
    keep(admin_client, tool, tagline="New.")
    page = sign_in(person("Reviewer")).get(change_url(tool)).content.decode()
    assert ("Admin has a pending change of" in page, "New." in page, "/pending/" in page) == (True, False, False)


def test_second_change_is_refused_and_keeps_what_was_typed(admin_client, ada):
    tool = make_priced_tool()
    mine = fill_form(admin_client, tool, tagline="Mine.")
    keep(ada, tool, tagline="Theirs.")
    page = admin_client.post(change_url(tool), {**mine, "_pending": "1"}).content.decode()
    assert "Ada has kept a pending change since you opened this page" in page
    assert read_fields(page)["tagline"] == "Mine."
    assert PendingChange.objects.get().posted["tagline"] == ["Theirs."]


def test_database_holds_one_change_per_object(admin_client):
    tool = make_priced_tool()
    change = keep(admin_client, tool, tagline="New.")
    for subject in ({"tool": tool}, {}, {"tool": make.tool(), "comparison": make.comparison()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PendingChange.objects.create(**subject, posted={}, kept_at=change.kept_at)


def test_edited_change_replaces_the_kept_one(admin_client, ada):
    tool = make_priced_tool()
    keep(ada, tool, tagline="New.", **{"plans-0-amount": "25"})
    shown = admin_client.get(pending_url(tool, "edit/"))
    page = shown.content.decode()
    assert shown.status_code == 200
    assert ("It is only shown." in page, "to fix" in page, "Please correct" in page) == (False, False, False)
    form = read_fields(page)
    assert (form["tagline"], form["plans-0-amount"]) == ("New.", "25")
    response = admin_client.post(pending_url(tool, "edit/"), {**form, "tagline": "Newer.", "_pending": "preview"})
    assert (response.status_code, response.url) == (302, pending_url(tool, "edit/"))
    change = PendingChange.objects.get()
    assert (change.posted["tagline"], change.author.username, change.count) == (["Newer."], "admin", 2)


def test_edited_change_can_be_published_from_the_form(admin_client, ada):
    tool = make_priced_tool()
    keep(ada, tool, tagline="New.")
    form = read_fields(admin_client.get(pending_url(tool, "edit/")).content.decode())
    response = admin_client.post(pending_url(tool, "edit/"), {**form, "tagline": "Newest.", "_save": "1"})
    assert response.status_code == 302
    tool.refresh_from_db()
    assert (tool.tagline, PendingChange.objects.count()) == ("Newest.", 0)
    assert tool.history.first().history_change_reason.endswith(" by ada")


def test_publishing_merges_what_others_have_saved(admin_client, ada):
    tool = make_priced_tool()
    keep(ada, tool, tagline="New.")
    save_form(admin_client, tool, description="Theirs.", **{"plans-0-amount": "30"})
    assert "both changes are kept" in act(ada, tool, "publish")
    tool.refresh_from_db()
    assert (tool.tagline, tool.description) == ("New.", "Theirs.")
    assert list(tool.plans.current().values_list("amount", flat=True)) == [30]


def test_conflict_leads_to_the_questions(admin_client, ada):
    tool = make_priced_tool()
    keep(ada, tool, tagline="Mine.")
    save_form(admin_client, tool, tagline="Theirs.")
    words = act(ada, tool, "publish")
    assert words == "Not published. Admin changed the same since: Tagline. Edit it to choose."
    assert "Admin changed the same since: Tagline." in ada.get(pending_url(tool)).content.decode()
    shown = ada.get(pending_url(tool, "edit/"))
    page = shown.content.decode()
    assert "Choose for each, then save." in page
    assert 'name="_pending" value="1" class="button">Keep pending change' in page
    answer = {**read_fields(page), "asked": ":tagline", "keep::tagline": "mine", "_pending": "1"}
    assert ada.post(pending_url(tool, "edit/"), answer).status_code == 302
    act(ada, tool, "publish")
    tool.refresh_from_db()
    assert tool.tagline == "Mine."


def test_discarded_change_is_gone(admin_client):
    tool = make_priced_tool()
    change = keep(admin_client, tool, tagline="New.")
    assert act(admin_client, tool, "discard") == f"Discarded the pending change of {change.kept_at:%H:%M} UTC."
    assert not PendingChange.objects.exists()
    tool.refresh_from_db()
    assert tool.tagline == "Old."
    response = admin_client.get(pending_url(tool))
    assert (response.status_code, read_messages(response).splitlines()[-1]) == (302, "Alpha has no pending change.")


def test_button_of_an_outdated_page_does_nothing(admin_client):
    tool = make_priced_tool()
    token = keep(admin_client, tool, tagline="New.").token
    form = read_fields(admin_client.get(pending_url(tool, "edit/")).content.decode())
    admin_client.post(pending_url(tool, "edit/"), {**form, "tagline": "Newer.", "_pending": "1"})
    for action in ("publish", "discard"):
        response = admin_client.post(pending_url(tool), {"action": action, "token": token})
        assert "It was changed in the meantime." in read_messages(response)
    tool.refresh_from_db()
    assert (tool.tagline, PendingChange.objects.count()) == ("Old.", 1)


def test_preview_is_the_page_as_it_will_be_and_writes_nothing(admin_client, client):
    tool = make_priced_tool()
    change = keep(admin_client, tool, tagline="New.", **{"plans-0-amount": "25"})
    counts = (Plan.history.count(), Tool.history.count(), Plan.objects.count(), LogEntry.objects.count())
    response = client.get(previews.preview_url(change))
    page = response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"
    assert ("New." in page, "$25" in page, "proposes this change" in page, "ballot" in page) == (
        True,
        True,
        True,
        False,
    )
    assert (Plan.history.count(), Tool.history.count(), Plan.objects.count(), LogEntry.objects.count()) == counts


def test_preview_that_no_longer_fits_says_so(admin_client, ada, client):
    tool = make_priced_tool()
    address = previews.preview_url(keep(ada, tool, tagline="Mine."))
    save_form(admin_client, tool, tagline="Theirs.")
    response = client.get(address)
    assert (response.status_code, "Mine." in response.content.decode()) == (409, False)
    act(ada, tool, "discard")
    assert client.get(address).status_code == 410
    assert client.get("/preview/pending/tool-1:x:y/").status_code == 404


def test_day_of_a_check_is_the_day_on_which_it_was_ticked(admin_client, time_machine):
    tool = make_priced_tool()
    time_machine.move_to(datetime(2026, 5, 1, 12, tzinfo=UTC))
    keep(admin_client, tool, **{"plans-0-amount": "25", "plans-0-verified_today": "on"})
    time_machine.move_to(datetime(2026, 5, 3, 12, tzinfo=UTC))
    form = read_fields(admin_client.get(pending_url(tool, "edit/")).content.decode())
    assert admin_client.post(pending_url(tool, "edit/"), {**form, "_pending": "1"}).status_code == 302
    act(admin_client, tool, "publish")
    assert tool.plans.current().get().verified_on == date(2026, 5, 1)


@pytest.fixture
def stored(settings, tmp_path) -> Callable[[], set[str]]:
    """Return a function that lists the stems of all stored logos."""
    settings.MEDIA_ROOT = tmp_path
    return lambda: {path.stem for path in tmp_path.glob("logos/*")}


def keep_logo(client: Client, tool: Tool, **typed) -> PendingChange:
    return keep(client, tool, logo_file=SimpleUploadedFile("logo.png", draw()), **typed)


def test_new_logo_goes_out_with_the_change(admin_client, client, stored, django_capture_on_commit_callbacks):
    tool = make_priced_tool()
    before = client.get(tool.get_absolute_url()).content
    change = keep_logo(admin_client, tool)
    assert (stored(), client.get(tool.get_absolute_url()).content) == ({change.logo}, before)
    assert [row["fields"] for row in change.differences] == [[["Logo", "—", "a new one"]]]
    assert change.logo in admin_client.get(pending_url(tool)).text
    assert change.logo in client.get(previews.preview_url(change)).text
    edited = admin_client.get(pending_url(tool, "edit/")).text
    assert "New logo in this pending change:" in edited
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(pending_url(tool, "edit/"), {**read_fields(edited), "tagline": "New.", "_pending": "1"})
    assert (stored(), PendingChange.objects.get().logo) == ({change.logo}, change.logo)
    with django_capture_on_commit_callbacks(execute=True):
        assert "Readers see the new logo. Readers see the new tagline." in act(admin_client, tool, "publish")
    tool.refresh_from_db()
    assert (tool.logo, stored()) == (change.logo, {change.logo})


def test_logo_is_removed_with_what_is_not_published(admin_client, stored, django_capture_on_commit_callbacks):
    tool = make_priced_tool()
    form = fill_form(admin_client, tool, logo_file=SimpleUploadedFile("logo.png", draw()), **{"plans-0-amount": "much"})
    assert admin_client.post(change_url(tool), {**form, "_pending": "1"}).status_code == 200
    assert stored() == set()
    first = keep_logo(admin_client, tool, tagline="New.")
    with django_capture_on_commit_callbacks(execute=True):
        typed = {**read_fields(admin_client.get(pending_url(tool, "edit/")).text), "_pending": "1"}
        admin_client.post(
            pending_url(tool, "edit/"), {**typed, "logo_file": SimpleUploadedFile("logo.png", draw(color="blue"))}
        )
    second = PendingChange.objects.get()
    assert (stored(), first.logo == second.logo) == ({second.logo}, False)
    with django_capture_on_commit_callbacks(execute=True):
        typed = {**read_fields(admin_client.get(pending_url(tool, "edit/")).text), "_pending": "1"}
        admin_client.post(pending_url(tool, "edit/"), {**typed, "without_new_logo": "on"})
    assert (stored(), PendingChange.objects.get().logo, PendingChange.objects.get().count) == (set(), "", 1)
    act(admin_client, tool, "discard")
    keep_logo(admin_client, tool)
    with django_capture_on_commit_callbacks(execute=True):
        act(admin_client, tool, "discard")
    tool.refresh_from_db()
    assert (stored(), tool.logo) == (set(), "")


def test_user_who_may_not_publish_proposes_only(admin_client):
    tool = make_priced_tool()
    writer = sign_in(make_user(*WRITES_ALL))
    page = writer.get(change_url(tool)).content.decode()
    assert ('name="_pending"' in page, 'name="_save"' in page) == (True, False)
    response = writer.post(change_url(tool), {**fill_form(writer, tool, tagline="Proposed."), "_save": "Save"})
    assert read_messages(response).startswith("Kept as a pending change: 1 field differs.")
    token = PendingChange.objects.get().token
    at = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    for action in ("publish", "schedule", "unschedule"):
        assert writer.post(pending_url(tool), {"action": action, "token": token, "at": at}).status_code == 403
    tool.refresh_from_db()
    assert (tool.tagline, PendingChange.objects.get().publish_at) == ("Old.", None)
    act(admin_client, tool, "publish")
    tool.refresh_from_db()
    assert tool.tagline == "Proposed."


def test_forged_form_of_one_who_may_not_publish_saves_nothing(admin_client):
    tool = make_priced_tool()
    writer = sign_in(make_user(*WRITES_ALL))
    form = fill_form(writer, tool, tagline="Forced.")
    without = {name: value for name, value in form.items() if name != "seen_version"}
    for forged in ({**without, "_save": "1"}, {**without, "_pending": "1"}, {**form, "seen_version": "", "_save": "1"}):
        assert writer.post(change_url(tool), forged).status_code == 400
    tool.refresh_from_db()
    assert (tool.tagline, PendingChange.objects.count()) == ("Old.", 0)


def test_publisher_who_may_not_change_all_of_it_is_refused(admin_client):
    tool = make_priced_tool()
    keep(admin_client, tool, **{"plans-0-amount": "25"})
    publisher = sign_in(make_user(*WRITER, "tools.publish_tool", "reviews.publish_review"))
    assert act(publisher, tool, "publish").endswith(" may not change all that it changes.")
    assert tool.plans.get().amount == 20


def test_form_that_is_sent_twice_is_kept_once(admin_client):
    tool = make_priced_tool()
    form = {**fill_form(admin_client, tool, tagline="New."), "_pending": "1"}
    responses = [admin_client.post(change_url(tool), form) for _ in range(2)]
    assert [response.status_code for response in responses] == [302, 302]
    assert read_messages(responses[1]).endswith("The second time changed nothing.")
    assert PendingChange.objects.count() == 1


def test_what_was_typed_is_not_lost_if_the_tool_was_withdrawn_in_the_meantime(admin_client):
    tool = make_priced_tool()
    form = {**fill_form(admin_client, tool, tagline="New."), "CHANGE_FORM-action": "", "_pending": "1"}
    tool.withdraw()
    page = admin_client.post(change_url(tool), form).content.decode()
    assert "The tool is withdrawn by now, so nothing was kept." in page
    assert read_fields(page)["tagline"] == "New."


def test_message_says_what_became_of_each_row(admin_client):
    tool = make_priced_tool()
    make.plan(of=tool, name="Team", kind="paid", amount=40, currency="USD", period="month")
    make.fact(of=tool, attribute=make.attribute(name="License"), value="MIT")
    make.fact(of=tool, attribute=make.attribute(name="Languages"), value="12")
    form = fill_form(admin_client, tool)
    rows = {form[f"plans-{number}-name"]: f"plans-{number}" for number in range(2)}
    facts = {form[f"facts-{number}-value"]: f"facts-{number}" for number in range(2)}
    typed = {
        f"{rows['Team']}-DELETE": "on",
        "plans-2-name": "Solo",
        "plans-2-kind": "free",
        f"{rows['Pro']}-verified_today": "on",
        f"{facts['MIT']}-value": "Apache-2.0",
        f"{facts['12']}-note": "of the interface",
        "tagline": "New.",
    }
    response = admin_client.post(change_url(tool), {**form, **typed, "_save": "1"})
    words = read_messages(response).splitlines()[-1]
    assert sorted(re.split(r"(?<=\.) ", words)) == [
        "1 price or fact checked again.",
        "Languages has a new note for readers.",
        "License is Apache-2.0 for readers; MIT stands as history.",
        "Readers see the new tagline.",
        "Solo is new for readers: Free.",
        "Team is no longer listed; $40/mo stands as history.",
    ]


def test_new_edition_goes_out_with_the_change(admin_client, client):
    tool, seat = make_priced_tool(), make.reviewer(name="The Builder")
    words = "It holds up in my stack, day after day, and so I keep it around for good. " * 3
    typed = {
        f"scorecard-{seat.pk}-{name}": value
        for name, value in {
            "verdict": "skip",
            "gist": "It broke.",
            "quote": words,
            "basis": "read",
            "publish_now": "on",
        }.items()
    }
    keep(admin_client, tool, **typed)
    assert not tool.reviews.exists()
    assert "The new edition of The Builder (skip) is public" in act(admin_client, tool, "publish")
    assert tool.reviews.published().count() == 1


def test_deleted_tool_takes_its_change_along(admin_client):
    tool = make_priced_tool()
    keep(admin_client, tool, tagline="New.")
    with transaction.atomic():
        from django.db import connection

        connection.cursor().execute("SET LOCAL shipside.maintenance = 'on'")
        tool.delete()
    assert not PendingChange.objects.exists()


def test_comparison_has_pending_changes_too(admin_client, client):
    pair = make.comparison(introduction="Old words.")
    change = keep(admin_client, pair, introduction="New words.")
    assert "New words." not in client.get(pair.get_absolute_url()).content.decode()
    assert "New words." in client.get(previews.preview_url(change)).content.decode()
    assert act(admin_client, pair, "publish").endswith("Readers see the new introduction.")
    assert "New words." in client.get(pair.get_absolute_url()).content.decode()


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=EDITS, theirs=EDITS)
def test_random_edits_are_published_as_a_merge_of_them_or_not_at_all(admin_client, ada, mine, theirs):
    """Compare what is published with a merge of the two posted forms, cell by cell."""
    tool = make.tool(tagline="", website="")
    make_price(tool)
    before = fill_form(admin_client, tool)
    was = {name: before[name] for name in INPUTS}
    ours, other = was | mine, was | theirs
    assume(ours != was)
    keep(admin_client, tool, **mine)
    save_form(ada, tool, **theirs)
    clash = any(len({was[name], ours[name], other[name]}) == 3 for name in INPUTS)
    words = act(admin_client, tool, "publish")
    assert ("Not published." in words, PendingChange.objects.of(tool).exists()) == (clash, clash)
    merged = {name: ours[name] if ours[name] != was[name] else other[name] for name in INPUTS}
    tool.refresh_from_db()
    plan = Plan.objects.current().get(tool=tool)
    saved = (tool.tagline, tool.website, f"{plan.amount.normalize():f}", plan.source)
    assert saved == tuple((other if clash else merged).values())
