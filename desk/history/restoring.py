"""Going back to what a row said at a version of its history: always by writing something new.

What readers have seen is never written over. An older price or fact supersedes the one that stands; the words of an
older edition become a draft, which its seat can publish as the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone

from desk.history.events import Kind, names_of
from desk.history.field_changes import FieldChange, field_changes
from reviews.actions import note_mentions
from reviews.models import Prediction, Review
from tools.models import Fact, Plan, Sourced, Tool
from tools.publishing import Publishable

# Never brought back: who may see it and since when is decided by publishing, who writes for a seat by its rights, and
# the files of an older logo are gone.
_KEPT = {
    "id",
    "tool",
    "review",
    "reviewer",
    "created_at",
    "published_at",
    "withdrawn_at",
    "superseded_at",
    "logo",
    "held_by",
}
_JUDGEMENT = {"outcome", "note", "source", "judged_on"}
_AT_ONCE = timedelta(seconds=30)  # how far apart entries are of what was deleted together


@dataclass(slots=True)
class Restoration:
    """What going back comes to: in words, field by field, what stands against it, and doing it."""

    words: str
    changes: list[FieldChange]
    write: Callable[[], Any]
    problems: list[str] = field(default_factory=list)

    @property
    def is_possible(self) -> bool:
        return not self.problems and bool(self.changes)


def plan_restoration(kind: Kind, version: Any) -> Restoration:
    """Say what it would be to restore a version (an entry of the history of a kind of row); nothing is written yet."""
    current: Any = kind.model._default_manager.filter(pk=version.id).first()
    if current is None:
        return _again(kind, version)
    if issubclass(kind.model, Sourced) and (current.superseded_at or current.tool.was_public):
        return _superseding(kind, version, current)
    if isinstance(current, Review) and current.was_public:
        return _as_draft(kind, version, current)
    return _in_place(kind, version, current)


def _in_place(kind: Kind, version: Any, current: Any) -> Restoration:
    fields = [field for field in kind.fields() if field.name not in _KEPT]
    if isinstance(current, Prediction) and current.review.was_public:
        fields = [field for field in fields if field.name in _JUDGEMENT]
    changes = _changes(fields, _values(fields, current), _values(fields, version))
    linked = [field for field in fields if field.many_to_many]
    for one in fields:
        if not one.many_to_many:
            setattr(current, one.attname, getattr(version, one.attname))

    def write() -> Any:
        current.save()
        for one in linked:
            getattr(current, one.name).set(_values([one], version)[one.attname])
        _follow(current)
        return current

    words = "This is written over what stands now, which stays in the history."
    return Restoration(words, changes, write, _problems(current))


def _again(kind: Kind, version: Any) -> Restoration:
    row = version.instance
    if isinstance(row, Publishable):
        row.published_at = row.withdrawn_at = None
    fields = kind.fields()
    companions = _deleted_with(version) if kind.model is Tool else []

    def write() -> Any:
        row.save(force_insert=True)
        for one in fields:
            if one.many_to_many:
                getattr(row, one.name).set(_values([one], version)[one.attname])
        for companion in companions:
            companion.save(force_insert=True)
        _follow(row)
        return row

    words = "It was deleted. It comes back as it was" + (", as a draft" if isinstance(row, Publishable) else "")
    words += f", with {len(companions)} plans and facts that were deleted with it." if companions else "."
    after = _values([one for one in fields if not one.many_to_many], row)
    after |= _values([one for one in fields if one.many_to_many], version)
    return Restoration(words, _changes(fields, None, after), write, _problems(row))


def _superseding(kind: Kind, version: Any, current: Any) -> Restoration:
    identity = "name" if isinstance(current, Plan) else "attribute_id"
    standing = current
    if current.superseded_at is not None:
        same = {"tool": current.tool, identity: getattr(version, identity)}
        standing = kind.model._default_manager.filter(**same, superseded_at__isnull=True).first()
    fields = [field for field in kind.fields() if field.name not in _KEPT]
    changes = _changes(fields, _values(fields, standing) if standing else None, _values(fields, version))
    row: Any = kind.model(tool=current.tool, **{one.attname: getattr(version, one.attname) for one in fields})
    if standing is not None and all(getattr(standing, name) == getattr(row, name) for name in row.VALUE_FIELDS):
        words = "Its value is what stands already, so only what is said about it changes."
        in_place = _in_place(kind, version, standing)
        return Restoration(words, changes, in_place.write, in_place.problems)

    def write() -> Any:
        if standing is not None:
            standing.superseded_at = timezone.now()
            standing.save()
        row.save()
        return row

    words = (
        "Readers have seen what stands now, so it is superseded: they read what it was, and until when."
        if standing
        else "Nothing stands in its place today, so it is added again."
    )
    return Restoration(words, changes, write, _problems(row, takes_a_place=standing is not None))


def _as_draft(kind: Kind, version: Any, current: Review) -> Restoration:
    fields = [field for field in kind.fields() if field.name in Review.WORD_FIELDS]
    draft = Review(
        tool_id=current.tool_id,
        reviewer_id=current.reviewer_id,
        **{name: getattr(version, name) for name in Review.WORD_FIELDS},
    )

    def write() -> Any:
        draft.save()
        _follow(draft)
        return draft

    words = (
        "Readers have seen this edition, so its words stay. The older ones become a new draft edition of this seat, to "
        "be looked over and published."
    )
    changes = _changes(fields, _values(fields, current), _values(fields, version))
    return Restoration(words, changes, write, _problems(draft))


def _deleted_with(version: Any) -> list[Any]:
    """The plans and facts of a tool that went when it was deleted, as they were."""
    together = (version.history_date - _AT_ONCE, version.history_date + _AT_ONCE)
    return [
        entry.instance
        for model in (Plan, Fact)
        for entry in model.history.filter(tool_id=version.id, history_type="-", history_date__range=together).order_by(
            "id"
        )
        if not model._default_manager.filter(pk=entry.id).exists()
    ]


def _values(fields: list[Any], row: Any) -> dict[str, Any]:
    """A row or an entry of its history as `differences` reads it."""
    values = {}
    for one in fields:
        if not one.many_to_many:
            values[one.attname] = getattr(row, one.attname)
        elif isinstance(row, one.model):
            values[one.attname] = sorted(getattr(row, one.name).values_list("pk", flat=True)) if row.pk else []
        else:
            ids = getattr(row, one.name).values_list(one.m2m_reverse_name(), flat=True)
            values[one.attname] = sorted(
                one.related_model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)
            )
    return values


def _changes(fields: list[Any], before: dict[str, Any] | None, after: dict[str, Any]) -> list[FieldChange]:
    names = names_of((one, values) for values in (before or {}, after) for one in fields)
    return field_changes(fields, before, after, names)


def _problems(row: Any, *, takes_a_place: bool = False) -> list[str]:
    """Why a row cannot be written so, in sentences. One that takes a place finds it taken, which is no problem."""
    try:
        row.full_clean(validate_constraints=not takes_a_place)
    except ValidationError as error:
        return [
            " ".join(messages)
            if name == NON_FIELD_ERRORS
            else f"{row._meta.get_field(name).verbose_name}: {' '.join(messages)}"
            for name, messages in error.message_dict.items()
        ]
    return []


def _follow(row: Any) -> None:
    """What has to be noted of a row that was written."""
    if isinstance(row, Review):
        note_mentions(reviews=Review.objects.filter(pk=row.pk))
