"""A reader's must-haves in lists of tools: what fails one is struck, and what nobody knows stays and says so."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from comparisons.reading.records import Criterion, ListedAttribute
from comparisons.shaping.facets import FilterName, ListedTools, Selection
from comparisons.shaping.needs import Fit, Need, judge, quote_labels
from tools.choices import AttributeKind, Grade
from web.masks import Mask, mask_of
from web.words import count_of, spell_number


class ListedNeed(NamedTuple):
    """A need, and the listed tools that fail it, that meet it in part, and of which nobody knows."""

    need: Need
    failing: Mask
    partly: Mask
    unknown: Mask

    @property
    def name(self) -> str:
        """The filter in a selection."""
        return f"need:{self.need.key}"


def to_criterion(attribute: ListedAttribute) -> Criterion:
    """Return an attribute by which lists filter as one that tools are judged by."""
    scale = attribute.scale
    return Criterion(attribute.slug, attribute.name, scale.kind, attribute.better, scale.unit, scale.options)


def judge_listed(need: Need, attribute: int, listed: ListedTools) -> ListedNeed:
    """Judge all listed tools by a need, about the attribute with the given id."""
    known, having = listed.known.get(attribute, 0), listed.by_option.get(attribute, {})
    unknown = listed.everything & ~known
    match need.criterion.kind:
        case AttributeKind.GRADE:
            return ListedNeed(need, having.get(Grade.NO, 0), having.get(Grade.PARTLY, 0), unknown)
        case AttributeKind.CHOICE:
            return ListedNeed(need, known & ~having.get(need.operand, 0), 0, unknown)
        case _:
            numbers = listed.numbers.get(attribute, {}).items()
            failing = (place for place, number in numbers if judge(need, str(number.value)) is Fit.NO)
            return ListedNeed(need, mask_of(failing), 0, unknown)


def pass_needs(listed: ListedTools, needs: Sequence[ListedNeed]) -> dict[FilterName, Mask]:
    """Return the tools that do not fail, by the name of the filter."""
    return {one.name: listed.everything & ~one.failing for one in needs}


def find_struck(selection: Selection, needs: Sequence[ListedNeed]) -> Mask:
    """Return the tools that pass all other filters and fail a need."""
    return selection.pass_all(but=[one.name for one in needs]) & ~selection.pass_all()


def describe_failures(listed: ListedTools, needs: Sequence[ListedNeed], tool: int) -> str:
    """Return `Fails “Self-hosting”.` for a listed tool, given by its id; "" if it fails none of the needs."""
    place = 1 << listed.positions[tool]
    failed = [one.need for one in needs if one.failing & place]
    return f"Fails {quote_labels(failed)}." if failed else ""


def write_list_sentence(selection: Selection, needs: Sequence[ListedNeed]) -> str:
    """Return how many of the tools that pass the other filters are left by the must-haves; "" without must-haves."""
    if not needs:
        return ""
    left = selection.pass_all()
    number = left.bit_count()
    total = selection.pass_all(but=[one.name for one in needs]).bit_count()
    unknown = 0
    for one in needs:
        unknown |= left & one.unknown
    opening = "By your must-have" if len(needs) == 1 else f"By your {spell_number(len(needs))} must-haves"
    words = f"{spell_number(number) if number else 'none'} of {total:,} tool{'' if total == 1 else 's'}"
    sentence = f"{opening} {words} {'is' if number < 2 else 'are'} left."
    if not unknown:
        return sentence
    return f"{sentence} Of {count_of(unknown.bit_count(), 'tool')} nobody knows all that you ask for."


def describe_standings(
    listed: ListedTools, needs: Sequence[ListedNeed], tools: Sequence[int]
) -> Mapping[int, tuple[str, ...]]:
    """Return what is left open or met only in part, in words, by the id of each tool."""
    return {tool: tuple(_describe(needs, 1 << listed.positions[tool])) for tool in tools if tool in listed.positions}


def _describe(needs: Sequence[ListedNeed], tool: Mask) -> list[str]:
    partly = [one.need for one in needs if one.partly & tool]
    unknown = [one.need for one in needs if one.unknown & tool]
    return [
        *([f"Only in part: {quote_labels(partly)}"] if partly else []),
        *([f"Not known: {quote_labels(unknown)}"] if unknown else []),
    ]
