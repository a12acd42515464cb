import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from comparisons.reading.records import ToolRecord
from comparisons.shaping import fact_rows, seat_rows, sentences, tool_columns

TODAY = date(2026, 11, 22)


def make_record(**fields: Any) -> ToolRecord:
    empty = {
        "id": 1, "slug": "alpha", "name": "Alpha", "short_name": "", "tagline": "", "description": "", "website": "",
        "example": False, "category_slug": "c", "presets": [], "category_name": "C", "ship": 0, "seats": 0,
        "percent": None, "reviews": None, "plans": None, "facts": None, "corrections": None, "flips": None, "logo": "",
    }  # fmt: skip
    return {**empty, **fields}  # type: ignore[typeddict-item]


def make_fact(
    attribute: int, value: str, verified_on: str | None = None, source: str = "", **fields: Any
) -> dict[str, Any]:
    return {
        "attribute": attribute,
        "slug": f"a{attribute}",
        "name": f"A{attribute}",
        "heading": "",
        "explanation": "",
        "kind": "text",
        "better": "",
        "decides": False,
        "need": "",
        "unit": "",
        "choices": [],
        "value": value,
        "words": value,
        "note": "",
        "source": source,
        "verified_on": verified_on,
        "was": None,
        **fields,
    }


def make_review(seat: int, verdict: str, published_at: str = "2026-11-01T09:00:00+00:00") -> dict[str, Any]:
    return {
        "id": 10 + seat, "reviewer": seat, "slug": f"s{seat}", "name": f"S{seat}", "lens": "?", "behind": "persona",
        "seat": seat,         "counted": True, "verdict": verdict, "gist": "So.", "quote": "Because.", "flips_if": "",
        "basis": "read", "basis_version": "", "basis_days": None, "published_at": published_at, "predictions": None,
    }  # fmt: skip


def make_plan(kind: str, amount: int | None = None) -> dict[str, Any]:
    paid = {"amount": Decimal(amount or 0), "currency": "USD", "period": "month"}
    none = {"amount": None, "currency": None, "period": None}
    return {
        "name": kind,
        "kind": kind,
        "unit": "",
        "source": "",
        "verified_on": None,
        "was": None,
        "per_seat": False,
        "is_from": False,
        "billed_yearly": False,
        "minimum_seats": None,
        "maximum_seats": None,
        "trial_days": None,
        "rates": [],
        **(paid if amount else none),
    }


def test_facts_align_and_only_known_values_that_can_be_compared_differ():
    def grade(attribute: int, value: str) -> dict[str, Any]:
        return make_fact(attribute, value, kind="grade")

    first = make_record(facts=[grade(1, "yes"), grade(2, "no"), grade(4, "yes"), make_fact(5, "Go")])
    second = make_record(facts=[grade(1, "yes"), grade(2, "partly"), grade(3, "no"), make_fact(5, "Rust")])
    rows = fact_rows.build_fact_rows([first, second], today=TODAY)
    assert [(row["name"], row["differs"], [cell is not None for cell in row["cells"]]) for row in rows] == [
        ("A1", False, [True, True]),
        ("A2", True, [True, True]),
        ("A3", False, [False, True]),
        ("A4", False, [True, False]),
        ("A5", False, [True, True]),
    ]


def test_facts_show_words_note_and_grade():
    facts = [
        make_fact(1, "apache-2.0", words="Apache-2.0", kind="choice", note="except the weights"),
        make_fact(2, "partly", words="Partly", kind="grade"),
    ]
    rows = fact_rows.build_fact_rows([make_record(facts=facts)], today=TODAY)
    assert '<span class="facts__value">Apache-2.0</span>' in rows[0]["cells"][0]
    assert '<small class="facts__note">except the weights</small>' in rows[0]["cells"][0]
    assert '<span class="facts__value facts__value--partly">Partly</span>' in rows[1]["cells"][0]


@pytest.mark.parametrize(
    ("better", "values", "words"),
    [
        ("higher", ["128000", "9000"], ["larger", ""]),
        ("lower", ["128000", "9000"], ["", "lower"]),
        ("higher", ["0.5", "10", "10"], ["", "largest", "largest"]),
        ("lower", ["0.5", None, "10"], ["lowest", "", ""]),
        ("higher", ["10", "10"], ["", ""]),
        ("higher", ["10", None], ["", ""]),
        ("", ["1", "2"], ["", ""]),
    ],
)
def test_better_number_is_said_in_words(better, values, words):
    tools = [
        make_record(facts=[make_fact(1, value, kind="number", better=better)] if value is not None else [])
        for value in values
    ]
    [row] = fact_rows.build_fact_rows(tools, today=TODAY)
    assert [re.findall(r'facts__better">(\w+)<', cell or "") for cell in row["cells"]] == [
        [word] if word else [] for word in words
    ]


def test_facts_are_grouped_by_heading_and_what_decides_comes_first():
    def facts(*values: str) -> list[dict[str, Any]]:
        fields = [("Models", False), ("Terms", True), ("Models", True), ("", False)]
        return [
            make_fact(number, value, kind="grade", heading=heading, decides=decides)
            for number, (value, (heading, decides)) in enumerate(zip(values, fields, strict=True), start=1)
        ]

    tools = [make_record(facts=facts("yes", "yes", "yes", "yes")), make_record(facts=facts("no", "no", "yes", "yes"))]
    groups = fact_rows.group_facts(fact_rows.build_fact_rows(tools, today=TODAY))
    assert [(group.heading, [row["name"] for row in group.rows]) for group in groups] == [
        ("Decides it", ["A2"]),
        ("Models", ["A1", "A3"]),
        ("", ["A4"]),
    ]


def test_sources_are_verified_stale_or_unverified(settings):
    settings.STALE_AFTER_DAYS = 90
    facts = [
        make_fact(1, "fresh", "2026-08-24", "https://www.example.com/x"),
        make_fact(2, "stale", "2026-08-23"),
        make_fact(3, "never"),
    ]
    cells = [str(row["cells"][0]) for row in fact_rows.build_fact_rows([make_record(facts=facts)], today=TODAY)]
    assert ">example.com</a>, verified Aug\u00a024, 2026<" in cells[0]
    assert "verified Aug\u00a023, 2026, over\u00a090 days ago" in cells[1]
    assert "unverified" in cells[2]


def test_seats_align_in_order_and_differ_only_if_both_judged():
    first = make_record(reviews=[make_review(1, "ship"), make_review(3, "ship")])
    second = make_record(reviews=[make_review(2, "skip"), make_review(3, "skip")])
    rows = seat_rows.build_seat_rows([first, second])
    assert [(row["name"], row["verdicts"], row["differs"]) for row in rows] == [
        ("S1", ("ship", None), False),
        ("S2", (None, "skip"), False),
        ("S3", ("ship", "skip"), True),
    ]
    assert sentences.describe_split(rows) == "The only reviewer gives them different verdicts."


def make_column(**fields: Any) -> tool_columns.Column:
    return tool_columns.build_column(make_record(**fields), today=TODAY)


def test_tools_with_the_same_brief_name_keep_their_full_names():
    named = [("Mist (72B)", ""), ("Quill", "MIST"), ("GitHub Copilot", "Copilot"), ("Oak (2024)", "")]
    records = [make_record(name=name, short_name=short_name) for name, short_name in named]
    assert [column["brief_name"] for column in tool_columns.build_columns(records, today=TODAY)] == [
        "Mist (72B)", "Quill", "Copilot", "Oak",
    ]  # fmt: skip
    assert tool_columns.build_column(records[0], today=TODAY)["brief_name"] == "Mist"


def test_like_for_like(settings):
    settings.LIKE_FOR_LIKE_DAYS = 90
    new = make_column(name="New", reviews=[make_review(1, "ship", "2026-11-01T00:00:00+00:00")])
    near = make_column(name="Near", reviews=[make_review(1, "ship", "2026-08-03T23:00:00+00:00")])
    far = make_column(name="Far", reviews=[make_review(1, "ship", "2026-08-02T23:00:00+00:00")])
    assert sentences.write_like_for_like_notice(new, near) == ""
    assert sentences.write_like_for_like_notice(new, make_column()) == ""
    assert (
        sentences.write_like_for_like_notice(new, far)
        == sentences.write_like_for_like_notice(far, new)
        == (
            "Not like for like: the panel last looked at Far on Aug 2, 2026, and at New on Nov 1, 2026. "
            "One of them may have changed since."
        )
    )


def test_earlier_values_are_newest_first_and_limited():
    was = [
        {**make_plan("paid", 20), "until": "2026-08-03T23:00:00+00:00", "correction": True},
        {**make_plan("free"), "until": "2026-01-02T00:00:00+00:00", "correction": False},
    ]
    phrases = "we said $20/mo until Aug 3, 2026, which was wrong", "was Free until Jan 2, 2026"
    for earlier, shown in {1: (True, False), None: (True, True)}.items():
        tool = make_record(plans=[{**make_plan("paid", 30), "was": was}])
        line = tool_columns.build_column(tool, today=TODAY, earlier=earlier)["price_lines"][0]
        assert tuple(words in line for words in phrases) == shown
    values = [{"words": "Apache-2.0", "note": "at first", "until": "2026-08-03T23:00:00+00:00", "correction": False}]
    rows = fact_rows.build_fact_rows([make_record(facts=[{**make_fact(1, "MIT"), "was": values}])], today=TODAY)
    assert "was Apache-2.0 (at first) until Aug 3, 2026" in rows[0]["cells"][0]


def test_predictions_show_their_state():
    def prediction(due_on: str, outcome: str) -> dict[str, str]:
        return {"claim": "C", "due_on": due_on, "outcome": outcome, "note": "", "source": ""}

    claims = [("2026-11-23", "open"), ("2026-11-22", "open"), ("2026-01-01", "right")]
    reviews = [{**make_review(1, "ship"), "predictions": [prediction(*claim) for claim in claims]}]
    assert [
        word
        for line, word in zip(
            make_column(reviews=reviews)["predictions"],
            ["Due Nov 23, 2026.", "Due since Nov 22, 2026, not judged yet.", "Was due Jan 1, 2026."],
            strict=True,
        )
        if word in line
    ] == ["Due Nov 23, 2026.", "Due since Nov 22, 2026, not judged yet.", "Was due Jan 1, 2026."]
