"""What a reader needs, and whether tools meet it: `?need=self-hosting,license:mit,context-window:128000`.

A need is met, met in part, not met, or nobody knows: an unknown fact is never a no.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from comparisons.reading.records import Criterion, FactRecord, ToolRecord
from tools.choices import AttributeKind, Better, Grade
from tools.values import SEPARATOR, Option, Scale, parse_value
from web.words import isolate_name, join_words, shorten, spell_number

MAX_NEEDS = 10  # that one page takes
MAX_ECHO_LENGTH = 40  # characters of a need that is not understood


class Fit(IntEnum):
    """How well a tool meets a need."""

    NO = 0
    PARTLY = 1
    YES = 2


_GRADES = {Grade.NO.value: Fit.NO, Grade.PARTLY.value: Fit.PARTLY, Grade.YES.value: Fit.YES}


class Need(NamedTuple):
    """One thing that a tool must have: a grade, one of the choices of an attribute, or a number that is good enough."""

    criterion: Criterion
    operand: str = ""
    """The slug of the choice, or the number. "" for a grade."""

    @property
    def key(self) -> str:
        """The need in an address: `self-hosting`, `license:mit`, `context-window:128000`."""
        return f"{self.criterion.slug}:{self.operand}" if self.operand else self.criterion.slug

    @property
    def label(self) -> str:
        """`Self-hosting`, `License: MIT`, or `Context window: at least 128,000 tokens`."""
        criterion = self.criterion
        match criterion.kind:
            case AttributeKind.CHOICE:
                return f"{criterion.name}: {dict(criterion.options)[self.operand]}"
            case AttributeKind.NUMBER:
                bound = "at least" if criterion.better == Better.HIGHER else "at most"
                unit = criterion.unit if criterion.unit in ("", "%") else f" {criterion.unit}"
                return f"{criterion.name}: {bound} {Decimal(self.operand):,f}{unit}"
            case _:
                return criterion.name


class NeedBox(NamedTuple):
    """A must-have to tick."""

    value: str
    label: str
    is_on: bool


class Standing(NamedTuple):
    """How one tool meets a reader's needs: which it fails, which it meets in part, and which are unknown."""

    failed: tuple[Need, ...] = ()
    partly: tuple[Need, ...] = ()
    unknown: tuple[Need, ...] = ()

    @property
    def is_out(self) -> bool:
        return bool(self.failed)

    @property
    def words(self) -> str:
        """`Out: fails “Self-hosting”.`; "" if the tool is not out."""
        return f"Out: fails {quote_labels(self.failed)}." if self.failed else ""


def to_criterion(fact: FactRecord) -> Criterion:
    """Return the attribute of a fact."""
    options = tuple(Option(choice["slug"], choice["name"]) for choice in fact["choices"])
    return Criterion(fact["slug"], fact["name"], fact["kind"], fact["better"], fact["unit"], options)


def parse_need(text: str, criteria: Mapping[str, Criterion]) -> Need | None:
    """Return the need that a reader wrote as `attribute` or `attribute:operand`; None for anything else."""
    slug, _, operand = text.partition(":")
    criterion = criteria.get(slug)
    if criterion is None:
        return None
    if criterion.kind == AttributeKind.GRADE:
        return None if operand else Need(criterion)
    if criterion.kind == AttributeKind.CHOICE or (criterion.kind == AttributeKind.NUMBER and criterion.better):
        try:
            value = parse_value(Scale(criterion.kind, criterion.options, unit=criterion.unit), operand)
        except ValueError:
            return None
        return Need(criterion, value) if value else None
    return None


def parse_needs(asked: Sequence[str], criteria: Mapping[str, Criterion]) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """Return the needs that a reader named, without duplicates, and the texts that name none."""
    found = {text: parse_need(text, criteria) for text in asked}
    by_key = {need.key: need for need in found.values() if need}
    return tuple(by_key.values()), tuple(text for text, need in found.items() if not need)


def name_attributes(asked: Iterable[str]) -> set[str]:
    """Return the slugs of the attributes that needs in an address are about."""
    return {text.partition(":")[0] for text in asked}


def judge(need: Need, value: str | None) -> Fit | None:
    """Return how well a value in canonical form meets a need; None if the value is not known."""
    if value is None:
        return None
    match need.criterion.kind:
        case AttributeKind.GRADE:
            return _GRADES[value]
        case AttributeKind.CHOICE:
            return Fit.YES if need.operand in value.split(SEPARATOR) else Fit.NO
        case _:
            number, bound = Decimal(value), Decimal(need.operand)
            enough = number >= bound if need.criterion.better == Better.HIGHER else number <= bound
            return Fit.YES if enough else Fit.NO


def read_values(tool: ToolRecord) -> dict[str, str]:
    """Return the values of a tool by the slugs of their attributes."""
    return {fact["slug"]: fact["value"] for fact in tool["facts"] or []}


def judge_tool(needs: Sequence[Need], values: Mapping[str, str]) -> Standing:
    """Return how a tool with the given values, by attribute, meets needs."""
    fits = [(need, judge(need, values.get(need.criterion.slug))) for need in needs]

    def select(fit: Fit | None) -> tuple[Need, ...]:
        return tuple(need for need, its_fit in fits if its_fit is fit)

    return Standing(failed=select(Fit.NO), partly=select(Fit.PARTLY), unknown=select(None))


def list_needs(tools: Sequence[ToolRecord]) -> tuple[Need, ...]:
    """Return the needs by which tools can be told apart: of attributes that decide, unless all tools meet them.

    Of a choice, the ones that any of the tools has; of a number, the best of the tools. Nothing that is known of none.
    """
    facts: dict[int, list[FactRecord]] = {}
    for tool in tools:
        for fact in tool["facts"] or []:
            if fact["decides"]:
                facts.setdefault(fact["attribute"], []).append(fact)
    values = [read_values(tool) for tool in tools]
    offered = (need for _, known in sorted(facts.items()) for need in _list_needs_of(known))
    return tuple(need for need in offered if not all(_meets(need, of_tool) for of_tool in values))


def _meets(need: Need, values: Mapping[str, str]) -> bool:
    return judge(need, values.get(need.criterion.slug)) is Fit.YES


def _list_needs_of(known: Sequence[FactRecord]) -> Iterable[Need]:
    """Yield the needs about one attribute, given the facts that are known about it."""
    criterion = to_criterion(known[0])
    if criterion.kind == AttributeKind.GRADE:
        yield Need(criterion)
    elif criterion.kind == AttributeKind.CHOICE:
        present = {slug for fact in known for slug in fact["value"].split(SEPARATOR)}
        yield from (Need(criterion, option.slug) for option in criterion.options if option.slug in present)
    elif criterion.kind == AttributeKind.NUMBER and criterion.better:
        choose = max if criterion.better == Better.HIGHER else min
        yield Need(criterion, choose((fact["value"] for fact in known), key=Decimal))


def build_boxes(offered: Sequence[Need], needs: Sequence[Need]) -> list[NeedBox]:
    """Return a box for each need that a page offers, and for each other one that the reader asked for."""
    every, ticked = {need.key: need for need in (*offered, *needs)}, {need.key for need in needs}
    return [NeedBox(key, need.label, key in ticked) for key, need in every.items()]


def write_sentence(names: Sequence[str], standings: Sequence[Standing], needs: Sequence[Need]) -> str:
    """Return `By your two must-haves only Ollama is left.` and what nobody knows; "" without needs."""
    if not needs:
        return ""
    count = spell_number(len(needs))
    opening = "By your must-have" if len(needs) == 1 else f"By your {count} must-haves"
    left = [name for name, standing in zip(names, standings, strict=True) if not standing.is_out]
    parts = [f"{opening} {_describe_left(left, len(names))}."]
    for field, verb in (("partly", "{} only in part."), ("unknown", "Nobody knows whether {}.")):
        for need in needs:
            who = [
                isolate_name(name)
                for name, standing in zip(names, standings, strict=True)
                if need in getattr(standing, field) and not standing.is_out
            ]
            if who:
                parts.append(verb.format(_describe_meeting(who, need, is_question=field == "unknown")))
    return " ".join(parts)


def _describe_left(left: Sequence[str], total: int) -> str:
    names = join_words([isolate_name(name) for name in left]) if left else ""
    if not left:
        return "neither is left" if total == 2 else f"none of the {spell_number(total)} is left"
    if len(left) == 1:
        return f"only {names} is left"
    if len(left) == total:
        return "both are left" if total == 2 else f"all {spell_number(total)} are left"
    return f"{names} are left"


def _describe_meeting(who: Sequence[str], need: Need, *, is_question: bool) -> str:
    """Return `Ollama meets “Self-hosting”`, or of several tools `A and B meet …`, in a question `A or B meets …`."""
    if is_question:
        return f"{join_words(who, 'or')} meets {quote_labels([need])}"
    return f"{join_words(who)} {'meets' if len(who) == 1 else 'meet'} {quote_labels([need])}"


def write_remark(ignored: Sequence[str], *, has_more: bool = False) -> str:
    """Return which needs in an address were left out: unknown ones, and with `has_more` those after MAX_NEEDS."""
    parts = []
    if ignored:
        texts = join_words([f"“{shorten(text, MAX_ECHO_LENGTH)}”" for text in ignored])
        is_one = len(ignored) == 1
        what = "is not a must-have that we know" if is_one else "are not must-haves that we know"
        parts.append(f"{texts} {what}, so {'it was' if is_one else 'they were'} left out.")
    if has_more:
        parts.append(f"Only the first {spell_number(MAX_NEEDS)} must-haves count.")
    return " ".join(parts)


def quote_labels(needs: Sequence[Need]) -> str:
    """Return the labels of needs: `“Self-hosting” and “License: MIT”`."""
    return join_words([f"“{need.label}”" for need in needs])
