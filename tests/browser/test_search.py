import re

from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.screens import find_violations_on, set_screen
from tools.models import Tool


def listbox(page: Page) -> Locator:
    return page.get_by_role("listbox")


def options(page: Page) -> Locator:
    return page.get_by_role("option")


def head(page: Page) -> Locator:
    return page.locator("#site-search")


def type_into(field: Locator, words: str) -> None:
    """Type, and wait for the suggestions to open."""
    field.press_sequentially(words, delay=20)
    expect(field).to_have_attribute("aria-expanded", "true")


def test_keyboard_navigates_chooses_and_closes(site, page: Page):
    page.goto(site + "/")
    field = head(page)
    expect(field).to_have_attribute("role", "combobox")
    expect(field).to_have_attribute("aria-autocomplete", "list")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.focus()
    type_into(field, "op")
    expect(page.locator("#announcement")).to_have_text("3 suggestions.")
    assert field.get_attribute("aria-activedescendant") is None
    assert page.evaluate(
        "document.getElementById(document.querySelector('#site-search').getAttribute('aria-controls'))"
    )

    def active() -> str:
        return page.locator(f"#{field.get_attribute('aria-activedescendant')} bdi").inner_text()

    names = options(page).locator("bdi").all_inner_texts()
    assert names[0] == "Open WebUI"
    for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", -1), ("ArrowDown", 0)):
        page.keyboard.press(key)
        assert active() == names[place]
        assert page.locator("[aria-selected=true]").count() == 1
    for key, caret in (("Home", 0), ("End", 2)):
        page.keyboard.press("ArrowDown")
        page.keyboard.press(key)
        assert field.get_attribute("aria-activedescendant") is None
        assert field.evaluate("field => field.selectionStart") == caret
    page.keyboard.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("op")
    page.keyboard.press("ArrowUp")
    assert active() == names[-1]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tools/open-webui/")

    page.go_back()
    expect(head(page)).to_have_attribute("aria-expanded", "false")
    expect(listbox(page)).to_be_hidden()


def test_enter_that_ends_a_composition_picks_nothing(site, page: Page):
    """Safari sends it after the composition has ended, with the keyCode of a key that an input method has handled."""
    page.goto(site + "/")
    field = head(page)
    type_into(field, "op")
    page.keyboard.press("ArrowDown")
    for event in ({"key": "Enter", "keyCode": 229}, {"key": "Enter", "isComposing": True}):
        is_left_alone = field.evaluate(
            "(field, event) => field.dispatchEvent(new KeyboardEvent('keydown', {...event, cancelable: true}))", event
        )
        assert is_left_alone
    assert page.url == site + "/"
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tools/open-webui/")


def test_enter_without_a_choice_searches_and_tab_moves_on(site, page: Page):
    page.goto(site + "/tools/aider/")
    type_into(head(page), "mist")
    page.keyboard.press("Tab")
    expect(head(page)).to_have_attribute("aria-expanded", "false")
    expect(head(page)).not_to_be_focused()
    expect(head(page)).to_have_value("mist")
    head(page).press("Enter")
    page.wait_for_url("**/search/?q=mist")
    expect(page.locator("mark").first).to_have_text("Mistral")


def test_click_chooses_and_clearing_closes(site, page: Page):
    page.goto(site + "/")
    type_into(head(page), "qdrnat")
    head(page).fill("")
    expect(head(page)).to_have_attribute("aria-expanded", "false")
    type_into(head(page), "qdrnat")
    options(page).first.click()
    page.wait_for_url("**/tools/qdrant/")


def test_picker_fills_in_and_leads_to_the_pair(site, page: Page):
    page.goto(site + "/compare/")
    first, second = page.get_by_label("First tool"), page.get_by_label("Second tool")
    type_into(first, "cli")
    expect(options(page)).to_have_text([re.compile("Cline")])  # rather than what "c" alone suggests
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(first).to_have_value("Cline")
    expect(first).to_be_focused()
    assert page.url == site + "/compare/"
    type_into(second, "aid")
    options(page).filter(has_text="Aider").click()
    expect(second).to_have_value("Aider")
    second.press("Enter")
    page.wait_for_url("**/compare/aider-vs-cline/")


def test_late_suggestions_do_not_open_the_list(site, page: Page):
    page.goto(site + "/compare/")
    first = page.get_by_label("First tool")
    type_into(first, "cli")
    expect(options(page)).to_have_text([re.compile("Cline")])
    held: list[Route] = []
    page.route("**/search/suggest/**", lambda route: held.append(route))
    with page.expect_request("**/search/suggest/**"):
        first.press("Backspace")
    first.press("ArrowDown")
    first.press("Enter")
    expect(first).to_have_value("Cline")
    with page.expect_response("**/search/suggest/**"):
        held[0].continue_()
    expect(page.locator("#pick-a-list [role=option]").nth(1)).to_be_attached()  # more than for "cli"
    expect(first).to_have_attribute("aria-expanded", "false")


def test_typing_on_drops_the_request_before(site, page: Page):
    page.goto(site + "/")
    held: list[Route] = []
    page.route("**/search/suggest/**", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/search/suggest/**"):
        head(page).press_sequentially("j")
    with page.expect_response("**/search/suggest/**"):
        head(page).press_sequentially("an")
    expect(options(page).first).to_contain_text("Jan")


def test_open_list_breaks_no_accessibility_rule_and_fits(site, page: Page):
    Tool.objects.filter(slug="jan").update(name="Jan " + "X" * 200)
    complaints = []
    for path, field in (("/", "#site-search"), ("/compare/?a=open&b=zzzz", "#pick-b"), ("/search/?q=model", "#search")):
        page.goto(site + path)
        page.locator(field).fill("")
        type_into(page.locator(field), "ja")
        page.keyboard.press("ArrowDown")
        for scheme, width in (("light", 320), ("dark", 360), ("light", 768), ("dark", 1440)):
            set_screen(page, width=width, scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            if width in (320, 1440):
                complaints += find_violations_on(page, [(width, scheme)])
    assert complaints == [], "\n".join(complaints)


def test_everything_works_without_javascript(site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/")
    head(page).fill("mistrl")
    head(page).press("Enter")
    page.get_by_role("link", name="Mistral Medium 3 (72B Instruct)", exact=True).click()
    expect(page.get_by_role("heading", name="Mistral Medium 3 (72B Instruct)", exact=True)).to_be_visible()
    page.goto(site + "/compare/?a=mistral-medium-3")
    expect(page.get_by_label("First tool")).to_have_value("Mistral Medium 3 (72B Instruct)")
    page.get_by_label("Second tool").fill("open")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_role("link", name="Open WebUI Chat Interfaces").click()
    page.wait_for_url("**/compare/mistral-medium-3-vs-open-webui/")
    context.close()
