"""The desk in a browser: no page complains, none is wider than its screen, none breaks a rule of axe."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tools.models import Attribute, Category, Fact, Plan, Tool

LISTS = [Tool, Category, Attribute, Plan, Fact, Reviewer, Review, Prediction, Comparison]
FORMS = [Category, Attribute, Plan, Fact, Reviewer, Review, Prediction]


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def form_of(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def desk(site, page: Page, client) -> str:
    """The demonstration with something of each kind to do, an administrator signed in; the site's address."""
    draft = make.tool(name="Drafted " + "W" * 120, published_at=None)
    make.review(of=draft, by=Reviewer.objects.get(slug="builder"), published_at=None)
    make.comparison(first=draft, second=Tool.objects.get(slug="jan"), published_at=make.FUTURE)
    make.plan(of=draft)
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!"))
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    return site


def pages() -> list[str]:
    published = Review.objects.current().filter(predictions__isnull=False)[0]
    return [
        reverse("admin:index"),
        *map(list_of, LISTS),
        *(form_of(model.objects.order_by("pk")[0]) for model in FORMS),
        form_of(published),
        form_of(Review.objects.get(published_at=None)),
        reverse("admin:reviews_review_add", query={"supersedes": published.pk}),
    ]


def test_no_page_of_the_desk_complains_or_is_too_wide(desk, page: Page):
    for path in pages():
        response = page.goto(desk + path)
        assert response is not None
        assert response.status == 200, path
        for width in (1440, 768, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_no_accessibility_rule_is_broken_at_the_desk(desk, page: Page):
    broken = []
    for path in (reverse("admin:index"), list_of(Tool), list_of(Prediction)):
        page.goto(desk + path)
        for scheme, width in (("light", 1440), ("dark", 360)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            results = Axe().run(page)
            if results.violations_count:
                broken.append(f"{path} ({width}, {scheme}): {results.generate_report()}")
    assert not broken, "\n".join(broken)


def test_from_the_front_page_to_a_tool_marked_as_verified(desk, page: Page):
    page.goto(desk + reverse("admin:index"))
    page.get_by_role("searchbox", name="Search tools").fill("Jan")
    page.keyboard.press("Enter")
    page.get_by_role("row", name=re.compile(r"\bJan\b")).get_by_role("checkbox").check()
    page.locator("select[name=action]").first.select_option(label="Mark all prices and facts as verified today")
    page.get_by_role("button", name="Run").first.click()
    expect(page.get_by_role("heading", name="Mark as verified today")).to_be_visible()
    page.get_by_role("button", name="Yes, mark as verified today").click()
    expect(page.locator(".messagelist .success")).to_contain_text("marked as verified today")
