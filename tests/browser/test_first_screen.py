"""What a reader sees of a comparison before scrolling: the verdict and all of its evidence in short."""

from playwright.sync_api import Page

from comparisons.models import Comparison
from tests import factories as make
from tools.models import Tool

SCREENS = [(360, 740), (1440, 900)]
VOTES = [(0, 0), (6, 2), (18, 13), (1204, 96)]  # ship and skip: none, few, early, and many
# The lowest point of everything that belongs on the first screen, and whether all of it is there.
MEASURE = """selectors => {
    const found = selectors.map((selector) => [...document.querySelectorAll(selector)]);
    const bottoms = found.flat().map((element) => element.getBoundingClientRect().bottom);
    return [found.map((elements) => elements.length), Math.max(...bottoms)];
}"""
SELECTORS = [
    ".verdict__headline", ".board .tile", ".board .number", ".board__entry b", ".community__count",
    ".ballot__button--ship", ".ballot__button--skip",
]  # fmt: skip


def test_first_screen_of_every_comparison_holds_the_verdict_and_its_evidence(site, page_in_either_font: Page):
    page = page_in_either_font
    for place, tool in enumerate(Tool.objects.order_by("pk")):
        ship, skip = VOTES[place % len(VOTES)]
        make.votes(on=tool, ship=ship, skip=skip)
    low = []
    for comparison in Comparison.objects.published():
        page.goto(site + comparison.get_absolute_url())
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            counts, bottom = page.evaluate(MEASURE, SELECTORS)
            assert counts == [1, 8, 2, 2, 2, 2, 2], comparison
            if bottom > (height if width < 1000 else 600):
                low.append((str(comparison), width, bottom))
    assert low == []
