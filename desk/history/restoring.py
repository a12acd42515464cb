"""Restoring a version of a row from its history, always by writing something new.

What readers have seen is never overwritten. An older price or fact supersedes the current one; the text of an older
edition becomes a draft, which its seat can publish as the next edition.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone

from desk.history.events import TrackedModel, read_names
from desk.history.field_changes import FieldChange, Values, compare_states
from newsletter import issuing, pieces, writing
from newsletter.content import NewsItem, parse_pieces
from newsletter.models import Issue
from reviews.actions import note_mentions
from reviews.models import Prediction, Review
from tools.models import Fact, Plan, Sourced, Tool
from tools.publishing import Publishable

# Never restored: publishing decides who sees a row and since when, accounts decide who holds a seat, and the files of
# an older logo are gone.
_NEVER_RESTORED = {
    "id",
    "tool",
    "review",
    "reviewer",
    "created_at",
    *Publishable.TIME_FIELDS,
    *Plan.HISTORY_FIELDS,
    "logo",
    "held_by",
}
# Rows deleted together have history rows at most this far apart.
_DELETED_TOGETHER = timedelta(seconds=30)

type HistoryRow = Any
"""A row of a model that django-simple-history generates: the fields of the tracked model, and its own."""
type TrackedRow = Any
"""A row of any tracked model."""


@dataclass(slots=True)
class Restoration:
    """A plan to restore a version: a summary, the fields that change, what prevents it, and a function that does it."""

    summary: str
    changes: list[FieldChange]
    write: Callable[[], TrackedRow]  # returns the row that was written
    problems: list[str] = field(default_factory=list)
    supersedes: bool = False
    """Whether it supersedes a value that readers have seen, so that an editor has to say why."""

    @property
    def is_possible(self) -> bool:
        return not self.problems and bool(self.changes)


def plan_restoration(tracked: TrackedModel, version: HistoryRow, *, correction: bool = False) -> Restoration:
    """Return what restoring a version would do. Nothing is written yet.

    `correction` says of a price or fact that the current value was wrong, and did not change.
    """
    current: TrackedRow = tracked.model._default_manager.filter(pk=version.id).first()
    if current is None:
        return _plan_recreation(tracked, version)
    if issubclass(tracked.model, Sourced) and (current.superseded_at or current.tool.was_public):
        return _plan_superseding(tracked, version, current, correction=correction)
    if isinstance(current, Review) and current.was_public:
        return _plan_draft(tracked, version, current)
    if isinstance(current, Issue):
        return _plan_edit(tracked, version, current)
    return _plan_overwrite(tracked, version, current)


def _plan_overwrite(tracked: TrackedModel, version: HistoryRow, current: TrackedRow) -> Restoration:
    fields = [one for one in tracked.fields if one.name not in _NEVER_RESTORED]
    if isinstance(current, Prediction) and current.review.was_public:
        fields = [one for one in fields if one.name in Prediction.JUDGMENT_FIELDS]
    changes = _compare(fields, _read_values(fields, current), _read_values(fields, version))
    for one in fields:
        if not one.many_to_many:
            setattr(current, one.attname, getattr(version, one.attname))

    def write() -> TrackedRow:
        current.save()
        _set_many_to_many(current, fields, version)
        _update_mentions(current)
        return current

    summary = "This overwrites the current values, which stay in the history."
    return Restoration(summary, changes, write, _find_problems(current))


def _plan_edit(tracked: TrackedModel, version: HistoryRow, issue: Issue) -> Restoration:
    """Plan to restore the words of an issue, and what editors had done to its pieces. Only what is not out can change.

    Pieces that were composed since then stay as they are, and removed ones stay away.
    """

    def merge(listed: list[NewsItem]) -> list[NewsItem]:
        return pieces.merge(parse_pieces(version.content), listed)

    def write() -> TrackedRow:
        writing.change_pieces(issue=issue, how=merge)
        issuing.edit(issue=issue, subject=version.subject, lead=version.lead)
        return issue

    after = _read_values(tracked.fields, version)
    after["content"] = [piece.record for piece in merge(parse_pieces(issue.content))]
    changes = _compare(tracked.fields, _read_values(tracked.fields, issue), after)
    problems = ["It is already being sent, so its text can no longer change."] if issue.is_out else []
    return Restoration("This overwrites the current values, which stay in the history.", changes, write, problems)


def _plan_recreation(tracked: TrackedModel, version: HistoryRow) -> Restoration:
    row: TrackedRow = version.instance
    if isinstance(row, Publishable):
        row.published_at = row.withdrawn_at = None
    fields = tracked.fields
    companions = _find_deleted_together(version) if tracked.model is Tool else []

    def write() -> TrackedRow:
        row.save(force_insert=True)
        _set_many_to_many(row, fields, version)
        for companion in companions:
            companion.save(force_insert=True)
        _update_mentions(row)
        return row

    summary = "This was deleted. It is added again as it was" + (", as a draft" if isinstance(row, Publishable) else "")
    summary += f", with {len(companions)} plans and facts that were deleted with it." if companions else "."
    after = _read_values([one for one in fields if not one.many_to_many], row)
    after |= _read_values([one for one in fields if one.many_to_many], version)
    return Restoration(summary, _compare(fields, None, after), write, _find_problems(row))


def _plan_superseding(tracked: TrackedModel, version: HistoryRow, row: TrackedRow, *, correction: bool) -> Restoration:
    identity = "name" if isinstance(row, Plan) else "attribute_id"
    current = row
    if row.superseded_at is not None:
        same = {"tool": row.tool, identity: getattr(version, identity)}
        current = tracked.model._default_manager.filter(**same, superseded_at__isnull=True).first()
    fields = [one for one in tracked.fields if one.name not in _NEVER_RESTORED]
    before = _read_values(fields, current) if current else None
    changes = _compare(fields, before, _read_values(fields, version))
    new: TrackedRow = tracked.model(tool=row.tool, **{one.attname: getattr(version, one.attname) for one in fields})
    if current is not None and all(getattr(current, name) == getattr(new, name) for name in new.VALUE_FIELDS):
        summary = "The value is already current. Only its other fields change."
        overwrite = _plan_overwrite(tracked, version, current)
        return Restoration(summary, changes, overwrite.write, overwrite.problems)

    def write() -> TrackedRow:
        if current is not None:
            current.retire(correction=correction)
            new.continue_from(current)
        elif row.tool.was_public:
            new.added_at = timezone.now()
        new.save()
        return new

    summary = (
        "Readers have seen the current value, so it is superseded: it stays visible as history."
        if current
        else "There is no current value, so it is added again."
    )
    problems = _find_problems(new, replaces_another=current is not None)
    return Restoration(summary, changes, write, problems, supersedes=current is not None)


def _plan_draft(tracked: TrackedModel, version: HistoryRow, current: Review) -> Restoration:
    fields = [one for one in tracked.fields if one.name in Review.WORD_FIELDS]
    draft = Review(
        tool_id=current.tool_id,
        reviewer_id=current.reviewer_id,
        **{name: getattr(version, name) for name in Review.WORD_FIELDS},
    )

    def write() -> Review:
        draft.save()
        _update_mentions(draft)
        return draft

    summary = (
        "Readers have seen this edition, so its text stays. The older text becomes a new draft edition of this seat, "
        "for you to check and publish."
    )
    changes = _compare(fields, _read_values(fields, current), _read_values(fields, version))
    return Restoration(summary, changes, write, _find_problems(draft))


def _find_deleted_together(version: HistoryRow) -> list[TrackedRow]:
    """Return the plans and facts that were deleted with a tool, as they were."""
    at = version.history_date
    deleted_with = {
        "tool_id": version.id,
        "history_type": "-",
        "history_date__range": (at - _DELETED_TOGETHER, at + _DELETED_TOGETHER),
    }
    return [
        row.instance
        for model in (Plan, Fact)
        for row in model.history.filter(**deleted_with).order_by("id")
        if not model._default_manager.filter(pk=row.id).exists()
    ]


def _set_many_to_many(row: TrackedRow, fields: Sequence[models.Field], version: HistoryRow) -> None:
    for one in fields:
        if one.many_to_many:
            getattr(row, one.name).set(_read_values([one], version)[one.attname])


def _read_values(fields: Sequence[models.Field], row: TrackedRow | HistoryRow) -> dict[str, object]:
    """Return the values of a row or of a history row, for `compare_states`."""
    values = {}
    for one in fields:
        if not isinstance(one, models.ManyToManyField):
            values[one.attname] = getattr(row, one.attname)
        elif isinstance(row, one.model):
            values[one.attname] = sorted(getattr(row, one.name).values_list("pk", flat=True)) if row.pk else []
        else:
            # A history row links to copies of the through table. Rows that were deleted since then are left out.
            ids = getattr(row, one.name).values_list(one.m2m_reverse_name(), flat=True)
            existing = one.related_model._default_manager.filter(pk__in=ids)
            values[one.attname] = sorted(existing.values_list("pk", flat=True))
    return values


def _compare(fields: Sequence[models.Field], before: Values | None, after: Values) -> list[FieldChange]:
    names = read_names((one, values) for values in (before or {}, after) for one in fields)
    return compare_states(fields, before, after, names)


def _find_problems(row: TrackedRow, *, replaces_another: bool = False) -> list[str]:
    """Return why a row cannot be saved, in sentences.

    A row that replaces another breaks a unique constraint until that one is superseded, so constraints are not checked.
    """
    try:
        row.full_clean(validate_constraints=not replaces_another)
    except ValidationError as error:
        return [
            " ".join(messages)
            if name == NON_FIELD_ERRORS
            else f"{row._meta.get_field(name).verbose_name}: {' '.join(messages)}"
            for name, messages in error.message_dict.items()
        ]
    return []


def _update_mentions(row: TrackedRow) -> None:
    if isinstance(row, Review):
        note_mentions(reviews=Review.objects.filter(pk=row.pk))
