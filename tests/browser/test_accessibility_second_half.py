"""The pages that test_accessibility.py leaves to another worker."""

from playwright.sync_api import Page

from tests import factories as make
from tests.addresses import PAGES
from tests.browser.test_accessibility import find_complaints, long_name
from tools.models import Tool

__all__ = ["long_name"]


def test_public_pages_break_no_rule_fit_the_screen_and_set_no_cookie(site, long_name, page_to_measure: Page):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    assert find_complaints(site, page_to_measure, PAGES[1::2]) == []
    assert page_to_measure.context.cookies() == []
