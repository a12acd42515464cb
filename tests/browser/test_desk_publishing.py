"""A tool from draft to withdrawn, in a real browser, while a signed-out guest reads the preview."""

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from desk.pending.previews import preview_url as preview_pending
from desk.publishing import previews
from reviews.models import Reviewer
from tests import factories as make
from tests.browser.screens import find_violations_on
from tests.browser.signing_in import sign_in
from tests.desk.pending import keep
from tests.desk.people import sign_in as sign_in_client
from tools.models import Tool
from tools.publishing import PublicationState

LONG = "Words enough to say why this is so and not the other way around. " * 3


def sign_in_chief(context: BrowserContext, site: str) -> None:
    sign_in(context, site, User.objects.create_superuser("chief", "chief@example.com", "a long pass phrase"))


@pytest.fixture
def draft(site) -> Tool:
    category = Tool.objects.first().category
    tool = make.tool(name="Gamma", slug="gamma", category=category, published_at=None, tagline="New here")
    for seat in Reviewer.objects.all():
        make.review(of=tool, by=seat, quote=LONG, flips_if="It slows.", published_at=None)
    return tool


def change_url(site: str, tool: Tool) -> str:
    return f"{site}/admin/tools/tool/{tool.pk}/change/"


def test_tool_is_previewed_scheduled_published_withdrawn_and_restored(site, draft, page: Page, browser: Browser):
    sign_in_chief(page.context, site)
    page.goto(change_url(site, draft))
    panel = page.get_by_role("region", name="Publishing")
    expect(panel).to_contain_text("Draft. Readers do not see it.")

    link = page.get_by_label("Link to share").input_value()
    reader = browser.new_context()
    guest = reader.new_page()
    complaints = []
    guest.on("console", lambda message: complaints.append(message.text))
    guest.goto(link)
    expect(guest.get_by_role("complementary", name="This is a preview")).to_contain_text("Draft")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Gamma")
    expect(guest.locator("#seat-builder")).to_contain_text("Words enough")
    expect(guest.locator(".ballot")).to_have_count(0)
    assert reader.cookies() == []
    assert complaints == []

    panel.get_by_role("button", name="Preview beside the form").click()
    frame = page.frame_locator("iframe[title='Preview of the saved version']")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Gamma")
    page.get_by_label("Name:", exact=True).fill("Gamma Two")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Gamma Two")
    page.get_by_label("Name:", exact=True).fill("Gamma")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("button", name="Close the preview").click()
    expect(page.locator("iframe")).to_have_count(0)
    expect(panel.get_by_role("button", name="Preview beside the form")).to_be_focused()

    elsewhere = page.context.new_cdp_session(page)
    elsewhere.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    panel.get_by_role("link", name="Schedule…").click()
    expect(page.get_by_role("heading", name="The gate blocks this")).to_be_visible()
    expect(page.locator("#content-main")).to_contain_text("There is no plan")
    expect(page.locator("#content-main")).to_contain_text("The Skeptic: Ship")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator("#content-main")).to_contain_text("Check this box to override the gate, and give a reason.")
    page.get_by_label("Override the gate and publish anyway").check()
    page.get_by_label("Reason").fill("It is in the news.")
    page.get_by_label("At (UTC)").fill("2099-01-01T09:00")
    expect(page.get_by_text("Jan 1, 2099, 6:00 PM in Tokyo.")).to_be_visible()
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".messagelist")).to_contain_text("Scheduled: Gamma (with four reviews).")
    expect(panel).to_contain_text("It appears by itself on Jan 1, 2099, 09:00 UTC.")
    assert "overriding the gate (There is no description" in draft.history.latest().history_change_reason

    today = {"source": "https://example.com/", "verified_on": timezone.localdate()}
    Tool.objects.filter(pk=draft.pk).update(description="Words.", website="https://example.com/")
    make.plan(of=draft, **today)
    for _ in range(3):
        make.fact(of=draft, **today)
    panel.get_by_role("link", name="Publish now…").click()
    expect(page.get_by_role("heading", name="Will be published now")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_count(0)
    page.get_by_role("button", name="Publish now").click()
    expect(panel).to_contain_text("Published since")
    guest.goto(link)
    assert guest.url == f"{site}/tools/gamma/"
    expect(guest.locator(".ballot").first).to_be_visible()

    panel.get_by_role("link", name="Withdraw…").click()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#content-main")).to_contain_text("This field is required.")
    page.get_by_label("Reason").fill("It was sold.")
    page.get_by_role("button", name="Withdraw").click()
    expect(panel).to_contain_text("Withdrawn on")
    assert guest.goto(link).status == 410
    expect(guest.get_by_role("heading", level=1)).to_have_text("There is nothing to preview any more")
    panel.get_by_role("link", name="Put back…").click()
    page.get_by_label("Reason").fill("It was not.")
    page.get_by_role("button", name="Put back").click()
    expect(panel).to_contain_text("Published since")
    assert guest.goto(f"{site}/tools/gamma/").status == 200
    reader.close()


def test_bulk_action_asks_and_reports_per_tool(site, draft, page: Page):
    sign_in_chief(page.context, site)
    page.goto(f"{site}/admin/tools/tool/?q=a")
    for name in ("Gamma", "Aider"):
        page.get_by_role("row", name=name).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("withdraw_selected")
    page.locator(".actions button[type=submit], .actions [name=index]").first.click()
    expect(page.locator("#content-main")).to_contain_text("Gamma: It is a draft.")
    page.get_by_label("Reason").fill("A clear-out.")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".messagelist")).to_contain_text("Withdrawn: Aider.")
    expect(page.locator(".messagelist")).to_contain_text("Not withdrawn: Gamma (It is a draft).")
    assert Tool.objects.get(slug="aider").state == PublicationState.WITHDRAWN


def pick(page: Page, field: str, name: str) -> None:
    page.locator(f".field-{field} .select2-selection").click()
    page.locator(".select2-search__field").fill(name)
    page.locator(".select2-results__option", has_text=name).first.click()


def test_pair_is_described_as_it_is_picked_and_swapped(site, draft, page: Page):
    sign_in_chief(page.context, site)
    page.goto(f"{site}/admin/comparisons/comparison/add/")
    words = page.get_by_role("region", name="What the page will say")
    expect(words).to_contain_text("Choose two tools")
    pick(page, "first", "Gamma")
    pick(page, "second", "Aider")
    expect(words).to_contain_text("Gamma leads the panel")
    expect(words).to_contain_text("Gamma is not public yet: it is a draft.")
    page.get_by_role("button", name="Swap the tools").click()
    expect(page.locator(".field-first .select2-selection__rendered")).to_contain_text("Aider")
    expect(page.locator(".field-second .select2-selection__rendered")).to_contain_text("Gamma")
    pick(page, "second", "Cline")
    expect(words.get_by_role("link", name="Aider vs Cline")).to_be_visible()
    pick(page, "second", "Gamma")
    expect(words.get_by_role("link")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Aider vs Gamma")


def test_pair_is_checked_without_javascript(site, draft, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    sign_in_chief(context, site)
    page = context.new_page()
    page.goto(f"{site}/admin/comparisons/comparison/add/")
    page.locator("[name=first-typed]").fill("gamma")
    page.locator("[name=second-typed]").fill("Aider")
    page.get_by_label("Introduction").fill("Still here.")
    with context.expect_page() as opened:
        page.get_by_role("button", name="Check").click()
    expect(opened.value.locator("#content-main")).to_contain_text("Gamma leads the panel")
    expect(page.get_by_label("Introduction")).to_have_value("Still here.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("Gamma vs Aider")
    context.close()


def test_no_accessibility_rule_is_broken(site, draft, page: Page):
    """The pages that readers of a preview get. Those of the desk are in test_desk_pages.py."""
    sign_in_chief(page.context, site)
    pair = make.comparison(first=draft, second=Tool.objects.get(slug="aider"), published_at=None)
    aider = Tool.objects.get(slug="aider")
    change = keep(sign_in_client(User.objects.get(username="chief")), aider, tagline="Changed.")
    complaints = []
    for path in (preview_pending(change), previews.preview_url(draft), previews.preview_url(pair), "/preview/cut-off/"):
        page.goto(site + path)
        complaints += find_violations_on(page, [(1280, "light"), (1280, "dark")], context="body")
    assert not complaints, "\n".join(complaints)
