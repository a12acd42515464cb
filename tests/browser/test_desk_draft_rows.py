"""What was typed into the rows of a form finds its rows again, wherever they are by then, and overwrites no others."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import User
from reviews.models import Prediction
from tests import factories as make
from tests.browser.signing_in import sign_in
from tests.browser.stored_drafts import wait_until_stored
from tests.browser.test_desk_drafts import open_page, restore
from tests.desk.pending import act, keep
from tools.models import Category, Plan, Tool

FREE = {"kind": "free"}


@pytest.fixture
def tool(transactional_db, live_server) -> Tool:
    return make.tool(name="Acme", slug="acme")


@pytest.fixture
def signed_in(page: Page, live_server, settings) -> Page:
    settings.REQUIRE_MFA = False
    sign_in(page.context, live_server.url, User.objects.create_superuser("ada"))
    return page


@pytest.fixture
def address(signed_in: Page, live_server, tool: Tool) -> str:
    """Return the address of the tool's form, for which the browser is signed in."""
    return f"{live_server.url}/admin/tools/tool/{tool.pk}/change/"


def reopen(page: Page, address: str, *, typed: str, meanwhile: Callable[[], object]) -> Page:
    """Close a form in which something was typed, let others save, and restore it."""
    wait_until_stored(page, typed)
    page.close()
    meanwhile()
    again = open_page(page.context, address)
    restore(again)
    return again


def read_pairs(page: Page, prefix: str, filled: str, other: str) -> list[list[str]]:
    """Return two values of each row of a list in which the first is filled in."""
    return page.locator(f"[name^='{prefix}'][name$='-{filled}']").evaluate_all(
        "(fields, [filled, other]) => fields.filter(field => field.value).map(field => "
        "[field.value, document.getElementsByName(field.name.replace(`-${filled}`, `-${other}`))[0].value])",
        [filled, other],
    )


def read_plans(page: Page) -> list[list[str]]:
    return read_pairs(page, "plans", "name", "id")


def test_new_row_does_not_overwrite_one_that_others_added(page: Page, address, tool):
    first = make.plan(of=tool, name="Free", **FREE)
    writing = open_page(page.context, address)
    writing.locator("[name='plans-1-name']").fill("Team")
    writing.locator("[name='plans-1-kind']").select_option("free")
    added: list[Plan] = []
    again = reopen(
        writing, address, typed="Team", meanwhile=lambda: added.append(make.plan(of=tool, name="Business", **FREE))
    )
    expected = [["Free", str(first.pk)], ["Business", str(added[0].pk)], ["Team", ""]]
    assert read_plans(again) == expected
    again.locator("[name='_continue']").click()
    expect(again.locator(".messagelist .success")).to_be_visible()
    assert sorted(plan.name for plan in Plan.objects.current()) == ["Business", "Free", "Team"]


def test_change_of_a_row_goes_to_its_successor_and_comes_back_as_new_if_it_was_removed(page: Page, address, tool):
    names = ("Basic", "Plus", "Team")
    basic, plus, team = (
        make.plan(of=tool, name=name, kind="paid", amount=9, currency="USD", period="month") for name in names
    )
    writing = open_page(page.context, address)
    for number, amount in enumerate(("11", "22", "33")):
        writing.locator(f"[name='plans-{number}-amount']").fill(amount)

    def supersede_and_remove() -> None:
        Plan.objects.filter(pk=basic.pk).update(superseded_at=make.PAST)
        Plan.objects.filter(pk=plus.pk).update(superseded_at=make.PAST)
        make.plan(of=tool, name="Plus", kind="paid", amount=10, currency="USD", period="month")

    again = reopen(writing, address, typed="33", meanwhile=supersede_and_remove)
    successor = Plan.objects.current().get(name="Plus")
    assert sorted(read_plans(again)) == [["Basic", ""], ["Plus", str(successor.pk)], ["Team", str(team.pk)]]
    assert sorted(read_pairs(again, "plans", "name", "amount")) == [["Basic", "11"], ["Plus", "22"], ["Team", "33"]]


def test_fact_stays_with_its_attribute(page: Page, address, tool):
    first, second, third = (make.attribute(name=name) for name in ("A", "B", "C"))
    tool.category.attributes.set([first, second, third])
    writing = open_page(page.context, address)
    writing.locator("[name='facts-1-value']").fill("Of B")

    def add_others() -> None:
        make.fact(of=tool, attribute=third, value="Theirs")
        make.fact(of=tool, attribute=first, value="Theirs too")

    again = reopen(writing, address, typed="Of B", meanwhile=add_others)
    assert read_pairs(again, "facts", "value", "attribute") == [
        ["Theirs too", str(first.pk)],
        ["Of B", str(second.pk)],
        ["Theirs", str(third.pk)],
    ]


def test_prediction_of_a_draft_stays_what_it_was(page: Page, signed_in, live_server, tool):
    review = make.review(of=tool, by=make.reviewer(), published_at=None)
    for claim in ("It ships.", "It sells."):
        make.prediction(of=review, claim=claim)
    address = f"{live_server.url}/admin/tools/tool/{tool.pk}/change/"
    writing = open_page(page.context, address)
    writing.locator("[name$='-predictions-1-claim']").fill("It sells well.")
    writing.locator("[name$='-predictions-2-claim']").fill("It is bought.")

    def replace() -> None:
        Prediction.objects.filter(claim="It ships.").delete()

    again = reopen(writing, address, typed="bought", meanwhile=replace)
    kept = Prediction.objects.get()
    assert read_pairs(again, "scorecard-", "claim", "id") == [["It sells well.", str(kept.pk)], ["It is bought.", ""]]


def test_rows_inside_a_field_are_found_again(page: Page, signed_in, live_server, transactional_db):
    usage = {"input": 1}
    category = make.category(presets=[{"name": name, "seats": 1, "usage": usage} for name in ("Alone", "Team")])
    address = f"{live_server.url}/admin/tools/category/{category.pk}/change/"
    writing = open_page(page.context, address)
    writing.locator("[name='presets-1-seats']").fill("12")
    writing.locator("[name='presets-2-name']").fill("Everyone")
    presets = [{"name": name, "seats": 1, "usage": usage} for name in ("Pair", "Alone", "Team")]
    again = reopen(writing, address, typed="Everyone", meanwhile=lambda: Category.objects.update(presets=presets))
    rows = read_pairs(again, "presets-", "name", "seats")
    assert rows == [["Pair", "1"], ["Alone", "1"], ["Team", "12"], ["Everyone", ""]]


def test_new_row_of_a_form_that_was_shown_again_is_kept_wherever_it_is(page: Page, address, tool):
    make.plan(of=tool, name="Free", **FREE)
    writing = open_page(page.context, address)
    writing.locator("[name='plans-1-name']").fill("Team")
    writing.locator("[name='plans-1-kind']").select_option("free")
    writing.get_by_label("Website").fill("not an address")
    make.plan(of=tool, name="Business", **FREE)
    writing.locator("[name='_continue']").click()
    expect(writing.locator("#problems")).to_be_visible()
    assert [name for name, _ in read_plans(writing)] == ["Free", "Business", "Team"]
    writing.get_by_label("Website").fill("still no address")
    again = reopen(writing, address, typed="still", meanwhile=lambda: None)
    assert [name for name, _ in read_plans(again)] == ["Free", "Business", "Team"]


def test_field_that_others_changed_too_is_asked(page: Page, address, tool):
    writing = open_page(page.context, address)
    writing.get_by_label("Tagline").fill("Mine")

    def save_theirs() -> None:
        theirs = Tool.objects.get()
        theirs.tagline, theirs.website = "Theirs", "https://theirs.example/"
        theirs.save()

    again = reopen(writing, address, typed="Mine", meanwhile=save_theirs)
    again.get_by_label("Short name").fill("Ac")
    again.locator("[name='_continue']").click()
    notice = again.locator(".conflict")
    expect(notice.locator("fieldset")).to_have_count(1)
    expect(notice).to_contain_text("Theirs: Theirs")
    assert Tool.objects.get().tagline == "Theirs"
    notice.get_by_label("Keep mine").check()
    again.locator("[name='_continue']").click()
    expect(again.locator(".messagelist .success")).to_be_visible()
    saved = Tool.objects.get()
    assert (saved.tagline, saved.website, saved.short_name) == ("Mine", "https://theirs.example/", "Ac")


def test_draft_of_a_pending_change_finds_its_rows_before_and_after_it_is_published(page: Page, address, tool):
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    keep(client, tool, **{"plans-0-name": "Team", "plans-0-kind": "free"})
    pending = address.replace("/change/", "/pending/edit/")
    writing = open_page(page.context, pending)
    writing.locator("[name='plans-0-trial_days']").evaluate("field => field.closest('details').open = true")
    writing.locator("[name='plans-0-trial_days']").fill("14")
    again = reopen(writing, pending, typed="14", meanwhile=lambda: None)
    assert read_pairs(again, "plans", "name", "trial_days") == [["Team", "14"]]

    def publish() -> None:
        act(client, tool, "publish")

    published = reopen(again, address, typed="14", meanwhile=publish)
    assert read_pairs(published, "plans", "name", "trial_days") == [["Team", "14"]]
    assert read_plans(published) == [["Team", str(Plan.objects.get().pk)]]
