import io
import json
from collections import Counter
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.actions import import_catalog
from catalog.exporting import export_lines
from catalog.problems import CatalogError
from comparisons.models import Comparison
from reviews.models import Prediction, Review, Reviewer
from tests import factories as make
from tools.models import Attribute, Category, Fact, Plan, Tool
from tools.slugged import FormerSlug

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
MODELS = [Comparison, Prediction, Review, Reviewer, Fact, Plan, Tool, Attribute, Category, FormerSlug]


def review(**fields: Any) -> dict[str, Any]:
    return {
        "reviewer": "builder", "verdict": "ship", "quote": "Because.", "flips_if": "",
        "published_at": "2026-11-01T09:00:00Z", "predictions": [], **fields,
    }  # fmt: skip


def plan(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Pro", "kind": "paid", "amount": 20, "currency": "USD", "period": "month", "unit": "",
        "source": "https://example.com/pricing", "verified_on": "2026-11-01", **fields,
    }  # fmt: skip


def fact(**fields: Any) -> dict[str, Any]:
    return {"attribute": "license", "value": "MIT", "source": "", "verified_on": None, **fields}


def tool(slug: str = "alpha", **fields: Any) -> dict[str, Any]:
    return {
        "slug": slug, "name": slug.title(), "category": "things", "tagline": "", "description": "", "website": "",
        "aliases": [], "published_at": "2026-10-01T09:00:00Z", "plans": [], "facts": [], "reviews": [], **fields,
    }  # fmt: skip


def document(**sections: Any) -> dict[str, Any]:
    return {
        "format": "shipside-catalog/2",
        "categories": [{"slug": "things", "name": "Things", "description": ""}],
        "attributes": [{"slug": "license", "name": "License", "categories": ["things"]}],
        "reviewers": [
            {"slug": "builder", "name": "The Builder", "lens": "Does it hold?", "bio": "", "disclosure": "p", "seat": 1}
        ],
        "tools": [],
        "comparisons": [],
        **sections,
    }


def import_content(content: dict[str, Any] | str, **options: Any):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return import_catalog(content=text.encode(errors="surrogatepass"), **options)


def export() -> str:
    return "".join(export_lines())


def get_problems(content: dict[str, Any] | str) -> list[str]:
    before = export()
    with pytest.raises(CatalogError) as error:
        import_content(content)
    assert export() == before
    return [str(problem) for problem in error.value.problems]


def empty_site() -> None:
    connection.check_constraints()  # nothing deferred may be pending
    tables = ", ".join(model._meta.db_table for model in MODELS)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")


STRANGE = document(
    tools=[
        tool(
            name="\"Quotes\" <script>alert('x')</script> Ümläute 🚢 " + "n" * 250,
            description="Line\n\nline\u2028separator",
            aliases=["Älpha", "通义"],
            plans=[
                plan(superseded_at="2026-09-01T00:00:00Z", amount=10),
                plan(amount=0.25, period="usage", unit="1M tokens"),
                plan(name="Open", kind="free", amount=None, currency=None, period=None),
            ],
            facts=[fact(value="GPL", superseded_at="2026-09-01T00:00:00.123456Z"), fact()],
            reviews=[
                review(verdict="skip", published_at="2026-05-01T09:00:00Z", withdrawn_at="2026-05-02T09:00:00Z"),
                review(
                    quote="word " * 2000 + "end",
                    predictions=[
                        {"claim": "It sinks", "due_on": "2027-01-01", "outcome": "open", "note": "", "source": ""},
                        {
                            "claim": "It swims", "due_on": "2026-11-02", "outcome": "right", "note": "It did.",
                            "source": "https://example.com/", "judged_on": "2026-11-03",
                        },
                    ],
                ),
                review(published_at=None),
            ],
            former_slugs=["alpha-one"],
            withdrawn_at=None,
        ),
        tool("zulu", published_at=None),
        tool("beta", withdrawn_at="2026-11-01T00:00:00Z"),
    ],
    comparisons=[
        {"tools": ["zulu", "alpha"], "introduction": "Hm.", "published_at": None},
        {"tools": ["alpha", "beta"], "introduction": "", "published_at": "2026-11-02T09:00:00+02:00"},
    ],
)  # fmt: skip


@pytest.mark.parametrize("source", ["demo", "strange"])
def test_round_trip_through_an_empty_site_gives_the_same_bytes(source):
    import_content(DEMO.read_text() if source == "demo" else STRANGE)
    first = export()
    empty_site()
    import_content(first)
    assert export() == first


def test_demo_is_formatted_like_an_export():
    import_content(DEMO.read_text())
    assert export() == DEMO.read_text()


def test_demo_is_complete_and_says_that_it_is_a_demonstration():
    demo = json.loads(DEMO.read_text())
    tools = demo["tools"]
    assert (len(tools) >= 24, len(demo["categories"]) >= 5, len(demo["comparisons"]) >= 16) == (True, True, True)
    seats = {reviewer["slug"] for reviewer in demo["reviewers"]}
    for each in tools:
        assert {review["reviewer"] for review in each["reviews"]} == seats
        assert len(each["facts"]) >= 5
        assert each["plans"]
    for reviewer in demo["reviewers"]:
        assert "editorial persona" in reviewer["disclosure"].lower()
        assert "demonstration" in reviewer["disclosure"]


def test_demo_reviews_say_their_reason_in_one_line_and_claim_no_use_that_nobody_had():
    reviews = [review for each in json.loads(DEMO.read_text())["tools"] for review in each["reviews"]]
    gists = [review["gist"] for review in reviews]
    assert len(set(gists)) == len(gists)
    assert max(map(len, gists)) <= 90
    assert {review["basis"] for review in reviews} == {"read"}


def test_demo_has_prices_in_every_shape():
    standing = [
        [plan for plan in tool["plans"] if "superseded_at" not in plan]
        for tool in json.loads(DEMO.read_text())["tools"]
    ]
    assert sum(all(plan["kind"] != "free" for plan in plans) for plans in standing) >= 10
    plans = [plan for plans in standing for plan in plans]
    for key in ("per_seat", "is_from", "billed_yearly", "minimum_seats", "maximum_seats", "trial_days"):
        assert any(plan.get(key) for plan in plans), key
    rates = [rate for plan in plans for rate in plan.get("rates", [])]
    assert {rate.get("beyond", "costs") for rate in rates} == {"costs", "stops", "slows"}
    assert {"input", "cached-input", "output", "image", "minute", "gpu-hour", "gigabyte", "request", "credit"} <= {
        rate["meter"] for rate in rates
    }


def test_demo_types_its_facts():
    demo = json.loads(DEMO.read_text())
    for category in demo["categories"]:
        kinds = [each["kind"] for each in demo["attributes"] if category["slug"] in each["categories"]]
        assert (len(kinds) >= 8, len(kinds) - kinds.count("text") >= 5) == (True, True), category["slug"]
    for each in demo["attributes"]:
        assert each["heading"]
        assert each["explanation"].endswith(".")
        assert any(fact["attribute"] == each["slug"] for tool in demo["tools"] for fact in tool["facts"]), each["slug"]
    licenses = Counter(
        value
        for tool in demo["tools"]
        for fact in tool["facts"]
        if fact["attribute"] == "license" and "superseded_at" not in fact
        for value in fact["value"].split(", ")
    )
    assert (licenses["apache-2.0"], licenses["mit"]) == (14, 8)


def test_fewer_than_three_in_five_typed_facts_of_the_demo_differ():
    demo = json.loads(DEMO.read_text())
    typed = {each["slug"] for each in demo["attributes"] if each["kind"] != "text"}
    values = {
        tool["slug"]: {fact["attribute"]: fact["value"] for fact in tool["facts"] if "superseded_at" not in fact}
        for tool in demo["tools"]
    }
    differences = [
        values[first][slug] != values[second][slug]
        for first, second in (comparison["tools"] for comparison in demo["comparisons"])
        for slug in typed & values[first].keys() & values[second].keys()
    ]
    assert sum(differences) / len(differences) < 0.6


def test_demo_quotes_all_begin_differently():
    quotes = [review["quote"] for each in json.loads(DEMO.read_text())["tools"] for review in each["reviews"]]
    openings = [" ".join(quote.split()[:4]) for quote in quotes]
    assert len(set(openings)) == len(openings)


def test_import_is_idempotent():
    import_content(STRANGE)
    first = export()
    report = import_content(STRANGE)
    assert (dict(report.added), dict(report.changed), report.changes) == ({}, {}, [])
    assert export() == first


def test_dry_run_reports_the_same_and_writes_nothing():
    report = import_content(STRANGE, dry_run=True)
    assert Tool.objects.count() == 0
    assert report.added == import_content(STRANGE).added


def test_omitted_keys_are_empty_on_new_rows_and_unchanged_on_existing_ones():
    import_content(document(tools=[tool(tagline="Kept", aliases=["A"])]))
    short = {"slug": "alpha", "name": "New name", "category": "things"}
    import_content({"format": "shipside-catalog/2", "tools": [short, {**short, "slug": "omega"}]})
    alpha, omega = Tool.objects.get(slug="alpha"), Tool.objects.get(slug="omega")
    assert (alpha.name, alpha.tagline, alpha.aliases, alpha.state) == ("New name", "Kept", ["A"], "published")
    assert (omega.tagline, omega.aliases, omega.state) == ("", [], "draft")


def test_new_value_supersedes_and_new_verification_updates_in_place():
    import_content(document(tools=[tool(plans=[plan()], facts=[fact()])]))
    import_content(
        document(tools=[tool(plans=[plan(verified_on="2026-11-20")], facts=[fact(source="https://example.com/")])])
    )
    assert list(Plan.objects.values_list("verified_on", flat=True)) == [make.PAST.date().replace(month=11, day=20)]
    report = import_content(document(tools=[tool(plans=[plan(amount=25)], facts=[fact(value="GPL")])]))
    assert dict(report.changed) == {"plans": 1, "facts": 1, **{k: v for k, v in report.changed.items() if k == "tools"}}
    history = Plan.objects.order_by("pk").values_list("amount", "superseded_at")
    assert [(amount, superseded_at is None) for amount, superseded_at in history] == [
        (Decimal(20), False),
        (Decimal(25), True),
    ]
    assert list(Fact.objects.current().values_list("value", flat=True)) == ["GPL"]
    assert Fact.objects.count() == 2


def test_history_of_another_site_supersedes_the_same_current_value():
    import_content(document(tools=[tool(plans=[plan()])]))
    import_content(document(tools=[tool(plans=[plan(superseded_at="2026-09-01T00:00:00Z"), plan(amount=25)])]))
    assert list(Plan.objects.order_by("pk").values_list("amount", flat=True)) == [Decimal(20), Decimal(25)]


def test_later_edition_is_added_beside_the_earlier_one():
    import_content(document(tools=[tool(reviews=[review()])]))
    import_content(document(tools=[tool(reviews=[review(verdict="skip", published_at="2026-11-02T09:00:00Z")])]))
    assert list(Review.objects.order_by("pk").values_list("verdict", flat=True)) == ["ship", "skip"]


def test_draft_is_updated_in_place():
    import_content(document(tools=[tool(reviews=[review(published_at=None)])]))
    import_content(document(tools=[tool(reviews=[review(published_at=None, quote="Better.")])]))
    assert list(Review.objects.values_list("quote", flat=True)) == ["Better."]


def test_gist_and_basis_come_in_and_go_out():
    words = {"gist": "In one line.", "basis": "tried", "basis_version": "0.11", "basis_days": 3}
    import_content(document(tools=[tool(reviews=[review(**words)])]))
    assert Review.objects.values(*words).get() == words
    assert words.items() <= json.loads(export())["tools"][0]["reviews"][0].items()
    empty_site()
    import_content(document(format="shipside-catalog/1", tools=[tool(reviews=[review()])]))
    assert Review.objects.values(*words).get() == {"gist": "", "basis": "", "basis_version": "", "basis_days": None}
    assert words.keys().isdisjoint(json.loads(export())["tools"][0]["reviews"][0])


def test_basis_of_a_draft_is_replaced_as_a_whole():
    tried = {"basis": "tried", "basis_version": "0.11", "basis_days": 3}
    import_content(document(tools=[tool(reviews=[review(published_at=None, **tried)])]))
    import_content(document(tools=[tool(reviews=[review(published_at=None, quote="Else.")])]))
    assert Review.objects.values(*tried).get() == tried
    import_content(document(tools=[tool(reviews=[review(published_at=None, basis="read")])]))
    assert Review.objects.values(*tried).get() == {"basis": "read", "basis_version": "", "basis_days": None}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"gist": "x" * 91}, ".gist: has 91 characters; the maximum is 90"),
        ({"gist": "Two\nlines"}, ".gist: has the control character U+000A"),
        ({"basis": "heard"}, '.basis: "heard" is not one of production, tried, read'),
        (
            {"basis": "tried"},
            ": Enter the version that was tried. Enter for how many days it was tried, from 1 to 3,650.",
        ),
        ({"basis": "read", "basis_days": 2}, ": Only a trial has a number of days."),
        ({"basis_version": "0.11"}, ": Only a trial has a version."),
    ],
)
def test_invalid_gist_or_basis_is_reported(words, problem):
    assert get_problems(document(tools=[tool(reviews=[review(**words)])])) == [f"tools[0].reviews[0]{problem}"]


def test_prediction_can_be_judged_later():
    claim = {"claim": "It sinks", "due_on": "2026-11-02"}
    import_content(document(tools=[tool(reviews=[review(predictions=[claim])])]))
    judged = {
        **claim, "outcome": "wrong", "note": "It swims.", "source": "https://example.com/", "judged_on": "2026-11-02",
    }  # fmt: skip
    import_content(document(tools=[tool(reviews=[review(predictions=[judged])])]))
    assert list(Prediction.objects.values_list("outcome", "note")) == [("wrong", "It swims.")]


def test_reversed_pair_updates_the_same_comparison():
    both = [tool(), tool("beta")]
    import_content(document(tools=both, comparisons=[{"tools": ["alpha", "beta"]}]))
    import_content(document(tools=both, comparisons=[{"tools": ["beta", "alpha"], "introduction": "Turned."}]))
    found = Comparison.objects.get()
    assert (found.first.slug, found.second.slug, found.introduction) == ("beta", "alpha", "Turned.")


def test_names_can_be_swapped_in_one_file():
    def two(first: str, second: str) -> list[dict[str, str]]:
        return [{"slug": "things", "name": first}, {"slug": "others", "name": second}]

    import_content(document(categories=two("Things", "Others")))
    import_content(document(categories=two("Others", "Things")))
    connection.check_constraints()
    assert dict(Category.objects.values_list("slug", "name")) == {"things": "Others", "others": "Things"}


# -- Problems -----------------------------------------------------------------------------------------------


def test_every_problem_is_listed_with_its_place():
    broken = document(
        tools=[
            tool(
                name=" ",
                website="javascript:alert(1)",
                surprise=1,
                plans=[
                    plan(kind="fre"),
                    plan(name="Free", kind="free"),
                    plan(name="Free", kind="contact", amount=None),
                ],
                reviews=[review(verdict="shipp"), review(reviewer="nobody")],
            ),
            tool("bad slug", category="nowhere", facts=[fact(attribute="none"), fact(), fact()]),
            tool("alpha"),
            "no object",
        ],
        comparisons=[{"tools": ["alpha", "alpha"]}, {"tools": ["alpha", "gone"]}, {"tools": ["alpha"]}],
        extra=[],
    )  # fmt: skip
    assert get_problems(broken) == [
        "comparisons[0].tools: a tool cannot be compared with itself",
        'comparisons[1].tools[1]: there is no tool "gone", neither in this file nor on the site',
        "comparisons[2].tools: has 1 items instead of two",
        "extra: is not a known key",
        "tools[0].name: must not be empty",
        'tools[0].plans[0].kind: "fre" is not one of free, paid, contact',
        "tools[0].plans[1]: Only a paid plan has an amount. Only a paid plan has a currency."
        " Only a paid plan has a period.",
        "tools[0].plans[2]: Only a paid plan has a currency. Only a paid plan has a period.",
        'tools[0].plans[2].name: "Free" is already a plan of this tool',
        'tools[0].reviews[0].verdict: "shipp" is not one of ship, skip',
        'tools[0].reviews[1].reviewer: there is no reviewer "nobody", neither in this file nor on the site',
        "tools[0].surprise: is not a known key",
        'tools[0].website: "javascript:alert(1)" is not an http or https address',
        'tools[1].category: there is no category "nowhere", neither in this file nor on the site',
        'tools[1].facts[0].attribute: there is no attribute "none", neither in this file nor on the site',
        'tools[1].facts[2].attribute: "license" already has a value for this tool',
        'tools[1].slug: "bad slug": Use lowercase letters, digits, and single hyphens.',
        'tools[2].slug: "alpha" appears earlier in this file',
        'tools[3]: must be an object, not "no object"',
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"quote": "Other words."},
            "reviews[0].quote: a published review cannot be rewritten: add a later edition",
        ),
        ({"verdict": "skip"}, "reviews[0].verdict: a published review cannot be rewritten: add a later edition"),
        (
            {"predictions": [{"claim": "New", "due_on": "2027-01-01"}]},
            "reviews[0].predictions[0]: a published review cannot be rewritten",
        ),
    ],
)
def test_published_review_cannot_be_rewritten(change, problem):
    import_content(document(tools=[tool(reviews=[review()])]))
    (found,) = get_problems(document(tools=[tool(reviews=[review(**change)])]))
    assert found.startswith(f"tools[0].{problem}")


def test_history_cannot_be_rewritten():
    old = plan(superseded_at="2026-09-01T00:00:00Z")
    import_content(document(tools=[tool(plans=[old])]))
    (found,) = get_problems(document(tools=[tool(plans=[{**old, "amount": 99}])]))
    assert found.startswith("tools[0].plans[0]: history cannot be rewritten")


def test_former_slug_of_another_row_is_refused():
    import_content(document(tools=[tool()]))
    Tool.objects.update(slug="omega")
    assert get_problems(document(tools=[tool()])) == [
        'tools[0].slug: "alpha" is the former slug of something else on the site'
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file: is not JSON: Expecting value at line 1, column 1"),
        ("{", "the file: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("[]", "the file: must be an object, not a list"),
        ('{"format": 1}', 'format: must be "shipside-catalog/2", not 1'),
        ("{}", 'format: must be "shipside-catalog/2", not nothing'),
        ('{"a": 1, "a": 2}', 'the file: an object has the key "a" twice'),
        ('{"a": NaN}', "the file: NaN is not a JSON number"),
        ("[" * 100_000, "the file: is not a catalog: it is nested too deeply, or has a number that is too long"),
        (
            '{"a": ' + "9" * 9999 + "}",
            "the file: is not a catalog: it is nested too deeply, or has a number that is too long",
        ),
        ('{"format": "shipside-catalog/2", "tools": null}', "tools: must be a list, not null"),
    ],
)
def test_file_that_is_not_a_catalog_is_refused_with_a_message(text, problem):
    assert get_problems(text) == [problem]


def test_file_that_is_not_utf_8_is_refused():
    with pytest.raises(CatalogError, match=r"the file: is not UTF-8 \(byte 1\)"):
        import_catalog(content=b"{\xff}")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "a\x00b", "has the control character U+0000"),
        ("name", "a\nb", "has the control character U+000A"),
        ("name", "\ud800", "has half of a surrogate pair, which is not a character"),
        ("name", "x" * 301, "has 301 characters; the maximum is 300"),
        ("name", 3, "must be text, not 3"),
        ("published_at", "2026-11-01T09:00:00", '"2026-11-01T09:00:00" has no time zone; write Z for UTC'),
        ("published_at", "yesterday", '"yesterday" is not a time like "2026-11-01T09:00:00Z"'),
        ("published_at", 17, "must be text with a date, not 17"),
        ("aliases", "alias", 'must be a list, not "alias"'),
        ("slug", "a-vs-b", '"a-vs-b": “vs” separates the two tools in a comparison’s URL; write “versus” in a slug.'),
    ],
)
def test_invalid_field_is_reported_with_its_place(field, value, problem):
    content = json.dumps(document(tools=[tool(**{field: value})]))
    assert get_problems(content) == [f"tools[0].{field}: {problem}"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(path=st.integers(0, 10_000), value=json_values)
def test_any_damage_is_either_harmless_or_reported(path, value):
    """Replace one value anywhere in a valid file by anything: the import reports problems or succeeds."""
    damaged = deepcopy(STRANGE)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, inner in items:
            places.append((node, key))
            walk(inner)

    walk(damaged)
    holder, key = places[path % len(places)]
    holder[key] = value
    try:
        import_content(damaged, dry_run=True)
    except CatalogError as error:
        listed = error.problems
    else:
        connection.check_constraints()
        return
    assert listed


# -- Commands -----------------------------------------------------------------------------------------------


def test_commands_export_and_import(tmp_path):
    import_content(STRANGE)
    target = tmp_path / "out.json"
    before = export()
    call_command("export_catalog", str(target))
    assert target.read_text() == before
    empty_site()
    out = io.StringIO()
    call_command("import_catalog", str(target), "--dry-run", stdout=out)
    assert "tools: 3 added, 0 changed, 0 unchanged" in out.getvalue()
    assert Tool.objects.count() == 0
    call_command("import_catalog", str(target), stdout=out)
    assert export() == before


def test_import_command_lists_problems_and_fails(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": "x", "y": 1}')
    with pytest.raises(CommandError, match=r"format: must be .*\ny: is not .*\n2 problems; nothing was written\."):
        call_command("import_catalog", str(bad))
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        call_command("import_catalog", str(tmp_path / "missing.json"))


# -- What the desk refuses, files may not do ------------------------------------------------------------------


def get_tool_page(client, slug: str = "alpha") -> str:
    return client.get(f"/tools/{slug}/").content.decode()


def test_values_of_a_draft_never_show_as_history(client):
    draft = tool(published_at=None, plans=[plan(amount=7)], facts=[fact(value="EMBARGOED")])
    import_content(document(tools=[draft]))
    import_content(document(tools=[draft | {"plans": [plan(amount=20)], "facts": [fact(value="MIT")]}]))
    assert list(Plan.objects.values_list("amount", "superseded_at")) == [(20, None)]
    assert list(Fact.objects.values_list("value", "superseded_at")) == [("MIT", None)]
    Tool.objects.get().publish()
    page = get_tool_page(client)
    assert ("$20/mo" in page, "$7" in page, "EMBARGOED" in page) == (True, False, False)


def test_values_superseded_before_publication_never_show_as_history(client):
    """However they came to be superseded: by an older version of the site, say, or with SQL."""
    import_content(document(tools=[tool(plans=[plan(amount=20)], facts=[fact(value="MIT")])]))
    alpha = Tool.objects.get()
    before = alpha.published_at - timedelta(hours=1)
    make.plan(of=alpha, name="Pro", kind="contact", superseded_at=before)
    make.plan(of=alpha, name="Secret plan", superseded_at=before)
    make.fact(of=alpha, attribute=Attribute.objects.get(), value="EMBARGOED", superseded_at=before)
    page = get_tool_page(client)
    assert [words in page for words in ("$20/mo", "Contact sales", "Secret plan", "EMBARGOED")] == [True] + 3 * [False]


@pytest.mark.parametrize("published_at", [None, "2099-01-01T00:00:00Z"])
def test_what_readers_saw_never_becomes_a_draft_again(client, published_at):
    other, comparison = tool("beta"), {"tools": ["alpha", "beta"], "published_at": "2026-10-02T09:00:00Z"}
    public = document(tools=[tool(), other], comparisons=[comparison])
    import_content(public)
    hidden = document(
        tools=[tool(published_at=published_at), other], comparisons=[comparison | {"published_at": published_at}]
    )
    refusal = "readers have seen this, so it cannot become a draft again: give it withdrawn_at"
    assert get_problems(hidden) == [
        f"comparisons[0].published_at: {refusal}",
        f"tools[0].published_at: {refusal}",
    ]
    assert client.get("/tools/alpha/").status_code == 200


def test_what_readers_saw_never_comes_out_at_another_time(client):
    """Later, it would lose its history; earlier, what only its draft said would become history."""
    import_content(document(tools=[tool(plans=[plan(amount=7)]), tool("beta")]))
    comparison = {"tools": ["alpha", "beta"], "published_at": "2026-10-02T09:00:00Z"}
    import_content(document(tools=[tool(plans=[plan(amount=20)])], comparisons=[comparison]))
    for moved in ("2026-11-28T09:00:00Z", "2026-09-01T09:00:00Z"):
        refusal = "and it cannot come out at another time"
        assert get_problems(
            document(tools=[tool(published_at=moved)], comparisons=[comparison | {"published_at": moved}])
        ) == [
            f"comparisons[0].published_at: readers have seen this since 2026-10-02T09:00:00Z, {refusal}",
            f"tools[0].published_at: readers have seen this since 2026-10-01T09:00:00Z, {refusal}",
        ]
    assert "$7" in get_tool_page(client)
    assert import_content(export()).does_nothing


def test_file_can_give_a_reset_tool_only_the_time_at_which_it_came_out():
    import_content(document(tools=[tool()]))
    Tool.objects.update(published_at=None)
    assert import_content(export()).does_nothing
    assert get_problems(document(tools=[tool(published_at="2026-11-28T09:00:00Z")])) == [
        "tools[0].published_at: "
        "readers have seen this since 2026-10-01T09:00:00Z, and it cannot come out at another time"
    ]
    import_content(document(tools=[tool()]))
    assert Tool.objects.get().published_at is not None


@pytest.mark.parametrize("published_at", [None, "2026-10-02T09:00:00Z", "2099-01-01T00:00:00Z"])
def test_correction_of_what_no_reader_saw_is_refused(published_at):
    secret = {"note": "EMBARGOED", "made_at": "2026-10-01T09:00:00Z"}
    wrong = document(tools=[tool(published_at=published_at, corrections=[secret])])
    assert get_problems(wrong) == ["tools[0].corrections[0].made_at: only what readers have seen can be corrected"]
    import_content(document(tools=[tool(published_at=published_at)]))
    assert get_problems(wrong) == ["tools[0].corrections[0].made_at: only what readers have seen can be corrected"]


def test_correction_older_than_its_tool_never_shows(client):
    """However it came to be there: with SQL, say."""
    import_content(document(tools=[tool(), tool("beta")]))
    alpha = Tool.objects.get(slug="alpha")
    make.correction(of=alpha, note="EMBARGOED", made_at=alpha.published_at - timedelta(seconds=1))
    make.correction(of=alpha, note="All can see this.", made_at=alpha.published_at)
    for address in (
        "/tools/alpha/", "/tools/alpha.json", "/compare/alpha-vs-beta/", "/compare/alpha-vs-beta.json",
        "/compare/custom/?t=alpha&t=beta", "/changes/?kind=corrections", "/feeds/changes.xml", "/feeds/tools/alpha.xml",
    ):  # fmt: skip
        assert "EMBARGOED" not in client.get(address).text, address
    assert "All can see this." in client.get("/tools/alpha.json").text
    assert "All can see this." in client.get("/changes/?kind=corrections").text


CLAIM = {"claim": "It happens", "due_on": "2026-11-20"}
JUDGED = CLAIM | {
    "outcome": "right", "note": "It did.", "source": "https://example.com/", "judged_on": "2026-11-21",
}  # fmt: skip


@pytest.mark.parametrize(
    ("prediction", "problems"),
    [
        (
            CLAIM | {"outcome": "right"},
            [f"{key}: is required to judge a prediction right" for key in ("judged_on", "note", "source")],
        ),
        (JUDGED | {"outcome": "wrong", "note": " "}, ["note: is required to judge a prediction wrong"]),
        (JUDGED | {"judged_on": "2026-10-31"}, ["judged_on: is before the day on which its review was published"]),
        (
            JUDGED | {"outcome": "void", "judged_on": "2026-10-31"},
            ["judged_on: is before the day on which its review was published"],
        ),
    ],
)  # fmt: skip
def test_judgment_that_the_desk_refuses_is_refused(prediction, problems):
    where = "tools[0].reviews[0].predictions[0]"
    wrong = document(tools=[tool(reviews=[review(predictions=[prediction])])])
    assert get_problems(wrong) == [f"{where}.{problem}" for problem in problems]
    import_content(document(tools=[tool(reviews=[review(predictions=[CLAIM])])]))
    assert get_problems(wrong) == [f"{where}.{problem}" for problem in problems]


def test_claim_about_the_past_is_refused():
    past = CLAIM | {"due_on": "2026-11-01"}
    assert get_problems(document(tools=[tool(reviews=[review(predictions=[past])])])) == [
        "tools[0].reviews[0].predictions[0].due_on: is not after the day on which its review was published"
    ]


@pytest.mark.parametrize("published_at", [None, "2099-01-01T00:00:00Z"])
def test_prediction_that_no_reader_saw_is_not_judged(published_at):
    judged = JUDGED | {"due_on": "2099-02-01"}
    assert get_problems(document(tools=[tool(reviews=[review(published_at=published_at, predictions=[judged])])])) == [
        "tools[0].reviews[0].predictions[0].outcome: only a prediction that readers have seen can be judged"
    ]


def test_judgment_that_the_file_does_not_repeat_stays():
    import_content(document(tools=[tool(reviews=[review(predictions=[JUDGED])])]))
    import_content(document(tools=[tool(reviews=[review(predictions=[CLAIM | {"outcome": "wrong"}])])]))
    assert Prediction.objects.values_list("outcome", "note").get() == ("wrong", "It did.")


def test_facts_of_a_tool_that_was_public_are_superseded_after_a_reset(client):
    """SQL can reset published_at, but the history knows that readers saw the tool."""
    import_content(document(tools=[tool(facts=[fact(value="Apache-2.0")])]))
    Tool.objects.update(published_at=None)
    alpha = Tool.objects.get()
    assert alpha.was_public is True
    import_content(document(tools=[{"slug": "alpha", "name": "Alpha", "category": "things", "facts": [fact()]}]))
    values = [(value, at is None) for value, at in Fact.objects.order_by("pk").values_list("value", "superseded_at")]
    assert values == [("Apache-2.0", False), ("MIT", True)]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"withdrawn_at": "2099-01-01T00:00:00Z"}, "withdrawn_at: is in the future"),
        ({"plans": [plan(superseded_at="2099-01-01T00:00:00Z")]}, "plans[0].superseded_at: is in the future"),
        ({"plans": [plan(verified_on="2099-01-01")]}, "plans[0].verified_on: is in the future"),
        ({"facts": [fact(superseded_at="2099-01-01T00:00:00Z")]}, "facts[0].superseded_at: is in the future"),
        ({"facts": [fact(verified_on="2099-01-01")]}, "facts[0].verified_on: is in the future"),
        ({"reviews": [review(withdrawn_at="2099-01-01T00:00:00Z")]}, "reviews[0].withdrawn_at: is in the future"),
        (
            {"published_at": "9999-12-31T23:59:59Z"},
            "published_at: 9999-12-31 23:59:59+00:00: The year 9999 cannot be right.",
        ),
        (
            {"facts": [fact(verified_on="0026-11-20")]},
            "facts[0].verified_on: 0026-11-20: The year 26 cannot be right.",
        ),
        (
            {"reviews": [review(predictions=[{"claim": "Gone", "due_on": "2206-01-01"}])]},
            "reviews[0].predictions[0].due_on: 2206-01-01: The year 2206 cannot be right.",
        ),
        (
            {"reviews": [review(predictions=[{"claim": "Gone", "due_on": "2027-02-29"}])]},
            'reviews[0].predictions[0].due_on: "2027-02-29" is not a valid date',
        ),
        (
            {"published_at": None, "withdrawn_at": "2026-10-02T00:00:00Z"},
            "withdrawn_at: only what was published before that time can be withdrawn",
        ),
        (
            {"withdrawn_at": "2026-09-02T00:00:00Z"},
            "withdrawn_at: only what was published before that time can be withdrawn",
        ),
    ],
)
def test_impossible_time_is_refused(fields, problem):
    assert get_problems(document(tools=[tool(**fields)])) == [f"tools[0].{problem}"]


def test_edition_before_the_first_one_of_its_seat_is_refused():
    import_content(document(tools=[tool(reviews=[review()])]))
    earlier = review(published_at="2026-10-05T09:00:00Z", verdict="skip")
    assert get_problems(document(tools=[tool(reviews=[earlier, review()])])) == [
        "tools[0].reviews[0].published_at: is before this seat’s first edition on the site (2026-11-01 09:00 UTC)"
    ]


@pytest.mark.parametrize("said", [{}, {"source": ""}])
def test_unstated_source_stays_and_an_empty_one_empties(said):
    sourced = fact(value="GPL", source="https://example.com/license", verified_on="2026-11-01")
    import_content(document(tools=[tool(facts=[sourced], plans=[plan()])]))
    short_fact = {"attribute": "license", "value": "MIT", **said}
    short_plan = {"name": "Pro", "kind": "paid", "amount": 25, "currency": "USD", "period": "month", **said}
    import_content(document(tools=[tool(facts=[short_fact], plans=[short_plan])]))
    current = [
        list(model.objects.filter(superseded_at=None).values_list("source", "verified_on")) for model in (Fact, Plan)
    ]
    sources = ("", "") if said else ("https://example.com/license", "https://example.com/pricing")
    assert current == [[(source, None)] for source in sources]


def test_unstated_bio_of_a_reviewer_stays():
    content = document()
    content["reviewers"][0]["bio"] = "Builds things."
    import_content(content)
    del content["reviewers"][0]["bio"]
    import_content(content)
    assert Reviewer.objects.get().bio == "Builds things."
