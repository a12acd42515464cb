"""Two editors in two browsers, in the form of one tool; and the way back through its history."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.browser.conftest import watched
from tools.models import Tool

WORDS = "Long words of mine, typed over a lunch break and not to be lost."


def sign_in(page: Page, site: str, name: str) -> Page:
    page.context.add_cookies([{"name": "sessionid", "value": session_of(name), "url": site}])
    return page


def session_of(name: str) -> str:
    """The key of a session of a superuser: how one signs in is not what is tried here."""
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client.cookies["sessionid"].value


@pytest.fixture
def other(browser: Browser):
    """A page of another browser, which fails the test on the same things."""
    context = browser.new_context()
    with watched(context.new_page()) as page:
        yield page
    context.close()


def test_second_editor_is_told_loses_nothing_and_decides(site, page, other):
    tool = Tool.objects.get(slug="qdrant")
    address = f"{site}/admin/tools/tool/{tool.pk}/change/"
    for editor, name in ((page, "bea"), (other, "ada")):
        sign_in(editor, site, name).goto(address)
    page.get_by_label("Tagline").fill("Of Bea.")
    page.get_by_label("Description").fill(WORDS)

    other.get_by_label("Tagline").fill("Of Ada.")
    other.get_by_label("Why").fill("The maker says so.")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other).to_have_url(re.compile(r"/admin/tools/tool/$"))

    page.get_by_role("button", name="Save", exact=True).click()
    notice = page.locator(".conflict")
    expect(notice).to_contain_text("Ada saved this at")
    expect(notice).to_contain_text("Their reason: The maker says so.")
    expect(notice).to_contain_text("Yours: Of Bea.")
    expect(page.get_by_label("Tagline")).to_have_value("Of Bea.")
    expect(page.get_by_label("Description")).to_have_value(WORDS)
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Ada."

    page.get_by_role("button", name="Save mine anyway").click()
    expect(page).to_have_url(re.compile(r"/admin/tools/tool/$"))
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Bea."

    page.goto(f"{site}/admin/tools/tool/{tool.pk}/history/")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Changed")
    theirs = page.get_by_role("listitem").filter(has_text="The maker says so.")
    theirs.get_by_role("link", name="Restore this version…").click()
    expect(page.locator(".changes")).to_contain_text("Of Bea. → Of Ada.")
    page.get_by_label("Why").fill("Ada was right.")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("listitem").filter(has_text="Ada was right.").first).to_be_visible()
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Ada."
