"""An editor's whole path through the desk in a browser, starting from an empty site: categories, tools, a published
comparison, a corrected price, a flipped verdict, and the history. A second browser, signed out, reads along.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.accounts.people import PASSWORD, person
from tests.browser.conftest import watch
from tests.browser.hand import Hand
from tests.browser.screens import follow

HANDBOOK = Path(__file__).resolve().parents[2] / "docs" / "editors.md"
SEATS = ("Builder", "Skeptic", "Futurist", "Founder")
FACTS = {"License": "Apache-2.0", "Context window": "1M tokens", "Self-hosting": "Yes, one container"}
QUOTE = "It held for a month in our own stack. What broke was mended within a day by people who answered."
GIST = "It held, and its people answer."
FLIP = "A second outage in a quarter, or a price that doubles."


@pytest.fixture
def hand(page: Page, transactional_db, live_server) -> Hand:
    """Return the hand of an Editor at an empty site with a single account."""
    person("Editor", username="ada")
    page.goto(f"{live_server.url}/admin/")
    return Hand(page)


@pytest.fixture
def guest(browser: Browser):
    """Return a reader's page: no account, no cookie, and it fails the test on the same complaints."""
    context = browser.new_context()
    with watch(context.new_page()) as page:
        yield page
    assert context.cookies() == []
    context.close()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def go_to_add(hand: Hand, model: str) -> None:
    """Go to the front page, and from there to an empty form."""
    page = hand.page
    hand.click(page.locator("#site-name a"))
    hand.click(page.locator(f".today__apps .model-{model} .addlink"))


def expect_message(page: Page, text: str) -> None:
    expect(page.locator(".messagelist")).to_contain_text(text)


def write_tool(hand: Hand, name: str, *, verdicts: str, price: str) -> None:
    """Fill in the tool page and save: the description, four reviews, two plans, three facts."""
    page = hand.page
    go_to_add(hand, "tool")
    hand.fill(page.get_by_label("Name:", exact=True), name)
    hand.select(page.locator("#id_category"), "Coding Agents")
    hand.fill(page.get_by_label("Tagline:"), "An agent that works in your own repository")
    hand.fill(page.get_by_label("Description:"), f"**{name}** reads the code, plans a change and makes it.")
    hand.fill(page.get_by_label("Website:"), "https://example.com/")
    for seat, sign in zip(SEATS, verdicts, strict=True):
        row = page.locator(f"#seat-{seat.lower()}")
        hand.check(row.get_by_role("radio", name="Ship" if sign == "+" else "Skip"))
        hand.fill(row.get_by_label("Gist"), GIST)
        hand.fill(row.get_by_label("Quote"), f"{QUOTE} So says the {seat}.")
        hand.fill(row.get_by_label("What would flip it"), FLIP)
        hand.select(row.get_by_label("How this seat knows"), "Used in production")
    plans = page.locator("[data-rows=plans] .desk-row")
    hand.fill(plans.nth(0).get_by_label("Name"), "Open source")
    hand.select(plans.nth(0).get_by_label("Kind"), "Free")
    hand.fill(plans.nth(1).get_by_label("Name"), "Team")
    hand.select(plans.nth(1).get_by_label("Kind"), "Paid")
    hand.fill(plans.nth(1).locator("[name$=-amount]").first, price)
    hand.fill(plans.nth(1).get_by_label("Currency"), "USD")
    hand.select(plans.nth(1).get_by_label("Period"), "Month")
    facts = page.locator("[data-rows=facts]")
    rows = [facts.get_by_role("group", name=fact, exact=True) for fact in FACTS]
    for row, value in zip(rows, FACTS.values(), strict=True):
        hand.fill(row.get_by_label("Value"), value)
    for row in (plans.nth(0), plans.nth(1), *rows):
        hand.fill(row.get_by_label("Source"), "https://example.com/pricing")
        expect(row.get_by_label("Verified today")).to_be_checked()
    hand.click(button(page, "Save and continue editing"))
    expect_message(page, "was added successfully")


def take_step(hand: Hand, step: str) -> None:
    """Go from an object's page through the confirmation page, on which the gate must find nothing missing."""
    page = hand.page
    hand.click(page.get_by_role("region", name="Publishing").get_by_role("link", name=f"{step}…"))
    expect(page.locator(".findings__one--blocks")).to_have_count(0)
    if step == "Schedule":
        hand.fill(page.get_by_label("At (UTC)"), "2099-01-01T09:00")
    hand.click(button(page, step))


def read_history(page: Page) -> list[str]:
    """Return what happened to a tool, oldest first, each as `title: why`. All of it must be by ada."""
    events = []
    while True:
        for save in page.locator(".save").all():
            expect(save.locator(".save__who b")).to_have_text("ada")
            why = save.locator(".save__why").all_inner_texts()
            events += [": ".join([title, *why]) for title in save.locator(".entry__title").all_inner_texts()]
        older = page.get_by_role("link", name="Older")
        if older.count() == 0:
            return events[::-1]
        follow(older)


HISTORY = [
    "Added",
    *(f"Review “The {seat}” added" for seat in SEATS),
    *(f"Plan “{plan}” added" for plan in ("Open source", "Team")),
    *(f"Fact “{fact}” added" for fact in FACTS),
    *(
        f"{what}: {why}"
        for why in ("Scheduled for Jan 1, 2099, 09:00 UTC.", "Published.")
        for what in ("Changed", *(f"Review “The {seat}” changed" for seat in SEATS))
    ),
    "Plan “Team” changed: A reader wrote.",
    "Correction added: A reader wrote.",
    "Review “The Skeptic” added",
    "Review “The Skeptic” changed: Published.",
]


def test_editor_gets_from_an_empty_site_to_a_published_comparison_and_corrects_it(hand: Hand, guest: Page, live_server):
    page, site = hand.page, live_server.url

    hand.begin("Sign in")
    hand.fill(page.get_by_label("User name or email address"), "ada")
    hand.fill(page.get_by_label("Password"), PASSWORD)
    hand.click(button(page, "Sign in"))
    expect(page.get_by_role("heading", name="All sections")).to_be_visible()

    hand.begin("The panel, a category and its three attributes")
    hand.click(page.get_by_role("link", name="Seat the panel"))
    hand.click(button(page, "Yes, add these four seats"))
    expect_message(page, "4 seats were added.")
    hand.click(page.locator("#site-name a"))
    hand.click(page.get_by_role("link", name="Add a category"))
    page.wait_for_load_state("networkidle")
    hand.fill(page.get_by_label("Name:", exact=True), "Coding Agents")
    page.get_by_label("Slug:").focus()
    expect(page.get_by_label("Slug:")).to_have_value("coding-agents")
    hand.fill(page.get_by_label("Attributes to add"), "\n".join(FACTS))
    hand.click(button(page, "Save"))
    expect_message(page, "“Coding Agents” was added")

    hand.begin("Two tools with four reviews, two plans and three facts each")
    addresses, previews = {}, {}
    for name, verdicts, price in (("Alder", "++-+", "20"), ("Birch", "+---", "25")):
        write_tool(hand, name, verdicts=verdicts, price=price)
        expect(page.locator("[data-panel]")).to_contain_text("3 of 4 ship" if name == "Alder" else "1 of 4 ship")
        addresses[name] = page.url
        previews[name] = page.get_by_label("Link to share").input_value()

    for name, address in previews.items():
        guest.goto(address)
        expect(guest.get_by_role("heading", level=1)).to_have_text(name)
        expect(guest.get_by_role("complementary", name="This is a preview")).to_contain_text("Draft")
        expect(guest.locator("#seat-skeptic")).to_contain_text("So says the Skeptic.")
        expect(guest.get_by_text("Apache-2.0").first).to_be_visible()
        assert guest.goto(f"{site}/tools/{name.lower()}/").status == 404

    hand.begin("Publish one, schedule the other, then publish that too")
    take_step(hand, "Publish now")
    expect_message(page, "Published: Birch (with four reviews).")
    assert guest.goto(f"{site}/tools/birch/").status == 200
    hand.click(page.locator("#container").get_by_role("link", name="Tools", exact=True).last)
    hand.click(page.locator("#result_list").get_by_role("link", name="Alder", exact=True))
    take_step(hand, "Schedule")
    expect_message(page, "Scheduled: Alder (with four reviews).")
    assert guest.goto(f"{site}/tools/alder/").status == 404
    take_step(hand, "Publish now")
    expect_message(page, "Published: Alder (with four reviews).")
    assert guest.goto(f"{site}/tools/alder/").status == 200

    hand.begin("The comparison of the two, published")
    go_to_add(hand, "comparison")
    for field, name in (("first", "Alder"), ("second", "Birch")):
        hand.click(page.locator(f".field-{field} .select2-selection"))
        hand.fill(page.locator(".select2-search__field"), name)
        hand.click(page.locator(".select2-results__option", has_text=name).first)
    expect(page.get_by_role("region", name="What the page will say")).to_contain_text("Alder leads the panel")
    hand.fill(page.get_by_label("Introduction"), "You choose an agent for a team of five, and somebody has to run it.")
    hand.click(button(page, "Save and continue editing"))
    expect_message(page, "was added successfully")
    guest.goto(page.get_by_label("Link to share").input_value())
    expect(guest.get_by_role("complementary", name="This is a preview")).to_contain_text("Draft")
    take_step(hand, "Publish now")
    expect_message(page, "Published: Alder vs Birch.")
    guest.goto(f"{site}/compare/alder-vs-birch/")
    expect(guest.get_by_text("Alder leads the panel").first).to_be_visible()
    assert guest.locator("meta[name=robots][content*=noindex]").count() == 0

    hand.begin("A price and the note on it, corrected")
    page.goto(addresses["Alder"])
    team = page.locator("[data-rows=plans]").get_by_role("group", name="Team", exact=True)
    hand.fill(team.locator("[name$=-amount]").first, "30")
    expect(team.get_by_label("Verified today")).to_be_checked()
    hand.click(page.get_by_role("button", name="Add another correction"))
    hand.fill(page.locator("#id_corrections-0-note"), "We said $20 a month for Team. It was $30 from the start.")
    hand.fill(page.get_by_label("Reason"), "A reader wrote.")
    hand.click(button(page, "Save and continue editing"))
    expect_message(page, "was changed successfully")
    guest.goto(f"{site}/tools/alder/")
    expect(guest.get_by_text("$20/mo until")).to_be_visible()
    expect(guest.get_by_text("It was $30 from the start.")).to_be_visible()

    hand.begin("A verdict superseded by a new edition")
    seat = page.locator("#seat-skeptic")
    hand.click(seat.get_by_text("Write a new edition"))
    hand.check(seat.get_by_role("radio", name="Skip"))
    hand.fill(seat.get_by_label("Gist"), "Three outages, no word.")
    hand.select(seat.get_by_label("How this seat knows"), "Used in production")
    hand.fill(seat.get_by_label("Quote"), f"Three outages in one quarter, and nobody said why. {QUOTE}")
    hand.check(seat.get_by_label("Publish this edition now"))
    hand.click(button(page, "Save and continue editing"))
    expect_message(page, "was changed successfully")
    expect(seat.locator(".desk-edition").first).to_contain_text("after 1 earlier edition")
    guest.goto(f"{site}/compare/alder-vs-birch/")
    expect(guest.locator("#verdict")).to_contain_text("Alder leads the panel, 2 to 1.")

    guest.goto(f"{site}/changes/")
    expect(guest.locator(".change", has_text="It was $30 from the start.")).to_have_count(1)
    flip = guest.locator(".change", has_text="The Skeptic")
    expect(flip).to_contain_text("Three outages in one quarter")
    flip.locator("summary").click()
    expect(flip.locator("details")).to_contain_text("So says the Skeptic.")

    hand.follow(page.locator(".object-tools").get_by_role("link", name="History"))
    assert read_history(page) == HISTORY
    print(f"\n{hand.report()}")  # noqa: T201 (the figures, with pytest -s)
    assert hand.report() in HANDBOOK.read_text(), f"docs/editors.md must hold:\n\n{hand.report()}"
