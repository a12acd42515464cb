"""From the rows of a sheet to a catalog, and back from places in that catalog to rows and columns.

What a sheet does not mention is left alone: a column that is not there says what stands already. Of tools it needs no
more than the slug; the rest of what a catalog file has to say is taken from the site.
"""

from collections.abc import Iterator
from typing import Any

from catalog.problems import CatalogError, Place, Problem
from catalog.reading import Catalog, Progress, repeats_in
from catalog.schema import SECTIONS, FactPart, Part, PlanPart, check_part, shown
from desk.bulk.formats import SheetError, read_sheet
from desk.bulk.resources import FactResource, PlanResource, SheetResource, ToolResource
from tools.models import Fact, Plan, Sourced, Tool

NAMING = {"slug", "category", "attribute", "kind"}

type Row = tuple[int, dict[str, Any]]
"""The number of a row, as spreadsheets count, and its cells by column."""


class Sheet:
    """A sheet somebody sent: `catalog.actions.bring_in` reads with `read`; afterwards `where` knows its rows."""

    def __init__(self, resource: type[SheetResource], content: bytes) -> None:
        self._resource, self._content = resource, content
        self._rows: dict[Place, int] = {}  # places of the catalog that stand for a row

    def read(self, progress: Progress) -> tuple[Catalog, list[Problem]]:
        """Return the catalog that the rows say, and what is wrong with them.

        Raises CatalogError for what is no sheet of this kind.
        """
        rows = list(self._cells())
        tools, problems = self._tools(rows) if self._resource is ToolResource else self._parts_of_tools(rows)
        catalog = Catalog({section: tools if section == "tools" else [] for section in SECTIONS})
        for index, tool in enumerate(tools):
            checked = check_part(SECTIONS["tools"], tool, ("tools", index))
            problems += checked if isinstance(checked, list) else []
        return catalog, [*problems, *repeats_in(catalog)]

    def position(self, place: Place) -> tuple[int, str]:
        """The row and the column that a place of the catalog stands for; 0 is the whole sheet, "" the whole row."""
        if place[:1] == ("row",):
            return int(place[1]), str(place[2]) if len(place) > 2 else ""
        for length in range(len(place), 0, -1):
            if (row := self._rows.get(place[:length])) is not None:
                column = next((step for step in place[length:] if isinstance(step, str)), "")
                return row, column if column in self._resource.columns() else ""
        return 0, ""

    def where(self, place: Place) -> str:
        """A place in words: `row 17, column amount`."""
        row, column = self.position(place)
        if not row:
            return "the sheet"
        return f"row {row:,}, column {column}" if column else f"row {row:,}"

    def order(self, place: Place) -> tuple[int, int]:
        """By row, then by column as the page lists them."""
        row, column = self.position(place)
        return row, list(self._resource.columns()).index(column) if column else -1

    def _cells(self) -> Iterator[Row]:
        try:
            dataset = read_sheet(self._content)
        except SheetError as error:
            raise CatalogError([Problem(("row", error.row), error.message)]) from error
        names = [name.casefold() for name in dataset.headers]
        if problems := list(self._header_problems(names)):
            raise CatalogError(problems)
        columns = {name: column for name, column in self._resource.columns().items() if not column.readonly}
        for number in range(dataset.height):
            cells = dict(zip(names, dataset[number], strict=True))
            if any(cell not in (None, "") for cell in cells.values()):
                row = {name: column.clean(cells) for name, column in columns.items() if name in cells}
                yield number + 2, row

    def _header_problems(self, names: list[str]) -> Iterator[Problem]:
        known = self._resource.columns()
        for index, name in enumerate(names):
            if name not in known:
                listed = ", ".join(known)
                yield Problem(("row", 1), f"{shown(name)} is not a column of this sheet; it has {listed}")
            elif name in names[:index]:
                yield Problem(("row", 1, name), "this column is there twice")
        for name in self._resource.KEYS:
            if name not in names:
                yield Problem(("row", 1), f"the column {name} is missing: it says which row is meant")

    def _tools(self, rows: list[Row]) -> tuple[list[dict[str, Any]], list[Problem]]:
        standing = _tools_by_slug(rows, "slug")
        tools: list[dict[str, Any]] = []
        for number, cells in rows:
            self._rows["tools", len(tools)] = number
            if tool := standing.get(cells["slug"]):
                cells = {"name": tool.name, "category": tool.category.slug, **cells}
                if cells.get("description") == _with_line_feeds(tool.description):
                    cells["description"] = tool.description  # browsers send other line ends than spreadsheets keep
            tools.append(_mentioned(cells))
        return tools, []

    def _parts_of_tools(self, rows: list[Row]) -> tuple[list[dict[str, Any]], list[Problem]]:
        """Plans or facts, gathered under their tools."""
        section, part = ("plans", PlanPart) if self._resource is PlanResource else ("facts", FactPart)
        assert self._resource in (PlanResource, FactResource)  # noqa: S101 (for whoever adds a fourth sheet)
        key = self._resource.KEYS[1]
        standing = _tools_by_slug(rows, "tool")
        values = self._standing_values(standing.values())
        gathered: dict[str, dict[str, Any]] = {}
        index: dict[str, int] = {}
        problems: list[Problem] = []
        for number, cells in rows:
            slug = cells.pop("tool")
            tool = standing.get(slug)
            if tool is None:
                problems.append(Problem(("row", number, "tool"), f"there is no tool {shown(slug)} on the site"))
                problems += self._alone(part, cells, number)
                continue
            if slug not in gathered:
                index[slug] = len(gathered)
                gathered[slug] = {"slug": slug, "name": tool.name, "category": tool.category.slug, section: []}
                self._rows["tools", index[slug]] = number
            parts = gathered[slug][section]
            self._rows["tools", index[slug], section, len(parts)] = number
            parts.append(_mentioned({**values.get((tool.pk, cells[key]), {}), **cells}))
        return list(gathered.values()), problems

    def _alone(self, part: type[Part], cells: dict[str, Any], number: int) -> Iterator[Problem]:
        """What else is wrong with a row whose tool is not there."""
        checked = check_part(part, _mentioned(cells), ("row", number))
        yield from checked if isinstance(checked, list) else []

    def _standing_values(self, tools: Any) -> dict[tuple[int, str], dict[str, Any]]:
        """What the plans or facts that stand say, for the columns that a sheet does not have."""
        ids = [tool.pk for tool in tools]
        rows: list[tuple[str, Sourced]]
        if self._resource is PlanResource:
            rows = [(plan.name, plan) for plan in Plan.objects.standing().filter(tool__in=ids)]
        else:
            facts = Fact.objects.standing().filter(tool__in=ids).select_related("attribute")
            rows = [(fact.attribute.slug, fact) for fact in facts]
        return {(row.tool_id, key): {field: getattr(row, field) for field in row.VALUE_FIELDS} for key, row in rows}  # type: ignore[attr-defined]


def _mentioned(cells: dict[str, Any]) -> dict[str, Any]:
    """The cells without those that name something and are empty: what is needed is then said to be missing."""
    return {name: cell for name, cell in cells.items() if cell != "" or name not in NAMING}


def _tools_by_slug(rows: list[Row], column: str) -> dict[str, Tool]:
    slugs = {cells[column] for _, cells in rows}
    return {tool.slug: tool for tool in Tool.objects.filter(slug__in=slugs).select_related("category")}


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
