"""Terms and rates of prices in sheets, and presets in the form of a category."""

import json

import pytest
from django.db import connection
from lxml import html

from tests import factories as make
from tests.desk.sheets import PLANS, dry_run, export, find_problems, import_sheet, make_csv
from tests.desk.uploading import PUBLISHES, client_with
from tools.choices import Meter
from tools.models import Category, Plan

pytestmark = pytest.mark.django_db
RATES = [
    {"meter": "input", "amount": "0.25", "per": 10**6, "included": 0, "beyond": "costs"},
    {"meter": "request", "amount": None, "per": None, "included": 2000, "beyond": "stops"},
]


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def make_plans() -> None:
    tool = make.tool(slug="alpha")
    make.plan(of=tool, name="API", kind="paid", currency="USD", period="usage", rates=RATES, is_from=True)
    seat = {"per_seat": True, "billed_yearly": True, "minimum_seats": 5, "maximum_seats": 150, "trial_days": 14}
    make.plan(of=tool, name="Team", kind="paid", amount=19, currency="USD", period="month", **seat)


@pytest.mark.parametrize("format_name", ["csv", "xlsx"])
def test_terms_and_rates_round_trip_through_a_sheet(format_name):
    make_plans()
    before = list(Plan.objects.values())
    content = export(PLANS, format_name)
    shown = dry_run(PLANS, content).context["report"]
    assert [tuple(count) for count in shown.counts] == [("plans", 0, 0, 2)]
    if format_name == "csv":
        assert '"input: 0.25 per 1M\r\nrequest: 2,000 included, then stops"'.replace("\r\n", "\n") in content.decode()
    assert list(Plan.objects.values()) == before


def test_rates_of_a_sheet_supersede_and_other_columns_stay():
    make_plans()
    import_sheet(PLANS, make_csv(["tool", "name", "rates"], ["alpha", "API", "output: 2 per 1M\ninput: 0.3 per 1M"]))
    new = Plan.objects.current().get(name="API")
    assert [(rate["meter"], rate["amount"]) for rate in new.rates] == [("output", "2"), ("input", "0.3")]
    assert new.is_from
    seats = make_csv(["tool", "name", "per_seat", "minimum_seats"], ["alpha", "Team", "no", ""])
    shown = dry_run(PLANS, seats, client=client_with(*PUBLISHES, name="eve")).context["report"]
    assert [(field.name, field.before, field.after) for field in shown.changed[0].fields] == [
        ("per seat", "yes", "no"),
        ("minimum seats", "5", ""),
    ]


def test_cells_that_are_no_terms_are_reported_with_their_place():
    make_plans()
    content = make_csv(
        ["tool", "name", "per_seat", "minimum_seats", "rates"],
        ["alpha", "Team", "maybe", "2.5", "requests: many"],
        ["alpha", "API", "", "", "output: 2 per 1M\noutput: 3 per 1M"],
    )
    problems = dict(find_problems(PLANS, content))
    assert problems["row 2, column per_seat"] == 'must be true or false, not "maybe"'
    assert problems["row 2, column minimum_seats"] == "must be a whole number, not 2.5"
    assert problems["row 2, column rates"].startswith("“requests: many” is not a rate such as")
    assert problems["row 3"] == "Rate 2: There is another rate for output tokens; a plan has one per meter."


# -- Presets ------------------------------------------------------------------------------------------------

TEAM = {"name": "A team of ten", "seats": 10, "usage": {"input": 50_000_000, "output": 10_000_000}}


def read_form(page) -> dict[str, list[str]]:
    form = html.fromstring(page.content.decode()).get_element_by_id("category_form")
    fields: dict[str, list[str]] = {}
    for field in form.iter("input", "select", "textarea"):
        if field.get("name") and field.get("type") != "submit":
            fields.setdefault(field.get("name"), []).append(field.value if field.value is not None else "")
    return fields


def test_presets_and_other_names_of_a_category_are_typed(admin_client):
    category = make.category()
    url = f"/admin/tools/category/{category.pk}/change/"
    fields = read_form(admin_client.get(url))
    fields |= {
        "presets-0-name": ["A team of ten"],
        "presets-0-seats": ["10"],
        "aliases": [" vector  store \nVector Store"],
    }
    fields["presets-0-number"][:2], fields["presets-0-meter"][:2] = ["10M", "50M"], ["output", "input"]
    assert admin_client.post(url, {**fields, "_save": "Save"}).status_code == 302
    assert (Category.objects.get().presets, Category.objects.get().aliases) == ([TEAM], ["vector store"])
    page = admin_client.get(url)
    shown = read_form(page)
    assert (shown["presets-0-number"], shown["presets-0-meter"][:2]) == (["50M", "10M", "", ""], ["input", "output"])
    admin_client.post(url, {**shown, "_save": "Save"})
    assert Category.objects.get().presets == [TEAM]
    history = " ".join(admin_client.get(f"{url.removesuffix('change/')}history/").content.decode().split())
    assert "A team of ten: 10 seats, 50M input tokens, 10M output tokens" in history


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": ["X"]}, "Preset 1: A preset needs seats, or usage of at least one meter."),
        ({"seats": ["1"]}, "Preset 1: A preset needs a name of at most 60 characters."),
        ({"name": ["X"], "seats": ["some"]}, "Preset 1: Write a number such as 2000, 10k, 50M, or 1.5B."),
        ({"name": ["X"], "number": ["5"], "meter": [""]}, "Preset 1: Select what is counted."),
        ({"name": ["X"], "number": ["5", "6"], "meter": ["image"] * 2}, "Preset 1: It has images twice."),
    ],
)
def test_unsound_preset_is_explained(admin_client, typed, message):
    url = f"/admin/tools/category/{make.category().pk}/change/"
    fields = read_form(admin_client.get(url)) | {f"presets-0-{name}": values for name, values in typed.items()}
    response = admin_client.post(url, {**fields, "_save": "Save"})
    assert response.status_code == 200
    assert message in html.fromstring(response.content.decode()).text_content()


@pytest.mark.parametrize(
    "stored",
    [
        {}, [1], [{}], [{**TEAM, "seats": 0}], [{**TEAM, "seats": "10"}], [{**TEAM, "name": ""}], [{**TEAM, "more": 1}],
        [{**TEAM, "usage": []}], [{**TEAM, "usage": {"token": 1}}], [{**TEAM, "usage": {"input": 0}}],
        [{"name": "A", "seats": None, "usage": {}}],
    ],
)  # fmt: skip
def test_database_refuses_what_is_no_list_of_presets(stored):
    with connection.cursor() as cursor:
        cursor.execute("SELECT are_presets(%s::jsonb, %s::jsonb)", [json.dumps(stored), json.dumps(Meter.values)])
        assert cursor.fetchone()[0] is False
        cursor.execute("SELECT are_presets(%s::jsonb, %s::jsonb)", [json.dumps([TEAM]), json.dumps(Meter.values)])
        assert cursor.fetchone()[0] is True
