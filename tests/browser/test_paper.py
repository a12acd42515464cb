"""The comparison in print, and links into a tool's history."""

import re
from datetime import timedelta

from django.conf import settings
from playwright.sync_api import Page, expect

from reviews.models import Review
from tests import factories as make
from tools.models import Tool

# The wordiest pair of the demonstration, and one whose tools have votes and a price history.
PAIRS = ["/compare/haystack-vs-langchain/", "/compare/open-webui-vs-librechat/"]


def test_fonts_are_the_projects_own_and_differ_in_width(site, page_in_either_font: Page, request):
    page = page_in_either_font
    page.goto(site)
    measure = """family => {
        const context = document.createElement("canvas").getContext("2d");
        context.font = `100px ${family}`;
        return Math.round(context.measureText("0").width);
    }"""
    is_narrow = "narrow" in request.node.callspec.id
    assert page.evaluate(measure, "sans-serif") == (56 if is_narrow else 64)
    assert page.evaluate(measure, "system-ui") == (56 if is_narrow else 64)
    assert page.evaluate(measure, "serif") == (50 if is_narrow else 64)


def test_comparison_prints_on_three_pages(site, page_in_either_font: Page):
    page = page_in_either_font
    tool = Tool.objects.get(slug="open-webui")
    make.votes(on=tool, ship=210, skip=95)
    make.plan(of=tool, name=tool.plans.first().name, kind="contact", superseded_at=make.PAST + timedelta(days=1))
    for path in PAIRS:
        page.goto(site + path)
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) <= 3, path


def test_tool_prints_on_three_pages_with_all_reviews_and_without_controls(site, page_in_either_font: Page):
    page = page_in_either_font
    make.votes(on=Tool.objects.get(slug="open-webui"), ship=210, skip=95)
    page.goto(f"{site}/tools/open-webui/")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) <= 3
    page.emulate_media(media="print")
    for selector, count in ((".review .quote__words", 4), (".score .tile", 4), (".conditions li", 8), (".lanes", 1)):
        assert page.locator(selector).count() == count
        for shown in page.locator(selector).all():
            expect(shown).to_be_visible()
    for selector in (".ballot", ".beside", ".jump", ".embed", ".mail"):
        expect(page.locator(selector)).to_be_hidden()


def test_print_shows_all_content_and_no_controls(site, page: Page):
    page.goto(site + PAIRS[0])
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    today = page.evaluate("new Date().toLocaleDateString('en-US', {dateStyle: 'medium'})")
    expect(page.locator(".printed")).to_have_text(f"{settings.SITE_URL}{PAIRS[0]} · {today}")
    for selector in (
        ".printed",
        ".verdict",
        "#split",
        ".tile",
        ".seat__one",
        "#pricing",
        "#facts",
        "#predictions",
        ".checked a",
        ".quote",
    ):
        for shown in page.locator(selector).all():
            expect(shown).to_be_visible()
    assert page.locator(".quote").count() == 8
    for selector in (".ballot", ".mail", ".top__links", ".foot", ".jump", "#related"):
        for hidden in page.locator(selector).all():
            expect(hidden).to_be_hidden()
    one, two = (page.locator(f"#builder-{place}").bounding_box() for place in (1, 2))
    assert one["y"] == two["y"]
    assert one["x"] + one["width"] < two["x"]
    page.goto(f"{site}/nowhere/")  # which prints no address
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


def test_link_to_an_older_edition_opens_it(site, page: Page):
    tool = Tool.objects.get(slug="open-webui")
    older = Review.objects.filter(tool=tool, reviewer__slug="founder").earliest("published_at")
    page.goto(f"{site}/tools/open-webui/")
    expect(page.locator(f"#edition-{older.pk}")).to_be_hidden()
    page.get_by_role("link", name="the edition of").click()
    expect(page.locator(f"#edition-{older.pk}")).to_be_in_viewport()
    page.goto(f"{site}/tools/aider/")
    page.goto(f"{site}/tools/open-webui/#edition-{older.pk}")
    expect(page.locator(f"#edition-{older.pk}")).to_be_in_viewport()
