"""Prices in all shapes through the catalog file: what a file says, and what it leaves as it is."""

import json

import pytest

from tests.catalog.test_catalog import document, empty_site, export, get_problems, import_content, plan, tool
from tools.choices import Meter
from tools.models import Plan

pytestmark = pytest.mark.django_db
TEAM = plan(name="Team", per_seat=True, billed_yearly=True, minimum_seats=5, trial_days=14, is_from=True)
QUOTA = {"meter": "request", "included": 300, "beyond": "stops"}
TOKENS = [
    {"meter": "input", "amount": 0.25, "per": 10**6},
    {"meter": "output", "amount": 2, "per": 10**6, "included": 9},
]
USAGE = plan(name="API", amount=None, period="usage", rates=TOKENS)
FREE = plan(name="Free", kind="free", amount=None, currency=None, period=None, maximum_seats=1, rates=[QUOTA])


def test_terms_and_rates_survive_a_round_trip_byte_for_byte():
    import_content(document(tools=[tool(plans=[plan(), TEAM, USAGE, FREE])]))
    assert import_content(export()).does_nothing
    before = export()
    plans = json.loads(before)["tools"][0]["plans"]
    assert plans == [plan(), TEAM, USAGE, FREE]
    empty_site()
    import_content(before)
    assert export() == before


def test_file_that_does_not_mention_terms_keeps_them():
    import_content(document(tools=[tool(plans=[TEAM, FREE])]))
    older = [plan(name="Team"), {key: FREE[key] for key in ("name", "kind")}]
    assert import_content(document(tools=[tool(plans=older)])).does_nothing
    import_content(document(tools=[tool(plans=[plan(name="Team", amount=25)])]))
    new = Plan.objects.current().get(name="Team")
    assert (new.amount, new.per_seat, new.minimum_seats, new.trial_days) == (25, True, 5, 14)


@pytest.mark.parametrize(
    "becomes", [{"kind": "free", "amount": None, "currency": None, "period": None}, {"period": "usage", "unit": "1M"}]
)
def test_terms_that_contradict_a_new_price_are_dropped(becomes):
    import_content(document(tools=[tool(plans=[{**USAGE, "name": "Team"}, FREE])]))
    import_content(document(tools=[tool(plans=[plan(**{"name": "Team", **becomes})])]))
    assert Plan.objects.current().get(name="Team").rates == []


def test_empty_terms_of_a_file_clear_them():
    import_content(document(tools=[tool(plans=[TEAM, FREE])]))
    cleared = {**TEAM, "per_seat": False, "billed_yearly": False, "minimum_seats": None, "trial_days": None}
    import_content(document(tools=[tool(plans=[{**cleared, "is_from": False}, {**FREE, "rates": []}])]))
    rows = Plan.objects.current().order_by("name").values_list("name", "per_seat", "minimum_seats", "rates")
    assert list(rows) == [("Free", False, None, []), ("Team", False, None, [])]
    assert Plan.objects.count() == 4


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"per_seat": "yes"}, '.per_seat: must be true or false, not "yes"'),
        ({"minimum_seats": 0}, ".minimum_seats: 0 is not between 1 and 1000000"),
        ({"trial_days": 14.5}, ".trial_days: must be a whole number, not 14.5"),
        ({"minimum_seats": 5, "maximum_seats": 1}, ": This is less than the minimum of seats."),
        ({"rates": {}}, ".rates: must be a list, not an object"),
        ({"rates": [{"meter": "token"}]}, f'.rates[0].meter: "token" is not one of {", ".join(Meter.values)}'),
        ({"rates": [{"meter": "input", "amount": 0, "per": 1}]}, ".rates[0].amount: must be greater than 0"),
        (
            {"rates": [{"meter": "input"}]},
            ": Rate 1: A rate that costs needs an amount, and how many of the meter it buys, such as 1M.",
        ),
        ({"rates": [QUOTA, QUOTA]}, ": Rate 2: There is another rate for requests; a plan has one per meter."),
        ({"rates": TOKENS, "period": "usage"}, ": Usage has either one amount or rates, not both."),
        (
            {"period": "year", "billed_yearly": True},
            ": Only a price per month can be billed yearly; a price per year has the period Year.",
        ),
    ],
)
def test_inconsistent_terms_are_reported_with_their_place(fields, problem):
    content = document(tools=[tool(plans=[plan(**fields)])])
    assert get_problems(content) == [f"tools[0].plans[0]{problem}"]
