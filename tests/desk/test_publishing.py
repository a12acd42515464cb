"""Publishing in the admin: the panel, the confirmation page, and the report."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from comparisons.models import Comparison
from desk.publishing.transitions import TRANSITIONS, apply_transition, compute_effects
from desk.tool_page.seat_forms import SeatForm
from reviews.models import Review
from tests import factories as make
from tests.desk.confirming import (
    LONG,
    confirm,
    make_complete_tool,
    read_fingerprints,
    read_messages,
    read_text,
    url,
)
from tests.desk.people import CHIEF, EDITOR, WRITER, make_user, sign_in
from tools.models import Tool
from tools.publishing import PublicationState, Publishable

pytestmark = pytest.mark.django_db
STEP_NAMES = ["publish", "schedule", "unschedule", "withdraw", "put_back"]


def test_tool_is_published_with_its_reviews_at_one_instant():
    client, tool = sign_in(make_user(*EDITOR)), make_complete_tool(name="Gamma")
    page = client.get(url(tool, "publish"))
    assert "Will be published now Gamma These reviews are published at the same time: Seat" in read_text(page)
    assert Tool.objects.get().state == PublicationState.DRAFT  # the confirmation page changes nothing
    response = client.post(url(tool, "publish"), {"seen": read_fingerprints(page)})
    tool.refresh_from_db()
    assert (response.status_code, read_messages(response)) == (302, ["Published: Gamma (with two reviews)."])
    assert {review.published_at for review in tool.reviews.all()} == {tool.published_at}
    assert [row.history_change_reason for row in tool.history.all()] == ["Published.", None]
    assert tool.history.latest().history_user == Tool.history.latest().history_user


def test_gate_blocks_and_lists_everything_missing():
    client, tool = sign_in(make_user(*EDITOR)), make.tool(published_at=None)
    make.reviewer(name="The Builder")
    page = client.get(url(tool, "publish"))
    for missing in (
        "no tagline",
        "no description",
        "no website",
        "no plan",
        "No facts with",
        "The Builder: there is no",
    ):
        assert missing in read_text(page)
    assert 'type="submit" class="default"' not in page.content.decode()
    response = client.post(
        url(tool, "publish"), {"seen": read_fingerprints(page), "override": "on", "reason": "I may not"}
    )
    tool.refresh_from_db()
    assert (response.status_code, tool.state) == (200, PublicationState.DRAFT)


def test_overriding_the_gate_needs_the_permission_the_box_and_a_reason_for_the_history():
    user = make_user(*CHIEF)
    client, tool = (
        sign_in(user),
        make.tool(published_at=None, tagline="A line", description="W", website="https://a.b/"),
    )
    for data in ({}, {"reason": "Breaking news."}, {"override": "on"}, {"override": "on", "reason": " "}):
        assert confirm(client, url(tool, "publish"), **data).status_code == 200
        tool.refresh_from_db()
        assert tool.state == PublicationState.DRAFT
    response = confirm(client, url(tool, "publish"), override="on", reason="Breaking news.")
    tool.refresh_from_db()
    assert (response.status_code, tool.state) == (302, PublicationState.PUBLISHED)
    entry = tool.history.latest()
    assert entry.history_user == user
    assert entry.history_change_reason == (
        "Published, overriding the gate (There is no plan: readers cannot see what it costs, or that it is free; "
        "No facts with a source; three are needed): Breaking news."
    )


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_nobody_overrides_that_the_tools_of_a_comparison_are_published_first(fields):
    client = sign_in(make_user(*CHIEF))
    pair = make.comparison(first=make.tool(**fields), second=make.tool(), published_at=None)
    review = make.review(of=pair.first, by=make.reviewer(), published_at=None)
    for content in (pair, review):
        page = client.get(url(content, "publish"))
        assert "Nobody can override this." in read_text(page)
        assert ('name="override"' in page.text, 'type="submit" class="default"' in page.text) == (False, False)
        assert confirm(client, url(content, "publish"), override="on", reason="News.").status_code == 200
        content.refresh_from_db()
        assert content.state == PublicationState.DRAFT


def test_scheduling_takes_a_time_in_utc(time_machine):
    time_machine.move_to(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False)
    client, tool = sign_in(make_user(*EDITOR)), make_complete_tool(name="Gamma")
    page = client.get(url(tool, "schedule"))
    assert 'value="2026-11-21T09:00"' in page.content.decode()
    refused = confirm(client, url(tool, "schedule"), at="2026-11-20T11:59")
    assert "That time has passed." in read_text(refused)
    refused = confirm(client, url(tool, "schedule"), at="20260-11-20T11:59")
    assert "Enter a valid date/time." in read_text(refused)
    refused = confirm(client, url(tool, "schedule"), at="9999-12-31T23:59")
    assert "The year 9999 cannot be right." in read_text(refused)
    assert "Enter a valid date/time." in read_text(confirm(client, url(tool, "schedule"), at="soon"))
    response = confirm(client, url(tool, "schedule"), at="2026-11-22T06:30")
    tool.refresh_from_db()
    assert read_messages(response) == ["Scheduled: Gamma (with two reviews)."]
    instant = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert (tool.published_at, {review.published_at for review in tool.reviews.all()}) == (instant, {instant})
    assert tool.history.latest().history_change_reason == "Scheduled for Nov 22, 2026, 06:30 UTC."
    assert client.get(tool.get_absolute_url()).status_code == 404
    time_machine.move_to(instant)
    assert client.get(tool.get_absolute_url()).status_code == 200


def test_gate_checks_the_chosen_time(time_machine):
    time_machine.move_to(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False)
    client, seat = sign_in(make_user(*EDITOR)), make.reviewer()
    review = make.review(of=make.tool(), by=seat, quote=LONG, flips_if="It slows.", published_at=None)
    make.prediction(of=review, claim="Soon", due_on="2026-12-01")
    response = confirm(client, url(review, "schedule"), at="2026-12-02T09:00")
    assert "The prediction “Soon” is due on Dec 1, 2026" in read_text(response)
    assert Review.objects.get().state == PublicationState.DRAFT
    assert confirm(client, url(review, "schedule"), at="2026-11-30T09:00").status_code == 302


def test_unscheduling_turns_a_tool_and_its_reviews_back_into_drafts():
    client, tool = sign_in(make_user(*EDITOR)), make_complete_tool()
    confirm(client, url(tool, "schedule"), at="2099-01-01T09:00")
    response = confirm(client, url(tool, "unschedule"))
    tool.refresh_from_db()
    assert read_messages(response) == [f"Back to draft: {tool} (with two reviews)."]
    assert {content.state for content in (tool, *tool.reviews.all())} == {PublicationState.DRAFT}


def test_withdrawing_needs_a_reason_and_can_be_undone():
    client, tool = sign_in(make_user(*EDITOR)), make.tool()
    assert "This field is required." in read_text(confirm(client, url(tool, "withdraw")))
    confirm(client, url(tool, "withdraw"), reason="It was sold.")
    tool.refresh_from_db()
    assert (tool.state, client.get(tool.get_absolute_url()).status_code) == (PublicationState.WITHDRAWN, 404)
    confirm(client, url(tool, "put_back"), reason="It was not.")
    tool.refresh_from_db()
    assert (tool.state, tool.published_at) == (PublicationState.PUBLISHED, make.PAST)
    reasons = [row.history_change_reason for row in tool.history.order_by("history_id")]
    assert reasons == [None, "Withdrawn: It was sold.", "Put back: It was not."]


def test_transition_that_the_state_forbids_redirects():
    client, tool = sign_in(make_user(*CHIEF)), make.tool(name="Gamma")
    for step in ("publish", "schedule", "unschedule", "put_back"):
        response = client.post(url(tool, step), {"reason": "x", "override": "on", "at": "2099-01-01T09:00"})
        assert response.status_code == 302
        assert read_messages(response)[-1] == "Gamma: Published since Jan 5, 2026, 09:00 UTC. Nothing was changed."
    assert tool.history.count() == 1
    assert client.get(reverse("admin:tools_tool_publish", args=[10**9])).status_code == 404
    assert client.get("/admin/tools/tool/nonsense/publish/").status_code == 404


@pytest.mark.parametrize("step", STEP_NAMES)
@pytest.mark.parametrize(
    "make_content", [make.tool, lambda: make.review(of=make.tool(), by=make.reviewer()), make.comparison]
)
def test_transitions_need_the_permission_to_publish(step, make_content):
    content = make_content()
    writer = sign_in(make_user(*WRITER, "tools.override_gate"))
    assert writer.get(url(content, step)).status_code == 403
    assert writer.post(url(content, step), {"reason": "x"}).status_code == 403
    assert (
        url(content, "change").replace("change/", "publish/") not in writer.get(url(content, "change")).content.decode()
    )


def test_publishing_a_tool_with_reviews_needs_both_permissions():
    client, tool = (
        sign_in(make_user(*[name for name in CHIEF if name != "reviews.publish_review"])),
        make_complete_tool(),
    )
    page = client.get(url(tool, "publish"))
    assert "Its reviews are published with it, and you may not publish reviews." in read_text(page)
    assert (
        client.post(
            url(tool, "publish"), {"seen": read_fingerprints(page), "override": "on", "reason": "x"}
        ).status_code
        == 200
    )
    tool.refresh_from_db()
    assert tool.state == PublicationState.DRAFT


def test_change_after_the_confirmation_page_is_shown_before_publishing():
    client, tool = sign_in(make_user(*EDITOR)), make_complete_tool()
    seen = read_fingerprints(client.get(url(tool, "publish")))
    tool.reviews.filter(pk=tool.reviews.first().pk).update(verdict="skip")
    response = client.post(url(tool, "publish"), {"seen": seen})
    tool.refresh_from_db()
    assert (response.status_code, tool.state) == (200, PublicationState.DRAFT)
    assert "Something has changed since you opened this page" in response.content.decode()
    assert client.post(url(tool, "publish"), {"seen": read_fingerprints(response)}).status_code == 302


def read_panel(client, content) -> str:
    page = client.get(url(content, "change")).content.decode()
    found = re.search(r'<section class="publishing.*?</section>', page, re.S)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found)).split())


def test_panel_shows_the_state_and_the_available_transitions():
    client = sign_in(make_user(*EDITOR))
    draft, public = make.tool(name="Draft", published_at=None), make.tool()
    scheduled, gone = make.tool(published_at=make.FUTURE), make.tool(withdrawn_at=make.PAST)
    shared = "Preview Link to share Shows the saved version to anyone with the link, without an account, for 72 hours. "
    assert [read_panel(client, content) for content in (draft, scheduled, public, gone)] == [
        f"Publishing Draft. Readers do not see it. {shared}Publish now… Schedule…",
        f"Publishing Scheduled. It appears by itself on Jan 1, 2099, 00:00 UTC. {shared}"
        "Publish now… Schedule… Unschedule…",
        "Publishing Published since Jan 5, 2026, 09:00 UTC. Withdraw…",
        "Publishing Withdrawn on Jan 5, 2026, 09:00 UTC. Readers do not see it. Put back…",
    ]
    hidden = make.comparison(first=draft, second=public)
    assert read_panel(client, hidden).startswith(
        "Publishing Published since Jan 5, 2026, 09:00 UTC. Readers cannot see it while they cannot see Draft (draft)."
    )


def test_writer_of_one_seat_gets_no_link_to_the_drafts_of_other_seats():
    writer, tool = sign_in(make_user(*WRITER)), make.tool(published_at=None)
    own = make.review(of=tool, by=make.reviewer(held_by=User.objects.latest("pk")), published_at=None)
    for content in (tool, make.comparison(first=tool, published_at=None)):
        assert "/preview/" not in writer.get(url(content, "change")).content.decode()
    assert "/preview/review-" in writer.get(url(own, "change")).content.decode()


def publishable_models():
    return [model for model in admin.site._registry if issubclass(model, Publishable)]


def test_every_publishable_model_is_registered():
    assert sorted(model.__name__ for model in publishable_models()) == ["Comparison", "Review", "Tool"]


@pytest.mark.parametrize("published_at", [None, make.PAST, make.FUTURE])
def test_no_admin_form_has_the_publication_times(published_at):
    request = RequestFactory().get("/")
    request.user = make_user()
    request.user.is_superuser = True
    content = {
        Tool: make.tool(published_at=published_at),
        Review: make.review(of=make.tool(), by=make.reviewer(), published_at=published_at),
        Comparison: make.comparison(published_at=published_at),
    }
    for model, its_admin in admin.site._registry.items():
        forms = []
        if issubclass(model, Publishable):
            for obj in (None, content[model]):
                forms.append(its_admin.get_form(request, obj))
                forms += _inline_forms(its_admin, request, obj)
            assert set(getattr(its_admin, "list_editable", ())) & {"published_at", "withdrawn_at"} == set()
        else:
            forms += _inline_forms(its_admin, request, None)
        for form in forms:
            assert set(form.base_fields) & {"published_at", "withdrawn_at"} == set(), (model, form)


def _inline_forms(its_admin, request, obj) -> list:
    """Return the forms of its inlines. The scorecard has one form class for all seats."""
    formsets = [formset for formset, _ in its_admin.get_formsets_with_inlines(request, obj)]
    return [getattr(formset, "form", None) or SeatForm for formset in formsets]


def test_posting_publication_times_changes_nothing():
    client, tool = sign_in(make_user(*CHIEF)), make.tool(published_at=None)
    data = {"name": "New", "slug": tool.slug, "category": tool.category_id, "aliases": "", "logo": ""}
    inlines = {f"{name}-{part}_FORMS": "0" for name in ("plans", "facts") for part in ("TOTAL", "INITIAL")}
    times = {"published_at_0": "2026-01-01", "published_at_1": "09:00", "published_at": "2026-01-01 09:00"}
    client.post(url(tool, "change"), {**data, **inlines, **times, "withdrawn_at": "2026-01-01 09:00"})
    tool.refresh_from_db()
    assert (tool.published_at, tool.withdrawn_at) == (None, None)


def test_suggested_time_is_tomorrow_at_nine():
    client, tool = sign_in(make_user(*EDITOR)), make_complete_tool()
    tomorrow = timezone.now() + timedelta(days=1)
    assert f'value="{tomorrow:%Y-%m-%d}T09:00"' in client.get(url(tool, "schedule")).content.decode()


def test_object_changed_or_deleted_before_the_lock_is_left_alone():
    user, tool = make_user(*EDITOR), make.tool()
    [effect] = compute_effects(Tool.objects.all(), TRANSITIONS["withdraw"], at=None, user=user)
    Tool.objects.get().withdraw()
    report = apply_transition(tool, TRANSITIONS["withdraw"], seen=effect.fingerprint, user=user, reason="x")
    assert (report.is_done, report.words) == (False, "it has changed; look again")
    make.remove(Tool.objects.all())
    report = apply_transition(tool, TRANSITIONS["withdraw"], seen=effect.fingerprint, user=user, reason="x")
    assert (report.is_done, report.words) == (False, "someone has deleted it")


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_publish_once():
    user, tool = make_user(*EDITOR), make_complete_tool()
    [effect] = compute_effects(Tool.objects.all(), TRANSITIONS["publish"], at=None, user=user)

    def publish(_) -> bool:
        try:
            return apply_transition(tool, TRANSITIONS["publish"], seen=effect.fingerprint, user=user).is_done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(publish, range(4))) == [False, False, False, True]
    assert tool.history.count() == 2


def test_findings_lead_to_where_they_are_fixed(admin_client):
    """Each finding that names a place links to an element of the object's form."""
    seats = make.reviewer(), make.reviewer()
    tool = make.tool(published_at=None, tagline="", description="", website="")
    make.plan(of=tool)
    make.fact(of=tool, attribute=make.attribute())
    make.review(of=tool, by=seats[0], published_at=None, gist="", basis="", quote="Short.", flips_if="")
    public = make.tool()
    review = make.review(of=public, by=seats[0], published_at=None, gist="", basis="", quote="Short.", flips_if="")
    make.prediction(of=review, due_on=make.PAST.date())
    comparison = make.comparison(first=public, published_at=None, introduction="")
    bare = make.tool(published_at=None)
    places = set()
    for row in (tool, bare, review, comparison):
        form = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/"
        page = admin_client.get(f"{form}publish/").text
        links = re.findall(rf'href="{form}change/#([^"]+)"', page)
        ids = set(re.findall(r'id="([^"]+)"', admin_client.get(f"{form}change/").text))
        assert set(links) <= ids
        places |= set(links)
    assert places == {
        "id_tagline", "id_description", "id_website", "plans-heading", "facts-heading",
        f"seat-{seats[0].slug}", f"seat-{seats[1].slug}", "id_gist", "id_basis", "id_quote", "id_flips_if",
        "predictions-heading", "id_introduction",
    }  # fmt: skip
