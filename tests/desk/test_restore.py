"""Restoring a version always writes something new, and never overwrites what readers have seen."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import User
from reviews.models import Review
from tests import factories as make
from tests.desk.forms import change_url, read_fields
from tools.models import Category, Fact, Plan, Tool
from tools.slugged import FormerSlug

pytestmark = pytest.mark.django_db


def restore_url(subject, version) -> str:
    meta = subject._meta
    model_name = type(version).instance_type._meta.model_name
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_restore", args=[subject.pk, model_name, version.pk])


def find_oldest(row):
    return row.history.order_by("history_id").first()


def restore(client, subject, version, **fields):
    """Open the confirmation page, confirm it, and return its HTML."""
    page = client.get(restore_url(subject, version))
    assert page.status_code == 200
    html = page.content.decode()
    seen = html.split('name="seen_version" value="')[1].split('"')[0]
    response = client.post(restore_url(subject, version), {"seen_version": seen, **fields})
    assert (response.status_code, response.url) == (
        302,
        restore_url(subject, version).split("history/")[0] + "history/",
    )
    return html


def read_confirmation(client, subject, version) -> str:
    return client.get(restore_url(subject, version)).content.decode()


def test_tool_is_restored_as_a_new_change(admin_client, admin_user):
    tool = make.tool(name="Alpha", tagline="First.", aliases=["A"], short_name="Al")
    tool.tagline, tool.aliases, tool.short_name = "Second.", ["B"], ""
    tool.save()
    page = restore(admin_client, tool, find_oldest(tool), change_reason="It was better.")
    assert "<del>Second.</del> → <ins>First.</ins>" in page
    tool.refresh_from_db()
    assert (tool.tagline, tool.aliases, tool.short_name, tool.published_at) == ("First.", ["A"], "Al", make.PAST)
    newest, before, first = tool.history.all()
    assert [version.tagline for version in (newest, before, first)] == ["First.", "Second.", "First."]
    assert newest.history_user == admin_user
    assert newest.history_change_reason.startswith("Restored the version of ")
    assert newest.history_change_reason.endswith(" UTC. It was better.")


def test_restoring_does_not_change_publication_times(admin_client):
    tool = make.tool(tagline="Draft line.", published_at=None)
    tool.tagline, tool.published_at = "Out.", make.PAST
    tool.save()
    restore(admin_client, tool, find_oldest(tool))
    tool.refresh_from_db()
    assert (tool.tagline, tool.published_at) == ("Draft line.", make.PAST)


def test_restored_slug_is_redirected_to_from_the_newer_one(admin_client, client):
    tool = make.tool(slug="first")
    tool.slug = "second"
    tool.save()
    restore(admin_client, tool, find_oldest(tool))
    tool.refresh_from_db()
    assert (tool.slug, list(FormerSlug.objects.values_list("slug", flat=True))) == ("first", ["second"])
    assert client.get("/tools/second/").url == "/tools/first/"


def test_slug_taken_by_another_tool_prevents_restoring(admin_client):
    tool = make.tool(slug="first")
    Tool.objects.filter(pk=tool.pk).update(slug="second")
    FormerSlug.objects.all().delete()
    make.tool(slug="first")
    tool.refresh_from_db()
    page = read_confirmation(admin_client, tool, find_oldest(tool))
    assert ("Tool with this Slug already exists." in page, 'name="seen_version"' in page) == (True, False)
    assert admin_client.post(restore_url(tool, find_oldest(tool)), {}).status_code == 409
    tool.refresh_from_db()
    assert tool.slug == "second"


def test_deleted_category_prevents_restoring(admin_client):
    category = make.category()
    tool = make.tool(published_at=None, category=category)
    tool.category = make.category()
    tool.save()
    Category.objects.filter(pk=category.pk).delete()
    page = read_confirmation(admin_client, tool, find_oldest(tool))
    [problem] = re.findall(r"<ul class=\"errorlist\"><li>(.*?)</li>", page)
    assert problem == f"category: category instance with id {category.pk} is not a valid choice."
    assert 'name="seen_version"' not in page


def test_price_that_readers_saw_is_superseded(admin_client):
    tool = make.tool()
    old = make.plan(
        of=tool, name="Pro", kind="paid", amount=20, currency="USD", period="month", verified_on="2026-05-01"
    )
    version = find_oldest(old)
    old.superseded_at = make.PAST
    old.save()
    current = make.plan(of=tool, name="Pro", kind="paid", amount=25, currency="USD", period="month")
    page = restore(admin_client, tool, version)
    assert "it is superseded" in page
    current.refresh_from_db()
    [new] = tool.plans.filter(superseded_at__isnull=True)
    assert (new.amount, new.verified_on.isoformat(), new.pk not in (old.pk, current.pk)) == (20, "2026-05-01", True)
    assert (current.amount, current.superseded_at is not None) == (25, True)
    old.refresh_from_db()
    assert (old.amount, old.superseded_at) == (20, make.PAST)
    assert [row.history.first().history_type for row in (new, current)] == ["+", "~"]


def test_overwritten_fact_is_superseded_by_its_old_value(admin_client):
    fact = make.fact(of=make.tool(), value="MIT")
    fact.value = "GPL"
    fact.save()
    restore(admin_client, fact.tool, find_oldest(fact))
    values = [(row.value, row.superseded_at is None) for row in Fact.objects.order_by("pk")]
    assert values == [("GPL", False), ("MIT", True)]


def test_source_alone_is_restored_in_place(admin_client):
    fact = make.fact(of=make.tool(), source="https://example.com/old")
    fact.source = "https://example.com/new"
    fact.save()
    restore(admin_client, fact.tool, find_oldest(fact))
    assert Fact.objects.get().source == "https://example.com/old"


def test_superseded_plan_without_a_successor_is_added_again(admin_client):
    plan = make.plan(of=make.tool(), name="Free")
    plan.superseded_at = make.PAST
    plan.save()
    assert "added again" in restore(admin_client, plan.tool, find_oldest(plan))
    assert [row.superseded_at is None for row in Plan.objects.order_by("pk")] == [False, True]


def test_price_of_a_draft_is_overwritten(admin_client):
    plan = make.plan(of=make.tool(published_at=None), kind="contact")
    plan.kind = "free"
    plan.save()
    restore(admin_client, plan.tool, find_oldest(plan))
    assert Plan.objects.get().kind == "contact"


def test_text_of_an_older_edition_becomes_a_draft(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer(), gist="Sharp.", quote="Sharper words.", published_at=None)
    review.quote, review.verdict, review.published_at = "Milder words.", "skip", make.PAST
    review.gist, review.basis, review.basis_version, review.basis_days = "Mild.", "tried", "0.11", 3
    review.save()
    page = restore(admin_client, review.tool, find_oldest(review))
    assert "becomes a new draft edition" in page
    review.refresh_from_db()
    assert review.quote == "Milder words."
    draft = Review.objects.get(published_at=None)
    assert (draft.tool, draft.reviewer, *draft.words) == (
        review.tool, review.reviewer, "ship", "Sharp.", "Sharper words.", "", "read", "", None,
    )  # fmt: skip
    assert "This seat already has an edition for this tool at that time." in read_confirmation(
        admin_client, review.tool, find_oldest(review)
    )


def test_draft_review_is_overwritten(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer(), quote="One.", published_at=None)
    review.quote = "Two."
    review.save()
    restore(admin_client, review, find_oldest(review))
    assert Review.objects.get().quote == "One."


def test_only_the_judgment_of_a_published_prediction_is_restored(admin_client):
    review = make.review(of=make.tool(), by=make.reviewer())
    prediction = make.prediction(of=review, claim="Gone by May.")
    prediction.claim, prediction.outcome, prediction.judged_on = "Gone by June.", "right", "2026-06-01"
    prediction.save()
    page = restore(admin_client, review.tool, find_oldest(prediction))
    prediction.refresh_from_db()
    assert (prediction.claim, prediction.outcome, prediction.judged_on) == ("Gone by June.", "open", None)
    assert "Gone by May." not in page.split("submit-row")[0].split('class="changes"')[1]


def test_categories_of_an_attribute_are_restored(admin_client):
    attribute, category = make.attribute(name="License"), make.category(name="Tools")
    attribute.categories.add(category)
    version = attribute.history.first()
    attribute.categories.clear()
    page = restore(admin_client, attribute, version)
    assert "Tools" in page
    assert list(attribute.categories.all()) == [category]


def test_deleted_draft_is_restored_with_its_plans_and_facts(admin_client):
    tool = make.tool(name="Alpha", published_at=make.FUTURE)
    pk, plan, fact = tool.pk, make.plan(of=tool, name="Pro"), make.fact(of=tool, value="MIT")
    tool.delete()
    tool.pk = pk
    page = restore(admin_client, tool, tool.history.first())
    assert "as a draft, with 2 plans and facts" in page
    tool = Tool.objects.get(pk=pk)
    assert (tool.name, tool.published_at) == ("Alpha", None)
    assert (tool.plans.get().name, tool.facts.get().value) == (plan.name, fact.value)


def test_page_says_when_there_is_nothing_to_restore(admin_client):
    tool = make.tool()
    tool.save()
    assert "Nothing to restore" in read_confirmation(admin_client, tool, find_oldest(tool))


def test_change_in_the_meantime_is_shown_before_anything_is_restored(admin_client):
    tool = make.tool(tagline="One.")
    tool.tagline = "Two."
    tool.save()
    page = read_confirmation(admin_client, tool, find_oldest(tool))
    seen = page.split('name="seen_version" value="')[1].split('"')[0]
    tool.tagline = "Three."
    tool.save()
    response = admin_client.post(restore_url(tool, find_oldest(tool)), {"seen_version": seen})
    assert response.status_code == 409
    assert "<del>Three.</del> → <ins>One.</ins>" in response.content.decode()
    assert "Someone saved a change in the meantime." in response.content.decode()
    tool.refresh_from_db()
    assert tool.tagline == "Three."


def test_version_of_another_object_is_a_404(admin_client):
    tool, other = make.tool(), make.tool()
    assert admin_client.get(restore_url(tool, find_oldest(other))).status_code == 404
    correction = make.correction(of=tool)
    assert admin_client.get(restore_url(tool, find_oldest(correction))).status_code in (403, 404)
    assert admin_client.get(f"/admin/tools/tool/{tool.pk}/history/user/1/restore/").status_code == 404


@pytest.mark.parametrize(("codenames", "status"), [(["view_tool"], 403), (["view_tool", "change_tool"], 200)])
def test_restoring_needs_the_change_permission(client, codenames, status):
    user = User.objects.create_user("rita", password="p", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    tool = make.tool(tagline="One.")
    tool.tagline = "Two."
    tool.save()
    assert client.get(restore_url(tool, find_oldest(tool))).status_code == status
    link = restore_url(tool, find_oldest(tool)) in client.get(f"/admin/tools/tool/{tool.pk}/history/").content.decode()
    assert link == (status == 200)


def test_forms_of_the_desk_open_with_their_fields(admin_client):
    tool = make.tool()
    page = admin_client.get(change_url(tool)).content.decode()
    assert {"seen_version", "change_reason", "name"} <= read_fields(page).keys()
