import pytest
from playwright.sync_api import Browser, Page, expect

from reviews.models import Review
from tests import factories as make
from tests.addresses import FOUR, PAIR
from tests.browser.screens import follow
from tools.models import Tool
from votes.models import Vote


def find_mistral(page: Page):
    return page.locator("#community-mistral-medium-3")


def test_vote_counts_in_place_and_can_be_changed_and_withdrawn(site, page: Page):
    tool = Tool.objects.get(slug="mistral-medium-3")
    make.votes(on=tool, ship=9)
    page.goto(site + PAIR)
    expect(find_mistral(page)).to_contain_text("9 ship, 0 skip so far")
    assert "community" not in page.locator("#verdict").inner_text()

    find_mistral(page).get_by_role("button", name="Ship").click()
    expect(find_mistral(page)).to_contain_text("10 votes, early: 72–100%")
    expect(page.locator("#announcement")).to_have_text(
        "Your ship vote for Mistral Medium 3 (72B Instruct) counts. 10 ship, 0 skip. Undo is below the buttons."
    )
    expect(page.locator("#rails")).to_contain_text("Visitors 100% of 10")
    expect(find_mistral(page).get_by_role("button", name="Ship")).to_have_attribute("aria-pressed", "true")
    expect(find_mistral(page).get_by_role("button", name="Ship")).to_be_focused()

    page.reload()
    expect(find_mistral(page).get_by_role("button", name="Ship")).to_have_attribute("aria-pressed", "true")
    find_mistral(page).get_by_role("button", name="Skip").click()
    expect(find_mistral(page)).to_contain_text("90%")
    find_mistral(page).get_by_role("button", name="Undo").click()
    expect(find_mistral(page)).to_contain_text("9 ship, 0 skip so far")
    assert Vote.objects.filter(tool=tool).exclude(choice="none").count() == 9


def test_everything_works_without_javascript(site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + PAIR)
    find_mistral(page).get_by_role("button", name="Ship").click()
    expect(page.get_by_role("status").first).to_contain_text("counts. 1 ship, 0 skip.")
    find_mistral(page).get_by_role("button", name="Skip").click()
    expect(page.get_by_role("status").first).to_contain_text("counts. 0 ship, 1 skip.")
    follow(page.get_by_role("link", name="Back to where you were"))
    assert page.url == site + PAIR
    expect(find_mistral(page)).to_contain_text("0 ship, 1 skip so far")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="One click to go")).to_be_visible()
    context.close()


def test_newsletter_form_responds_in_place(site, page: Page):
    page.goto(site + PAIR)
    page.get_by_label("Email").fill("ada")
    with page.expect_response("**/newsletter/") as refused:
        page.get_by_role("button", name="Subscribe").click()
    assert refused.value.status == 422
    expect(page.locator("#newsletter-signup")).to_contain_text("does not look like an email address")


def test_failed_sign_up_says_so_where_the_reader_is(site, browser: Browser):
    page = browser.new_page()  # whose console may report the failure
    page.goto(site + PAIR)
    page.get_by_label("Email").fill("ada@example.com")
    page.route("**/newsletter/", lambda route: route.abort())
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator("#notice")).to_contain_text("did not reach us")
    expect(page.locator("#notice")).to_be_in_viewport(ratio=1)
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")


def test_refusal_is_shown_in_the_ballot(site, page: Page):
    page.goto(site + PAIR)
    Tool.objects.get(slug="mistral-medium-3").withdraw()
    find_mistral(page).get_by_role("button", name="Ship").click()
    error = find_mistral(page).get_by_role("alert")
    expect(error).to_have_text("It is no longer published, so nobody can vote on it. Nothing was counted.")
    expect(page.locator("#notice")).to_have_text("")
    page.locator("#pick-first").click()
    expect(page.locator("#pair-vote").get_by_role("alert")).to_have_text(error.inner_text())
    find_mistral(page).get_by_role("button", name="Skip").click()
    expect(error).to_be_visible()  # it was cleared, and is there again


def test_names_stay_visible_while_scrolling(site, page: Page):
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(site + PAIR)
    page.locator("#seat-founder").scroll_into_view_if_needed()
    assert page.locator(".jump").bounding_box()["y"] == pytest.approx(0, abs=1)


@pytest.mark.parametrize("width", [360, 1440])
def test_verdicts_of_a_seat_stay_side_by_side_and_its_reasons_open(site, page: Page, width):
    review = Review.objects.current().get(tool__slug="mistral-medium-3", reviewer__slug="founder")
    make.later_edition(of=review, verdict=review.verdict, quote="word " * 251)
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(site + PAIR)
    seat = page.locator("#seat-builder")
    first, second = (tile.bounding_box() for tile in seat.locator(".tile").all())
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] < second["x"]
    reasons = page.locator("#builder-1"), page.locator("#builder-2")
    if width == 360:
        for reason in reasons:
            expect(reason).to_be_hidden()
        seat.get_by_text("Read the reasons").click()
    for reason in reasons:
        expect(reason).to_be_visible()
    long = page.locator("#founder-2")
    expect(long).to_be_hidden()
    page.locator("#seat-founder").get_by_text("Read the reasons").click()
    expect(long).to_be_visible()


def test_four_tools_fit_a_phone(site, page: Page):
    page.set_viewport_size({"width": 360, "height": 1200})
    page.goto(site + FOUR)
    board = page.locator(".board")
    for label in ("Builder", "Entry", "Commu\u00adnity"):
        cells = board.get_by_role("row", name=label).get_by_role("cell").all()
        boxes = [cell.bounding_box() for cell in cells]
        assert len(boxes) == 4
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
        assert len({box["y"] for box in boxes}) == 1  # one row, not four
    expect(board.get_by_role("button", name="Skip").last).to_be_in_viewport(ratio=1)
    seat = page.locator(".seat").first
    assert len({round(tile.bounding_box()["y"]) for tile in seat.locator(".tile").all()}) == 2  # two by two
    fact = page.locator(".facts tbody tr:not(.facts__heading)").first
    expect(fact.locator(".facts__of").last).to_have_text("Mistral Medium 3")


def test_vote_in_columns_counts_in_place(site, page: Page):
    make.votes(on=Tool.objects.get(slug="mistral-medium-3"), ship=9)
    page.goto(site + FOUR)
    find_mistral(page).get_by_role("button", name="Ship").click()
    expect(find_mistral(page)).to_contain_text("10 votes, early: 72–100%")
