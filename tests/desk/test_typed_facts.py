"""Typed facts at the desk: fields by kind, the form of an attribute, and the conversion of text."""

import pytest
from lxml import html

from desk.files.converting import suggest_choices, suggest_conversion
from tests import factories as make
from tests.desk.tool_forms import fill_tool_form, read_errors, read_form, tool_url
from tools.choices import AttributeKind
from tools.models import Attribute, Fact
from tools.values import Option, Scale

pytestmark = pytest.mark.django_db
LICENSES = [{"slug": "apache-2.0", "name": "Apache-2.0"}, {"slug": "mit", "name": "MIT"}]


def attributes(category) -> dict[str, Attribute]:
    """Create an attribute of each kind, in the order of the rows of a tool's page."""
    fields = {
        "license": {"kind": "choice", "choices": LICENSES, "several": True},
        "language": {"kind": "choice", "choices": LICENSES[:1]},
        "hosting": {"kind": "grade"},
        "context": {"kind": "number", "unit": "tokens"},
        "version": {"kind": "version"},
        "release": {"kind": "day"},
        "words": {},
    }
    made = {}
    for slug, one in fields.items():
        made[slug] = make.attribute(slug=slug, name=slug.title(), **one)
        made[slug].categories.add(category)
    return made


def save(admin_client, tool, **typed):
    return admin_client.post(tool_url(tool), fill_tool_form(admin_client.get(tool_url(tool)), **typed))


def read_facts() -> dict[str, tuple[str, str]]:
    rows = Fact.objects.current().values_list("attribute__slug", "value", "note")
    return {slug: (value, note) for slug, value, note in rows}


def test_each_kind_has_its_field_and_is_saved_in_its_canonical_form(admin_client):
    tool = make.tool()
    attributes(tool.category)
    typed = {
        "facts-0-value": ["mit", "apache-2.0"],
        "facts-0-note": "except the weights",
        "facts-1-value": "apache-2.0",
        "facts-2-value": "partly",
        "facts-3-value": "128k tokens",
        "facts-4-value": "v1.10",
        "facts-5-value": "2026-11-01",
        "facts-6-value": "Anything, at all",
    }
    assert save(admin_client, tool, **typed).status_code == 302
    assert read_facts() == {
        "license": ("apache-2.0, mit", "except the weights"),
        "language": ("apache-2.0", ""),
        "hosting": ("partly", ""),
        "context": ("128000", ""),
        "version": ("1.10", ""),
        "release": ("2026-11-01", ""),
        "words": ("Anything, at all", ""),
    }
    before = list(Fact.objects.order_by("pk").values())
    assert save(admin_client, tool).status_code == 302
    assert save(admin_client, tool, **{"facts-3-value": "128,000"}).status_code == 302
    assert list(Fact.objects.order_by("pk").values()) == before


def test_new_note_supersedes_as_a_new_value_does(admin_client):
    tool = make.tool()
    license_ = attributes(tool.category)["license"]
    make.fact(of=tool, attribute=license_, value="mit")
    save(admin_client, tool, **{"facts-0-note": "except the weights"})
    rows = [(fact.value, fact.note, fact.superseded_at is None) for fact in Fact.objects.order_by("pk")]
    assert rows == [("mit", "", False), ("mit", "except the weights", True)]


def test_value_that_does_not_fit_is_reported_in_words_and_kept(admin_client):
    tool = make.tool()
    attributes(tool.category)
    typed = {"facts-3-value": "large", "facts-4-value": "newest", "facts-1-value": "gpl"}
    page = save(admin_client, tool, **typed)
    assert read_errors(page) == [
        "Fact “Language”, Value: Select a valid choice. gpl is not one of the available choices.",
        "Fact “Context”, Number, in tokens: “large” is not a number such as 128000, 128k, or 0.5.",
        "Fact “Version”, Version: “newest” is not a version such as 1.10.",
    ]
    assert 'value="large"' in page.text
    assert not Fact.objects.exists()


def test_value_of_an_attribute_that_the_editor_chooses_is_checked_as_well(admin_client):
    tool = make.tool()
    other = make.attribute(name="Hosting", kind="grade")
    row = {"facts-0-attribute": other.pk, "facts-0-value": "Maybe"}
    assert read_errors(save(admin_client, tool, **row)) == [
        "Fact “Hosting”, Value: “Maybe” is not one of yes, partly, no."
    ]
    assert save(admin_client, tool, **{**row, "facts-0-value": "Yes"}).status_code == 302
    assert Fact.objects.get().value == "yes"


def test_emptied_value_of_an_existing_fact_is_refused(admin_client):
    tool = make.tool()
    make.fact(of=tool, attribute=attributes(tool.category)["license"], value="mit")
    assert read_errors(save(admin_client, tool, **{"facts-0-value": []})) == [
        "Fact “License”, Values: This field is required."
    ]


# -- The attribute's own page -------------------------------------------------------------------------------


def edit(admin_client, attribute, **typed):
    url = f"/admin/tools/attribute/{attribute.pk}/change/"
    return admin_client.post(
        url, {**read_form(admin_client.get(url), "attribute_form"), "categories": [], "_save": "Save", **typed}
    )


def test_choices_are_lines_whose_slugs_are_made_from_the_names(admin_client):
    attribute = make.attribute(slug="license", name="License")
    lines = "Apache-2.0\r\n\r\n MIT License | mit \r\nBSD | 3-clause | bsd\r\n"
    lines += "Fair | : you share: all of it\r\nPaid | paid-2 : you pay"
    page = edit(admin_client, attribute, kind="choice", choices=lines, several="on", aliases="Licence\r\nASL = mit\r\n")
    assert page.status_code == 302
    attribute.refresh_from_db()
    assert attribute.aliases == ["Licence", "ASL = mit"]
    assert attribute.choices == [
        {"slug": "apache-2.0", "name": "Apache-2.0"},
        {"slug": "mit", "name": "MIT License"},
        {"slug": "bsd", "name": "BSD | 3-clause"},
        {"slug": "fair", "name": "Fair", "need": "you share: all of it"},
        {"slug": "paid-2", "name": "Paid", "need": "you pay"},
    ]
    assert edit(admin_client, attribute).status_code == 302
    before = attribute.choices
    attribute.refresh_from_db()
    assert attribute.choices == before


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"kind": "choice"}, "An attribute of the kind Choice needs its choices."),
        ({"kind": "choice", "choices": "MIT\nmit"}, "Two choices have the same slug."),
        ({"kind": "choice", "choices": "MIT", "aliases": "ASL = apache"}, "“ASL = apache” does not end in the slug of"),
        ({"kind": "choice", "choices": f"MIT | mit: {'x' * 201}"}, "has more than 200 characters."),
        ({"kind": "choice", "choices": "…"}, "“…” needs a name with a letter or a digit."),
        ({"kind": "choice", "choices": "MIT | M!"}, "“M!”: Use lowercase letters"),
        ({"kind": "grade", "choices": "MIT"}, "Only an attribute of the kind Choice has choices."),
        ({"kind": "day", "unit": "tokens"}, "Only a number has a unit."),
    ],
)
def test_attribute_that_contradicts_its_kind_is_reported(admin_client, typed, message):
    attribute = make.attribute()
    assert message in edit(admin_client, attribute, **typed).text


def test_kind_that_facts_do_not_fit_links_to_the_conversion(admin_client):
    attribute = make.attribute()
    for value in ("MIT", "MIT", "GPL", "Yes"):
        make.fact(of=make.tool(), attribute=attribute, value=value)
    page = edit(admin_client, attribute, kind="choice", choices="MIT\nGPL").text
    assert "These values of four facts would no longer fit: “MIT”, “GPL”, and “Yes”." in page
    assert page.count("errorlist") == 1
    assert f'<a href="/admin/tools/attribute/{attribute.pk}/convert/">Convert the facts</a>' in page


# -- Conversion ---------------------------------------------------------------------------------------------


def convert(admin_client, attribute, **typed):
    return admin_client.post(f"/admin/tools/attribute/{attribute.pk}/convert/", typed)


def read_rows(page) -> list[tuple[str, str, str]]:
    form = html.fromstring(page.text).find_class("bulk-convert")[0]
    fields = dict(form.fields)
    numbers = range(sum(name.startswith("row-") for name in fields))
    return [(fields[f"row-{n}"], fields[f"becomes-{n}"], fields[f"note-{n}"]) for n in numbers]


def fill_rows(rows: list[tuple[str, str, str]]) -> dict[str, str]:
    return {
        f"{name}-{number}": value
        for number, row in enumerate(rows)
        for name, value in zip(("row", "becomes", "note"), row, strict=True)
    }


def test_text_is_turned_into_choices_in_one_step_after_a_dry_run(admin_client, client):
    attribute = make.attribute(slug="license", name="License")
    tools = [make.tool(slug=f"t{number}") for number in range(4)]
    for tool, value in zip(tools, ["MIT", "Apache-2.0", "MIT", "MIT, weights apart, Llama license"], strict=True):
        make.fact(of=tool, attribute=attribute, value=value, source="https://x.example/", verified_on="2026-11-01")
    make.fact(of=tools[0], attribute=attribute, value="as it was", superseded_at=make.PAST)
    first = admin_client.get(f"/admin/tools/attribute/{attribute.pk}/convert/").text
    assert "MIT\nApache-2.0" in first
    kind = {"kind": "choice", "choices": "MIT\nApache-2.0", "unit": ""}
    listed = convert(admin_client, attribute, **kind)
    rows = read_rows(listed)
    assert rows == [
        ("MIT", "mit", ""),
        ("Apache-2.0", "apache-2.0", ""),
        ("MIT, weights apart, Llama license", "mit", "MIT, weights apart, Llama license"),
    ]
    rows[2] = (rows[2][0], "GPL", "weights: Llama license")
    wrong = convert(admin_client, attribute, **kind, **fill_rows(rows), convert="1")
    assert "“GPL” is not one of MIT, Apache-2.0." in wrong.text
    assert read_rows(wrong) == rows
    rows[2] = (rows[2][0], "MIT", "weights: Llama license")
    checked = convert(admin_client, attribute, **kind, **fill_rows(rows))
    assert "Every value fits. Nothing is converted yet." in checked.text
    assert Attribute.objects.get().kind == AttributeKind.TEXT
    done = convert(admin_client, attribute, **kind, **fill_rows(rows), convert="1")
    assert done.status_code == 303
    facts = Fact.objects.current().order_by("tool__slug").values_list("value", "note", "verified_on__day")
    assert list(facts) == [("mit", "", 1), ("apache-2.0", "", 1), ("mit", "", 1), ("mit", "weights: Llama license", 1)]
    assert Fact.objects.count() == 5
    assert Attribute.objects.get().options == (Option("mit", "MIT"), Option("apache-2.0", "Apache-2.0"))
    assert set(Fact.history.filter(history_type="~").values_list("history_change_reason", flat=True)) == {
        "converted to another kind"
    }
    page = " ".join(client.get("/tools/t3/").text.split())
    assert '<span class="facts__value">MIT</span> <small class="facts__note">weights: Llama license</small>' in page
    assert "was MIT" not in page


def test_fact_saved_in_the_meantime_stops_the_conversion(admin_client):
    attribute = make.attribute()
    make.fact(of=make.tool(), attribute=attribute, value="Yes")
    rows = fill_rows([("Yes", "yes", "")])
    make.fact(of=make.tool(), attribute=attribute, value="On request")
    page = convert(admin_client, attribute, kind="grade", **rows, convert="1")
    assert "Some values do not fit yet." in page.text or "On request" in page.text
    assert Attribute.objects.get().kind == AttributeKind.TEXT
    assert set(Fact.objects.values_list("value", flat=True)) == {"Yes", "On request"}


def test_conversion_of_many_values_is_sent_elsewhere(admin_client, monkeypatch):
    monkeypatch.setattr("desk.files.conversion_page.MAX_VALUES", 1)
    attribute = make.attribute()
    for value in ("Yes", "No"):
        make.fact(of=make.tool(), attribute=attribute, value=value)
    response = admin_client.get(f"/admin/tools/attribute/{attribute.pk}/convert/", follow=True)
    assert "Its facts have 2 different values, too many for one page." in response.text


@pytest.mark.parametrize(
    ("scale", "text", "value"),
    [
        (Scale("grade"), "Yes, with Docker", "yes"),
        (Scale("grade"), "Perhaps", ""),
        (Scale("number"), "Up to 128k tokens, by setting", "128000"),
        (Scale("number"), "Unlimited", ""),
        (Scale("version"), "since 1.10 (2026)", "1.10"),
        (Scale("day"), "on 2026-11-01", "2026-11-01"),
        (Scale("choice", (Option("gpl", "GPL"), Option("lgpl", "LGPL"))), "LGPL, mostly", "lgpl"),
        (Scale("choice", (Option("gpl", "GPL"), Option("mit", "MIT"))), "GPL or MIT", ""),
        (Scale("choice", (Option("gpl", "GPL"), Option("mit", "MIT")), several=True), "MIT or GPL", "gpl, mit"),
    ],
)
def test_suggestions(scale, text, value):
    assert suggest_conversion(scale, text) == (value, text)


def test_suggested_choices_are_short_and_spelled_as_most_are():
    assert suggest_choices({"MIT": 5, "mit": 1, "x" * 41: 1, "GPL": 1}) == ["MIT", "GPL"]


VALUES = {
    "license": ["mit", "apache-2.0"],
    "language": "apache-2.0",
    "hosting": "partly",
    "context": "128k",
    "version": "1.10",
    "release": "2026-11-01",
    "words": "Anything",
}


@pytest.mark.parametrize("removed", ["", "license", "release"])
@pytest.mark.parametrize("added", [False, True])
def test_value_stays_with_its_attribute_when_the_category_changes_meanwhile(admin_client, removed, added):
    tool = make.tool()
    first = make.attribute(name="First", kind="number")
    made = attributes(tool.category)
    form = fill_tool_form(
        admin_client.get(tool_url(tool)),
        **{f"facts-{number}-value": value for number, value in enumerate(VALUES.values())},
    )
    if removed:
        made[removed].categories.clear()
    if added:
        first.categories.add(tool.category)
    assert admin_client.post(tool_url(tool), form).status_code == 302
    assert read_facts() == {
        "license": ("apache-2.0, mit", ""),
        "language": ("apache-2.0", ""),
        "hosting": ("partly", ""),
        "context": ("128000", ""),
        "version": ("1.10", ""),
        "release": ("2026-11-01", ""),
        "words": ("Anything", ""),
    }


def test_attribute_that_was_deleted_meanwhile_stops_nobody_who_said_nothing_about_it(admin_client):
    tool = make.tool()
    made = attributes(tool.category)
    form = fill_tool_form(admin_client.get(tool_url(tool)), **{"facts-6-value": "Anything"})
    made["context"].delete()
    assert admin_client.post(tool_url(tool), form).status_code == 302
    assert read_facts() == {"words": ("Anything", "")}


def test_value_of_an_attribute_that_was_deleted_meanwhile_is_kept_in_the_form(admin_client):
    tool = make.tool()
    made = attributes(tool.category)
    form = fill_tool_form(admin_client.get(tool_url(tool)), **{"facts-0-value": ["mit", "apache-2.0"]})
    made["license"].delete()
    response = admin_client.post(tool_url(tool), form)
    assert read_errors(response) == [
        "Fact “new”, Attribute: This attribute no longer exists. Select another one, or clear the value."
    ]
    assert read_form(response, "tool_form")["facts-0-value"] == "mit, apache-2.0"
