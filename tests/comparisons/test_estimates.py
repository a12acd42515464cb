"""What would it cost me: the form, the answers, and the drawing. No database."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparisons.shaping import cost_chart
from comparisons.shaping.cost_chart import Axis, draw_costs
from comparisons.shaping.estimates import BillablePlan, BillableTool, build_estimate, build_section
from tools.costs import Usage
from tools.presets import Preset
from tools.prices import Price
from tools.rates import Rate

M = 10**6


def monthly(amount: str, *, currency: str = "USD", **terms) -> Price:
    return Price("paid", Decimal(amount), currency, "month", **terms)


def tokens(inside: str, outside: str) -> Price:
    rates = (Rate("input", Decimal(inside), M), Rate("output", Decimal(outside), M))
    return Price("paid", None, "USD", "usage", rates=rates)


def tool(name: str, *, presets: tuple[Preset, ...] = (), **prices: Price) -> BillableTool:
    return BillableTool(name, tuple(BillablePlan(plan, price) for plan, price in prices.items()), presets)


COPILOT = tool(
    "Copilot",
    Free=Price("free", maximum_seats=1, rates=(Rate("request", None, None, 50, "stops"),)),
    Pro=monthly("10", maximum_seats=1, rates=(Rate("request", Decimal("0.04"), 1, 300),)),
    Business=monthly("19", per_seat=True),
)
FLAT = tool("Flat", Team=monthly("650"))
MINI, LARGE = (
    tool("Mini", API=tokens("0.25", "2")),
    tool("Large", Chat=monthly("20", maximum_seats=1), API=tokens("3", "15")),
)


def answer(tools: tuple[BillableTool, ...], **typed: str):
    return build_estimate(tools, tuple(typed.items()))


def read_figures(estimate) -> list:
    return [[(figure.words, figure.plan) for figure in one.figures] or one.reason for one in estimate.tools]


def test_form_has_only_the_fields_that_change_a_price():
    def names(*tools: BillableTool) -> list[str] | None:
        estimate = build_estimate(tools, ())
        return estimate and [field.name for field in estimate.fields]

    assert names(COPILOT) == ["seats", "request"]
    assert names(MINI, LARGE) == ["seats", "input", "output"]
    assert names(MINI) == ["input", "output"]
    assert names(FLAT, tool("None"), tool("Open", Weights=Price("free"))) is None


def test_bare_form_has_no_answer():
    estimate = answer((COPILOT, FLAT))
    assert (estimate.is_asked, estimate.tools, estimate.summary, estimate.chart) == (False, (), "", None)


def test_cheapest_plan_that_fits_is_named_with_its_arithmetic():
    estimate = answer((COPILOT, FLAT), seats="10", request="4k")
    assert read_figures(estimate) == [[("$190", "Business")], [("$650", "Team")]]
    [figure] = estimate.tools[0].figures
    assert figure.lines == (("10 seats × $19", "$190"),)
    assert figure.notes == ("It does not count requests, as far as we know.",)
    assert estimate.tools[0].others == (("Free", "It is for one person."), ("Pro", "It is for one person."))
    assert estimate.summary == "Copilot comes cheaper: $190 a month, against $650 for Flat."


def test_free_plan_is_left_when_its_limit_is_passed():
    assert read_figures(answer((COPILOT,), request="50")) == [[("nothing", "Free")]]
    assert read_figures(answer((COPILOT,), request="400")) == [[("$14", "Pro")]]  # 10 + 100 × 0.04


def test_chat_plan_does_not_come_with_what_the_tool_sells_by_use():
    estimate = answer((MINI, LARGE), input="50M", output="10M")
    assert read_figures(estimate) == [[("$32.50", "API")], [("$300", "API")]]  # 50 × 3 + 10 × 15
    assert estimate.tools[1].others == (("Chat", "We do not know that it comes with input tokens and output tokens."),)


def test_price_by_use_is_not_nothing_if_no_use_was_entered():
    estimate = answer((MINI, LARGE), seats="1")
    assert read_figures(estimate) == ["Cannot be computed.", [("$20", "Chat")]]
    assert estimate.tools[0].others == (("API", "It is priced by use ($0.25 in · $2 out per 1M). Enter how much."),)
    assert read_figures(answer((MINI,), input="0")) == [[("nothing", "API")]]


def test_currencies_are_not_mixed():
    euro = tool("Euro", Team=monthly("18", currency="EUR", per_seat=True), Global=monthly("19", per_seat=True))
    estimate = answer((COPILOT, euro), seats="10")
    assert read_figures(estimate) == [[("$190", "Business")], [("€180", "Team"), ("$190", "Global")]]
    assert estimate.summary.startswith("Their prices are in different currencies")
    assert estimate.chart is None


def test_credits_of_different_tools_are_not_compared():
    one, two = (
        tool(name, API=Price("paid", None, "USD", "usage", rates=(Rate("credit", Decimal(amount), 1),)))
        for name, amount in (("A", "1"), ("B", "2"))
    )
    estimate = answer((one, two), credit="10")
    assert read_figures(estimate) == [[("$10", "API")], [("$20", "API")]]
    assert estimate.summary == "Credits are not the same in different tools, so these are not compared."
    assert estimate.chart is None
    for other in (COPILOT, tool("Free", Free=Price("free"))):  # who counts none has them from elsewhere
        estimate = answer((one, other), credit="10")
        assert estimate.summary == "Credits are not the same in different tools, so these are not compared."
        assert (estimate.chart, estimate.cheaper) == (None, None)
    assert answer((one,), credit="10").summary == ""


def test_tool_that_does_not_count_something_is_not_cheaper_than_one_that_does():
    counts = tool("Counts", API=Price("paid", None, "USD", "usage", rates=(Rate("minute", Decimal(1), 1),)))
    not_at_all = tool("Library", Open=Price("free"))
    estimate = answer((counts, not_at_all), minute="600")
    assert read_figures(estimate) == [[("$600", "API")], [("nothing", "Open")]]
    assert estimate.summary == "Only some of them count minutes, as far as we know, so these are not compared."
    assert estimate.cheaper is None
    both = answer((COPILOT, FLAT), seats="2")
    assert (both.cheaper, "comes cheaper" in both.summary) == (0, True)


def test_price_that_only_starts_somewhere_is_not_the_cheaper_one():
    starts, starts_higher, exact = (
        tool("Starts", Team=monthly("16", is_from=True, per_seat=True)),
        tool("Higher", Team=monthly("50", is_from=True, per_seat=True)),
        tool("Exact", Team=monthly("5", per_seat=True)),
    )
    estimate = answer((starts, starts_higher), seats="3")
    assert read_figures(estimate) == [[("from $48", "Team")], [("from $150", "Team")]]
    assert (estimate.cheaper, estimate.chart) == (None, None)
    assert estimate.summary == "A “from” price only says where it starts, so these are not compared."
    assert answer((starts, exact), seats="3").cheaper == 1


@pytest.mark.parametrize(
    ("tools", "typed", "summary"),
    [
        ((MINI, LARGE), {"input": "1M"}, "Mini comes cheaper: $0.25 a month, against $3 for Large."),
        ((COPILOT, COPILOT), {"seats": "2"}, "Both come to $38 a month."),
        ((COPILOT, FLAT, COPILOT), {"seats": "2"},
         "Copilot and Copilot come cheapest: $38 a month, against $650 for Flat."),
        ((COPILOT, tool("None")), {"seats": "2"}, ""),
        ((COPILOT,), {"seats": "2"}, ""),
    ],
)  # fmt: skip
def test_summary_compares_what_is_known(tools, typed, summary):
    assert answer(tools, **typed).summary == summary


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"seats": "0"}, ["Write a number from 1 to 1,000,000.", ""]),
        ({"seats": "many", "request": "-1"}, ["Write a number such as 2000, 10k, 50M, or 1.5B."] * 2),
        ({"seats": "2", "request": "1.5"}, ["", "Write a whole number."]),
        ({"request": "1e400"}, ["", "Write a number such as 2000, 10k, 50M, or 1.5B."]),
    ],
)
def test_what_cannot_be_read_is_explained_and_kept(typed, errors):
    estimate = answer((COPILOT,), **typed)
    assert [field.error for field in estimate.fields] == errors
    assert {field.name: field.value for field in estimate.fields if field.value} == typed
    assert (estimate.is_asked, estimate.tools, estimate.chart) == (True, (), None)


def test_fields_that_the_page_does_not_have_are_ignored():
    assert answer((MINI,), seats="x", image="5") == answer((MINI,))


def test_presets_link_to_what_they_say_about_these_plans():
    presets = (
        Preset("A team of ten", 10, (("input", 50 * M), ("image", 5))),
        Preset("Pictures", None, (("image", 5),)),
    )
    section = build_section((MINI._replace(presets=presets), LARGE), (), here="/x/", hidden=[("lens", "a,b")])
    assert section.presets == (("A team of ten", "/x/?lens=a,b&seats=10&input=50M"),)
    assert (section.bare, section.hidden) == ("/x/?lens=a,b", (("lens", "a,b"),))


# -- The drawing --------------------------------------------------------------------------------------------


def test_drawing_says_where_the_cheaper_one_changes():
    chart = answer((COPILOT, FLAT), seats="10").chart  # 34 × 19 = 646, 35 × 19 = 665
    assert chart.words == "Up to 34 seats Copilot is the cheaper one; beyond that, Flat is the cheaper one."
    assert [(line.name, line.key, len(line.runs)) for line in chart.lines] == [("Copilot", 1, 1), ("Flat", 2, 1)]
    assert (chart.start, chart.end) == ("1 seat", "43 seats")  # a quarter beyond the change
    assert chart.mark == ("21.4%", "You: 10 seats")
    assert chart.change == ("81%", "20.4%")  # 35 seats of 1 to 43, and 650 of 43 × 19


def test_line_has_the_color_of_its_bar():
    chart = answer((tool("None"), COPILOT, FLAT), seats="10").chart
    assert [(line.name, line.key) for line in chart.lines] == [("Copilot", 2), ("Flat", 3)]


def test_bars_are_drawn_only_for_what_can_be_compared():
    def shares(*tools: BillableTool, **typed: str) -> list:
        return [figure.share for one in answer(tools, **typed).tools for figure in one.figures]

    assert shares(COPILOT, FLAT, seats="10") == [29.2, 100]
    assert shares(tool("Free", Open=Price("free")), tool("None"), COPILOT, seats="2") == [0, 100]
    assert shares(COPILOT, tool("None"), seats="10") == [None]  # nothing to compare it with
    assert shares(COPILOT, tool("Euro", Team=monthly("650", currency="EUR")), seats="10") == [None, None]
    assert (
        shares(*[tool(name, Open=Price("free"), Team=monthly("9", per_seat=True)) for name in "AB"], seats="2")
        == [None] * 2
    )


def test_drawing_of_tokens_grows_in_proportion():
    seat = tool("Seat", Team=monthly("100", rates=(Rate("input", None, None, 10**12, "stops"),)))
    chart = answer((MINI, seat), input="10M", output="10M").chart  # 22.5 for 10M each, so 100 for 44.4M
    assert chart.words == (
        "Up to about 44M input tokens a month Mini is the cheaper one; beyond that, Seat is the cheaper one "
        "(the other usage grows in proportion)."
    )


def test_drawing_of_one_tool_compares_its_plans():
    team = tool("T", Team=monthly("10", per_seat=True), Company=monthly("100"))
    chart = answer((team,), seats="3").chart
    assert chart.words == (
        "Up to 9 seats Team is the cheaper one; up to 10 seats they cost the same; "
        "beyond that, Company is the cheaper one."
    )


def test_nothing_is_drawn_where_there_is_nothing_to_compare():
    assert answer((COPILOT, tool("None")), seats="10").chart is None
    ends = answer((tool("A", Free=Price("free", maximum_seats=9)), FLAT), seats="10")
    assert ends.chart.words == "Up to 9 seats A is the cheaper one; beyond that, Flat is the cheaper one."


def test_plan_that_ends_is_not_the_cheapest_beyond_its_end():
    one, few = monthly("17", maximum_seats=1), monthly("25", per_seat=True, minimum_seats=2, maximum_seats=5)
    for seats in ("1", "2"):  # whichever fits what was asked for
        assert answer((tool("T", One=one, Few=few),), seats=seats).chart.words == (
            "Up to 1 seat One is the cheaper one; up to 5 seats Few is the cheaper one; beyond that, none of them fits."
        )


def test_plan_that_is_cheapest_is_found_and_drawn_among_any_number():
    plans = {f"P{number}": monthly(str(100 + number), maximum_seats=1) for number in range(5)}
    chart = answer((tool("T", **plans, Team=monthly("40", per_seat=True)),), seats="1").chart
    assert chart.words == "Team is cheapest up to 20 seats, as far as we looked."
    assert [line.name for line in chart.lines][-1] == "Team"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60), st.integers(1, 300)), min_size=2, max_size=4),
    st.integers(1, 1000),
)
def test_stretches_tell_who_is_cheapest_at_every_number_of_seats(lines, asked):
    def make_cost(base: int, each: int, most: int):
        return lambda usage: Fraction(base + each * usage.seats) if usage.seats <= most else None

    costs = [make_cost(*line) for line in lines]
    axis, ahead = Axis(Usage(asked), ""), 60  # as many steps as there are seats, so that none is between two
    stretches = cost_chart._find_stretches(axis, costs, ahead)
    for number in range(1, ahead + 1):
        cheapest = cost_chart._find_cheapest(costs, axis.at(number))
        told = [places for start, places in stretches if start <= number]
        assert told[-1] == cheapest


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60), st.integers(1, 300)), min_size=2, max_size=6),
    st.integers(1, 1000),
)
def test_drawing_stays_in_its_frame(lines, asked):
    def make_cost(base: int, each: int, most: int):
        return lambda usage: Fraction(base + each * usage.seats) if usage.seats <= most else None

    costs = [(f"T{place}", make_cost(*line)) for place, line in enumerate(lines)]
    chart = draw_costs(Axis(Usage(asked), ""), costs, "USD")
    if chart is None:
        return
    points = [point.split(",") for line in chart.lines for run in line.runs for point in run.split()]
    assert all(0 <= float(x) <= cost_chart.WIDTH + 6 and 0 <= float(y) <= cost_chart.HEIGHT for x, y in points)
    assert 0 <= float(chart.mark.x[:-1]) <= 50  # so that its label has room at the right
    assert 2 <= len(chart.lines) <= 4
