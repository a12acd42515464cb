"""The history of an object: who changed what, when, and why, with everything that belongs to it."""

import re
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from desk.history.field_changes import render_difference
from reviews.models import Review
from tests import factories as make
from tests.desk.forms import save_form
from tools.models import Attribute, Category, Fact, Tool

pytestmark = pytest.mark.django_db


def read_history(client, obj, **query) -> str:
    meta = obj._meta
    response = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_history", args=[obj.pk], query=query))
    assert response.status_code == 200
    return response.content.decode()


def event_texts(page: str) -> list[str]:
    """Return the visible text of each event on a history page, from the top."""
    return [read_text(item) for item in re.findall(r'<li class="entry .*?</li>', page, re.S)]


def read_saves(page: str) -> list[str]:
    """Return who saved, when, and why, for each save on a history page, from the top."""
    return [read_text(head) for head in re.findall(r'<header class="save__head">.*?</header>', page, re.S)]


def read_text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_history_shows_who_when_what_and_why(admin_client, admin_user, time_machine):
    time_machine.move_to("2026-11-12 09:30:00Z", tick=False)
    tool = make.tool(name="Alpha", tagline="Old line")
    time_machine.move_to("2026-11-13 10:00:05Z", tick=False)
    save_form(admin_client, tool, tagline="New line", change_reason="It had changed its name.")
    page = read_history(admin_client, tool)
    first, second = event_texts(page)
    assert first == "Changed Tagline Old line → New line"
    assert second.startswith("Added Show values")
    assert second.endswith("Restore this version…")
    assert read_saves(page) == [
        "admin , Nov 13, 2026, 10:00:05 UTC It had changed its name.",
        "No user , Nov 12, 2026, 09:30:00 UTC",
    ]


def test_history_is_grouped_by_save_and_shows_what_a_price_and_a_fact_became(admin_client, time_machine):
    time_machine.move_to("2026-11-12 09:30:00Z", tick=False)
    tool = make.tool(tagline="One line")
    price = make.plan(of=tool, name="Pro", kind="paid", amount=20, currency="USD", period="month")
    gone = make.plan(of=tool, name="Team", kind="contact")
    wrong = make.plan(of=tool, name="Trial")
    fact = make.fact(of=tool, attribute=make.attribute(name="License"), value="MIT")
    time_machine.move_to("2026-11-13 09:30:00Z", tick=False)
    price.supersede(amount=25)
    fact.supersede(correction=True, value="Apache-2.0", note="since 2.0")
    gone.retire()
    wrong.retire(correction=True)
    time_machine.move_to("2026-11-13 09:30:03Z", tick=False)
    tool.tagline = "Another save"
    tool.save()
    page = read_history(admin_client, tool)
    assert len(read_saves(page)) == 3
    assert event_texts(page)[:5] == [
        "Changed Tagline One line → Another save",
        "Fact “License” corrected Value MIT → Apache-2.0 Note — → since 2.0",
        "Plan “Trial” removed because it was wrong",
        "Plan “Team” removed",
        "Plan “Pro” changed Price $20/mo → $25/mo",
    ]


def test_plan_that_is_renamed_and_superseded_at_once_is_followed(admin_client):
    tool = make.tool()
    plan = make.plan(of=tool, name="Hobby")
    plan.supersede(name="Starter").supersede(kind="contact")
    page = read_history(admin_client, tool)
    assert event_texts(page)[:2] == [
        "Plan “Starter” changed Price Free → Contact sales",
        "Plan “Hobby” changed Name Hobby → Starter",
    ]
    assert len(event_texts(page)) == 4  # with the additions of the tool and its plan
    assert len(read_saves(page)) == 1


def test_history_of_a_tool_includes_exactly_what_belongs_to_it(admin_client):
    tool, other, seat = make.tool(name="Alpha"), make.tool(name="Beta"), make.reviewer(name="The Skeptic")
    plan = make.plan(of=tool, name="Pro", kind="contact")
    plan.kind = "free"
    plan.save()
    make.fact(of=tool, attribute=make.attribute(name="License"), value="MIT")
    review = make.review(of=tool, by=seat)
    make.prediction(of=review, claim="Gone by May.")
    make.correction(of=tool, note="It was wrong.")
    make.plan(of=other, name="Not this")
    make.review(of=other, by=seat, quote="Not this")
    page = read_history(admin_client, tool)
    titles = [unescape(re.sub("<[^>]+>", "", title)) for title in re.findall(r"entry__title\">(.*?)</h2>", page)]
    assert titles == [
        "Correction added", "Prediction “Gone by May.” added", "Review “The Skeptic” added", "Fact “License” added",
        "Plan “Pro” changed", "Plan “Pro” added", "Added",
    ]  # fmt: skip
    assert "Kind Contact sales → Free" in event_texts(page)[4]
    assert "Not this" not in page


def test_deleted_rows_stay_in_the_history_of_their_tool(admin_client):
    tool = make.tool(published_at=None)
    review = make.review(of=tool, by=make.reviewer(name="The Founder"), quote="A draft of mine.", published_at=None)
    make.prediction(of=review, claim="Never mind.")
    review.delete()
    page = read_history(admin_client, tool)
    assert [entry.split(" Show")[0] for entry in event_texts(page)][:2] in (
        ["Review “The Founder” deleted", "Prediction “Never mind.” deleted"],
        ["Prediction “Never mind.” deleted", "Review “The Founder” deleted"],
    )
    assert "A draft of mine." in page


def test_change_of_a_long_text_is_marked_within_it():
    words = "The quick brown fox jumps over the lazy dog, again and again. " * 10
    html = str(render_difference(words + "It ends <b>badly</b>.", words + "It ends <b>well</b>."))
    assert html.endswith("It ends &lt;b&gt;<del>badly</del><ins>well</ins>&lt;/b&gt;.")
    assert html.startswith("…")
    assert len(html) < 250


def test_very_long_texts_are_compared_by_lines():
    lines = [f"Line number {number} of a very long text.\n" for number in range(2000)]
    changed = [*lines[:1000], "Another line.\n", *lines[1001:]]
    html = str(render_difference("".join(lines), "".join(changed)))
    assert "<del>Line number 1000 of a very long text.\n</del><ins>Another line.\n</ins>" in html
    assert len(html) < 500


def test_hostile_texts_are_escaped(admin_client):
    tool = make.tool(tagline="<script>alert(1)</script>")
    tool.tagline, tool._change_reason = "<img src=x onerror=alert(1)>", "<script>because</script>"
    tool.save()
    page = read_history(admin_client, tool)
    assert not {"<script>alert", "<img src=x", "<script>because"} & {part for part in page.split("\n") if part}
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "<script>because" not in page


def test_categories_of_an_attribute_are_shown_by_name(admin_client):
    attribute, category = make.attribute(), make.category(name="Developer Tools")
    attribute.categories.add(category)
    assert "Categories — → Developer Tools" in event_texts(read_history(admin_client, attribute))[0]


def test_deleted_related_row_is_shown_by_id(admin_client):
    category = make.category(name="Short-lived")
    tool = make.tool(published_at=None, category=category)
    tool.category = make.category(name="Lasting")
    tool.save()
    Category.objects.get(name="Short-lived").delete()
    assert (
        f"Category number {category.pk}, which no longer exists → Lasting"
        in event_texts(read_history(admin_client, tool))[0]
    )


def test_change_without_a_recorded_previous_version_says_so(admin_client):
    tool = make.tool()
    Tool.history.all().delete()
    assert "No history yet" in read_history(admin_client, tool)
    tool.save()
    tool.save()
    assert ["not recorded" in text for text in event_texts(read_history(admin_client, tool))] == [False, True]


@pytest.mark.parametrize("changes", [1, 20])
def test_history_makes_a_constant_number_of_queries(admin_client, django_assert_num_queries, changes):
    tool = make.tool()
    plan, fact = make.plan(of=tool), make.fact(of=tool)
    for number in range(changes):
        for row, field in ((tool, "tagline"), (plan, "source"), (fact, "value")):
            setattr(row, field, f"https://example.com/{number}")
            row.save()
    with django_assert_num_queries(7):  # session, user, the tool, its events, categories, attributes, comments
        read_history(admin_client, tool)


def test_each_event_is_on_one_page(admin_client):
    tool = make.tool()
    for number in range(30):
        tool.tagline = f"Line {number}."
        tool.save()
    pages = [read_history(admin_client, tool, page=page) for page in (1, 2, 3, "x")]
    assert [len(event_texts(page)) for page in pages] == [25, 6, 25, 25]
    assert "31 changes" in pages[0]


def test_every_history_opens_and_starts_with_an_addition(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer())
    rows = [review, review.tool, review.reviewer, review.tool.category, make.attribute(), make.comparison(),
            make.plan(of=review.tool), make.fact(of=review.tool), make.prediction(of=review)]  # fmt: skip
    for row in rows:
        if admin.site.is_registered(type(row)):
            assert event_texts(read_history(admin_client, row))[-1].startswith("Added")


def test_deleted_drafts_are_listed_and_have_a_history(admin_client):
    kept, deleted = make.tool(name="Kept", published_at=None), make.tool(name="Gone", published_at=None)
    pk = deleted.pk
    deleted.delete()
    page = admin_client.get(reverse("admin:tools_tool_deleted")).content.decode()
    assert ("Tool “Gone”" in page, kept.name in page) == (True, False)
    deleted.pk = pk
    events = event_texts(read_history(admin_client, deleted))
    assert events[0].startswith("Deleted")
    assert events[0].endswith("Restore this version…")


def test_lists_link_to_deleted_rows(admin_client):
    links = [
        f'href="/admin/{name}/deleted/"' in admin_client.get(f"/admin/{name}/").content.decode()
        for name in ("tools/tool", "reviews/review", "comparisons/comparison", "tools/correction", "accounts/user")
    ]
    assert links == [True, True, True, False, False]


@pytest.mark.parametrize("address", ["/admin/tools/tool/999/history/", "/admin/tools/tool/x/history/"])
def test_history_of_an_unknown_object_is_a_404(admin_client, address):
    assert admin_client.get(address).status_code == 404


def test_reviewer_does_not_see_drafts_of_other_seats(client):
    user = User.objects.create_user("rita", password="p", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_tool", "view_review", "change_review"]))
    client.force_login(user)
    tool = make.tool()
    make.review(of=tool, by=make.reviewer(), quote="Somebody else's draft.", published_at=None)
    page = read_history(client, tool)
    assert "Somebody else" not in page
    assert len(event_texts(page)) == 1
    review = Review.objects.get()
    review.delete()
    assert client.get("/admin/reviews/review/deleted/").status_code == 403


def test_history_needs_a_permission(client):
    user = User.objects.create_user("nobody", password="p", is_staff=True)
    client.force_login(user)
    tool = make.tool()
    assert client.get(f"/admin/tools/tool/{tool.pk}/history/").status_code == 403
    assert client.get("/admin/tools/tool/deleted/").status_code == 403


def test_form_saved_without_changes_leaves_no_event(admin_client):
    tool = make.tool()
    before = tool.history.count()
    save_form(admin_client, tool)
    assert tool.history.count() == before


def test_row_saved_by_a_program_without_changes_is_shown_as_idle(admin_client):
    tool = make.tool()
    tool.save()
    assert "Saved without changes." in event_texts(read_history(admin_client, tool))[0]


def test_reason_is_stored_with_everything_that_one_save_changed(admin_client):
    tool = make.tool(published_at=None)
    fact = make.fact(of=tool)
    save_form(
        admin_client, tool, change_reason="New sources.", tagline="x", **{"facts-0-source": "https://example.com/"}
    )
    assert [row.history.first().history_change_reason for row in (tool, fact)] == ["New sources."] * 2
    assert (Fact.objects.get().source, Attribute.objects.count()) == ("https://example.com/", 1)
