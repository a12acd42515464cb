"""How each row goes back: overwritten, superseded, withdrawn, deleted, added again, or left as it is and why.

The rules are those of ordinary edits: what readers have seen is superseded or withdrawn, and never deleted, rewritten,
or made a draft again; what somebody changed since is theirs. Makes no queries beyond those of its batch, except to find
out what readers see of rows whose user may not publish everything.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model

from accounts.models import User
from catalog.report import describe_row
from comparisons.models import Comparison
from desk.bulk_changes.batches import Batch, Key, get_key
from desk.bulk_changes.targets import Target, Values, read_values
from desk.history.events import TrackedModel
from desk.permissions import find_missing_right, may_publish
from reviews.models import Prediction, Review
from tools.models import Category, Correction, Fact, Plan, Sourced, Tool
from tools.publishing import PublicationState, Publishable
from tools.values import fits

# Accounts decide who holds a seat, and the files of an older logo are gone.
NEVER_RESTORED = {"held_by_id", "logo", "created_at"}

SINCE = "it was changed since"
DELETED = "it was deleted since"
REPLACED = "it has another value since"
UNFIT = "it is no longer a value of its attribute"
NOT_ALLOWED = "your account may not publish or withdraw it"
SHOWN = "readers see it, and your account may not publish: ask an editor"


class Done(NamedTuple):
    """What is done to a row, in a word, with its values before and after; None: no such row."""

    word: str
    row: Model
    now: Values | None
    then: Values | None


@dataclass(slots=True)
class Reversal:
    """The writes that revert the rows of a batch, how they are reported, and which rows are left alone and why."""

    create: dict[type[Model], list[Model]] = field(default_factory=dict)
    update: dict[type[Model], dict[int, Model]] = field(default_factory=dict)
    fields: dict[type[Model], set[str]] = field(default_factory=dict)  # that updates change
    links: dict[int, list[int]] = field(default_factory=dict)  # the categories of attributes
    delete: dict[type[Model], list[Model]] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)  # (row, reason)
    supersedes: bool = False

    def add(self, row: Model, word: str, *, then: Values) -> None:
        self.create.setdefault(type(row), []).append(row)
        self.done.append(Done(word, row, None, then))

    def change(self, row: Model, values: Values, word: str, *, links: list[int] | None = None) -> None:
        """Set fields of a row, by column name. `links` are the present ids of a many-to-many field, if it has one."""
        now = {name: getattr(row, name) for name in values if name != "categories"}
        self.done.append(Done(word, row, now if links is None else {**now, "categories": links}, values))
        self.set(row, values)

    def set(self, row: Model, values: Values) -> None:
        """Set fields of a row without reporting it."""
        stored = dict(values)
        if (links := stored.pop("categories", None)) is not None:
            self.links[row.pk] = links
        for name, value in stored.items():
            setattr(row, name, value)
        self.update.setdefault(type(row), {})[row.pk] = row
        self.fields.setdefault(type(row), set()).update(row._meta.get_field(name).name for name in stored)

    def remove(self, row: Model, now: Values) -> None:
        self.delete.setdefault(type(row), []).append(row)
        self.done.append(Done("deleted", row, now, None))

    def leave(self, row: Model, reason: str) -> None:
        self.left.append((describe_row(row), reason))


class Planner:
    """Decides for each target of a batch, as its user may."""

    def __init__(self, batch: Batch, *, now: datetime, correction: bool, by: User) -> None:
        self.batch, self.now, self.correction, self.by = batch, now, correction, by
        self.reversal = Reversal()
        self._handled: set[tuple[type[Model], int]] = set()
        self._withdrawn: set[int] = set()  # tools

    def plan(self) -> Reversal:
        """Return what to write. Superseded prices and facts come before their successors."""
        for target in self.batch.targets:
            if target.model is Tool and target.before is None and target.after is not None:
                self._plan_new_tool(target)
        for target in sorted(self.batch.targets, key=lambda target: target.before is None):
            if (target.model, target.pk) not in self._handled and (target.before or target.after):
                self._plan_row(target)
        return self.reversal

    def _plan_row(self, target: Target) -> None:
        row = self.batch.get(target)
        if row is not None and self._is_kept(row, target.before):
            self.reversal.leave(row, SHOWN)
        elif not target.is_known:
            if row is not None:
                self.reversal.leave(row, "the history does not know what it was before")
        elif target.after is None:
            if row is None:
                self._plan_recreation(target)
        elif row is None:
            if target.before is not None:
                self._leave_missing(target, DELETED)
        elif target.before is None:
            self._plan_removal(target, row)
        else:
            self._plan_change(target, row, target.before, target.after)

    def _is_kept(self, row: Model, before: Values | None) -> bool:
        """Return whether readers see a row, or would when it goes back, and the user may not publish that."""
        ids = (before or {}).get("categories", [])
        joins = [category.slug for category in Category.objects.filter(pk__in=ids)] if ids else []
        return find_missing_right(self.by, row, joins=joins) is not None

    def may_publish(self, model: type[Model]) -> bool:
        return may_publish(self.by, model)

    # -- Rows that the change added -------------------------------------------------------------------------

    def _plan_new_tool(self, target: Target) -> None:
        """A tool that the change added goes as a whole, or stays as a whole."""
        parts = self.batch.added_to_tools.get(target.pk, [])
        self._handled |= {(one.model, one.pk) for one in (target, *parts)}
        tool = self.batch.get(target)
        if tool is None:
            return
        is_untouched = all(map(self.batch.is_untouched, (target, *parts)))
        if self.batch.was_seen(tool) and not self.may_publish(Tool):
            self.reversal.leave(tool, NOT_ALLOWED)
        elif not is_untouched or self.batch.parts_of_tools.get(tool.pk, 0) != len(parts):
            self.reversal.leave(tool, "it or something of it was changed or added since, so it stays as a whole")
        elif self.batch.was_seen(tool):
            self._withdraw(tool)
        else:
            for one in (*reversed(parts), target):
                self.reversal.remove(self.batch.rows[one.model][one.pk], self.batch.values[one.model, one.pk])

    def _plan_removal(self, target: Target, row: Model) -> None:
        if not self.batch.is_untouched(target):
            self.reversal.leave(row, SINCE)
        elif isinstance(row, Correction):
            self.reversal.leave(row, "a correction stays as it was made")
        elif not self.batch.was_seen(row):
            self._remove(target, row)
        elif isinstance(row, Sourced):
            self._retire(row)
        elif isinstance(row, Publishable):
            self._withdraw(row)
        else:
            self.reversal.leave(row, "readers have seen it")

    def _remove(self, target: Target, row: Model) -> None:
        """Delete a row that readers never saw, unless something refers to it that would go with it, or forbids it."""
        if (target.model, row.pk) in self.batch.referenced:
            self.reversal.leave(row, "other rows refer to it")
        else:
            self.reversal.remove(row, self.batch.values[target.model, target.pk])

    def _retire(self, row: Sourced) -> None:
        if row.superseded_at is None:
            self.reversal.change(row, self._end(), "no longer offered" if isinstance(row, Plan) else "superseded")
        else:
            self.reversal.leave(row, "it is history that readers have seen")

    def _end(self) -> Values:
        self.reversal.supersedes = True
        return {"superseded_at": self.now, "correction": self.correction}

    def _withdraw(self, row: Publishable) -> None:
        if row.state != PublicationState.PUBLISHED:
            self.reversal.leave(row, SINCE)
        elif not self.may_publish(type(row)):
            self.reversal.leave(row, NOT_ALLOWED)
        elif not (isinstance(row, Review) and row.tool_id in self._withdrawn):  # it is hidden with its tool
            self.reversal.change(row, {"withdrawn_at": self.now}, "withdrawn")
            if isinstance(row, Tool):
                self._withdrawn.add(row.pk)

    # -- Rows that the change deleted -----------------------------------------------------------------------

    def _plan_recreation(self, target: Target) -> None:
        before, batch = dict(target.before or {}), self.batch
        links = before.pop("categories", None)
        row: Model = target.model(**before)
        if isinstance(row, Publishable):
            row.published_at = row.withdrawn_at = None
        if self._is_kept(row, target.before):
            self._leave_missing(target, SHOWN)
            return
        if reason := self._find_obstacle(target.model, row, before):
            self._leave_missing(target, reason)
            return
        batch.existing.setdefault(target.model, {})[row.pk] = row
        if links is not None:
            self.reversal.links[row.pk] = links
        self.reversal.add(row, "added again", then=before)

    def _find_obstacle(self, model: type[Model], row: Model, before: Values) -> str:
        """Return why a deleted row cannot be added again, or ""."""
        batch = self.batch
        for one in model._meta.concrete_fields:
            other: Any = one.related_model
            wanted = before.get(one.attname)
            if not one.is_relation or wanted is None:
                continue
            if (found := batch.existing.get(other, {}).get(wanted)) is not None or one.null:
                setattr(row, one.name, found)
            else:
                return f"its {one.verbose_name} no longer exists"
        if "slug" in before and batch.taken_slugs[model].get(before["slug"], row.pk) != row.pk:
            return "something else has its address now"
        if isinstance(row, Sourced) and row.superseded_at is None and get_key(model, before) in batch.current:
            return REPLACED
        if isinstance(row, Review) and (row.tool_id, row.reviewer_id) in batch.drafts:
            return "its seat has another draft on the tool"
        if isinstance(row, Comparison) and frozenset((row.first_id, row.second_id)) in batch.pairs:
            return "the pair has another comparison"
        return ""

    def _leave_missing(self, target: Target, reason: str) -> None:
        values = target.before or target.after or {}
        name = values.get("name") or values.get("claim") or values.get("value") or values.get("quote") or target.pk
        self.reversal.left.append((f"{target.model._meta.verbose_name} “{str(name)[:100]}”", reason))

    # -- Rows that the change changed -----------------------------------------------------------------------

    def _plan_change(self, target: Target, row: Model, before: Values, after: Values) -> None:
        now = self.batch.values[target.model, target.pk]
        changed = [name for name in before if before[name] != after[name] and name not in NEVER_RESTORED]
        if isinstance(row, Plan | Fact) and before["superseded_at"] is None and after["superseded_at"] is not None:
            self._plan_superseded(target, row, before)
            return
        standing = [name for name in changed if now[name] == after[name]]
        if moved := [name for name in changed if now[name] not in (after[name], before[name])]:
            self.reversal.leave(row, f"{SINCE}: {_name_fields(target.model, moved)}")
        if isinstance(row, Publishable) and (times := [name for name in standing if name in Publishable.TIME_FIELDS]):
            self._plan_times(row, before, times)
            standing = [name for name in standing if name not in Publishable.TIME_FIELDS]
        if self._rewrites_words(row, set(standing)):
            self.reversal.leave(row, "readers have seen these words: write a new edition")
        elif isinstance(row, Sourced):
            self._plan_value(row, now, {name: before[name] for name in standing})
        elif "slug" in standing and self.batch.taken_slugs[target.model].get(before["slug"], row.pk) != row.pk:
            self.reversal.leave(row, "something else has its address now")
        else:
            self._overwrite(row, {name: before[name] for name in standing})

    def _rewrites_words(self, row: Model, names: set[str]) -> bool:
        """Return whether these fields of a row are words of a review that readers have seen."""
        words = set(Review.WORD_FIELDS) if isinstance(row, Review) else names.difference(Prediction.JUDGMENT_FIELDS)
        return isinstance(row, Review | Prediction) and bool(names & words) and self.batch.was_seen(row)

    def _overwrite(self, row: Model, values: Values) -> None:
        if values:
            links = self.batch.links.get(row.pk, []) if "categories" in values else None
            self.reversal.change(row, values, "changed back", links=links)

    def _plan_times(self, row: Publishable, before: Values, times: Collection[str]) -> None:
        """Take back what the change published, scheduled, withdrew, or put back."""
        model, state = type(row), row.state
        if not self.may_publish(model):
            self.reversal.leave(row, NOT_ALLOWED)
        elif "withdrawn_at" in times and before["withdrawn_at"] is None:
            self.reversal.change(row, {"withdrawn_at": None}, "put back")
        elif state == PublicationState.PUBLISHED:
            self._withdraw(row)
        elif state == PublicationState.SCHEDULED and not self.batch.was_seen(row):
            earlier = before["published_at"]
            if earlier is not None and earlier <= self.now:
                self.reversal.leave(row, "the time that it was scheduled for has passed")
            elif earlier is None and isinstance(row, Review) and (row.tool_id, row.reviewer_id) in self.batch.drafts:
                self.reversal.leave(row, "its seat has another draft on the tool")
            else:
                self.reversal.change(row, {"published_at": earlier}, "rescheduled" if earlier else "a draft again")
        else:
            self.reversal.leave(row, SINCE)

    # -- Prices and facts -----------------------------------------------------------------------------------

    def _plan_value(self, row: Sourced, now: Values, values: Values) -> None:
        """Take back what was changed in place: by superseding it, if readers have seen it since."""
        if not values:
            return
        is_value = bool(values.keys() & {*row.VALUE_FIELDS, "name", "attribute_id"})
        if row.superseded_at is not None:
            self.reversal.leave(row, REPLACED)
        elif not _fits(row, {**now, **values}):
            self.reversal.leave(row, UNFIT)
        elif is_value and self.batch.was_seen(row):
            self._replace(row, {**now, **values})
        else:
            self._overwrite(row, values)

    def _plan_superseded(self, target: Target, row: Plan | Fact, before: Values) -> None:
        """Make a value current again that the change superseded."""
        key = get_key(target.model, before)
        current = self.batch.current.get(key)
        if current is None and isinstance(row, Plan):
            renamed: Any = self.batch.renamed.get((row.tool_id, before["name"]))
            current = renamed if renamed and renamed.added_at >= row.superseded_at else None
        if not self.batch.is_untouched(target):
            self._leave_value(row, key, SINCE)
        elif current is not None and not self._is_ours(current):
            self._leave_value(row, key, REPLACED)
        elif not _fits(row, before):
            self._leave_value(row, key, UNFIT)
        elif self.batch.was_seen(row):
            self._replace(current, before, tool=row.tool, attribute=getattr(row, "attribute", None))
        else:
            if current is not None:
                self._handled.add((target.model, current.pk))
                self.reversal.remove(current, read_values(current))
            self.reversal.change(row, {name: before[name] for name in row.HISTORY_FIELDS}, "current again")

    def _leave_value(self, row: Model, key: Key, reason: str) -> None:
        """Leave a superseded value and its successors, which are reported together."""
        self._handled |= {(one.model, one.pk) for one in self.batch.added_values.get(key, [])}
        self.reversal.leave(row, reason)

    def _is_ours(self, current: Model) -> bool:
        """Return whether the change added this current value, and nobody has changed it since."""
        ours = self.batch.find(current)
        return ours is not None and ours.before is None and self.batch.is_untouched(ours)

    def _replace(self, current: Any, values: Values, **owners: Any) -> None:
        """Add a value as a new row, which supersedes the current one, if there is one."""
        model: Any = Plan if "name" in values else Fact
        skipped = {"id", *NEVER_RESTORED, *model.HISTORY_FIELDS}
        new = model(**{name: value for name, value in values.items() if name not in skipped})
        for name, owner in owners.items():
            if owner is not None:
                setattr(new, name, owner)
        if current is None:
            new.added_at = self.now
            self.reversal.add(new, "current again", then=values)
            return
        self._handled.add((model, current.pk))
        new.tool = current.tool
        if model is Fact:
            new.attribute = current.attribute
        now = read_values(current)
        self.reversal.set(current, self._end())  # reported with its successor
        new.continue_from(current)
        self.reversal.create.setdefault(model, []).append(new)
        self.reversal.done.append(Done("changed back", new, now, values))


def _fits(row: Model, values: Values) -> bool:
    return not isinstance(row, Fact) or fits(row.attribute.scale, values["value"])


def _name_fields(model: type[Model], names: Iterable[str]) -> str:
    known = {one.attname: str(one.verbose_name) for one in TrackedModel(model).fields}
    return ", ".join(known.get(name, name.replace("_", " ")) for name in names)
