"""No page is wider than its screen, also with names that do not break."""

import pytest
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


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_nothing_is_wider_than_the_screen(site, page: Page, width):
    name = "X" * 150 + "<script>alert(1)</script>" + "ü" * 100
    Tool.objects.filter(slug="jan").update(name=name)
    page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES + LONG:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
