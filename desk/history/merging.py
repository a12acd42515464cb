"""The three-way merge of what two editors wrote: rows of fields, from the same state. No queries, no forms."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

type Row = Mapping[str, object]
"""The values of a row by field. A tuple is a list of independent entries, which is merged entry by entry."""
type Rows = Mapping[str, Row]
"""Rows by key. A row that is not there was removed, or not added yet."""


class Keep(StrEnum):
    MINE = "mine"
    THEIRS = "theirs"


class MergeQuestion(NamedTuple):
    """A field of a row that both changed to different values; without a field, a row that one removed and the other
    changed.
    """

    row: str
    field: str = ""


@dataclass(slots=True)
class Merge:
    """The merged rows, and what has to be asked. Until it is answered, the merged value is mine."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    questions: list[MergeQuestion] = field(default_factory=list)


def merge_rows(
    base: Rows,
    mine: Rows,
    theirs: Rows,
    *,
    answers: Mapping[MergeQuestion, Keep] | None = None,
    unanswered: Set[MergeQuestion] = frozenset(),
) -> Merge:
    """Merge two sets of rows that were made from `base`.

    A value that one of the two left alone is the other's. A row in both sets but not in `base` has no common past, so
    each field that differs is asked. `unanswered` are questions from an earlier merge: they are asked again unless both
    agree by now, although `base` holds their side already.
    """
    merge, answers = Merge(), answers or {}
    for key in dict.fromkeys([*base, *theirs, *mine]):
        was, ours, other = base.get(key), mine.get(key), theirs.get(key)
        question = MergeQuestion(key)
        if ours is not None and other is not None:
            merge.rows[key] = _merge_fields(merge, key, was, ours, other, answers, unanswered)
            continue
        left = ours if other is None else other
        if left is None:  # both removed it
            continue
        is_settled = question not in unanswered and (was is None or left == was)
        if is_settled and was is not None:  # one removed it, the other left it alone
            continue
        keep = None if is_settled else answers.get(question)
        if not is_settled and keep is None:
            merge.questions.append(question)
        if is_settled or (ours is not None) == (keep is not Keep.THEIRS):
            merge.rows[key] = dict(left)
    return merge


def merge_lists(base: Iterable[object], mine: Iterable[object], theirs: Iterable[object]) -> tuple[object, ...]:
    """Merge two lists of unique entries: mine in their order, without what they removed, then what they added."""
    was, ours, other = tuple(base), tuple(mine), tuple(theirs)
    kept = [entry for entry in ours if entry in other or entry not in was]
    return (*kept, *(entry for entry in other if entry not in was and entry not in ours))


def _merge_fields(
    merge: Merge,
    key: str,
    was: Row | None,
    ours: Row,
    other: Row,
    answers: Mapping[MergeQuestion, Keep],
    unanswered: Set[MergeQuestion],
) -> dict[str, object]:
    merged = {}
    for name in dict.fromkeys([*ours, *other]):
        question = MergeQuestion(key, name)
        is_known = was is not None and name in was and question not in unanswered
        before, mine, theirs = (row.get(name) for row in (was or {}, ours, other))
        if mine == theirs or (is_known and theirs == before):
            merged[name] = mine
        elif is_known and mine == before:
            merged[name] = theirs
        elif is_known and all(isinstance(value, tuple) for value in (before, mine, theirs)):
            merged[name] = merge_lists(before, mine, theirs)  # type: ignore[arg-type] # they are tuples
        else:
            keep = answers.get(question)
            merged[name] = theirs if keep is Keep.THEIRS else mine
            if keep is None:
                merge.questions.append(question)
    return merged
