"""An editor's whole job on one page, in a real browser: from an empty site to verdicts and corrections."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from accounts.models import User
from tests import factories as make
from tests.browser.signing_in import sign_in
from tools.models import Tool

LONG = "It held for a month in *our own* stack, and what broke was fixed within a day by people who answered."
SEATS = ["Builder", "Skeptic", "Futurist", "Founder"]


@pytest.fixture
def desk(page, transactional_db, live_server, settings, tmp_path):
    """Return the page of a signed-in editor at an empty site with categories, four seats, and three attributes."""
    settings.MEDIA_ROOT = tmp_path
    category, other = make.category(name="Agents"), make.category(name="Speech")
    for place, name in enumerate(SEATS, start=1):
        make.reviewer(slug=name.lower(), name=f"The {name}", seat=place)
    for name in ("License", "Context window"):
        make.attribute(name=name).categories.add(category)
    make.attribute(name="Languages").categories.add(other)
    sign_in(page.context, live_server.url, User.objects.create_superuser("editor"))
    page.goto(f"{live_server.url}/admin/tools/tool/add/")
    return page


def find_seat(page, name):
    return page.locator(f"#seat-{name.lower()}")


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_tool_gets_four_reviews_then_a_new_edition_and_a_new_price(desk, live_server):
    page = desk
    page.get_by_label("Name:", exact=True).fill("This vs That")
    expect(page.get_by_label("Slug:")).to_have_value("this-versus-that")
    page.locator("#id_category").select_option(label="Agents")
    page.get_by_label("Tagline:").fill("One line")
    expect(page.locator(".field-tagline .desk-count")).to_have_text("8 of 120")
    page.locator("#id_description").fill("What it **is**. <b>raw</b>")
    expect(page.locator(".field-description .desk-preview strong")).to_have_text("is")
    expect(page.locator(".field-description .desk-preview b")).to_have_count(0)
    file = BytesIO()
    Image.new("RGB", (400, 200), "navy").save(file, "PNG")
    page.locator("#id_logo_file").set_input_files({"name": "l.png", "mimeType": "image/png", "buffer": file.getvalue()})

    for name in SEATS:
        seat = find_seat(page, name)
        seat.get_by_role("radio", name="Skip" if name == "Skeptic" else "Ship").check()
        seat.get_by_label("Gist").fill("It held.")
        expect(seat.locator(".desk-count").first).to_have_text("8 of 90")
        seat.get_by_label("How this seat knows").select_option("read")
        seat.get_by_label("Quote").fill(f"{name}: {LONG}")
        expect(seat.locator(".desk-preview em")).to_have_text("our own")
        seat.get_by_label("What would flip it").fill("A fork.")
        seat.get_by_label("Claim").nth(1).fill("It stays.")
        seat.get_by_label("Due on").nth(1).fill("2099-01-31")
    expect(page.locator("[data-panel]")).to_have_text("Panel ship will be 75% 3 of 4 ship")

    plans = page.locator("[data-rows=plans]")
    plans.get_by_label("Name").first.fill("Open")
    plans.get_by_label("Kind").first.select_option("free")
    expect(plans.locator("[name$=-amount]").first).to_be_disabled()
    plans.get_by_role("button", name="Add another plan").click()
    third = plans.locator(".desk-row").nth(2)
    third.get_by_label("Name").fill("Pro")
    third.get_by_label("Kind").select_option("paid")
    third.locator("[name$=-amount]").first.fill("20")
    third.get_by_label("Currency").fill("usd")
    third.get_by_label("Period").select_option("month")
    third.get_by_label("Verified today").check()

    facts = page.locator("[data-rows=facts]")
    expect(facts.locator("legend", has_text="Languages")).to_be_hidden()
    facts.get_by_role("group", name="License").get_by_label("Value").fill("MIT")
    facts.get_by_role("group", name="Context window").get_by_label("Value").fill("1M tokens")
    save(page)
    tool = Tool.objects.get()
    assert (tool.slug, tool.category.name, tool.reviews.count(), tool.plans.count()) == (
        "this-versus-that",
        "Agents",
        4,
        2,
    )
    assert list(tool.facts.values_list("value", flat=True)) == ["MIT", "1M tokens"]
    expect(page.locator("[data-panel]")).to_have_text("Panel ship will be 75% 3 of 4 ship")

    # After publication nothing is overwritten: a new edition and a new price join the old ones.
    tool.reviews.update(published_at=make.PAST)
    Tool.objects.update(published_at=make.PAST)
    page.reload()
    seat = find_seat(page, "Skeptic")
    expect(seat.locator(".desk-edition blockquote")).to_contain_text("Skeptic: It held")
    seat.get_by_text("Write a new edition").click()
    seat.get_by_text("The published text in Markdown").click()
    seat.get_by_label("Gist").fill("Convinced.")
    seat.get_by_role("button", name="Start from it").click()
    expect(seat.get_by_label("Quote")).to_be_focused()
    expect(seat.get_by_label("Quote")).to_have_value(f"Skeptic: {LONG}")
    expect(seat.get_by_label("Gist")).to_have_value("Convinced.")  # it was not empty
    expect(seat.get_by_role("radio", name="Skip")).to_be_checked()
    expect(seat.locator(".desk-preview em").last).to_have_text("our own")
    seat.get_by_role("radio", name="Ship").check()
    seat.get_by_label("How this seat knows").select_option("tried")
    seat.get_by_label("Version tried").fill("0.11")
    seat.get_by_label("Days tried").fill("3")
    seat.get_by_label("Quote").fill(f"Now I am convinced. {LONG}")
    seat.get_by_label("Publish this edition now").check()
    expect(page.locator("[data-panel]")).to_have_text("Panel ship will be 100% 4 of 4 ship")
    pro = page.locator("[data-rows=plans]").get_by_role("group", name="Pro")
    pro.locator("[name$=-amount]").first.fill("25")
    pro.locator("[name$=-amount]").first.press("Tab")
    expect(pro.get_by_label("Verified today")).to_be_checked()
    save(page)
    assert [review.verdict for review in tool.reviews.current().order_by("reviewer__seat")] == ["ship"] * 4
    assert sorted(int(plan.amount) for plan in tool.plans.filter(name="Pro")) == [20, 25]
    assert int(tool.plans.current().get(name="Pro").amount) == 25

    page.goto(f"{live_server.url}/tools/this-versus-that/")
    expect(page.get_by_text("$20/mo until")).to_be_visible()
    logo = page.locator(".opening .logo img")
    assert logo.evaluate("image => [image.naturalWidth, image.naturalHeight, image.currentSrc.endsWith('.webp')]") == [
        256, 128, True,
    ]  # fmt: skip


def test_problems_are_shown_in_place_and_nothing_typed_is_lost(desk):
    page = desk
    page.locator("#id_name").fill("Half")
    page.locator("#id_category").select_option(label="Agents")
    seat = find_seat(page, "Builder")
    seat.get_by_label("Ship", exact=True).check()
    seat.get_by_label("Quote").fill("Only words.")
    headings = {name: page.get_by_role("heading", name=name, exact=True) for name in ("Scorecard", "Plans")}
    founder = find_seat(page, "Founder")
    for name in (seat, founder):
        name.get_by_role("heading").click()
    expect(founder.get_by_label("Quote")).to_be_hidden()
    expect(founder).to_contain_text("Nothing published.")
    for heading in headings.values():
        heading.click()
    expect(seat).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).click()
    problems = page.locator("#problems")
    expect(problems).to_be_focused()
    expect(problems.get_by_role("listitem")).to_have_text(
        [
            "The Builder, How this seat knows: Choose what stands behind the verdict.",
        ]
    )
    index = page.get_by_role("navigation", name="Parts of this page").get_by_role("link")
    expect(index).to_have_text(["Tool", "Scorecard 1 problem", "Plans", "Facts"])
    expect(seat.get_by_label("Quote")).to_have_value("Only words.")
    expect(seat.get_by_label("Quote")).to_be_visible()  # a section or seat with problems is open although it was folded
    expect(founder).to_be_visible()
    expect(founder.get_by_label("Quote")).to_be_hidden()  # it was folded, and stays so
    rows = page.locator("#plans-0-name, [name=plans-0-name]")
    expect(rows).to_be_hidden()
    index.nth(2).press("Enter")
    expect(rows).to_be_visible()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    seat.get_by_label("Quote").press("End")
    page.keyboard.type("!")
    page.goto("about:blank")
    assert dialogs == ["beforeunload"]
