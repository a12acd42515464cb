"""What a pending change would change, row by row in the words of histories, as JSON that is stored with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.text import capfirst

from desk.history.events import drop_own_label
from desk.history.field_changes import NO_VALUE, FieldChange, render_difference
from desk.models import StoredDifference
from desk.pending.replaying import Replay

WHEN_PUBLISHED = "when this change is published"


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that changes: its name with what happens to it ("" for the object itself), and its fields."""

    title: str
    changes: Sequence[FieldChange]


def summarize(outcome: Replay, subject: type[models.Model]) -> list[StoredDifference]:
    """Return what a replayed form changed, as JSON."""
    rows: list[StoredDifference] = []
    events = outcome.events
    if outcome.logo_change:
        was, new = outcome.logo_change
        words = [["Logo", "the present one" if was else NO_VALUE, "a new one" if new else NO_VALUE]]
        rows.append({"row": "", "verb": "changed", "fields": words})
    for event in (drop_own_label(event, subject) for event in events):
        fields = [
            [change.label, change.before, WHEN_PUBLISHED if change.name == "published_at" else change.after]
            for change in event.changes
        ]
        rows.append({"row": event.label, "verb": event.verb, "fields": fields})
    return rows


def read_differences(rows: Iterable[StoredDifference]) -> list[RowDifference]:
    """Return what `summarize` returned, to be shown."""
    differences = []
    for row in rows:
        title = capfirst(row["row"]) + ("" if row["verb"] == "changed" else f" {row['verb']}") if row["row"] else ""
        changes = [_read_change(*field) for field in row["fields"]]
        differences.append(RowDifference(title, changes))
    return differences


def _read_change(label: str, before: str, after: str) -> FieldChange:
    old, new = ("" if text == NO_VALUE else text for text in (before, after))
    return FieldChange(label, label, before, after, render_difference(old, new))
