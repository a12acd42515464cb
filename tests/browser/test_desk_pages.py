"""The desk in a browser: no page logs an error, is wider than its screen, or breaks an axe rule."""

import re

from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.axe import RULES_OF_COLOR, find_violations
from tests.browser.desk_pages import NO_PAGES, Desk
from tests.browser.screens import find_invisible_texts, find_too_wide, find_words_broken_in_tables, set_screen
from tests.browser.signing_in import add_session, sign_in
from tests.desk.test_permissions import list_pages
from tools.models import Tool

# How wide a list is, as a share of its place.
SHARE_OF_A_LIST = """() => {
    const list = document.querySelector("#result_list");
    return list ? list.offsetWidth / list.parentElement.clientWidth : 0;
}"""
MAX_SHARE = 1.15  # a list of many columns scrolls a little beside its filters


def list_url(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def sign_in_administrator(page: Page, site: str) -> None:
    sign_in(page.context, site, User.objects.create(username="admin", is_staff=True, is_superuser=True, password="!"))


def test_every_page_fits_the_screen_breaks_no_accessibility_rule_and_logs_no_error(
    transactional_db, live_server, page_to_measure: Page, settings
):
    """What is new at the desk is checked by itself, or has to be listed in NO_PAGES."""
    settings.REQUIRE_MFA = False
    page, site, client = page_to_measure, live_server.url, Client()
    client.force_login(User.objects.create_superuser("admin"))
    add_session(page.context, site, client)
    before = "reviews_reviewer_usual"  # it is there until there is a reviewer
    complaints = find_faults(page, site + reverse(f"admin:{before}"))
    desk = Desk(client)
    for name in sorted(list_pages().keys() - NO_PAGES - {before}):
        complaints += find_faults(page, site + desk.build_url(name))
    assert not complaints, "\n".join(complaints)
    assert NO_PAGES - list_pages().keys() == set()


def find_faults(page: Page, url: str) -> list[str]:
    """Return what is wrong with a page of the desk, in both color schemes."""
    set_screen(page, width=390, scheme="light")
    response = page.goto(url)
    assert response is not None
    if response.status != 200 or page.url != url or not page.locator("#site-name").count():
        return [f"{url} is no page of the desk: {response.status}, {page.url}"]
    complaints = find_too_wide(page, (1440, 768, 390))
    page.set_viewport_size({"width": 1440, "height": 900})
    if (share := page.evaluate(SHARE_OF_A_LIST)) > MAX_SHARE:
        complaints.append(f"{url}: a long name pushes columns out, the list is {share:.2f} times as wide as its place")
    complaints += find_words_broken_in_tables(page)
    page.set_viewport_size({"width": 390, "height": 900})
    complaints += find_words_broken_in_tables(page)
    complaints += find_invisible_texts(page)
    if report := find_violations(page):
        complaints.append(f"{url}: {report}")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    complaints += find_invisible_texts(page)
    if report := find_violations(page, rules=RULES_OF_COLOR):
        complaints.append(f"{url}, dark: {report}")
    return complaints


def test_front_page_leads_to_a_tool_marked_as_verified(site, page: Page):
    sign_in_administrator(page, site)
    page.goto(site + reverse("admin:index"))
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Subscribers").click()
    expect(page.get_by_role("heading", name="Subscribers", exact=True)).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.keyboard.press("Control+K")
    page.keyboard.type("jan")
    expect(page.get_by_role("region", name="Tools").get_by_role("link", name="Jan", exact=True)).to_be_visible()
    assert find_violations(page, context=".desk-search") == ""
    page.keyboard.press("ArrowDown")
    expect(page.locator(".desk-search__hits a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator(".desk-search__hits")).to_be_hidden()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Tools").get_by_role("link", name="Jan", exact=True).click()
    page.goto(site + list_url(Tool))
    page.locator("#searchbar").fill("Jan")
    page.keyboard.press("Enter")
    page.get_by_role("row", name=re.compile(r"\bJan\b")).get_by_role("checkbox").check()
    page.locator("select[name=action]").first.select_option(label="Mark all prices and facts as verified today")
    page.get_by_role("button", name="Run").first.click()
    expect(page.get_by_role("heading", name="Mark as verified today")).to_be_visible()
    page.get_by_role("button", name="Yes, mark as verified today").click()
    expect(page.locator(".messagelist .success")).to_contain_text("marked as verified today")
