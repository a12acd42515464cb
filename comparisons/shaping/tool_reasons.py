"""What the page of one tool says first: the verdict in a sentence, its reason, and for whom it is or is not.

Every line of “Ship it if” and “Skip it if” stands on something that the page shows: a fact, a price, or a seat.
Unknown is never a no, and what is met in part speaks for neither side.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from comparisons.reading.records import FactRecord, ReviewRecord, ToolRecord
from comparisons.shaping.needs import Fit, Need, judge, to_criterion
from comparisons.shaping.picks import Line
from reviews.basis import describe_nobody_tried
from reviews.choices import Verdict
from reviews.panel import Panel
from tools.choices import AttributeKind, PlanKind
from tools.prices import Price, find_entry_price
from votes.community import Community
from web.words import count_of, isolate_name, shorten

MAX_LINES = 4  # on either side
MAX_FACT_LINES = 2  # of them, if seats have enough to say
MAX_REASONS = 2  # seats that the reason quotes
MAX_QUOTE_LENGTH = 200  # characters of a seat's condition


class Conditions(NamedTuple):
    """The lines of “Ship it if” and of “Skip it if”."""

    ship: tuple[Line, ...]
    skip: tuple[Line, ...]


def write_verdict(panel: Panel, community: Community) -> str:
    """Return what the panel would do, and whether visitors would do something else."""
    return " ".join(filter(None, (_describe_panel(panel), _describe_visitors(panel, community))))


def _describe_panel(panel: Panel) -> str:
    ship, seats = panel.ship, panel.seats
    if not seats:
        return "The panel has not judged it yet."
    if ship in (0, seats):
        verdict = "ship" if ship else "skip"
        if seats == 1:
            return f"The one reviewer who has judged it would {verdict} it."
        who = "Both reviewers" if seats == 2 else f"All {count_of(seats, 'reviewer')}"
        return f"{who} would {verdict} it."
    if not panel.side:
        return f"The panel is split, {ship} to {ship}."
    verdict = "ship" if panel.side > 0 else "skip"
    return f"The panel would {verdict} it, {max(ship, seats - ship)} to {min(ship, seats - ship)}."


def _describe_visitors(panel: Panel, community: Community) -> str:
    """Return what visitors say if the panel alone does not say it; "" if they are too close to call or too few."""
    side, lead = community.side, panel.side
    if not side or side == lead:
        return ""
    verdict = "ship" if side > 0 else "skip"
    if not panel.seats:
        return f"Visitors would {verdict} it."
    return f"Visitors {'disagree' if lead else 'break the tie'}: {verdict}."


def write_reason(tool: ToolRecord) -> str:
    """Return why: the seats in the minority in their own words, or the newest one of a tie, and what nobody tried."""
    reviews = [review for review in tool["reviews"] or [] if review["counted"]]
    ships = [review for review in reviews if review["verdict"] == Verdict.SHIP]
    skips = [review for review in reviews if review["verdict"] == Verdict.SKIP]
    if len(ships) == len(skips):
        quoted = sorted(reviews, key=lambda review: review["published_at"])[-1:]
    else:
        quoted = min(ships, skips, key=len) or max(ships, skips, key=len)[:1]
    sentences = [
        f"{isolate_name(review['name'])} {review['verdict']}s it: “{review['gist']}”"
        for review in quoted
        if review["gist"]
    ]
    untried = describe_nobody_tried([review["basis"] for review in reviews], tool["name"])
    return " ".join(filter(None, (*sentences[:MAX_REASONS], untried)))


def find_conditions(tool: ToolRecord, prices: Sequence[Price]) -> Conditions:
    """Return for whom a tool is, and for whom it is not. `prices` are those of its plans."""
    facts: dict[bool, list[Line]] = {True: [], False: []}
    for is_met, line in _judge_facts(tool["facts"] or []):
        facts[is_met].append(line)
    entry = find_entry_price(prices)
    if entry and entry.kind == PlanKind.FREE:
        facts[True].append(Line("free", "you want to start for free", "#pricing", "Prices"))
    reviews = tool["reviews"] or []
    return Conditions(
        _choose(facts[True], _quote_seats(reviews, Verdict.SHIP)),
        _choose(facts[False], _quote_seats(reviews, Verdict.SKIP)),
    )


def _choose(facts: Sequence[Line], seats: Sequence[Line]) -> tuple[Line, ...]:
    """Return at most MAX_LINES lines, facts first; seats keep their half of them."""
    room = max(MAX_FACT_LINES, MAX_LINES - len(seats))
    return (*facts[:room], *seats)[:MAX_LINES]


def _judge_facts(facts: Sequence[FactRecord]) -> Iterator[tuple[bool, Line]]:
    """Yield a line per need of which editors wrote that it decides, and whether the tool meets it."""
    for fact in sorted(facts, key=lambda fact: fact["attribute"]):
        if fact["decides"]:
            for condition, needs in _list_conditions(fact):
                fit = max(judge(need, fact["value"]) or Fit.NO for need in needs)
                if fit is not Fit.PARTLY:
                    yield fit is Fit.YES, Line(fact["slug"], condition, f"#fact-{fact['slug']}", fact["name"])


def _list_conditions(fact: FactRecord) -> Iterator[tuple[str, list[Need]]]:
    """Yield what a reader may need of an attribute, in words, with the needs of which one is enough."""
    criterion = to_criterion(fact)
    if fact["kind"] == AttributeKind.GRADE and fact["need"]:
        yield fact["need"].removesuffix("."), [Need(criterion)]
    elif fact["kind"] == AttributeKind.CHOICE:
        needs: dict[str, list[Need]] = {}
        for choice in fact["choices"]:
            if words := choice.get("need"):
                needs.setdefault(words.removesuffix("."), []).append(Need(criterion, choice["slug"]))
        yield from needs.items()


def _quote_seats(reviews: Sequence[ReviewRecord], verdict: str) -> list[Line]:
    """Return, in turn, the reasons of seats with a verdict and the conditions on which others would change to it."""
    reasons, conditions = [], []
    for review in reviews:
        name = isolate_name(review["name"])
        if review["verdict"] == verdict and review["gist"]:
            reasons.append(_build_line(review, f"you agree with {name}:", review["gist"]))
        elif review["verdict"] != verdict and review["flips_if"]:
            conditions.append(_build_line(review, f"{name}’s condition to {verdict} it holds:", review["flips_if"]))
    alternating = [line for pair in zip(reasons, conditions, strict=False) for line in pair]
    shorter = min(len(reasons), len(conditions))
    return [*alternating, *reasons[shorter:], *conditions[shorter:]]


def _build_line(review: ReviewRecord, words: str, quote: str) -> Line:
    slug = review["slug"]
    return Line(f"seat:{slug}", words, f"#seat-{slug}", review["name"], shorten(quote, MAX_QUOTE_LENGTH))
