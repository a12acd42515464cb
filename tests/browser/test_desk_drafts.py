"""What is typed at the desk survives the end of a tab, a session, and the network, until the desk has stored it."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from comparisons.models import Comparison
from tests import factories as make
from tests.browser.axe import find_violations
from tests.browser.screens import set_screen
from tests.browser.signing_in import sign_in
from tests.browser.stored_drafts import (
    age_drafts,
    list_drafts,
    wait_for_drafts,
    wait_until_forgotten,
    wait_until_stored,
)
from tools.models import Tool

QUOTE = "Held under load for a month, and\nwhat broke was fixed *within a day*."


@pytest.fixture
def tool(transactional_db, live_server) -> Tool:
    make.reviewer(slug="skeptic", name="The Skeptic", seat=1)
    return make.tool(name="Acme", slug="acme", tagline="Before")


@pytest.fixture
def address(page: Page, live_server, tool: Tool, settings) -> str:
    """Return the address of the tool's form, for which the browser is signed in."""
    settings.REQUIRE_MFA = False
    sign_in(page.context, live_server.url, User.objects.create_superuser("ada", password="a long pass phrase"))
    return f"{live_server.url}/admin/tools/tool/{tool.pk}/change/"


def open_page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def type_everything(page: Page) -> None:
    page.get_by_label("Tagline").fill("After")
    seat = page.locator("#seat-skeptic")
    seat.get_by_role("radio", name="Skip").check()
    seat.get_by_label("Gist").fill("It held.")
    seat.get_by_label("How this seat knows").select_option("read")
    seat.get_by_label("Quote").fill(QUOTE)
    page.get_by_role("button", name="Add another plan").click()
    page.locator("[name$='-name'][name^='plans-']").last.fill("Team")


def check_everything(page: Page) -> None:
    expect(page.get_by_label("Tagline")).to_have_value("After")
    seat = page.locator("#seat-skeptic")
    expect(seat.get_by_role("radio", name="Skip")).to_be_checked()
    expect(seat.get_by_label("Quote")).to_have_value(QUOTE)
    expect(page.locator("[name$='-name'][name^='plans-']").last).to_have_value("Team")


def restore(page: Page) -> None:
    offered = page.locator(".kept")
    expect(offered).to_have_count(1)
    offered.get_by_role("button", name="Restore").click()
    expect(offered).to_have_count(0)


def expect_no_offer(page: Page) -> None:
    list_drafts(page)  # the page has read them by now
    expect(page.locator(".kept")).to_have_count(0)


def test_draft_is_offered_after_the_tab_has_gone_and_forgotten_once_saved(page: Page, address, tool):
    context = page.context
    first = open_page(context, address)
    expect_no_offer(first)
    type_everything(first)
    wait_until_stored(first, "Team")
    first.close()

    second = open_page(context, address)
    offered = second.locator(".kept")
    expect(offered).to_contain_text(re.compile(r"Restore what you typed here at \d+:\d\d [AP]M\? It was not saved\."))
    offered.locator("summary").click()
    expect(offered.locator("dl")).to_contain_text("Tagline")
    expect(second.get_by_label("Tagline")).to_have_value("Before")
    restore(second)
    check_everything(second)
    second.close()

    third = open_page(context, address)  # what was restored is kept as well
    restore(third)
    third.get_by_label("Website").fill("not an address")
    third.get_by_role("button", name="Save and continue editing").click()
    expect(third.locator("#problems")).to_be_visible()
    third.close()

    fourth = open_page(context, address)  # and so is a form that was sent and found wrong
    restore(fourth)
    check_everything(fourth)
    fourth.get_by_label("Website").fill("https://acme.example")
    fourth.locator("[name$='-kind'][name^='plans-']").last.select_option("free")
    fourth.keyboard.press("Control+s")
    expect(fourth.locator(".messagelist .success")).to_be_visible()
    assert Tool.objects.get().tagline == "After"
    wait_until_forgotten(fourth)
    fourth.close()
    expect_no_offer(open_page(context, address))


def test_draft_survives_the_end_of_the_session_and_a_lost_network(page: Page, address, live_server, tool):
    context = page.context
    writing = open_page(context, address)
    writing.get_by_label("Tagline").fill("After the session")
    Session.objects.all().delete()
    writing.get_by_role("button", name="Save and continue editing").click()
    writing.wait_for_url("**/account/login/**")
    assert Tool.objects.get().tagline == "Before"
    sign_in(context, live_server.url, User.objects.get(username="ada"))
    writing.goto(address)
    restore(writing)
    expect(writing.get_by_label("Tagline")).to_have_value("After the session")

    writing.get_by_label("Tagline").fill("Without a network")
    wait_until_stored(writing, "Without a network")
    writing.route("**/change/", lambda route: route.abort())
    with writing.expect_event("requestfailed"):
        writing.get_by_role("button", name="Save and continue editing").click(no_wait_after=True)
    writing.close()
    again = open_page(context, address)
    restore(again)
    expect(again.get_by_label("Tagline")).to_have_value("Without a network")


def test_draft_survives_the_deletion_of_what_it_is_about(page: Page, address, tool):
    draft = make.tool(slug="draft", published_at=None)
    address = address.replace(f"/{tool.pk}/", f"/{draft.pk}/")
    page.goto(address)
    page.get_by_label("Tagline").fill("After the deletion")
    draft.delete()
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("link", name="restore the tool").click()
    page.get_by_role("link", name="Restore").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.goto(address)
    restore(page)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert Tool.objects.get(slug="draft").tagline == "After the deletion"


def test_drafts_belong_to_one_user_and_end_with_signing_out(page: Page, address, live_server):
    context = page.context
    writing = open_page(context, address)
    writing.get_by_label("Tagline").fill("Of Ada")
    wait_until_stored(writing, "Of Ada")
    writing.close()
    sign_in(context, live_server.url, User.objects.create_superuser("bea"))
    other = open_page(context, address)
    expect_no_offer(other)
    sign_in(context, live_server.url, User.objects.get(username="ada"))
    other.goto(address)
    expect(other.locator(".kept")).to_have_count(1)
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(lambda url: "/admin/tools/" not in url)
    assert list_drafts(other) == []
    sign_in(context, live_server.url, User.objects.get(username="ada"))
    other.goto(address)
    other.get_by_label("Tagline").fill("Of Ada")
    wait_until_stored(other, "Of Ada")
    other.goto(f"{live_server.url}/account/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("status").first).to_contain_text("You are signed out.")
    assert list_drafts(other) == []


def test_what_a_long_draft_changes_can_be_read_with_the_keyboard(page: Page, address):
    writing = open_page(page.context, address)
    writing.get_by_label("Description").fill("A line.\n" * 24)
    writing.get_by_label("Tagline").fill("W" * 250)
    wait_until_stored(writing, "WWW")
    writing.close()
    set_screen(page, width=360, scheme="dark")
    page.goto(address)
    page.locator(".kept summary").click()
    assert find_violations(page, context=".kept") == ""


def test_discarded_and_old_drafts_are_gone(page: Page, address):
    context = page.context
    writing = open_page(context, address)
    writing.get_by_label("Tagline").fill("Never mind")
    wait_until_stored(writing, "Never mind")
    writing.close()
    offered = open_page(context, address)
    offered.get_by_role("button", name="Discard").click()
    wait_until_forgotten(offered)
    offered.get_by_label("Tagline").fill("Long ago")
    wait_until_stored(offered, "Long ago")
    age_drafts(offered)
    offered.close()
    wait_until_forgotten(open_page(context, address))


def test_browser_without_a_database_keeps_drafts_which_move_to_the_database_once_there_is_one(page: Page, address):
    context = page.context
    without = context.new_page()
    without.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")
    without.goto(address)
    without.get_by_label("Tagline").fill("Before there was a database")
    without.wait_for_function("() => Object.keys(localStorage).some(key => key.startsWith('shipside-draft:'))")
    without.reload()
    expect(without.locator(".kept")).to_contain_text("Before there was a database")
    without.close()
    writing = open_page(context, address)
    restore(writing)
    # The page stores it as its own before it removes the old one, so there are two for a moment.
    wait_for_drafts(
        writing, lambda drafts: [draft["values"]["tagline"] for draft in drafts] == [["Before there was a database"]]
    )
    assert writing.evaluate("Object.keys(localStorage).filter(key => key.startsWith('shipside-draft:'))") == []

    # A page that goes at once stores the last letters where no write has to be waited for.
    writing.get_by_label("Tagline").fill("The last letters")
    writing.goto(address)
    restore(writing)
    expect(writing.get_by_label("Tagline")).to_have_value("The last letters")


def test_enter_in_a_field_saves_a_draft_but_nothing_that_is_public(page: Page, address, tool):
    page.goto(address)
    page.get_by_label("Tagline").fill("Half a tagl")
    page.get_by_label("Tagline").press("Enter")
    expect(page.get_by_label("Tagline")).to_have_value("Half a tagl")
    assert (Tool.objects.get().tagline, page.url) == ("Before", address)
    Tool.objects.update(published_at=None)
    draft = open_page(page.context, address)
    draft.get_by_label("Tagline").fill("A whole tagline")
    draft.get_by_label("Tagline").press("Enter")
    expect(draft).to_have_url(re.compile(r"/admin/tools/tool/$"))
    assert Tool.objects.get().tagline == "A whole tagline"


def test_page_whose_session_ended_says_so_and_is_saved_after_signing_in_elsewhere(page: Page, address, live_server):
    page.goto(address)
    page.get_by_label("Tagline").fill("Typed before")
    Session.objects.all().delete()
    page.evaluate("const now = Date.now; Date.now = () => now() + 360_000")  # six minutes later
    page.get_by_label("Tagline").press_sequentially(" and after")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("You are signed out. What you typed is still here")

    with page.context.expect_page() as opened:  # saving asks first, and waits for the sign-in
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("dialog")).to_contain_text("This page waits")
    small = opened.value
    small.get_by_label("User name or email address").fill("ada")
    small.get_by_label("Password").fill("a long pass phrase")
    with small.expect_event("close"):
        small.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert Tool.objects.get().tagline == "Typed before and after"


def test_session_that_soon_ends_is_renewed_in_a_small_window(page: Page, address, settings):
    session = Session.objects.get()
    store = session.get_session_store_class()(session.session_key)
    store.set_expiry(600)
    store.save()
    began = timezone.now() - timedelta(days=6, hours=23, minutes=30)
    store["began"] = began.timestamp()
    store.save()
    page.goto(address)
    page.get_by_label("Tagline").fill("Typed before")
    page.evaluate("const now = Date.now; Date.now = () => now() + 360_000")  # six minutes later
    page.get_by_label("Tagline").press_sequentially(" and after")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text(re.compile(r"Your session ends at \d+:\d\d [AP]M\. What you typed stays here\."))
    with page.context.expect_page() as opened:
        notice.get_by_role("button", name="Renew it now").click()
    small = opened.value
    small.get_by_label("Password").fill("a long pass phrase")
    with small.expect_event("close"):
        small.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(notice).to_have_count(0)
    expect(page.get_by_label("Tagline")).to_have_value("Typed before and after")
    assert Session.objects.get().expire_date > timezone.now() + timedelta(hours=11)


def test_links_that_act_on_a_draft_save_what_was_typed_first(page: Page, address, tool):
    page.goto(address)
    page.get_by_label("Tagline").fill("For readers at once")
    page.locator(".publishing").get_by_role("link").first.click()
    expect(page.locator(".publishing__unsaved")).to_contain_text("readers would see it at once")
    assert (Tool.objects.get().tagline, page.url) == ("Before", address)
    Tool.objects.update(published_at=None)
    draft = open_page(page.context, address)
    draft.get_by_label("Tagline").fill("A whole tagline")
    draft.get_by_role("link", name="Publish now…").click()
    expect(draft).to_have_url(re.compile(r"/publish/$"))
    assert Tool.objects.get().tagline == "A whole tagline"


def choose(page: Page, label: str, name: str) -> None:
    """Choose a tool in a select with a search."""
    page.locator(f".field-{label} .select2-selection").click()
    page.locator(".select2-search__field").fill(name)
    page.get_by_role("option", name=name).click()


def test_tools_of_a_comparison_are_kept_and_saved_before_a_transition(page: Page, address, live_server, tool):
    other, third = make.tool(name="Beta"), make.tool(name="Gamma")
    add = f"{live_server.url}/admin/comparisons/comparison/add/"
    page.goto(add)
    choose(page, "first", "Beta")
    choose(page, "second", "Acme")
    wait_until_stored(page, str(other.pk))
    page.close()
    again = open_page(page.context, add)
    again.locator(".kept summary").click()
    expect(again.locator(".kept dl")).to_have_text("FirstBetaSecondAcme")
    restore(again)
    expect(again.locator(".field-first .select2-selection")).to_contain_text("Beta")
    again.get_by_role("button", name="Save and continue editing").click()
    expect(again.locator(".messagelist .success")).to_be_visible()
    comparison = Comparison.objects.get()
    assert (comparison.first, comparison.second) == (other, tool)

    choose(again, "second", "Gamma")
    again.get_by_role("link", name="Publish now…").click()
    expect(again).to_have_url(re.compile(r"/publish/$"))
    comparison.refresh_from_db()
    assert comparison.second == third
