"""The alternatives on the page of a tool, without a database."""

from typing import Any

from comparisons.shaping.alternatives import build_alternatives
from tests.comparisons.test_picks import GRADE
from tests.comparisons.test_tool_columns import make_fact, make_plan, make_record, make_review


def make_facts(first: str, second: str) -> list[Any]:
    return [
        make_fact(1, first, **{**GRADE, "need": "you host it"}),
        make_fact(2, second, **{**GRADE, "need": "you sell it"}),
    ]


def make_judged(*verdicts: str) -> dict[str, Any]:
    return {
        "reviews": [make_review(seat, verdict) for seat, verdict in enumerate(verdicts)],
        "ship": verdicts.count("ship"),
        "seats": len(verdicts),
    }


def test_alternatives_say_what_speaks_for_them_each_something_else_if_it_can():
    tool = make_record(name="Alpha", facts=make_facts("no", "no"), **make_judged("ship", "skip"))
    records = [
        make_record(name="Beta", facts=make_facts("yes", "no"), plans=[make_plan("free")], **make_judged("ship")),
        make_record(name="Gamma (24B)", facts=make_facts("yes", "yes"), **make_judged("ship", "skip")),
        make_record(name="Delta", facts=make_facts("yes", "no")),
        make_record(name="Omega"),
    ]
    links = [(f"/{place}/", False) for place in range(len(records))]
    table = build_alternatives(tool, links, records)
    assert table.seats == ["S0", "S1"]
    assert table.rows[1].marks.count("<td") == 2
    found = table.rows
    assert [(one.name, one.url, one.leads, one.entry, one.why) for one in found] == [
        ("Beta", "/0/", True, "Free", "you host it, which Alpha does not offer"),
        ("Gamma", "/1/", False, "", "you sell it, which Alpha does not offer"),
        ("Delta", "/2/", False, "", "you host it, which Alpha does not offer"),
        ("Omega", "/3/", False, "", ""),
    ]
