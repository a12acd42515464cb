"""What readers see after a save of what is public, in sentences for the editor who saved it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from desk.front.front_list import pluralize
from desk.history.events import HistoryEvent
from desk.history.field_changes import FieldChange
from reviews.models import Prediction, Review
from tools.models import Correction, Fact, Plan, Sourced
from tools.prices import Price
from tools.row_history import CREATED, DELETED
from web.words import join_words

MAX_SENTENCES = 6
_CHECKS = {"Source", "Verified on"}


def announce(
    events: Iterable[HistoryEvent], subject: type[models.Model], *, logo_change: tuple[str, str] | None = None
) -> SafeString:
    """Return what readers now see of the events of a save, oldest first; "" if none of it is public.

    `logo_change` are the stems of the logo before and after, if it changed.
    """
    sentences = list(_list_sentences(list(events), subject))
    if logo_change:
        sentences.insert(0, "Readers see the new logo." if logo_change[1] else "Readers no longer see a logo.")
    more = len(sentences) - MAX_SENTENCES
    if more > 0:
        sentences = [*sentences[:MAX_SENTENCES], f"{pluralize(more, 'change', 'changes')} more."]
    return format_html_join(" ", "{}", ((sentence,) for sentence in sentences))


def _list_sentences(events: list[HistoryEvent], subject: type[models.Model]) -> Iterator[str]:
    is_on_changes, checked = False, 0
    last = {(event.tracked.model, event.object_id): event for event in events}
    for event in events:
        if event is not last[event.tracked.model, event.object_id]:
            continue  # a review that was written and published
        model, name = event.tracked.model, _name_row(event)
        if model is subject:
            if fields := [change.label[:1].lower() + change.label[1:] for change in event.changes]:
                yield f"Readers see the new {join_words(fields)}."
        elif issubclass(model, Sourced):
            is_on_changes |= event.verb in ("corrected", "removed because it was wrong")
            if event.changes and {change.label for change in event.changes} <= _CHECKS and event.verb == "changed":
                checked += 1
            else:
                yield from _describe_value(event, name)
        elif model is Review:
            yield _describe_review(event)
        elif model is Correction:
            is_on_changes = True
    if checked:
        yield f"{capfirst(pluralize(checked, 'price or fact', 'prices and facts'))} checked again."
    if any(event.tracked.model is Prediction for event in events) and not any(_is_published(event) for event in events):
        yield "Predictions wait with the draft of their review."
    if is_on_changes:
        yield format_html('The correction is on <a href="{}">/changes/</a>.', reverse("changes"))


def _name_row(event: HistoryEvent) -> str:
    """Return `Pro` of `plan “Pro”`."""
    _, _, name = event.label.partition("“")
    return name.removesuffix("”") or event.label


def _describe_value(event: HistoryEvent, name: str) -> Iterator[str]:
    """Yield what a plan or fact is for readers, and what it was."""
    if event.verb == "added":
        yield f"{name} is new for readers: {_read_value(event)}."
    elif event.verb.startswith("removed"):
        yield f"{name} is no longer listed; {_read_value(event)} stands as history."
    elif event.verb == "deleted":
        yield f"{name} is gone."
    elif change := _find_value(event.changes):
        yield f"{name} is {change.after} for readers; {change.before} stands as history."
    elif event.changes:
        fields = [change.label[:1].lower() + change.label[1:] for change in event.changes]
        yield f"{name} has a new {join_words(fields)} for readers."


def _find_value(changes: Iterable[FieldChange]) -> FieldChange | None:
    return next((change for change in changes if change.label in ("Price", "Value")), None)


def _read_value(event: HistoryEvent) -> str:
    if event.tracked.model is Plan:
        return Price.of_record(event.after).words
    return str(event.after["value"]) if event.tracked.model is Fact else ""


def _describe_review(event: HistoryEvent) -> str:
    name = _name_row(event)
    if event.type == DELETED:
        return f"The draft of {name} is deleted; readers never saw it."
    if _is_published(event):
        return f"The new edition of {name} ({event.after['verdict']}) is public; an earlier one stands as history."
    verb = "kept as a draft" if event.type == CREATED else "changed"
    return f"The edition of {name} is {verb}; readers do not see it."


def _is_published(event: HistoryEvent) -> bool:
    at: datetime | None = event.after.get("published_at") if event.tracked.model is Review else None
    return bool(at) and event.type != DELETED
