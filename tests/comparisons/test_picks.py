"""The lines of “Pick A if, pick B if”, without a database."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.reading.records import ToolRecord
from comparisons.shaping import picks
from comparisons.shaping.picks import Picks, choose_lines, find_lines
from tests.comparisons.test_tool_columns import make_fact, make_record, make_review
from tools.prices import Price

FREE, PAID, SALES = Price("free"), Price("paid", Decimal(19), "USD", "month"), Price("contact")
LICENSES = [
    {"slug": "mit", "name": "MIT", "need": "you must sell what you build"},
    {"slug": "bsd", "name": "BSD", "need": "you must sell what you build"},
    {"slug": "patents", "name": "Apache-2.0", "need": "you want a patent grant"},
    {"slug": "research", "name": "Research only"},
]
GRADE = {"kind": "grade", "decides": True, "name": "Self-hosting", "need": "you must host it yourself."}
CHOICE = {"kind": "choice", "decides": True, "name": "License", "choices": LICENSES}
NUMBER = {"kind": "number", "decides": True, "name": "Context", "need": "your prompts are long", "better": "higher"}


def make_pair(first: Any, second: Any, **fields: Any) -> list[ToolRecord]:
    """Return two tools with a value each of one attribute; None for a value that is not known."""
    return [
        make_record(name=name, facts=[make_fact(1, value, **fields)] if value is not None else None)
        for name, value in (("Alpha", first), ("Beta", second))
    ]


def write(tools: list[ToolRecord], prices: Any = ((), ())) -> list[list[str]]:
    return [[line.text for line in lines] for lines in choose_lines(find_lines(tools, prices))]


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ("yes", "no", [["You must host it yourself, which Beta does not offer."], [], []]),
        ("partly", "yes", [[], ["You must host it yourself, which Alpha offers only in part."], []]),
        ("no", "partly", [[], ["You must host it yourself, if only in part: Alpha does not offer it at all."], []]),
        ("no", "no", [[], [], ["You must host it yourself."]]),
        ("yes", "yes", [[], [], []]),
        ("partly", "partly", [[], [], []]),
        ("yes", None, [[], [], []]),
        (None, "no", [[], [], []]),
    ],
)
def test_grades_speak_for_the_tool_that_has_more_of_it(first, second, lines):
    assert write(make_pair(first, second, **GRADE)) == lines


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ("mit", "research", [["You must sell what you build: Beta has only “Research only”."], [], []]),
        ("mit", "bsd", [[], [], []]),
        ("mit", "mit, patents", [[], ["You want a patent grant: Alpha has only “MIT”."], []]),
        ("research", "research", [[], [], []]),
        ("mit", None, [[], [], []]),
    ],
)
def test_choices_speak_by_what_they_are_needed_for(first, second, lines):
    assert write(make_pair(first, second, **CHOICE)) == lines


def test_choices_without_words_take_the_words_of_their_attribute_or_its_name():
    choices = [{"slug": "go", "name": "Go"}, {"slug": "js", "name": "JavaScript"}]
    choices.append({"slug": "go-2", "name": "Go 2"})
    tools = make_pair(
        "go, js, go-2", "js", kind="choice", decides=True, name="Clients", choices=choices, need="you write"
    )
    assert write(tools) == [["You write Go or Go 2: Beta has only JavaScript."], [], []]
    for tool in tools:
        tool["facts"][0]["need"] = ""  # type: ignore[index]
    assert write(tools) == [["You need Go or Go 2 (Clients): Beta has only JavaScript."], [], []]


def test_choices_are_quoted_unless_all_of_an_attribute_are_proper_names():
    names = {"go": "Go", "js": "JavaScript", "own": "Its own editor"}
    choices = [{"slug": slug, "name": name} for slug, name in names.items()]
    fields = {"kind": "choice", "decides": True, "choices": choices, "need": "you use it through"}
    assert write(make_pair("go, own", "js", **fields)) == [
        ["You use it through “Go” or “Its own editor”: Beta has only “JavaScript”."],
        ["You use it through “JavaScript”: Alpha has only “Go” and “Its own editor”."],
        [],
    ]


@pytest.mark.parametrize(
    ("first", "second", "better", "lines"),
    [
        ("128000", "32000", "higher", [["Your prompts are long: 128000, against 32000 for Beta."], [], []]),
        ("128000", "32000", "lower", [[], ["Your prompts are long: 32000, against 128000 for Alpha."], []]),
        ("128000", "32000", "", [[], [], []]),
        ("110", "100", "higher", [["Your prompts are long: 110, against 100 for Beta."], [], []]),
        ("109.9", "100", "higher", [[], [], []]),
        ("0", "-1", "higher", [["Your prompts are long: 0, against -1 for Beta."], [], []]),
        ("0", "0", "higher", [[], [], []]),
        ("5", None, "higher", [[], [], []]),
    ],
)
def test_numbers_speak_for_the_better_one_if_it_is_clearly_better(first, second, better, lines):
    assert write(make_pair(first, second, **{**NUMBER, "better": better})) == lines


def test_unit_is_said_once():
    first, second = make_pair("128000", "32000", **{**NUMBER, "unit": "tokens"})
    for tool in (first, second):
        [fact] = tool["facts"] or []
        fact["words"] = f"{int(fact['value']):,} tokens"
    assert write((first, second))[0] == ["Your prompts are long: 128,000 tokens, against 32,000 for Beta."]


@pytest.mark.parametrize("kind", ["text", "version", "day"])
def test_kinds_without_a_direction_say_nothing(kind):
    assert write(make_pair("1", "2", kind=kind, decides=True)) == [[], [], []]


def test_only_what_decides_speaks_and_a_name_stands_in_for_missing_words():
    assert write(make_pair("yes", "no", kind="grade", name="Agents")) == [[], [], []]
    assert write(make_pair("yes", "no", kind="grade", name="Agents", decides=True)) == [
        ["“Agents” matters to you, which Beta does not offer."], [], [],
    ]  # fmt: skip


def test_one_condition_never_speaks_for_both_or_twice():
    def facts(*values: str) -> list[dict[str, Any]]:
        needs = ["you sell it", "You sell it", "you share it", "you share it"]
        return [
            make_fact(number, value, kind="grade", decides=True, need=need)
            for number, (value, need) in enumerate(zip(values, needs, strict=True))
        ]

    tools = [
        make_record(name="Alpha", facts=facts("yes", "no", "yes", "yes")),
        make_record(name="Beta", facts=facts("no", "yes", "no", "no")),
    ]
    assert write(tools) == [["You share it, which Beta does not offer."], [], []]


@pytest.mark.parametrize(
    ("prices", "lines"),
    [
        (([FREE, PAID], [PAID]), [["You want to start for free: Beta starts at $19/mo."], [], []]),
        (([SALES], [PAID, FREE]), [[], ["You want to start for free: Alpha names no price."], []]),
        (([FREE], [FREE, PAID]), [[], [], []]),
        (([FREE], []), [[], [], []]),
        (([PAID], [SALES]), [[], [], []]),
    ],
)
def test_free_start_speaks_only_if_the_other_price_is_known(prices, lines):
    assert write(make_pair(None, None), prices) == lines


def test_seats_speak_for_what_they_skip_by_their_conditions_and_for_what_they_ship_by_their_gist():
    def review(seat: int, verdict: str, flips_if: str = "", **fields: Any) -> dict[str, Any]:
        return {**make_review(seat, verdict), "lens": f"Question {seat}?", "flips_if": flips_if, **fields}

    first = [review(1, "ship", "it stops"), review(2, "ship", "x"), review(3, "skip", "y", counted=False)]
    second = [review(1, "skip", "it `starts`"), review(2, "ship", "z"), review(3, "ship"), review(4, "skip", "w")]
    tools = [make_record(name="Alpha", reviews=first), make_record(name="Beta", reviews=second)]
    assert write(tools) == [
        ["You agree with S1: “So.”"],
        ["S1’s condition to ship it holds: “it `starts`”", "S1’s condition to skip Alpha holds: “it stops”"],
        [],
    ]
    assert [line.url for line in find_lines(tools, ((), ())).second] == ["#seat-s1", "#seat-s1"]
    first[0]["gist"] = ""
    assert write(tools)[0] == ["You ask what S1 asks: “Question 1?”"]


def test_at_most_four_lines_and_a_seat_is_always_heard():
    facts = [make_fact(n, "yes", kind="grade", decides=True, need=f"need {n}") for n in range(6)]
    nothing = [{**fact, "value": "no"} for fact in facts]
    tools = [
        make_record(name="Alpha", facts=facts, reviews=[make_review(1, "ship")]),
        make_record(name="Beta", facts=nothing, reviews=[make_review(1, "skip")]),
    ]
    lines = choose_lines(find_lines(tools, ((), ()))).first
    assert [line.source for line in lines] == ["A0", "A1", "A2", "S1"]
    both_fail = [make_record(facts=nothing), make_record(facts=nothing)]
    assert len(choose_lines(find_lines(both_fail, ((), ()))).neither) == picks.MAX_NEITHER


# -- Any two tools ------------------------------------------------------------------------------------------

SHAPES: list[dict[str, Any]] = [
    {"kind": "grade", "need": "you host"},
    {"kind": "grade", "need": ""},
    {"kind": "grade", "need": "you sell"},
    {"kind": "choice", "need": "", "choices": LICENSES},
    {"kind": "choice", "need": "you write", "choices": [{"slug": slug, "name": slug} for slug in "abc"]},
    {"kind": "number", "need": "size matters", "better": "higher"},
    {"kind": "number", "need": "", "better": "lower"},
    {"kind": "number", "need": "you host", "better": "higher"},  # the words of another attribute
    {"kind": "text", "need": "you read"},
]


def _values(shape: dict[str, Any]) -> st.SearchStrategy[str]:
    match shape["kind"]:
        case "grade":
            return st.sampled_from(["yes", "partly", "no"])
        case "choice":
            slugs = [choice["slug"] for choice in shape["choices"]]
            chosen = st.sets(st.sampled_from(slugs), min_size=1)
            return chosen.map(lambda some: ", ".join(slug for slug in slugs if slug in some))
        case "number":
            return st.integers(-5, 300).map(str)
    return st.sampled_from(["one", "two"])


def _tools(name: str) -> st.SearchStrategy[ToolRecord]:
    facts = st.tuples(*(st.none() | _values(shape) for shape in SHAPES))
    return facts.map(
        lambda values: make_record(
            name=name,
            facts=[
                make_fact(number, value, decides=True, name=f"Name {number}", **SHAPES[number])
                for number, value in enumerate(values)
                if value is not None
            ],
        )
    )


PRICES = st.lists(st.sampled_from([FREE, PAID, SALES]), max_size=2)


def _is_true(line: picks.Line, tool: ToolRecord, other: ToolRecord, prices: list[Price]) -> bool:
    """Return whether what a line asks for is true of a tool, computed from the values alone."""
    if line.key == "free":
        return FREE in prices
    slug, _, choice = line.key.partition(":")
    number = int(slug.removeprefix("a"))
    own, others = ({fact["attribute"]: fact["value"] for fact in one["facts"] or []}[number] for one in (tool, other))
    match SHAPES[number]["kind"]:
        case "grade":
            return own == "yes" or (own, others) == ("partly", "no")
        case "choice":
            needs = {one["slug"]: one.get("need") or one["slug"] for one in SHAPES[number]["choices"]}
            return needs[choice] in {needs[slug] for slug in own.split(", ")}
    sign = 1 if SHAPES[number]["better"] == "higher" else -1
    return sign * int(own) > sign * int(others)


@given(_tools("Alpha"), _tools("Beta"), PRICES, PRICES)
def test_no_line_is_true_of_both(alpha, beta, of_alpha, of_beta):
    found = find_lines([alpha, beta], (of_alpha, of_beta))
    keys = [line.key for lines in found for line in lines]
    conditions = [line.condition.casefold() for lines in found for line in lines]
    assert len(keys) == len(set(keys))
    assert len(conditions) == len(set(conditions))
    for line in found.first:  # a grade of yes speaks against a mere partly, which is not true of it
        assert (_is_true(line, alpha, beta, of_alpha), _is_true(line, beta, alpha, of_beta)) == (True, False)
    for line in found.second:
        assert (_is_true(line, beta, alpha, of_beta), _is_true(line, alpha, beta, of_alpha)) == (True, False)
    for line in found.neither:
        assert (_is_true(line, alpha, beta, of_alpha), _is_true(line, beta, alpha, of_beta)) == (False, False)


@given(_tools("Alpha"), _tools("Beta"), PRICES, PRICES)
def test_swapping_the_tools_swaps_the_lines(alpha, beta, of_alpha, of_beta):
    first, second, neither = find_lines([alpha, beta], (of_alpha, of_beta))
    assert find_lines([beta, alpha], (of_beta, of_alpha)) == Picks(second, first, neither)
