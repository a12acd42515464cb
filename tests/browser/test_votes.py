"""Voting in a real browser. The `page` fixture fails on any error in the console."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories as make
from tools.models import Tool
from votes.models import Freeze, Vote

ALIKE = "/compare/aider-vs-qdrant/"


def find_block(page, slug: str):
    return page.locator(f"#community-{slug}")


def find_error(page, slug: str):
    """Return where a ballot says what went wrong."""
    return find_block(page, slug).get_by_role("alert")


def test_double_click_and_quick_change_are_one_visitor(page, site):
    """Clicks that are sent before the first response sets the cookie belong to one visitor."""
    page.goto(f"{site}{ALIKE}")
    # At the same time, on two tools: htmx sends both without a cookie.
    page.evaluate("""() => {
        for (const slug of ["aider", "qdrant"]) document.querySelector(`#ship-${slug}`).click();
    }""")
    for slug in ("aider", "qdrant"):
        expect(page.locator(f"#ship-{slug}")).to_have_attribute("aria-pressed", "true")
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.post_data or "") if request.method == "POST" else None)
    page.locator("#skip-aider").dblclick()
    expect(page.locator("#skip-aider")).to_have_attribute("aria-pressed", "true")
    expect(find_block(page, "aider")).to_contain_text("0 ship, 1 skip so far")
    assert posted == ["next=%2Fcompare%2Faider-vs-qdrant%2F&choice=skip"]
    assert Vote.objects.values("visitor").distinct().count() == 1
    assert sorted(Vote.objects.values_list("tool__slug", "choice")) == [("aider", "skip"), ("qdrant", "ship")]


def test_last_click_wins_at_any_speed(page, site):
    page.goto(f"{site}/tools/aider/")
    page.evaluate("""() => {
        for (const choice of ["ship", "skip", "ship", "skip"]) document.querySelector(`#${choice}-aider`).click();
    }""")
    expect(page.locator("#skip-aider")).to_have_attribute("aria-pressed", "true")
    expect(find_block(page, "aider")).to_contain_text("0 ship, 1 skip so far")
    assert list(Vote.objects.values_list("choice", flat=True)) == ["skip"]


def test_counted_vote_is_announced_and_can_be_undone(page, site):
    page.goto(f"{site}/tools/aider/")
    announcement = page.locator("#announcement")
    expect(announcement).to_have_attribute("role", "status")
    page.get_by_role("button", name="Ship Aider").click()
    expect(announcement).to_have_text(re.compile(r"Your ship vote for Aider counts. 1 ship, 0 skip. Undo"))
    expect(page.get_by_role("button", name="Ship Aider")).to_be_focused()
    page.get_by_role("button", name="Undo my vote on Aider").click()
    expect(announcement).to_have_text(re.compile(r"You have no vote on Aider. 0 ship, 0 skip."))
    expect(page.get_by_role("button", name="Undo my vote on Aider")).to_be_hidden()
    expect(page.get_by_role("button", name="Ship Aider")).to_be_focused()


def test_held_vote_is_marked_as_under_review(page, site):
    Freeze.objects.create(tool=Tool.objects.get(slug="aider"))
    page.goto(f"{site}/tools/aider/")
    page.get_by_role("button", name="Skip Aider").click()
    expect(page.locator("#announcement")).to_contain_text("under review and does not count yet")
    expect(page.locator("#skip-aider")).to_have_attribute("aria-pressed", "true")
    expect(find_error(page, "aider")).to_have_text("Noted. Voting is frozen here, so your vote waits for a moderator.")
    page.reload()
    expect(find_block(page, "aider")).to_contain_text("1 vote under review")


def test_refusal_is_shown_in_the_ballot(page, site, settings):
    settings.VOTE_REQUESTS_PER_NETWORK = 1
    page.goto(f"{site}/tools/aider/")
    page.locator("#ship-aider").click()
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    page.locator("#skip-aider").click()
    expect(find_error(page, "aider")).to_have_text(re.compile(r"You can vote again in [1-9]\d* minutes?\."))
    expect(page.locator("#notice")).to_have_text("")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#undo-aider")).to_be_visible()


def test_lost_network_is_reported_in_the_ballot(browser, site):
    page = browser.new_page()  # whose console may report the failure
    page.goto(f"{site}{ALIKE}")
    page.route("**/vote/", lambda route: route.abort())
    page.locator("#pick-second").click()
    error = page.locator("#pair-vote").get_by_role("alert")
    expect(error).to_contain_text("did not reach us")
    page.unroute("**/vote/")
    page.locator("#pick-second").click()
    expect(page.locator("#pick-second")).to_have_attribute("aria-pressed", "true")
    expect(error).to_have_text("")


@pytest.mark.parametrize("body", ["", "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"])
def test_error_of_a_proxy_is_told_in_our_words(browser, site, body):
    page = browser.new_page()  # whose console may report the failure
    page.goto(f"{site}/tools/aider/")
    title = page.title()
    page.route("**/vote/", lambda route: route.fulfill(status=502, body=body, content_type="text/html"))
    page.locator("#ship-aider").click()
    expect(find_error(page, "aider")).to_have_text("The site could not answer (error 502). Try again in a moment.")
    assert page.title() == title
    page.unroute("**/vote/")
    page.locator("#ship-aider").click()
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    expect(find_error(page, "aider")).to_have_text("")


def test_failure_to_refresh_the_verdict_is_not_told_of_the_vote(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/tools/aider/")
    busy = '<p class="lost__words">Nothing was changed.</p>'
    page.route("**/tools/aider/", lambda route: route.fulfill(status=503, body=busy, content_type="text/html"))
    with page.expect_response("**/tools/aider/"):
        page.locator("#ship-aider").click()
    page.evaluate(SETTLE)
    expect(page.locator("#announcement")).to_contain_text("Your ship vote for Aider counts.")
    expect(page.locator("#notice")).to_have_text("")
    expect(find_error(page, "aider")).to_have_text("")


# Everything that stands in the page. What is sticky moves with the scrolling that a click may cause.
POSITIONS = """() => [...document.querySelectorAll("main, footer, .ballot, .ballot__button, .board tr, .part, .seat")]
    .map((element) => Math.round(element.getBoundingClientRect().y + scrollY))"""


# Wait until the page has been drawn at its new size, which opens quotes on wide screens.
DRAW = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


# Wait until every request is answered and its answer is shown.
SETTLE = """async () => {
    const busy = ".htmx-request, .htmx-swapping, .htmx-settling";
    while (document.querySelector(busy)) await new Promise(requestAnimationFrame);
}"""


BUTTONS = {"/tools/aider/": ["ship-aider", "skip-aider", "undo-aider"]}
BUTTONS[ALIKE] = [*BUTTONS["/tools/aider/"], "pick-first", "pick-second", "pick-undo"]


def find_moving(page, buttons: list[str]) -> list[str]:
    """Press the buttons in their order, narrow and then wide. Return a complaint for each one that moves something."""
    complaints = []
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 740})
        page.evaluate(DRAW)
        positions = page.evaluate(POSITIONS)
        for button in buttons:
            page.locator(f"#{button}").click()
            page.evaluate(SETTLE)
            if page.evaluate(POSITIONS) != positions:
                complaints.append(f"{button} at {width} px")
    return complaints


@pytest.mark.parametrize("path", BUTTONS)
@pytest.mark.parametrize("before", [9, 49])  # a vote brings a number, or the full number
def test_pressing_a_button_moves_nothing(page, site, path, before):
    """Nine visitors would skip what the panel ships: the next vote adds to the verdict that they disagree."""
    aider, qdrant = Tool.objects.get(slug="aider"), Tool.objects.get(slug="qdrant")
    make.votes(on=aider, skip=before)
    make.pair_votes(between=(aider, qdrant), first=before)
    page.goto(f"{site}{path}")
    assert find_moving(page, BUTTONS[path]) == []
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 740})
        page.locator("#ship-aider").click()
        expect(find_block(page, "aider")).to_contain_text(f"{before + 1} votes")  # it does not stay as it was
        page.locator("#undo-aider").click()
        page.evaluate(SETTLE)


@pytest.mark.parametrize("path", BUTTONS)
def test_pressing_a_button_moves_nothing_while_votes_are_held(page, site, path):
    page.goto(f"{site}{path}")
    assert find_moving(page, BUTTONS[path]) == []
    Freeze.objects.create(tool=Tool.objects.get(slug="aider"))
    assert find_moving(page, BUTTONS[path]) == []
    page.locator("#ship-aider").click()
    page.evaluate(SETTLE)
    page.reload()  # which shows that one vote is under review; without it there is none
    assert find_moving(page, ["skip-aider", "undo-aider", "ship-aider"]) == []


@pytest.mark.parametrize("width", [360, 1440])
def test_error_of_a_ballot_moves_nothing_and_its_buttons_are_large(page, site, settings, width):
    settings.VOTE_REQUESTS_PER_NETWORK = 1
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"{site}{ALIKE}")
    page.locator("#ship-aider").click()
    expect(page.locator("#undo-aider")).to_be_visible()
    positions = page.evaluate(POSITIONS)
    for button in ("skip-aider", "pick-neither"):
        page.locator(f"#{button}").click()
        expect(page.locator(f".ballot:has(#{button})").get_by_role("alert")).to_contain_text("You can vote again in")
    page.locator("#skip-qdrant").click()
    expect(find_error(page, "qdrant")).to_contain_text("You can vote again in")
    expect(find_error(page, "aider")).to_have_text("")  # in a board, one would lie on the other
    assert page.evaluate(POSITIONS) == positions
    for button in page.locator(".ballot button:visible").all():
        assert button.bounding_box()["height"] >= 44


def test_my_votes_change_in_place_and_move_by_receipt(page, site, browser):
    page.goto(f"{site}/tools/aider/")
    page.locator("#ship-aider").click()
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{site}/me/")
    page.locator("#skip-aider").click()
    expect(find_block(page, "aider")).to_contain_text("0 ship, 1 skip so far")
    receipt = page.locator("#receipt-link").input_value()
    other = browser.new_context(java_script_enabled=False).new_page()
    other.goto(receipt)
    other.get_by_role("button", name="Take these votes over").click()
    expect(other.locator("h1")).to_have_text("My votes")
    other.locator("#ship-aider").click()
    expect(other.locator("h1")).to_have_text("Aider")
    other.get_by_role("link", name="Back to where you were").click()
    expect(other).to_have_url(re.compile(r"/me/"))
    other.context.close()
    assert list(Vote.objects.values_list("choice", flat=True)) == ["ship"]


def test_other_tab_shows_the_vote_as_soon_as_it_is_looked_at(page, site):
    page.goto(f"{site}/tools/aider/")
    other = page.context.new_page()
    other.goto(f"{site}{ALIKE}")
    other.locator("#ship-aider").click()
    expect(other.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "false")
    page.evaluate("dispatchEvent(new FocusEvent('focus'))")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    other.locator("#undo-aider").click()
    expect(other.locator("#ship-aider")).to_have_attribute("aria-pressed", "false")
    page.evaluate("dispatchEvent(new FocusEvent('focus'))")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "false")


def test_browser_that_refuses_cookies_is_told_so(page, site):
    def drop_cookies(route):
        response = route.fetch()  # which stores them
        page.context.clear_cookies()
        headers = {name: value for name, value in response.headers.items() if name != "set-cookie"}
        route.fulfill(response=response, headers=headers)

    page.goto(f"{site}/tools/aider/")
    page.locator("#ship-aider").click()
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    expect(find_error(page, "aider")).to_have_text("")
    page.context.clear_cookies()
    page.route("**/vote/", drop_cookies)
    page.goto(f"{site}/tools/qdrant/")
    page.locator("#ship-qdrant").click()
    expect(find_error(page, "qdrant")).to_have_text(
        "Your browser refuses our cookie: you cannot change this vote later."
    )


def test_page_behind_back_shows_a_vote_cast_after_it(page, site):
    page.goto(f"{site}/tools/aider/")
    page.goto(f"{site}{ALIKE}")
    page.locator("#ship-aider").click()
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page).to_have_url(f"{site}/tools/aider/")
    expect(page.locator("#ship-aider")).to_have_attribute("aria-pressed", "true")


def test_refusal_and_refused_cookies_are_told_without_javascript(browser, site, settings):
    settings.VOTE_REQUESTS_PER_NETWORK = 2
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}{ALIKE}")
    page.locator("#ship-aider").click()
    expect(page.locator("h1")).to_have_text("Aider")
    page.locator("#skip-aider").click()
    page.locator("#ship-aider").click()
    expect(page.locator("h1")).to_have_text("Too many votes from your network")
    expect(page.locator(".lost__words")).to_contain_text("You can vote again in")
    page.get_by_role("link", name="Back to where you were").click()
    expect(page).to_have_url(f"{site}{ALIKE}")
    context.clear_cookies()
    page.goto(f"{site}/tools/aider/vote/")
    expect(page.get_by_role("status").first).to_contain_text("Your browser refuses our cookie")
    context.close()


def test_ledger_shows_chart_and_totals(page, site):
    make.votes(on=Tool.objects.get(slug="aider"), ship=3, skip=1)
    page.goto(f"{site}/tools/aider/")
    page.get_by_role("link", name="Every vote, by day").click()
    expect(page.locator(".bars rect")).to_have_count(2)
    expect(page.locator(".ledger tfoot td").first).to_have_text("3")
