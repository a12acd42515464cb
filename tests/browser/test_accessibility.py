"""No page breaks a rule of axe, narrow or wide, light or dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import factories as make
from tests.addresses import PAGES
from tools.models import Tool


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("light", 1440), ("dark", 1440)])
def test_no_accessibility_rule_is_broken(site, page: Page, scheme, width):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    broken = []
    for path in PAGES:
        page.goto(site + path)
        results = Axe().run(page)
        if results.violations_count:
            broken.append(f"{path}: {results.generate_report()}")
    assert not broken, "\n".join(broken)
