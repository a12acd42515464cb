"""The desk in a browser: no page logs an error, is wider than its screen, or breaks an axe rule."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from comparisons.models import Comparison
from handovers.actions import hand_over
from handovers.models import HandOver
from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tests.browser.axe import find_violations
from tests.browser.screens import find_too_wide, find_violations_on
from tests.browser.signing_in import sign_in
from tools.models import Attribute, Category, Fact, Plan, Tool

LISTS = [Tool, Category, Attribute, Plan, Fact, Reviewer, Review, Prediction, Comparison]
FORMS = [Category, Attribute, Plan, Fact, Reviewer, Review, Prediction]


def list_url(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def form_url(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def desk(site) -> str:
    """Add work of each kind to the demonstration, and return the address of the site."""
    draft = make.tool(name="Drafted " + "W" * 120, published_at=None)
    review = make.review(of=draft, by=Reviewer.objects.get(slug="builder"), published_at=None)
    hand_over(content=review, by=make.user(), text="See https://example.org/" + "w" * 200)
    make.comparison(first=draft, second=Tool.objects.get(slug="jan"), published_at=make.FUTURE)
    make.plan(of=draft)
    return site


def sign_in_administrator(page: Page, site: str) -> None:
    sign_in(page.context, site, User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!"))


def list_pages() -> list[str]:
    published = Review.objects.current().filter(predictions__isnull=False)[0]
    return [
        reverse("admin:index"),
        reverse("admin:calendar"),
        reverse("admin:handbook"),
        reverse("admin:reviews_review_hand_over", args=[HandOver.objects.get().review_id]),
        *map(list_url, LISTS),
        *(form_url(model.objects.order_by("pk")[0]) for model in FORMS),
        form_url(published),
        reverse("admin:tools_tool_copy_plans", args=[published.tool_id]),
        form_url(Review.objects.get(published_at=None)),
        reverse("admin:reviews_review_add", query={"supersedes": published.pk}),
    ]


def test_pages_log_no_error_fit_the_screen_and_break_no_accessibility_rule(desk, page_to_measure: Page):
    page = page_to_measure
    sign_in_administrator(page, desk)
    talk = reverse("admin:reviews_review_hand_over", args=[HandOver.objects.get().review_id])
    copy = next(path for path in list_pages() if path.endswith("copy-plans/"))
    with_axe = {reverse("admin:index"), reverse("admin:calendar"), talk, copy, list_url(Tool), list_url(Prediction)}
    complaints = []
    for path in list_pages():
        response = page.goto(desk + path)
        assert response is not None
        assert response.status == 200, path
        complaints += find_too_wide(page, (1440, 768, 360))
        if path in with_axe:
            complaints += find_violations_on(page, [(1440, "light"), (360, "dark")])
            with_axe.remove(path)
    assert not complaints, "\n".join(complaints)
    assert not with_axe


def test_front_page_leads_to_a_tool_marked_as_verified(desk, page: Page):
    sign_in_administrator(page, desk)
    page.goto(desk + reverse("admin:index"))
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Subscribers").click()
    expect(page.get_by_role("heading", name="Subscribers", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.keyboard.press("Control+K")
    page.keyboard.type("jan")
    expect(page.get_by_role("region", name="Tools").get_by_role("link", name="Jan", exact=True)).to_be_visible()
    assert find_violations(page, context=".desk-search") == ""
    page.keyboard.press("ArrowDown")
    expect(page.locator(".desk-search__hits a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator(".desk-search__hits")).to_be_hidden()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Tools").get_by_role("link", name="Jan", exact=True).click()
    page.goto(desk + list_url(Tool))
    page.locator("#searchbar").fill("Jan")
    page.keyboard.press("Enter")
    page.get_by_role("row", name=re.compile(r"\bJan\b")).get_by_role("checkbox").check()
    page.locator("select[name=action]").first.select_option(label="Mark all prices and facts as verified today")
    page.get_by_role("button", name="Run").first.click()
    expect(page.get_by_role("heading", name="Mark as verified today")).to_be_visible()
    page.get_by_role("button", name="Yes, mark as verified today").click()
    expect(page.locator(".messagelist .success")).to_contain_text("marked as verified today")
