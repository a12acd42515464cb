"""Writing the plans and facts of a catalog file: they are added, confirmed, ended, or superseded."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from catalog.batches import ToolBatch, find_differences, get_unmentioned_terms, has_same_value
from catalog.problems import Place
from catalog.report import Fields, ImportReport
from catalog.row_writing import HistoryLog, apply_changes, create_rows, get_values, update_rows
from tools.models import Attribute, Plan, Sourced, Tool

SOURCE_FIELDS = ("source", "verified_on")


class SourcedWriter:
    """Writes the plans or the facts of a batch of tools.

    A value that readers saw is never overwritten: it is superseded by a new row. What only a draft said is no history.
    """

    def __init__(
        self,
        model: type[Sourced],
        batch: ToolBatch,
        report: ImportReport,
        history: HistoryLog,
        attributes: Mapping[str, Attribute] = MappingProxyType({}),
    ) -> None:
        """`attributes` are those of facts, by slug."""
        self._model, self._batch, self._report, self._history = model, batch, report, history
        self._attributes = attributes
        self._section, self._key = ("plans", "name") if model is Plan else ("facts", "attribute")
        self._rows: dict[Any, Any] = batch.plans if model is Plan else batch.facts
        self._new: list[Any] = []
        self._changed: list[Any] = []
        self._replaced: list[Any] = []

    def write(self) -> None:
        """Write all parts, and report each."""
        for place, tool_part in self._batch.parts:
            parts = getattr(tool_part, self._section)
            # If the file has the history of a value, it also says when the value became current. Others begin now.
            has_history = Counter(getattr(part, self._key) for part in parts if part.superseded_at)
            for index, part in enumerate(parts):
                begins_now = not has_history[getattr(part, self._key)]
                self._write_part((*place, self._section, index), self._batch.tools[tool_part.slug], part, begins_now)
        update_rows(self._model, self._changed, (*SOURCE_FIELDS, *self._model.HISTORY_FIELDS), self._history)
        update_rows(self._model, self._replaced, (*self._model.VALUE_FIELDS, *SOURCE_FIELDS), self._history)
        create_rows(self._model, self._new, self._history)

    def _write_part(self, place: Place, tool: Tool, part: Any, begins_now: bool) -> None:  # noqa: FBT001 (by position)
        name = getattr(part, self._key)
        row = self._rows.get((tool.pk, name, part.superseded_at))
        current = self._rows.get((tool.pk, name, None))
        for existing in filter(None, (row, current)):
            existing.tool = tool  # the report names it; saves a query per row
        if row is not None and has_same_value(row, part):
            # Of a tool that readers saw, `find_problems` refuses another history.
            changes = find_differences(row, part, (*SOURCE_FIELDS, *self._model.HISTORY_FIELDS))
            self._report.record_existing(self._model, row, place, changes)
            if changes:
                apply_changes(row, changes)
                self._changed.append(row)
        elif current is not None and has_same_value(current, part):
            # The current value here is history in the file: another site superseded it at that time.
            self._rows[tool.pk, name, part.superseded_at] = self._rows.pop((tool.pk, name, None))
            changes = find_differences(current, part, self._model.HISTORY_FIELDS)
            self._report.record_existing(self._model, current, place, changes)
            apply_changes(current, changes)
            self._changed.append(current)
        elif row is None:
            self._add(place, tool, part, begins_now=begins_now)
        else:
            self._change_value(place, tool, row, part)

    def _add(self, place: Place, tool: Tool, part: Any, *, begins_now: bool) -> None:
        values = self._get_values(part)
        if begins_now and tool.pk in self._batch.public_since:
            values["added_at"] = values["added_at"] or self._history.at
        row = self._create(tool, part, values)
        self._report.record_added(self._model, row, place)

    def _change_value(self, place: Place, tool: Tool, row: Any, part: Any) -> None:
        """Change the value of a row: supersede it if readers saw it, and overwrite it otherwise."""
        values = self._get_values(part)
        if "source" not in part.model_fields_set:
            values["source"] = row.source  # an omitted source stays; the day of verification was that of the old value
        values |= get_unmentioned_terms(row, part)
        changes: Fields = {
            field: (getattr(row, field), values[field])
            for field in (*self._model.VALUE_FIELDS, *SOURCE_FIELDS)
            if getattr(row, field) != values[field]
        }
        if tool.pk not in self._batch.public_since:
            self._report.record_existing(self._model, row, place, changes)
            apply_changes(row, changes)
            self._replaced.append(row)
            return
        self._create(tool, part, values | get_values(self._model(), self._model.HISTORY_FIELDS))  # it continues the row
        row.superseded_at, row.correction = self._history.at, part.corrects
        self._changed.append(row)
        if part.corrects:
            changes["correction"] = (False, True)
        self._report.record_existing(self._model, row, place, changes)

    def _get_values(self, part: Any) -> dict[str, Any]:
        return get_values(part, (*self._model.VALUE_FIELDS, *SOURCE_FIELDS, *self._model.HISTORY_FIELDS))

    def _create(self, tool: Tool, part: Any, values: Mapping[str, Any]) -> Any:
        name = getattr(part, self._key)
        identity = {"tool": tool, self._key: name if self._model is Plan else self._attributes[name]}
        self._new.append(self._model(**identity, **values))
        return self._new[-1]
