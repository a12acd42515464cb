"""No page is wider than its screen, also with names that do not break."""

from playwright.sync_api import Page

from tests.addresses import PAGES
from tools.models import Tool

LONG = [
    "/compare/jan-vs-open-webui/",
    "/tools/jan/",
    "/tools/jann/",
    "/categories/chat-interfaces/",
    "/search/?q=chat",
    "/compare/?a=jan",
    "/compare/custom/?t=jan&t=open-webui&t=librechat",
    "/compare/custom/?t=open&t=zzzz&t=jan",
]


def test_nothing_is_wider_than_the_screen(site, page: Page):
    name = "X" * 150 + "<script>alert(1)</script>" + "ü" * 100
    Tool.objects.filter(slug="jan").update(name=name)
    for path in PAGES + LONG:
        page.goto(site + path)
        for width in (1440, 768, 360, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
