"""Two editors in two browsers edit the same tool; then one restores an earlier version."""

import re

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from tests.browser.conftest import watch
from tests.browser.signing_in import sign_in
from tools.models import Tool

WORDS = "A long text that took a lunch break to type and must not be lost."


@pytest.fixture
def other(browser: Browser):
    """Return a page of another browser that fails the test on the same complaints."""
    context = browser.new_context()
    with watch(context.new_page()) as page:
        yield page
    context.close()


def test_second_save_merges_and_asks_only_about_what_both_changed(site, page, other):
    tool = Tool.objects.get(slug="qdrant")
    address = f"{site}/admin/tools/tool/{tool.pk}/change/"
    for editor, name in ((page, "bea"), (other, "ada")):
        sign_in(editor.context, site, User.objects.create_superuser(name))
        editor.goto(address)
    expect(other.locator("#presence")).to_have_text(re.compile(r"^Bea has had this tool open since \d\d:\d\d UTC\.$"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # sooner than after 30 seconds
    expect(page.locator("#presence")).to_have_text(re.compile(r"^Ada has had this tool open since"))
    page.get_by_label("Tagline").fill("Of Bea.")
    page.get_by_label("Description").fill(WORDS)

    other.get_by_label("Tagline").fill("Of Ada.")
    other.get_by_label("Website").fill("https://ada.example/")
    other.get_by_label("Reason").fill("The maker says so.")
    other.get_by_role("button", name="Save and publish now").click()
    expect(other).to_have_url(re.compile(r"/admin/tools/tool/$"))

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#presence")).to_be_hidden()
    page.get_by_role("button", name="Save and publish now").click()
    notice = page.locator(".conflict")
    expect(notice).to_contain_text("Ada saved this at")
    expect(notice).to_contain_text("Their reason: The maker says so.")
    expect(notice.locator("fieldset")).to_have_count(1)
    expect(notice).to_contain_text("Yours: Of Bea.")
    expect(page.get_by_label("Tagline")).to_have_value("Of Bea.")
    expect(page.get_by_label("Description")).to_have_value(WORDS)
    expect(page.get_by_label("Website")).to_have_value("https://ada.example/")
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Ada."

    page.get_by_role("button", name="Save and publish now").click()  # no answer, so it asks again
    expect(notice).to_contain_text("Ada saved this at")
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Ada."

    notice.get_by_label("Keep mine").check()
    notice.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"/admin/tools/tool/$"))
    expect(page.locator(".messagelist")).to_contain_text(
        re.compile(r"Ada changed the website and tagline|Ada changed the tagline and website")
    )
    tool.refresh_from_db()
    assert (tool.tagline, tool.website, tool.description) == ("Of Bea.", "https://ada.example/", WORDS)

    page.goto(f"{site}/admin/tools/tool/{tool.pk}/history/")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Changed")
    theirs = page.get_by_role("listitem").filter(has_text="The maker says so.")
    theirs.get_by_role("link", name="Restore this version…").click()
    expect(page.locator(".changes")).to_contain_text("Of Bea. → Of Ada.")
    page.get_by_label("Reason").fill("Ada was right.")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("listitem").filter(has_text="Ada was right.").first).to_be_visible()
    assert Tool.objects.get(pk=tool.pk).tagline == "Of Ada."
