"""What only a browser can tell: nothing shifts, lists are short, and colors and directions may differ."""

import re
import time
from wsgiref.handlers import SimpleHandler

import pytest
from playwright.sync_api import Page, expect

from reviews.models import Reviewer
from tests import factories as make
from tests.addresses import FOUR, PAIR
from tests.browser.screens import find_faults_of_large_text, find_too_wide
from tools.models import Category, Tool

KINDS = ["/", FOUR, "/tools/", "/tools/aider/", "/categories/speech/", "/reviewers/skeptic/", "/splits/"]

# The sum of all layout shifts so far. Pages that are only laid out report none.
SHIFT = """async () => {
    let shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach(({value}) => (shift += value)))
        .observe({type: "layout-shift", buffered: true});
    await new Promise((resolve) => setTimeout(resolve, 50));
    return shift;
}"""


def test_nothing_shifts_while_a_page_loads(site, page: Page):
    page.emulate_media(reduced_motion="no-preference")
    page.set_viewport_size({"width": 360, "height": 740})
    shifts = {}
    for path in KINDS:
        page.goto(site + path)
        shifts[path] = page.evaluate(SHIFT)
    assert shifts == dict.fromkeys(KINDS, 0)


@pytest.fixture
def slow_network(monkeypatch):
    """Send the header of each page in pieces, each of which a browser has time to draw."""
    send = SimpleHandler._write

    def send_in_pieces(handler: SimpleHandler, data: bytes) -> None:
        if not data.startswith(b"<!doctype html>"):
            send(handler, data)
            return
        head, header, content = re.split(rb"(?=<body|<main)", data)
        for piece in (head, *re.split(rb"(?=<[^/])", header), content):
            send(handler, piece)
            handler._flush()
            time.sleep(0.5 if piece is head else 0.05)  # style sheets must arrive first

    monkeypatch.setattr("web.pages.choose_coding", lambda _: "")  # pieces of a compressed page would show nothing
    monkeypatch.setattr(SimpleHandler, "_write", send_in_pieces)


@pytest.mark.parametrize("width", [360, 1440])
def test_header_shifts_nothing_while_it_arrives(site, page: Page, slow_network, width):
    """Browsers may paint the beginning of a page before the rest has arrived."""
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"{site}/disclosure/")
    assert page.evaluate(SHIFT) == 0


def test_list_of_31_tools_takes_less_than_2000_pixels(site, page_to_measure: Page):
    for tool in Tool.objects.all():
        make.votes(on=tool, ship=18, skip=13)
    page_to_measure.set_viewport_size({"width": 1440, "height": 900})
    page_to_measure.goto(f"{site}/tools/")
    rows = page_to_measure.locator(".rows tbody tr")
    rows.evaluate_all("rows => rows.slice(31).forEach((row) => row.remove())")
    assert (rows.count(), rows.locator(".rail").count()) == (31, 31)
    assert page_to_measure.evaluate("document.documentElement.scrollHeight") < 2000


HEIGHTS = "elements => elements.map((element) => element.getBoundingClientRect().height)"


def test_tool_takes_two_lines_of_a_phone_and_its_name_is_large_enough_to_touch(site, page_to_measure: Page):
    page_to_measure.set_viewport_size({"width": 360, "height": 740})
    page_to_measure.goto(f"{site}/tools/")
    assert max(page_to_measure.locator(".rows tbody tr").evaluate_all(HEIGHTS)) < 64  # long names and examples included
    assert min(page_to_measure.locator(".rows__name > a").evaluate_all(HEIGHTS)) >= 24
    for path, links in ((PAIR, ".board__name"), ("/tools/aider/", ".review .tile a")):
        page_to_measure.goto(site + path)
        assert min(page_to_measure.locator(links).evaluate_all(HEIGHTS)) >= 24


def test_votes_on_an_example_fit_a_phone(site, page_in_either_font: Page):
    for tool in Tool.objects.filter(example=True):
        make.votes(on=tool, ship=734, skip=500)
    page = page_in_either_font
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site}/tools/")
    expect(page.get_by_text("59% of 1,234").first).to_be_visible()
    assert find_too_wide(page, (320, 360)) == []
    assert max(page.locator(".rows tbody tr").evaluate_all(HEIGHTS)) < 64


def test_words_in_place_of_panel_ship_fit_a_phone_with_large_text(site, page_in_either_font: Page):
    make.tool(category=Category.objects.get(slug="speech"))
    for path, words in (("?lens=skeptic", "Not reviewed through this lens"), ("", "Not judged yet")):
        page_in_either_font.goto(f"{site}/categories/speech/{path}")
        expect(page_in_either_font.get_by_text(words, exact=True)).to_be_visible()
        assert find_faults_of_large_text(page_in_either_font) == []


@pytest.mark.parametrize("path", [PAIR, FOUR, "/tools/mistral-medium-3/"])
def test_long_word_in_the_name_of_a_seat_breaks(site, page_in_either_font: Page, path):
    """In the board it would otherwise lie on the verdicts beside it, and widen the page."""
    Reviewer.objects.filter(slug="skeptic").update(name="Sicherheitsbeauftragter-" * 3)
    page_in_either_font.goto(site + path)
    assert find_too_wide(page_in_either_font) == []
    seats = page_in_either_font.locator(".board tbody tr > th:first-child, .score__seat")
    assert seats.count() >= 4
    assert seats.evaluate_all("seats => seats.filter((seat) => seat.scrollWidth > seat.clientWidth).length") == 0


def test_count_beside_a_long_name_stands_on_one_line(site, page_in_either_font: Page):
    category = Category.objects.get(slug="speech")
    Category.objects.filter(slug="speech").update(name="Sprachverarbeitung & Spracherkennungssysteme")
    for _ in range(6):
        make.tool(category=category)
    page_in_either_font.set_viewport_size({"width": 1440, "height": 900})
    page_in_either_font.goto(f"{site}/tools/")
    counts = page_in_either_font.locator(".chip small")
    expect(counts.get_by_text("12", exact=True).first).to_be_visible()
    assert max(counts.evaluate_all(HEIGHTS)) < 24  # two lines take at least 33 pixels


# Pixels below the last line of each name that is cut.
BELOW = """names => names.filter((name) => name.scrollHeight > name.clientHeight).map((name) => {
    const {lineHeight, paddingTop} = getComputedStyle(name);
    return name.clientHeight - parseFloat(paddingTop) - 3 * parseFloat(lineHeight);
})"""


@pytest.mark.parametrize("path", [PAIR, FOUR])
def test_cut_name_shows_nothing_of_its_next_line(site, page_to_measure: Page, path):
    Tool.objects.filter(slug="mistral-medium-3").update(name="W" * 80, short_name="")
    for width in (360, 1440):
        page_to_measure.set_viewport_size({"width": width, "height": 740})
        page_to_measure.goto(site + path)
        names = page_to_measure.locator(".board__name")
        below = names.evaluate_all(BELOW)
        assert len(below) == 1
        assert below[0] < 3  # the top of a line is empty
        assert min(names.evaluate_all(HEIGHTS)) >= 24


def test_forced_colors_tell_marks_apart_and_mark_the_current_page(site, page_to_measure: Page):
    page_to_measure.set_viewport_size({"width": 1440, "height": 900})
    page_to_measure.emulate_media(forced_colors="active")
    page_to_measure.goto(f"{site}/tools/")
    fill = "([mark]) => getComputedStyle(mark).backgroundColor"
    ship, skip = (page_to_measure.locator(f".rows .mark--{verdict}").evaluate_all(fill) for verdict in ("ship", "skip"))
    assert (ship, skip) == ("rgb(0, 0, 0)", "rgba(0, 0, 0, 0)")
    marked = page_to_measure.locator(".top__links a").evaluate_all(
        """links => links.filter((link) => {
            const {textDecorationLine, borderBlockEndWidth} = getComputedStyle(link);
            return textDecorationLine !== "none" || borderBlockEndWidth !== "0px";
        }).map((link) => link.textContent)"""
    )
    assert marked == ["Tools"]


def test_name_from_right_to_left_stands_where_its_column_begins(site, page_to_measure: Page):
    Tool.objects.filter(slug="mistral-medium-3").update(name="ميسترال ميديوم", short_name="")
    page_to_measure.set_viewport_size({"width": 1440, "height": 900})
    for path in (PAIR, FOUR):
        page_to_measure.goto(site + path)
        heads = page_to_measure.locator("thead th:has(bdi)")
        offsets = heads.evaluate_all(
            """heads => heads.map((head) => head.querySelector("bdi").getBoundingClientRect().x
                - head.getBoundingClientRect().x - parseFloat(getComputedStyle(head).paddingInlineStart))"""
        )
        assert len(offsets) == (4 if path == PAIR else 8)
        assert [round(offset) for offset in offsets] == [0] * len(offsets)
        inside = page_to_measure.locator(".jump bdi").evaluate_all(
            """names => names.map((name) => {
                const range = new Range();
                range.selectNodeContents(name);
                return range.getBoundingClientRect().x - name.getBoundingClientRect().x;
            })"""
        )
        assert [round(offset) for offset in inside] == [0] * (2 if path == PAIR else 4)
