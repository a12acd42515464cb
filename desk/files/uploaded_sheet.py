"""From the rows of a sheet to a catalog, and from places in that catalog back to rows and columns.

What a sheet does not mention stays unchanged: a missing column keeps its current values. A row about a tool needs no
more than the slug; the rest of what a catalog file requires is filled in from the site.
"""

from collections.abc import Iterable, Iterator

from django.db.models import Model

from catalog.part_checking import check_part
from catalog.problems import CatalogError, ImportProblem, Place, format_value
from catalog.reading import Catalog, Progress, find_duplicates
from catalog.schema import SECTIONS, CatalogPart, FactPart, PlanPart
from desk.files.formats import read_sheet
from desk.files.layouts import ATTRIBUTE_SHEET, PLAN_SHEET, TOOL_SHEET, SheetLayout
from desk.files.tables import CellError, CellValue, SheetError
from tools.models import Attribute, Fact, Plan, Tool
from tools.rates import read_rates

# Columns that name something. When such a cell is empty it is left out, and reported as missing if it is required.
NAMING_COLUMNS = {"slug", "category", "attribute", "kind"}

type Cells = dict[str, object]
"""The cells of a row by column."""
type NumberedRow = tuple[int, Cells]
"""A row with its number as spreadsheets count: the first row below the header is 2."""


class UploadedSheet:
    """An uploaded sheet. `catalog.actions.run_import` calls `read`; after that, places can be found in it."""

    def __init__(self, layout: SheetLayout, content: bytes) -> None:
        self._layout, self._content = layout, content
        self._row_numbers: dict[Place, int] = {}  # by the place in the catalog that a row became
        self._unreadable: list[ImportProblem] = []  # rows and cells
        self.sheet_name = ""  # of a workbook, once it is read

    def read(self, progress: Progress) -> tuple[Catalog, list[ImportProblem]]:
        """Return the catalog that the rows describe, and their problems.

        Raises CatalogError for a file that is not a sheet of this kind.
        """
        self._unreadable = []
        rows = list(self._read_rows())
        section, parts, problems = self._build_section(rows)
        catalog = Catalog({name: parts if name == section else [] for name in SECTIONS})
        for index, part in enumerate(parts):
            checked = check_part(SECTIONS[section], part, (section, index))
            problems += checked if isinstance(checked, list) else []
        unreadable = {self.find_cell(problem.place) for problem in self._unreadable}
        problems = [problem for problem in problems if self.find_cell(problem.place) not in unreadable]
        return catalog, [*self._unreadable, *problems, *find_duplicates(catalog)]

    def find_cell(self, place: Place) -> tuple[int, str]:
        """Return the row and column of a place in the catalog; row 0 is the whole sheet, column "" the whole row."""
        if place[:1] == ("row",):
            return int(place[1]), str(place[2]) if len(place) > 2 else ""
        for length in range(len(place), 0, -1):
            if (row := self._row_numbers.get(place[:length])) is not None:
                key = next((step for step in place[length:] if isinstance(step, str)), "")
                return row, self._find_column(key)
        return 0, ""

    def _find_column(self, key: str) -> str:
        """Return the column that fills a key of the catalog file; "" for none."""
        columns = self._layout.columns.items()
        return next((name for name, column in columns if key and key in (name, column.key)), "")

    def describe_place(self, place: Place) -> str:
        """Return a place in words: `row 17, column amount`."""
        row, column = self.find_cell(place)
        if not row:
            return "the sheet"
        return f"row {row:,}, column {column}" if column else f"row {row:,}"

    def describe_problem(self, problem: ImportProblem) -> str:
        return self.describe_place(problem.place)

    def sort_key(self, place: Place) -> tuple[int, int]:
        """Sort problems by row, then by column in the order of the import page."""
        row, column = self.find_cell(place)
        return row, list(self._layout.columns).index(column) if column else -1

    def _read_rows(self) -> Iterator[NumberedRow]:
        try:
            table = read_sheet(self._content)
        except SheetError as error:
            raise CatalogError([ImportProblem(("row", error.row), error.message)]) from error
        self.sheet_name = table.title
        names = [name.casefold() for name in table.header]
        if problems := list(self._find_header_problems(names)):
            raise CatalogError(problems)
        self._unreadable += [ImportProblem(("row", number), message) for number, message in table.problems]
        for number, values in enumerate(table.rows, start=2):
            if any(value not in (None, "") for value in values):
                yield number, self._read_row(number, dict(zip(names, values, strict=True)))

    def _read_row(self, number: int, values: dict[str, CellValue]) -> Cells:
        cells: Cells = {}
        for name, column in self._layout.editable_columns.items():
            if name in values:
                try:
                    cells[column.key or name] = column.read(values[name])
                except CellError as error:
                    self._unreadable.append(ImportProblem(("row", number, name), str(error)))
                    cells[column.key or name] = ""
        return cells

    def _find_header_problems(self, names: list[str]) -> Iterator[ImportProblem]:
        known = self._layout.columns
        if not known.keys() & set(names):
            # What the file is by its content, which its name may not say.
            kind, listed = "workbook" if self.sheet_name else "text file", ", ".join(known)
            yield ImportProblem(
                ("row", 1), f"this {kind} names no column of this sheet ({listed}); is it the right file?"
            )
            return
        for index, name in enumerate(names):
            if name not in known:
                listed = ", ".join(known)
                yield ImportProblem(("row", 1), f"{format_value(name)} is not a column of this sheet; it has {listed}")
            elif name in names[:index]:
                yield ImportProblem(("row", 1, name), "this column appears twice")
        for name in self._layout.keys:
            if name not in names:
                yield ImportProblem(("row", 1), f"the column {name} is missing; rows are identified by it")

    def _build_section(self, rows: list[NumberedRow]) -> tuple[str, list[Cells], list[ImportProblem]]:
        """Return the section of the catalog that the rows fill, its objects, and their problems."""
        if self._layout is ATTRIBUTE_SHEET:
            return "attributes", self._build_attributes(rows), []
        if self._layout is TOOL_SHEET:
            return "tools", self._build_tools(rows), []
        return "tools", *self._build_parts_of_tools(rows)

    def _build_attributes(self, rows: list[NumberedRow]) -> list[Cells]:
        names = dict(Attribute.objects.order_by().values_list("slug", "name"))
        attributes: list[Cells] = []
        for number, cells in rows:
            self._row_numbers["attributes", len(attributes)] = number
            if name := names.get(str(cells["slug"])):
                cells = {"name": name, **cells}
            attributes.append(_drop_empty_names(cells))
        return attributes

    def _build_tools(self, rows: list[NumberedRow]) -> list[Cells]:
        current = _read_tools(rows, "slug")
        tools: list[Cells] = []
        for number, cells in rows:
            self._row_numbers["tools", len(tools)] = number
            if tool := current.get(cells["slug"]):
                cells = {"name": tool.name, "category": tool.category.slug, **cells}
            tools.append(_drop_empty_names(cells))
        return tools

    def _build_parts_of_tools(self, rows: list[NumberedRow]) -> tuple[list[Cells], list[ImportProblem]]:
        """Return plans or facts, grouped under their tools."""
        section, part = _SECTIONS_OF_TOOL[self._layout.model]
        key = self._layout.keys[1]
        current = _read_tools(rows, "tool")
        values = self._read_current_values(current.values())
        tools: list[Cells] = []
        parts_by_tool: dict[int, list[Cells]] = {}
        index_by_tool: dict[int, int] = {}
        problems: list[ImportProblem] = []
        for number, cells in rows:
            slug = cells.pop("tool")
            tool = current.get(slug)
            if tool is None:
                problems.append(
                    ImportProblem(("row", number, "tool"), f"there is no tool {format_value(slug)} on the site")
                )
                problems += _check_alone(part, cells, number)
                continue
            if tool.pk not in index_by_tool:
                index = index_by_tool[tool.pk] = len(tools)
                parts = parts_by_tool[tool.pk] = []
                tools.append({"slug": slug, "name": tool.name, "category": tool.category.slug, section: parts})
                self._row_numbers["tools", index] = number
            index, parts = index_by_tool[tool.pk], parts_by_tool[tool.pk]
            self._row_numbers["tools", index, section, len(parts)] = number
            parts.append(_drop_empty_names({**values.get((tool.pk, cells[key]), {}), **cells}))
        return tools, problems

    def _read_current_values(self, tools: Iterable[Tool]) -> dict[tuple[int, object], Cells]:
        """Return the current values of plans or facts by (tool, key), for the columns that a sheet does not have."""
        ids = [tool.pk for tool in tools]
        rows: list[tuple[str, Plan | Fact]]
        if self._layout is PLAN_SHEET:
            rows = [(plan.name, plan) for plan in Plan.objects.current().filter(tool__in=ids)]
        else:
            facts = Fact.objects.current().filter(tool__in=ids).select_related("attribute")
            rows = [(fact.attribute.slug, fact) for fact in facts]
        return {(row.tool_id, key): _read_values(row) for key, row in rows}


def _read_values(row: Plan | Fact) -> Cells:
    """Return the value of a plan or fact as a catalog file would hold it."""
    values: Cells = {field: getattr(row, field) for field in row.VALUE_FIELDS}
    if isinstance(row, Plan):
        values["rates"] = [rate._asdict() for rate in read_rates(row.rates)]
    return values


# The list of a tool in the catalog file that a sheet of this model fills, and its schema.
_SECTIONS_OF_TOOL: dict[type[Model], tuple[str, type[CatalogPart]]] = {
    Plan: ("plans", PlanPart),
    Fact: ("facts", FactPart),
}


def _check_alone(part: type[CatalogPart], cells: Cells, number: int) -> list[ImportProblem]:
    """Return the other problems of a row whose tool does not exist."""
    checked = check_part(part, _drop_empty_names(cells), ("row", number))
    return checked if isinstance(checked, list) else []


def _drop_empty_names(cells: Cells) -> Cells:
    return {name: cell for name, cell in cells.items() if cell != "" or name not in NAMING_COLUMNS}


def _read_tools(rows: list[NumberedRow], column: str) -> dict[object, Tool]:
    """Return the tools that a column names, by slug."""
    slugs = {cells[column] for _, cells in rows}
    return {tool.slug: tool for tool in Tool.objects.filter(slug__in=slugs).select_related("category")}
