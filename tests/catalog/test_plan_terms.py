"""Prices in all shapes through the catalog file: what a file says, and what it leaves as it is."""

import json

import pytest

from tests.catalog.documents import document, empty_site, export, get_problems, import_content, plan, tool
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


def test_presets_aliases_model_ids_and_short_names_survive_a_round_trip_and_older_files_keep_them():
    presets = [
        {"name": "A team of ten", "seats": 10, "usage": {"input": 50_000_000, "cached-input": 5, "output": 10_000_000}},
        {"name": "A chatbot", "usage": {"request": 100_000}},
        {"name": "Three", "seats": 3},
    ]
    category = {"slug": "things", "name": "Things", "description": ""}
    model = tool(model_ids=["openai:gpt-5-mini"], short_name="Mini")
    import_content(document(categories=[{**category, "presets": presets, "aliases": ["Stuff"]}], tools=[model]))
    before = export()
    exported = json.loads(before)
    assert (exported["categories"][0]["presets"], exported["tools"][0]["model_ids"]) == (presets, ["openai:gpt-5-mini"])
    assert (exported["tools"][0]["short_name"], exported["categories"][0]["aliases"]) == ("Mini", ["Stuff"])
    assert import_content(before).does_nothing
    assert import_content(document(categories=[category], tools=[tool()])).does_nothing
    empty_site()
    import_content(before)
    assert export() == before


@pytest.mark.parametrize(
    ("presets", "problem"),
    [
        ([{"name": "", "seats": 1}], ".presets[0].name: must not be empty"),
        ([{"name": "A"}], ".presets: Preset 1: A preset needs seats, or usage of at least one meter."),
        ([{"name": "A", "seats": 0}], ".presets: Preset 1: Seats are a number from 1 to 1,000,000."),
        ([{"name": "A", "seats": 1}] * 2, ".presets: Preset 2: There is another preset with this name."),
        ([{"name": "A", "usage": {"input": 0}}], ".presets: Preset 1: Usage is a number from 1 to 1000T."),
        (
            [{"name": "A", "usage": {"token": 1}}],
            f".presets: Preset 1: “token” is not one of {', '.join(Meter.values)}.",
        ),
    ],
)
def test_unsound_preset_is_reported(presets, problem):
    category = {"slug": "things", "name": "Things", "presets": presets}
    assert get_problems(document(categories=[category])) == [f"categories[0]{problem}"]


def test_model_id_needs_a_provider():
    problem = 'tools[0].model_ids[0]: "gpt-5-mini": Write provider:model, as in openai:gpt-5-mini.'
    assert get_problems(document(tools=[tool(model_ids=["gpt-5-mini"])])) == [problem]


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


def test_current_price_has_a_currency_of_the_world_and_a_former_one_any():
    [problem] = get_problems(document(tools=[tool(plans=[plan(currency="DOL")])]))
    assert "“DOL” is not a currency" in problem
    former = plan(currency="DOL", superseded_at="2026-01-01T00:00:00Z")
    import_content(document(tools=[tool(published_at="2025-01-01T00:00:00Z", plans=[former, plan()])]))
    assert set(Plan.objects.values_list("currency", flat=True)) == {"DOL", "USD"}
