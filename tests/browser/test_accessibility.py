"""Every public page in a browser: no axe rule is broken, nothing is wider than its screen, and no cookie is set.

Each page is loaded once and checked twice by axe: once narrow and once wide, once light and once dark. The pairing
alternates from page to page, so that what pages share is checked all four ways. One tool has a name without breaks.
This file checks every second page; test_accessibility_second_half.py checks the others on another worker.
"""

from itertools import cycle

import pytest
from playwright.sync_api import Page

from tests import factories as make
from tests.addresses import PAGES
from tests.browser.screens import (
    find_faults_of_large_text,
    find_faults_on_a_phone,
    find_too_wide,
    find_violations_on,
    set_screen,
)
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
    """Give a tool of the demonstration a name that is long, has no breaks, and looks like markup."""
    Tool.objects.filter(slug="jan").update(name="X" * 150 + "<script>alert(1)</script>" + "ü" * 100)


def find_complaints(site: str, page: Page, paths: list[str]) -> list[str]:
    """Return what axe finds on the pages, and which of them are too wide for a screen."""
    complaints = []
    for path, schemes in zip(paths, cycle([("light", "dark"), ("dark", "light")]), strict=False):
        set_screen(page, width=360, scheme=schemes[0])
        page.goto(site + path)
        complaints += find_faults_on_a_phone(page)
        complaints += find_violations_on(page, zip((360, 1440), schemes, strict=True))
        complaints += find_too_wide(page)
        complaints += find_faults_of_large_text(page)
    return complaints


def test_public_pages_break_no_rule_fit_the_screen_and_set_no_cookie(site, long_name, page_to_measure: Page):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    assert find_complaints(site, page_to_measure, PAGES[::2]) == []
    assert page_to_measure.context.cookies() == []


def test_pages_with_a_long_name_fit_the_screen(site, long_name, page_to_measure: Page):
    for path in LONG:
        page_to_measure.goto(site + path)
        assert find_too_wide(page_to_measure) == [], path
