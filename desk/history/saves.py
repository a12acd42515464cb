"""The events of a history as an editor thinks of them: grouped by save, and prices and facts with what replaced them.

No queries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from desk.history.events import HistoryEvent
from desk.history.field_changes import FieldChange, Values, compare_states, render_difference
from tools.models import Fact, Plan, Sourced
from tools.prices import Price
from tools.row_history import CHANGED, CREATED

TOGETHER = timedelta(seconds=2)
"""Most time between two events of one save, which writes a row at a time."""


@dataclass(frozen=True, slots=True)
class Save:
    """What somebody changed at once, and why. `at` is the time of its last event."""

    at: datetime
    author: str
    reason: str
    events: Sequence[HistoryEvent]


def group_saves(events: Sequence[HistoryEvent]) -> list[Save]:
    """Group events, newest first, by save. An event is of the same save as the one before it if the author and the
    reason are the same, and little time has passed.
    """
    groups: list[list[HistoryEvent]] = []
    for event in events:
        last = groups[-1][-1] if groups else None
        if last and (last.author, last.reason) == (event.author, event.reason) and last.at - event.at <= TOGETHER:
            groups[-1].append(event)
        else:
            groups.append([event])
    return [Save(group[0].at, group[0].author, group[0].reason, list(join_replaced(group))) for group in groups]


def join_replaced(events: Sequence[HistoryEvent]) -> Iterator[HistoryEvent]:
    """Yield the events of a save, newest first, with each superseded price or fact and its successor as one event."""
    waiting: dict[object, HistoryEvent] = {}
    successors: dict[int, HistoryEvent] = {}  # by the identity of the event that supersedes
    for event in reversed(events):
        if _is_superseding(event):
            waiting[_get_key(event)] = event
        elif _is_new_row(event) and (old := waiting.pop(_get_key(event), None)):
            successors[id(old)] = event
    joined = {id(new) for new in successors.values()}
    for event in events:
        if id(event) in successors:
            yield _join(event, successors[id(event)])
        elif _is_superseding(event):
            changes = [change for change in event.changes if change.name not in Sourced.HISTORY_FIELDS]
            word = "removed because it was wrong" if _is_correction(event) else "removed"
            yield replace(event, word=word, changes=changes)
        elif id(event) not in joined:
            yield event


def _get_key(event: HistoryEvent) -> tuple[type, object] | None:
    """Return which plan a price is of, by the name that it had before, or which attribute a fact; None for others."""
    if event.tracked.model is Plan:
        return Plan, (event.type == CREATED and event.after.get("renamed_from")) or event.after["name"]
    return (Fact, event.after["attribute_id"]) if event.tracked.model is Fact else None


def _is_new_row(event: HistoryEvent) -> bool:
    return issubclass(event.tracked.model, Sourced) and event.type == CREATED and not event.has_previous


def _is_superseding(event: HistoryEvent) -> bool:
    is_sourced = issubclass(event.tracked.model, Sourced) and event.type == CHANGED
    return is_sourced and bool(event.after["superseded_at"]) and not (event.before or {}).get("superseded_at")


def _is_correction(event: HistoryEvent) -> bool:
    return bool(event.after["correction"])


def _join(old: HistoryEvent, new: HistoryEvent) -> HistoryEvent:
    skipped = {*Sourced.HISTORY_FIELDS, "renamed_from", "attribute"}
    price = []
    if old.tracked.model is Plan:
        skipped |= set(Price._fields)
        price = _compare_prices(old.after, new.after)
    fields = [field for field in old.tracked.fields if field.name not in skipped]
    changes = [*price, *compare_states(fields, old.after, new.after, {})]
    return replace(old, word="corrected" if _is_correction(old) else "", changes=changes)


def _compare_prices(old: Values, new: Values) -> list[FieldChange]:
    before, after = (", ".join([price.words, *price.details]) for price in map(Price.of_record, (old, new)))
    if before == after:
        return []
    return [FieldChange("price", "Price", before, after, render_difference(before, after))]
