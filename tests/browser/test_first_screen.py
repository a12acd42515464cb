"""What a reader sees of a comparison before scrolling: the verdict and its evidence in short, and nothing moves. What a
ballot says of an error stands above the bar that follows.

The site says that its votes are made up, and each tool has a vote under review, which takes the most space.
"""

import re

from playwright.sync_api import Page

from comparisons.models import Comparison
from tests import factories as make
from tests.browser.conftest import ROOT
from tools.models import Tool
from votes.made_up import make_visitor
from votes.models import Vote, VoteState
from votes.views.shared import GONE, describe_hold
from web.views import OUTAGE, TEXTS

SCREENS = [(360, 740), (1440, 900)]
VOTES = [(0, 0), (6, 2), (18, 13), (1204, 96)]  # ship and skip: none, few, early, and many
# The lowest point of everything that belongs on the first screen, and whether all of it is there.
MEASURE = """selectors => {
    const found = selectors.map((selector) => [...document.querySelectorAll(selector)]);
    const bottoms = found.flat().map((element) => element.getBoundingClientRect().bottom);
    return [found.map((elements) => elements.length), Math.max(...bottoms)];
}"""
# How far the error of a ballot reaches over the bar, where no vote under review leaves room for it.
COVER = """words => {
    const find = (name) => [...document.querySelectorAll(`.board ${name}`)];
    const show = (undo, more) => {
        for (const element of find(".ballot__undo")) element.hidden = !undo;
        for (const element of find(".community__more")) element.hidden = !more;
    };
    show(true, false);
    const top = document.querySelector(".jump").getBoundingClientRect().top;
    const bottoms = find(".ballot__error").map((error) => {
        error.textContent = words;
        const {bottom} = error.getBoundingClientRect();
        error.textContent = "";
        return bottom;
    });
    show(false, true);
    return Math.max(...bottoms) - top;
}"""
# Sum up what moves without the reader's doing, from the start of a page.
OBSERVE_SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: 'layout-shift', buffered: true});"""
PUSH_DOWN = """() => {
    document.body.insertAdjacentHTML('afterbegin', '<hr>');
    document.body.firstElementChild.style.blockSize = '200px';
}"""
SELECTORS = [
    ".made-up", ".verdict__headline", ".board .tile", ".board .number", ".board__entry b", ".community__count",
    ".ballot__button--ship", ".ballot__button--skip",
]  # fmt: skip


def list_ballot_errors() -> list[str]:
    """Return everything that a ballot may say."""
    by_script = re.findall(r'textContent = "([^"]+)"', (ROOT / "static/js/site.js").read_text())
    holds = [describe_hold(VoteState.HELD, is_frozen=is_frozen) for is_frozen in (False, True)]
    errors = [GONE.words, OUTAGE.brief, *(text.brief for text in TEXTS.values())]
    return ["You can vote again in 59 minutes.", *by_script, *holds, *errors]


def test_first_screen_of_every_comparison_holds_the_verdict_and_its_evidence(site, page_in_either_font: Page):
    page = page_in_either_font
    for place, tool in enumerate(Tool.objects.order_by("pk")):
        ship, skip = VOTES[place % len(VOTES)]
        make.votes(on=tool, ship=ship, skip=skip)
        make.votes(on=tool, ship=1, state="held", held_for="burst")
    Vote.objects.create(tool=tool, visitor=make_visitor(1), choice="ship")
    low, covered = [], []
    longest = max(list_ballot_errors(), key=len)
    for comparison in Comparison.objects.published():
        page.goto(site + comparison.get_absolute_url())
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            counts, bottom = page.evaluate(MEASURE, SELECTORS)
            assert counts == [1, 1, 8, 2, 2, 2, 2, 2], comparison
            if bottom > (height if width < 1000 else 600):
                low.append((str(comparison), width, bottom))
            if (pixels := page.evaluate(COVER, longest)) > 0:
                covered.append((str(comparison), width, pixels))
    assert (low, covered) == ([], [])


def test_nothing_on_a_comparison_moves_while_it_loads(site, page: Page):
    page.emulate_media(reduced_motion="no-preference")
    page.add_init_script(OBSERVE_SHIFTS)
    make.votes(on=Tool.objects.earliest("pk"), ship=18, skip=13)
    moved = []
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for comparison in Comparison.objects.published().order_by("pk")[:3]:
            page.goto(f"{site}{comparison.get_absolute_url()}?seats=10", wait_until="networkidle")
            moved.append(page.evaluate("shifted"))
    page.evaluate(PUSH_DOWN)
    page.wait_for_function("shifted > 0")  # what moves is noticed
    assert moved == [0] * 6
