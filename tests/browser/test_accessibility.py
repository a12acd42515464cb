"""No page breaks a rule of axe, narrow or wide, light or dark.

Every page is looked at twice, once narrow and once wide, once light and once dark; which goes with which takes turns,
so that what pages share is seen in all four ways.
"""

from itertools import cycle

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import factories as make
from tests.addresses import PAGES
from tools.models import Tool


@pytest.mark.parametrize("width", [360, 1440])
def test_no_accessibility_rule_is_broken(site, page: Page, width):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=40, skip=30)
    page.set_viewport_size({"width": width, "height": 900})
    schemes = cycle(["light", "dark"] if width == 360 else ["dark", "light"])
    broken = []
    for path, scheme in zip(PAGES, schemes, strict=False):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(site + path)
        results = Axe().run(page)
        if results.violations_count:
            broken.append(f"{path} ({scheme}): {results.generate_report()}")
    assert not broken, "\n".join(broken)
