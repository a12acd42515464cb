"""Every page in a browser: no rule of axe is broken, nothing is wider than its screen, and no cookie is set.

A page is opened once and looked at twice by axe, once narrow and once wide, once light and once dark; which goes with
which takes turns, so that what pages share is seen in all four ways. One of the tools has a name that does not break.
Every second page is here, the others are in test_accessibility_of_the_others.py, for another worker.
"""

from itertools import cycle

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import factories as make
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


@pytest.fixture
def long_name(site):
    """A tool of the demonstration gets a name that is long, cannot break, and looks like markup."""
    Tool.objects.filter(slug="jan").update(name="X" * 150 + "<script>alert(1)</script>" + "ü" * 100)


def fits(page: Page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 900})
    return page.evaluate("document.documentElement.scrollWidth") <= width


def complaints(site: str, page: Page, paths: list[str]) -> list[str]:
    """What axe finds on some pages, and which of them are too wide for a screen."""
    found = []
    for path, schemes in zip(paths, cycle([("light", "dark"), ("dark", "light")]), strict=False):
        page.emulate_media(color_scheme=schemes[0], reduced_motion="reduce")
        page.set_viewport_size({"width": 360, "height": 900})
        page.goto(site + path)
        for width, scheme in zip((360, 1440), schemes, strict=True):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            results = Axe().run(page)
            if results.violations_count:
                found.append(f"{path} ({width}, {scheme}): {results.generate_report()}")
        found += [f"{path} is wider than {width}" for width in (1440, 768, 360, 320) if not fits(page, width)]
    return found


def test_no_accessibility_rule_is_broken_nothing_is_too_wide_and_no_cookie_is_set(site, long_name, page: Page):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    assert complaints(site, page, PAGES[::2]) == []
    assert page.context.cookies() == []


def test_pages_of_a_long_name_are_not_wider_than_the_screen(site, long_name, page: Page):
    for path in LONG:
        page.goto(site + path)
        for width in (1440, 768, 360, 320):
            assert fits(page, width), (path, width)
