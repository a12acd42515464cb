"""The catalog file: round trips, what an import writes, the problems that it reports, and the commands."""

import io
import json
import os
from copy import deepcopy
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.actions import import_catalog
from catalog.problems import CatalogError
from comparisons.models import Comparison
from reviews.models import Review
from tests.catalog.documents import (
    DEMO,
    STRANGE,
    document,
    empty_site,
    export,
    fact,
    get_problems,
    import_content,
    plan,
    review,
    tool,
)
from tools.models import Category, Tool

pytestmark = pytest.mark.django_db


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
        ({"gist": "Two\nlines"}, ".gist: has a line break; write it in one line"),
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
        ("name", "a\nb", "has a line break; write it in one line"),
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


def test_export_command_replaces_neither_pipes_nor_links(tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    call_command("export_catalog", str(pipe))
    with os.fdopen(reader) as stream:
        assert (stream.read(), pipe.is_fifo()) == (export(), True)

    (tmp_path / "folder").mkdir()
    (link := tmp_path / "latest.json").symlink_to(file := tmp_path / "folder" / "one.json")
    call_command("export_catalog", str(link))
    assert (link.is_symlink(), file.read_text()) == (True, export())
    assert [path.name for path in file.parent.iterdir()] == ["one.json"]


def test_import_command_lists_problems_and_fails(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": "x", "y": 1}')
    with pytest.raises(CommandError, match=r"format: must be .*\ny: is not .*\n2 problems; nothing was written\."):
        call_command("import_catalog", str(bad))
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        call_command("import_catalog", str(tmp_path / "missing.json"))
