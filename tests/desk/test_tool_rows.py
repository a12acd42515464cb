"""Plans and facts on the tool page: how a change affects the current rows, and which input is refused where."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from desk.tool_page.sourced_rows import SourcedFormSet
from tests import factories as make
from tests.desk.tool_forms import ADD, CONFLICT, fill_tool_form, read_errors, tool_url
from tools.currencies import CURRENCIES
from tools.models import AlreadySupersededError, Fact, Plan, Tool

NO_UNIT = "A usage price needs the unit that the amount buys, such as “1M tokens”."
NO_AMOUNT = "A rate that costs needs an amount, and how many of the meter it buys, such as 1M."
TOO_CHEAP = "A paid plan costs more than 0; a plan that costs nothing is of the kind Free."
PRICE = {"kind": "paid", "amount": "20", "currency": "USD", "period": "month"}


def save(admin_client, tool, **typed):
    return admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), **typed))


def read_plans(tool: Tool) -> list[tuple]:
    return [
        (row.name, row.kind, row.amount and int(row.amount), row.superseded_at is None, row.verified_on)
        for row in tool.plans.order_by("pk")
    ]


def test_new_price_supersedes_the_current_one(admin_client, client):
    old = timezone.localdate() - timedelta(days=50)
    tool = make.tool(slug="one")
    make.plan(of=tool, name="Pro", verified_on=old, source="https://one.example/", **PRICE)
    save(admin_client, tool, **{"plans-0-amount": "25"})
    assert read_plans(tool) == [("Pro", "paid", 20, False, old), ("Pro", "paid", 25, True, None)]
    assert tool.plans.current().get().source == "https://one.example/"
    assert "$20/mo until" in " ".join(client.get("/tools/one/").content.decode().split())


def test_new_price_can_be_verified_today(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-amount": "25", "plans-0-verified_today": "on"})
    assert read_plans(tool)[1] == ("Pro", "paid", 25, True, timezone.localdate())


def test_source_and_day_are_changed_in_place(admin_client):
    tool = make.tool()
    row = make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-source": "https://x.example/", "plans-0-verified_today": "on"})
    row.refresh_from_db()
    assert (row.source, row.verified_on, row.superseded_at) == ("https://x.example/", timezone.localdate(), None)
    assert tool.plans.count() == 1


def test_saving_an_unchanged_page_changes_no_row(admin_client):
    tool = make.tool()
    make.plan(of=tool, **PRICE, verified_on=timezone.localdate())
    make.plan(of=tool, kind="paid", amount="0.25", currency="USD", period="usage", unit="1M tokens")
    make.fact(of=tool)
    before = [list(tool.plans.values()), list(tool.facts.values()), Plan.history.count()]
    save(admin_client, tool)
    assert [list(tool.plans.values()), list(tool.facts.values()), Plan.history.count()] == before


def test_rows_that_readers_never_saw_are_changed_in_place(admin_client):
    tool = make.tool(published_at=None)
    make.plan(of=tool, name="Pro", **PRICE)
    gone = make.plan(of=tool, name="Gone")
    save(admin_client, tool, **{"plans-0-amount": "25", "plans-1-DELETE": "on"})
    assert read_plans(tool) == [("Pro", "paid", 25, True, None)]
    assert not Plan.objects.filter(pk=gone.pk).exists()


@pytest.mark.parametrize("withdrawn_at", [None, make.PAST])
def test_removed_row_of_a_public_tool_stays_as_history(admin_client, withdrawn_at):
    tool = make.tool(withdrawn_at=withdrawn_at)
    make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-DELETE": "on"})
    assert read_plans(tool) == [("Pro", "paid", 20, False, None)]


@pytest.mark.parametrize("published_at", [make.PAST, None])
def test_rows_can_swap_names(admin_client, published_at):
    tool = make.tool(published_at=published_at)
    make.plan(of=tool, name="A", kind="free")
    make.plan(of=tool, name="B", kind="contact")
    save(admin_client, tool, **{"plans-0-name": "B", "plans-1-name": "A"})
    assert sorted(tool.plans.current().values_list("name", "kind")) == [("A", "contact"), ("B", "free")]
    assert tool.plans.count() == (4 if published_at else 2)


def test_name_of_a_removed_row_can_be_reused_at_once(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    save(admin_client, tool, **{"plans-0-DELETE": "on", "plans-1-name": "Pro", "plans-1-kind": "free"})
    assert read_plans(tool) == [("Pro", "paid", 20, False, None), ("Pro", "free", None, True, None)]


def test_duplicate_plan_name_is_refused_at_its_row(admin_client):
    tool = make.tool()
    make.plan(of=tool, name="Pro", **PRICE)
    response = save(admin_client, tool, **{"plans-1-name": "Pro", "plans-1-kind": "free"})
    assert read_errors(response) == ["Plan “Pro”, Name: This tool already has a plan with that name."]
    assert read_plans(tool) == [("Pro", "paid", 20, True, None)]


def test_plan_that_someone_else_added_too_is_asked(admin_client):
    tool = make.tool()
    page = admin_client.get(tool_url(tool))
    make.plan(of=tool, name="Pro", **PRICE)
    response = admin_client.post(
        tool_url(tool), fill_tool_form(page, **{"plans-0-name": "Pro", "plans-0-kind": "free"})
    )
    assert read_errors(response) == [CONFLICT]
    asked = re.findall(r'name="asked" value="([^"]*)"', response.content.decode())
    assert asked == [f"plans-0:{name}" for name in ("kind", "amount", "currency", "period")]
    answers = {"asked": asked} | {f"keep:{name}": "theirs" for name in asked}
    assert admin_client.post(tool_url(tool), fill_tool_form(response) | answers).status_code == 302
    assert tool.plans.get().kind == PRICE["kind"]


def test_plan_added_between_validating_and_saving_is_detected(admin_client, monkeypatch):
    tool = make.tool()
    page = admin_client.get(tool_url(tool))
    clean, attempts = SourcedFormSet.clean, []

    def clean_and_be_overtaken(self):
        if self.model is Plan and attempts:  # the row added in between was rolled back with the first attempt
            make.plan(of=tool, name="Pro", **PRICE)
        clean(self)
        if self.model is Plan and not attempts:
            make.plan(of=tool, name="Pro", **PRICE)
        attempts.extend([True] if self.model is Plan else [])

    monkeypatch.setattr(SourcedFormSet, "clean", clean_and_be_overtaken)
    response = admin_client.post(
        tool_url(tool), fill_tool_form(page, **{"plans-0-name": "Pro", "plans-0-kind": "free"})
    )
    assert read_errors(response) == ["Plan “Pro”, Name: This tool already has a plan with that name."]
    assert len(attempts) == 2


def test_row_superseded_by_someone_else_is_reported_and_loses_nothing(admin_client):
    tool = make.tool()
    row = make.plan(of=tool, name="Pro", **PRICE)
    page = admin_client.get(tool_url(tool))
    row.supersede(amount=30)
    response = admin_client.post(tool_url(tool), fill_tool_form(page, **{"plans-0-amount": "25"}))
    assert read_errors(response) == [CONFLICT]
    assert fill_tool_form(response)["plans-0-amount"] == "25"
    again = admin_client.post(tool_url(tool), fill_tool_form(response, **{"plans-0-DELETE": "on"}))
    assert again.status_code == 302
    assert [row[2] for row in read_plans(tool)] == [20, 30]


@pytest.mark.parametrize(
    ("typed", "messages"),
    [
        ({**PRICE, "amount": "0"}, [f"Amount: {TOO_CHEAP}"]),
        ({**PRICE, "amount": "-1"}, [f"Amount: {TOO_CHEAP}"]),
        ({**PRICE, "currency": "dollar"}, ["Currency: Ensure this value has at most 3 characters (it has 6)."]),
        ({**PRICE, "currency": "U1D"}, ["Currency: “U1D” is not a currency. Its code has three letters, such as USD."]),
        ({**PRICE, "currency": "DOL"}, ["Currency: “DOL” is not a currency. Its code has three letters, such as USD."]),
        ({**PRICE, "period": ""}, ["Period: A paid plan needs a period."]),
        (
            {**PRICE, "period": "usage"},
            [f"Unit: {NO_UNIT}"],
        ),
        ({**PRICE, "unit": "seat"}, ["Unit: Only a usage price has a unit."]),
        ({"kind": "free", "amount": "1"}, ["Amount: Only a paid plan has an amount."]),
        (
            {"kind": "contact", "period": "month", "currency": "EUR"},
            ["Currency: Only a paid plan has a currency.", "Period: Only a paid plan has a period."],
        ),
        ({"amount": "1"}, ["Kind: This field is required."]),
        ({"kind": "free", "source": "ftp://x.example/"}, ["Source: Enter a valid URL."]),
        ({"kind": "free", "verified_on": "2099-01-01"}, ["Verified on: This day is in the future."]),
        ({"kind": "free", "verified_on": "0026-11-20"}, ["Verified on: The year 26 cannot be right."]),
    ],
)
def test_invalid_price_is_explained_at_its_field(admin_client, typed, messages):
    tool = make.tool()
    row = {f"plans-0-{name}": value for name, value in {"name": "Pro", **typed}.items()}
    assert read_errors(save(admin_client, tool, **row)) == [f"Plan “Pro”, {words}" for words in messages]


def test_rates_are_typed_in_rows_and_supersede(admin_client):
    tool = make.tool()
    plan = {"name": "API", "kind": "paid", "currency": "USD", "period": "usage"}
    rates = {
        "rates-0-meter": "input",
        "rates-0-amount": "0.25",
        "rates-0-per": "1M",
        "rates-1-meter": "request",
        "rates-1-included": "2,000",
        "rates-1-beyond": "stops",
    }
    response = save(admin_client, tool, **{f"plans-0-{name}": value for name, value in (plan | rates).items()})
    assert response.status_code == 302, read_errors(response)
    stored = [
        {"meter": "input", "amount": "0.25", "per": 10**6, "included": 0, "beyond": "costs"},
        {"meter": "request", "amount": None, "per": None, "included": 2000, "beyond": "stops"},
    ]
    assert tool.plans.get().rates == stored
    save(admin_client, tool)
    assert tool.plans.count() == 1
    page = fill_tool_form(admin_client.get(tool_url(tool)))
    assert (page["plans-0-rates-0-per"], page["plans-0-rates-1-included"]) == ("1M", "2,000")
    save(
        admin_client,
        tool,
        **{"plans-0-rates-0-amount": "0.3", "plans-0-rates-1-meter": "", "plans-0-rates-1-included": ""},
    )
    assert tool.plans.current().get().rates == [{**stored[0], "amount": "0.3"}]
    assert tool.plans.count() == 2
    changes = " ".join(admin_client.get(f"/admin/tools/tool/{tool.pk}/history/").content.decode().split())
    assert "input: 0.25 per 1M; request: 2,000 included, then stops" in changes


def test_terms_are_ticked_and_typed(admin_client):
    tool = make.tool()
    terms = {"per_seat": "on", "billed_yearly": "on", "minimum_seats": "5", "trial_days": "14"}
    save(admin_client, tool, **{f"plans-0-{name}": value for name, value in ({"name": "Team"} | PRICE | terms).items()})
    plan = tool.plans.get()
    assert (plan.per_seat, plan.is_from, plan.billed_yearly, plan.minimum_seats, plan.trial_days) == (
        True,
        False,
        True,
        5,
        14,
    )
    save(admin_client, tool, **{"plans-0-minimum_seats": "2"})
    assert list(tool.plans.order_by("pk").values_list("minimum_seats", flat=True)) == [5, 2]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"per": "1M"}, "Rate 1: Select what is counted."),
        ({"meter": "input", "amount": "x", "per": "1M"}, "Rate 1: The amount is a number such as 0.25."),
        ({"meter": "input", "amount": "1", "per": "a lot"}, "Rate 1: Write a number such as 2000, 10k, 50M, or 1.5B."),
        ({"meter": "input", "amount": "1"}, f"Rate 1: {NO_AMOUNT}"),
        ({"meter": "image", "included": "5"}, f"Rate 1: {NO_AMOUNT}"),
        (
            {"meter": "image", "beyond": "stops"},
            "Rate 1: What stops or slows down needs a number that each month includes.",
        ),
        (
            {"meter": "input", "amount": "1", "per": "1", "beyond": "explodes"},
            "Rate 1: Select what happens beyond the number that is included.",
        ),
    ],
)
def test_invalid_rate_is_explained_and_loses_nothing(admin_client, typed, message):
    tool = make.tool()
    row = {f"plans-0-rates-0-{name}": value for name, value in typed.items()}
    response = save(
        admin_client, tool, **{f"plans-0-{name}": value for name, value in ({"name": "Pro"} | PRICE).items()}, **row
    )
    assert read_errors(response) == [f"Plan “Pro”, Rates: {message}"]
    page = fill_tool_form(response)
    kept = {name: page[name] for name in row if not name.endswith("beyond")}
    assert kept == {name: value for name, value in row.items() if not name.endswith("beyond")}


def test_lowercase_currency_is_accepted(admin_client):
    tool = make.tool()
    row = {"name": "Pro", "kind": "paid", "amount": "1", "currency": "usd", "period": "year"}
    save(admin_client, tool, **{f"plans-0-{name}": value for name, value in row.items()})
    assert tool.plans.get().currency == "USD"


def test_every_attribute_of_the_category_has_a_row_and_empty_ones_are_ignored(admin_client):
    tool = make.tool()
    license_, window, other = (make.attribute(name=name) for name in ("License", "Window", "Other"))
    for attribute in (license_, window):
        attribute.categories.add(tool.category)
    make.fact(of=tool, attribute=window, value="1M")
    page = fill_tool_form(admin_client.get(tool_url(tool)))
    assert {name: value for name, value in page.items() if name.endswith("-attribute")} == {
        "facts-1-attribute": str(license_.pk),
        "facts-2-attribute": "",
    }  # the attribute of an existing row cannot be changed
    save(admin_client, tool, **{"facts-1-value": "MIT", "facts-1-verified_today": "on", "facts-2-verified_today": "on"})
    assert list(tool.facts.values_list("attribute", "value", "verified_on")) == [
        (license_.pk, "MIT", timezone.localdate()),
        (window.pk, "1M", None),
    ]
    save(admin_client, tool, **{"facts-2-attribute": other.pk, "facts-2-value": "Yes"})
    assert tool.facts.get(attribute=other).value == "Yes"


def test_source_without_a_value_is_refused(admin_client):
    tool = make.tool()
    make.attribute(name="License").categories.add(tool.category)
    response = save(admin_client, tool, **{"facts-0-source": "https://x.example/"})
    assert read_errors(response) == ["Fact “License”, Value: This field is required."]


def test_changed_fact_supersedes_and_keeps_its_attribute(admin_client):
    tool = make.tool()
    fact = make.fact(of=tool, value="MIT")
    other = make.attribute()
    save(admin_client, tool, **{"facts-0-value": "GPL", "facts-0-attribute": other.pk})
    rows = [(row.attribute_id, row.value, row.superseded_at is None) for row in tool.facts.order_by("pk")]
    assert rows == [(fact.attribute_id, "MIT", False), (fact.attribute_id, "GPL", True)]


def test_duplicate_attribute_is_refused(admin_client):
    tool = make.tool()
    fact = make.fact(of=tool)
    response = save(admin_client, tool, **{"facts-1-attribute": fact.attribute_id, "facts-1-value": "Else"})
    assert read_errors(response) == [
        f"Fact “{fact.attribute.name}”, Attribute: This tool already has a value for that attribute."
    ]


def test_new_tool_is_saved_with_plans_and_facts(admin_client):
    kind = make.category()
    attribute = make.attribute()
    attribute.categories.add(kind)
    typed = {"name": "One", "plans-0-name": "Basic", "plans-0-kind": "free", "facts-0-value": "MIT"}
    admin_client.post(ADD, fill_tool_form(admin_client.get(ADD), **typed))
    tool = Tool.objects.get()
    assert [tool.plans.get().name, tool.facts.get().value] == ["Basic", "MIT"]


# -- Sourced, which the page uses ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_supersede_keeps_the_old_value_and_its_verification():
    with time_machine.travel("2026-11-20 10:00Z", tick=False):
        row = make.fact(of=make.tool(), value="MIT", source="https://x.example/", verified_on="2026-11-01")
        later = row.supersede(value="GPL")
    row = Fact.objects.get(pk=row.pk)
    assert (row.value, str(row.verified_on), row.superseded_at.isoformat()) == (
        "MIT", "2026-11-01", "2026-11-20T10:00:00+00:00",
    )  # fmt: skip
    assert (later.value, later.source, later.verified_on, later.superseded_at) == (
        "GPL",
        "https://x.example/",
        None,
        None,
    )
    assert [record.history_type for record in Fact.history.order_by("history_id")] == ["+", "~", "+"]


@pytest.mark.django_db
def test_superseded_row_cannot_be_superseded_again():
    row = make.fact(of=make.tool())
    stale = Fact.objects.get(pk=row.pk)
    row.supersede(value="GPL")
    with pytest.raises(AlreadySupersededError):
        stale.supersede(value="BSD")
    assert Fact.objects.current().get().value == "GPL"


def test_currencies_in_use_are_offered_first(admin_client):
    tool = make.tool()
    for number, currency in enumerate(("CHF", "SEK", "CHF", "NOK")):
        make.plan(of=tool, name=f"Plan {number}", kind="paid", amount=9, currency=currency, period="month")
    page = admin_client.get(f"/admin/tools/tool/{tool.pk}/change/").text
    offered = re.findall(r'<option value="([A-Z]{3})"></option>', page)
    assert offered[:4] == ["NOK", "CHF", "SEK", "AED"]
    assert len(offered) == len(set(offered)) == len(CURRENCIES)
