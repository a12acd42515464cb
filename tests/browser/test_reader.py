"""A reader who uses only the keyboard, and one who filters and goes back."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests import factories as make
from tests.addresses import PAIR
from tests.browser.screens import find_too_wide, follow, set_screen


def follow_by_keyboard(page: Page, link: str) -> None:
    """Tab to the first link whose address matches, and press Enter."""
    page.keyboard.press("Tab")
    for _ in range(400):
        href = page.evaluate("document.activeElement.getAttribute('href') || ''")
        if re.fullmatch(link, href):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {link} from {page.url}")


def test_keyboard_leads_from_the_front_page_to_reasons_history_and_records(site, page: Page):
    page.emulate_media(reduced_motion="no-preference")  # each page fades into the next
    page.goto(site + "/")
    follow_by_keyboard(page, r"/compare/[a-z0-9-]+-vs-[a-z0-9-]+/")
    expect(page.get_by_role("heading", name="Reviewer scorecard")).to_be_visible()
    pair = page.url
    follow_by_keyboard(page, r"/reviewers/[a-z-]+/")
    expect(page.get_by_role("heading", name="On record")).to_be_visible()
    follow_by_keyboard(page, r"/tools/[a-z0-9-]+/#seat-[a-z]+")
    expect(page.get_by_role("heading", name="Verdicts over time")).to_be_visible()
    page.goto(pair)
    follow_by_keyboard(page, r"/tools/[a-z0-9-]+/#edition-\d+")
    expect(page.locator(":target")).to_be_visible()
    rival = page.get_by_label(re.compile("^Compare .* with$"))
    rival.fill(rival.get_attribute("placeholder"))
    rival.press("Enter")
    page.wait_for_url(re.compile(r"/compare/[a-z0-9-]+-vs-[a-z0-9-]+/"))


def test_header_and_footer_lead_to_every_section(site, page: Page):
    """From the header and footer of each page a reader reaches every page that does not depend on another."""
    page.goto(site + PAIR)
    links = set(
        page.eval_on_selector_all("header a, footer a", "links => links.map(link => link.getAttribute('href'))")
    )
    assert links >= {
        "/", "/compare/", "/tools/", "/reviewers/", "/splits/", "/changes/", "/predictions/", "/newsletter/",
        "/methodology/", "/disclosure/",
    }  # fmt: skip


def expect_count(page: Page, words: str | re.Pattern[str]) -> None:
    """Wait until the list has this count, and htmx listens to the controls that came with it."""
    expect(page.locator("#tool-count")).to_contain_text(words)
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def test_filters_answer_in_place_and_the_back_button_works(site, page: Page):
    page.goto(site + "/tools/")
    expect_count(page, "46 tools")
    page.get_by_label("Speech 6").check(force=True)
    expect_count(page, re.compile(r"\b6 tools"))
    assert page.url == site + "/tools/?category=speech"
    page.get_by_label("All ship 1").check(force=True)
    expect_count(page, "1 tool")
    assert page.url == site + "/tools/?category=speech&panel=all-ship"
    expect(page.get_by_label("All ship 1")).to_be_focused()
    page.go_back()
    expect_count(page, re.compile(r"\b6 tools"))
    expect(page.get_by_label("Speech 6")).to_be_checked()
    page.go_back()
    expect_count(page, "46 tools")
    follow(page.get_by_role("link", name="faster-whisper", exact=True))
    page.go_back()
    expect_count(page, "46 tools")


def test_search_suggests_after_going_back_through_filters(site, page: Page):
    """Back restores the body in new elements, which no script has seen before."""
    page.goto(site + "/tools/")
    page.get_by_label("Speech 6").check(force=True)
    expect_count(page, re.compile(r"\b6 tools"))
    page.go_back()
    expect_count(page, "46 tools")
    field = page.locator("#site-search")
    field.press_sequentially("aid", delay=20)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    field.press("Enter")
    page.wait_for_url("**/tools/aider/")


BUSY = "Busy: nothing was changed. Try again in a few seconds."
FAILURES = {
    "ours": (503, f'<p class="lost__words">{BUSY}</p>', BUSY),
    "proxy": (
        502,
        "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>",
        "The site could not answer (error 502). Try again in a moment.",
    ),
    "limit": (429, "<html><body><h1>429</h1></body></html>", "Too many requests at once. Try again in a minute."),
    "empty": (500, "", "The site could not answer (error 500). Try again in a moment."),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_filter_says_so_and_changes_nothing_else(site, browser: Browser, failure):
    status, body, words = FAILURES[failure]
    page = browser.new_page()  # whose console may report the failure
    page.goto(site + "/tools/")
    title = page.title()
    page.route("**/tools/?*", lambda route: route.fulfill(status=status, body=body, content_type="text/html"))
    page.get_by_label("Order").select_option("name")
    expect(page.locator("#notice")).to_have_text(words)
    expect(page.locator("#notice")).to_be_in_viewport(ratio=1)  # the order is chosen far below it
    assert (page.url, page.title()) == (site + "/tools/", title)
    page.unroute("**/tools/?*")
    page.get_by_label("Order").select_option("reviewed")
    page.wait_for_url("**/tools/?sort=reviewed")
    expect(page.locator("#notice")).to_have_text("")


def test_printed_address_is_that_of_the_filters(site, page: Page):
    page.goto(site + "/tools/")
    page.get_by_label("Speech 6").check(force=True)
    expect_count(page, re.compile(r"\b6 tools"))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".printed")).to_contain_text(f"{settings.SITE_URL}/tools/?category=speech · ")


def make_instruments() -> None:
    """Make a category of four tools, three of which have facts to filter by: a choice, and a number."""
    category = make.category(slug="instruments", name="Instruments")
    choices = [{"slug": "harp", "name": "Harp"}, {"slug": "lute", "name": "Lute"}]
    tuning = make.attribute(slug="tuning", name="Tuning", kind="choice", choices=choices)
    strings = make.attribute(slug="strings", name="Strings", kind="number", unit="strings")
    for attribute in (tuning, strings):
        attribute.categories.add(category)
    for choice, number in (("harp", 99), ("harp", 7), ("lute", 20), (None, None)):
        tool = make.tool(category=category)
        if choice:
            make.fact(of=tool, attribute=tuning, value=choice)
            make.fact(of=tool, attribute=strings, value=str(number))


@pytest.mark.parametrize("path", ["/tools/?category=instruments", "/categories/instruments/"])
def test_filters_by_facts_answer_in_place_and_fold_away_on_a_phone(site, page: Page, path):
    make_instruments()
    set_screen(page, width=1440, scheme="light")
    page.goto(site + path)
    page.get_by_label("Harp 2").check(force=True)
    expect_count(page, "2 tools · 1 more: not known")
    expect(page.get_by_label("Harp 2")).to_be_focused()
    assert "tuning=harp" in page.url
    page.get_by_role("group", name="Strings").get_by_label("At least").fill("10")
    page.get_by_role("group", name="Strings").get_by_label("At least").press("Tab")
    expect_count(page, "1 tool · 1 more: not known")
    page.get_by_label("Order").select_option("strings")
    expect(page.get_by_text("Strings, largest first")).to_be_visible()
    set_screen(page, width=320, scheme="dark")
    page.goto(site + path)
    expect(page.get_by_label("Harp 2")).not_to_be_visible()
    page.locator(".facets__summary").click()
    page.get_by_label("Harp 2").check(force=True)
    expect(page.get_by_text(re.compile(r"Filters [12] on"))).to_be_visible()
    expect(page.get_by_label("Lute 1")).to_be_visible()
    assert find_too_wide(page) == []


def test_filters_work_without_javascript(site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/tools/")
    page.get_by_role("group", name="Entry").get_by_label("Free").check(force=True)
    page.get_by_label("Order").select_option("name")
    page.get_by_role("button", name="Show tools").click()
    expect(page.get_by_label("Order")).to_have_value("name")
    follow(page.get_by_role("link", name="Clear all filters"))
    assert page.url == site + "/tools/"
    make_instruments()
    set_screen(page, width=360, scheme="light")
    page.goto(site + "/categories/instruments/")
    page.locator(".facets__summary").click()
    page.get_by_label("Lute 1").check(force=True)
    page.get_by_role("group", name="Strings").get_by_label("At most").fill("1k")
    page.get_by_role("button", name="Show tools").click()
    expect(page.locator("#tool-count")).to_contain_text("1 tool · 1 more: not known")
    context.close()


def test_ticked_tools_are_compared_without_javascript(site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/tools/?category=speech")
    button = page.get_by_role("button", name="Compare", exact=True)
    expect(button).not_to_be_visible()
    page.get_by_role("checkbox", name="Compare Vosk").check()
    expect(button).to_be_visible()
    page.get_by_role("checkbox", name="Compare Whisper", exact=True).check()
    follow(button)
    assert page.url == site + "/compare/vosk-vs-whisper/"
    context.close()


def test_lens_can_be_applied_and_removed(site, page: Page):
    page.goto(site + PAIR)
    page.get_by_role("navigation", name="Whose verdicts count").get_by_role("link", name="The Skeptic").click()
    expect(page.locator("#verdict")).to_contain_text("Counting only The Skeptic")
    assert page.url == site + PAIR + "?lens=skeptic"
    follow(page.get_by_role("link", name="Back to the whole panel"))
    assert page.url == site + PAIR
