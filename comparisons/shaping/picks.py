"""“Pick A if, pick B if”: what speaks for either of two tools, in terms of what a reader needs.

Every line stands on something that the page shows: a fact, a price, or a seat. Lines about facts and prices are
computed by judging one need by both tools, so none is true of both; unknown is never a no. Lines that stand on seats
are the conditions under which a seat would change its verdict, and why it would ship.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from comparisons.editor_lines import EditorLine
from comparisons.reading.records import FactRecord, ReviewRecord, ToolRecord
from comparisons.shaping.needs import Fit, Need, judge, to_criterion
from reviews.choices import Verdict
from tools.choices import AttributeKind, Better, PlanKind
from tools.prices import Price, find_entry_price
from tools.values import SEPARATOR, Option
from web.words import isolate_name, join_words, shorten

MAX_LINES = 4  # for either tool
MAX_SEAT_LINES = 2  # of them by seats
MAX_NEITHER = 3  # lines for neither
MIN_LEAD = Decimal("1.1")  # a number decides if it is this many times as large as the other
MAX_VALUES_LENGTH = 60  # characters of choices in a line
MAX_QUOTE_LENGTH = 200  # characters of a seat's condition


class Line(NamedTuple):
    """One line: a condition, in words that continue “Pick A if”, with a link to what it stands on."""

    key: str
    """Names a computed line for editors: an attribute, a seat, or `free`. No two of a pair have the same."""
    words: str
    url: str
    source: str
    """What the link leads to, in words. Both are "" for a line of an editor's own that stands on nothing."""
    quote: str = ""
    """The words of a seat, in which `this` is code."""
    condition: str = ""
    """What must be true of the reader. A condition that would speak for both tools speaks for neither."""

    @property
    def text(self) -> str:
        """The line as plain text, as a sentence."""
        sentence = f"{self.words} “{self.quote}”" if self.quote else f"{self.words}."
        return sentence[:1].upper() + sentence[1:]


class Picks(NamedTuple):
    """The lines for the first tool, for the second, and for neither."""

    first: tuple[Line, ...] = ()
    second: tuple[Line, ...] = ()
    neither: tuple[Line, ...] = ()


def find_lines(tools: Sequence[ToolRecord], prices: Sequence[Sequence[Price]]) -> Picks:
    """Return everything that can be said of two tools, most decisive first. `prices` are those of each tool's plans."""
    sides: tuple[list[Line], list[Line], list[Line]] = ([], [], [])
    for lines in (_compare_facts(tools), _compare_prices(tools, prices), _compare_seats(tools)):
        for side, line in lines:
            sides[side].append(line)
    return Picks(*_drop_contradictions(sides))


def choose_lines(
    found: Picks, editors: Sequence[EditorLine] = (), sources: Mapping[str, str] = MappingProxyType({})
) -> Picks:
    """Return the lines that a page shows: what editors wrote or placed, in their order, and then computed ones.

    `sources` are what a line of an editor's own can stand on, {id on the page: name}.
    """
    return Picks(*(_arrange(side, lines, editors, sources) for side, lines in found._asdict().items()))


def add_cost_line(picks: Picks, cheaper: int, costs: Sequence[str]) -> Picks:
    """Return the lines with one more, first, for the tool that costs less (0 or 1) at what the reader entered.

    `costs` are what both tools cost a month, in words.
    """
    words = f"you use as much as you entered: {costs[cheaper]} a month, against {costs[1 - cheaper]}"
    line = Line("usage", words, "#cost", "What would it cost me?")
    longer = (line, *picks[cheaper][: MAX_LINES - 1])
    return picks._replace(second=longer) if cheaper else picks._replace(first=longer)


def _arrange(
    side: str, computed: Sequence[Line], editors: Sequence[EditorLine], sources: Mapping[str, str]
) -> tuple[Line, ...]:
    others, chosen = {line.key: line for line in computed}, []
    for editor in editors:
        if editor.side == side:
            source = sources.get(editor.link, "")
            chosen.append(Line("", _trim(editor.words), f"#{editor.link}" if source else "", source))
        elif (line := others.pop(editor.key, None)) and not editor.hidden:
            chosen.append(line)
    if side == "neither":
        return (*chosen, *others.values())[:MAX_NEITHER]
    return (*chosen, *_choose([*others.values()], room=MAX_LINES - len(chosen)))[:MAX_LINES]


def list_sources(tools: Sequence[ToolRecord]) -> dict[str, str]:
    """Return what lines about tools can stand on: the ids of facts, seats, and prices on the page, with their names."""
    facts = {fact["attribute"]: fact for tool in tools for fact in tool["facts"] or []}
    seats = {review["seat"]: review for tool in tools for review in tool["reviews"] or []}
    return {
        **{f"fact-{fact['slug']}": fact["name"] for _, fact in sorted(facts.items())},
        **{f"seat-{review['slug']}": review["name"] for _, review in sorted(seats.items())},
        "pricing": "Prices",
    }


def _choose(lines: Sequence[Line], *, room: int) -> tuple[Line, ...]:
    """Return at most `room` lines: first what is known of the tool, but always with a seat, if one has a say."""
    if room <= 0:
        return ()
    seats = [line for line in lines if line.key.startswith("seat:")][:MAX_SEAT_LINES]
    others = [line for line in lines if not line.key.startswith("seat:")]
    return tuple([*others[: room - min(1, len(seats))], *seats][:room])


def _drop_contradictions(sides: Sequence[Iterable[Line]]) -> Iterator[tuple[Line, ...]]:
    """Yield each side without conditions that another side has too, and without repetitions."""
    unique = [{line.condition.casefold(): line for line in reversed(list(lines))} for lines in sides]
    on_sides = Counter(condition for lines in unique for condition in lines)
    for lines in unique:
        yield tuple(line for condition, line in reversed(lines.items()) if on_sides[condition] == 1)


# -- Facts --------------------------------------------------------------------------------------------------

NEITHER = 2  # the place of lines that speak against both


class _Wanted(NamedTuple):
    """A condition about one attribute: met by a tool that meets any of its needs."""

    key: str
    condition: str
    needs: tuple[Need, ...]


def _compare_facts(tools: Sequence[ToolRecord]) -> Iterator[tuple[int, Line]]:
    """Yield a line per need that one tool meets better, clear differences first, and per grade that both fail.

    A choice that neither has says little: there are always more.
    """
    first, second = ({fact["attribute"]: fact for fact in tool["facts"] or []} for tool in tools)
    found = []
    for attribute in sorted(first.keys() & second.keys()):
        facts = (first[attribute], second[attribute])
        for wanted in _list_wanted(facts):
            fits = [_judge_any(wanted.needs, fact["value"]) for fact in facts]
            if fits[0] != fits[1]:
                side = 0 if fits[0] > fits[1] else 1
                other = isolate_name(tools[1 - side]["name"])
                words = _describe_difference(wanted, facts[side], facts[1 - side], max(fits), min(fits), other)
                order = (min(fits) - max(fits), facts[0]["kind"] == AttributeKind.CHOICE)
                found.append((order, side, _build_fact_line(facts[0], wanted, words)))
            elif fits[0] == Fit.NO and facts[0]["kind"] == AttributeKind.GRADE:
                found.append(((0, False), NEITHER, _build_fact_line(facts[0], wanted, wanted.condition)))
    for _, side, line in sorted(found, key=lambda one: one[0]):
        yield side, line


def _judge_any(needs: Sequence[Need], value: str) -> Fit:
    """Return how well a known value meets the need that it meets best."""
    return max(fit for need in needs if (fit := judge(need, value)) is not None)


def _build_fact_line(fact: FactRecord, wanted: _Wanted, words: str) -> Line:
    return Line(wanted.key, words, f"#fact-{fact['slug']}", fact["name"], condition=wanted.condition)


def _list_wanted(facts: tuple[FactRecord, FactRecord]) -> Iterator[_Wanted]:
    """Yield what a reader may want of the attribute of two facts, if it decides."""
    criterion = to_criterion(facts[0])
    slug, name, need = criterion.slug, criterion.name, _trim(facts[0]["need"])
    needs_of_choices = {one["slug"]: _trim(one["need"]) for one in facts[0]["choices"] if one.get("need")}
    if not facts[0]["decides"]:
        return
    match criterion.kind:
        case AttributeKind.GRADE:
            yield _Wanted(slug, need or f"“{name}” matters to you", (Need(criterion),))
        case AttributeKind.NUMBER if best := _find_better(facts):
            yield _Wanted(slug, need or f"“{name}” matters to you", (Need(criterion, best),))
        case AttributeKind.CHOICE if needs_of_choices:
            for condition in dict.fromkeys(needs_of_choices.values()):
                slugs = [choice for choice, words in needs_of_choices.items() if words == condition]
                needs = tuple(Need(criterion, choice) for choice in slugs)
                yield _Wanted(f"{slug}:{slugs[0]}", condition, needs)
        case AttributeKind.CHOICE:
            has = [set(fact["value"].split(SEPARATOR)) for fact in facts]
            for more in (has[0] - has[1], has[1] - has[0]):
                if options := [option for option in criterion.options if option.slug in more]:
                    names = _join_choices([option.name for option in options], criterion.options, "or")
                    needs = tuple(Need(criterion, option.slug) for option in options)
                    words = f"{need} {names}" if need else f"you need {names} ({name})"
                    yield _Wanted(f"{slug}:{options[0].slug}", words, needs)


def _join_choices(names: Sequence[str], options: Sequence[Option], conjunction: str) -> str:
    """Return names of choices as a part of a sentence: `macOS or Linux`, but `“Terminal” or “Desktop app”`.

    Names have the case in which tables show them, so other words than proper names are quoted. Of an attribute's
    choices, given as `options`, none is taken for one if any goes on in lower case.
    """
    are_proper = not any(word[:1].islower() for option in options for word in option.name.split()[1:])
    return join_words(names if are_proper else [f"“{name}”" for name in names], conjunction)


def _trim(need: str) -> str:
    return need.removesuffix(".")


def _find_better(facts: tuple[FactRecord, FactRecord]) -> str | None:
    """Return the better of two numbers, if one is better by so much that it can decide."""
    better, values = facts[0]["better"], sorted((fact["value"] for fact in facts), key=Decimal)
    low, high = map(Decimal, values)
    if not better or high - low < max(abs(low), abs(high)) * (1 - 1 / MIN_LEAD):
        return None
    return None if low == high else values[1] if better == Better.HIGHER else values[0]


def _describe_difference(
    wanted: _Wanted, own: FactRecord, others: FactRecord, best: Fit, worst: Fit, other: str
) -> str:
    """Return a condition with the reason why it speaks for one tool: how the `other` one falls short."""
    if own["kind"] == AttributeKind.NUMBER:
        less = others["words"].removesuffix(f" {others['unit']}")  # the unit is said once
        return f"{wanted.condition}: {own['words']}, against {less} for {other}"
    if own["kind"] == AttributeKind.CHOICE:
        chosen = others["value"].split(SEPARATOR)
        names = [one["name"] for one in others["choices"] if one["slug"] in chosen]
        if len(join_words(names)) <= MAX_VALUES_LENGTH:
            values = _join_choices(names, to_criterion(others).options, "and")
            return f"{wanted.condition}: {other} has only {values}"
    if best is Fit.PARTLY:
        return f"{wanted.condition}, if only in part: {other} does not offer it at all"
    return f"{wanted.condition}, which {other} {'offers only in part' if worst is Fit.PARTLY else 'does not offer'}"


# -- Prices -------------------------------------------------------------------------------------------------


def _compare_prices(tools: Sequence[ToolRecord], prices: Sequence[Sequence[Price]]) -> Iterator[tuple[int, Line]]:
    """Yield the tool that one can start with for free, if the other has a price that is known and no free plan."""
    entries = [find_entry_price(known) for known in prices]
    for side, (own, other) in enumerate((entries, entries[::-1])):
        if own and other and own.kind == PlanKind.FREE != other.kind:
            name = isolate_name(tools[1 - side]["name"])
            costs = (
                "names no price" if other.kind == PlanKind.CONTACT else f"starts at {other.words.removeprefix('from ')}"
            )
            condition = "you want to start for free"
            yield side, Line("free", f"{condition}: {name} {costs}", "#pricing", "Prices", condition=condition)


# -- Seats --------------------------------------------------------------------------------------------------


def _compare_seats(tools: Sequence[ToolRecord]) -> Iterator[tuple[int, Line]]:
    """Yield what would flip each seat that would ship only one of the tools, and then why these seats would ship it."""
    first, second = ({review["seat"]: review for review in tool["reviews"] or []} for tool in tools)
    split = [
        (first[seat], second[seat], 0 if first[seat]["verdict"] == Verdict.SHIP else 1)
        for seat in sorted(first.keys() & second.keys())
        if first[seat]["counted"] and first[seat]["verdict"] != second[seat]["verdict"]
    ]
    for *reviews, shipped in split:
        if condition := reviews[1 - shipped]["flips_if"]:
            words = f"{isolate_name(reviews[0]['name'])}’s condition to ship it holds:"
            yield 1 - shipped, _build_seat_line(reviews[0], "ship", words, condition)
    for *reviews, shipped in split:
        if condition := reviews[shipped]["flips_if"]:
            name = isolate_name(tools[shipped]["name"])
            words = f"{isolate_name(reviews[0]['name'])}’s condition to skip {name} holds:"
            yield 1 - shipped, _build_seat_line(reviews[0], "skip", words, condition)
    for *reviews, shipped in split:
        name, gist = isolate_name(reviews[0]["name"]), reviews[shipped]["gist"]
        words = f"you agree with {name}:" if gist else f"you ask what {name} asks:"
        yield shipped, _build_seat_line(reviews[0], "reason", words, gist or reviews[0]["lens"])


def _build_seat_line(review: ReviewRecord, what: str, words: str, quote: str) -> Line:
    slug, quote = review["slug"], shorten(quote, MAX_QUOTE_LENGTH)
    return Line(f"seat:{slug}:{what}", words, f"#seat-{slug}", review["name"], quote, condition=quote)
