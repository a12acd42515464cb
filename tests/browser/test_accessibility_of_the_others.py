"""The pages that test_accessibility.py leaves to another worker."""

from playwright.sync_api import Page

from tests import factories as make
from tests.addresses import PAGES
from tests.browser.test_accessibility import complaints, long_name
from tools.models import Tool

__all__ = ["long_name"]


def test_no_accessibility_rule_is_broken_nothing_is_too_wide_and_no_cookie_is_set(site, long_name, page: Page):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    assert complaints(site, page, PAGES[1::2]) == []
    assert page.context.cookies() == []
