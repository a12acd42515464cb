"""The columns of each kind of sheet.

A sheet becomes a piece of a catalog file (`uploaded_sheet.py`), so it passes the same checks, supersedes in the same
way, and produces the same report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db.models import Model, QuerySet

from desk.files.cells import (
    ChoicesCell,
    CurrencyCell,
    DayCell,
    LineCell,
    NamesCell,
    NumberCell,
    OptionalWordCell,
    RatesCell,
    SlugsCell,
    TextCell,
    WholeNumberCell,
    WordCell,
    YesCell,
)
from desk.files.tables import CellValue, Table
from tools.choices import AttributeKind, Better, Meter, Period, PlanKind
from tools.models import Attribute, Fact, Plan, Tool
from tools.rates import Rate

_LINE = LineCell()


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet, with its help for the import page and its example for the template file."""

    path: str  # from a row to the value, as in a queryset: `tool__slug`
    help: str
    example: object = None
    cell: TextCell = _LINE
    is_readonly: bool = False  # written to exports, ignored in imports
    key: str = ""  # what it is called in a catalog file, if that is not its name

    def read(self, value: CellValue) -> object:
        """Return the value of a cell as a catalog file would hold it."""
        return self.cell.read(value)

    def write(self, row: Model) -> CellValue:
        """Return what the cell of a row holds."""
        value: object = row
        for name in self.path.split("__"):
            value = getattr(value, name)
        return self.cell.write(value)


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """The sheet of one model."""

    model: type[Model]
    keys: tuple[str, ...]  # columns that identify a row; a sheet without them is refused
    columns: dict[str, SheetColumn]
    # Takes any rows of the model. Returns the ones that belong in the sheet, in its order, with related rows selected.
    select: Callable[[QuerySet], QuerySet]

    @property
    def title(self) -> str:
        """What the sheet, and a file of it, is called."""
        return str(self.model._meta.verbose_name_plural)

    @property
    def editable_columns(self) -> dict[str, SheetColumn]:
        return {name: column for name, column in self.columns.items() if not column.is_readonly}

    def export(self, rows: QuerySet) -> Table:
        """Return the sheet of these rows."""
        cells = [[column.write(row) for column in self.columns.values()] for row in self.select(rows)]
        return Table(list(self.columns), cells, self.title)

    def template(self) -> Table:
        """Return a sheet to start from: the columns and one example row."""
        columns = self.editable_columns
        return Table(list(columns), [[column.cell.write(column.example) for column in columns.values()]], self.title)


_SPECIAL_COLUMNS = {
    "name": SheetColumn("name", "Required for a new tool.", example="Example Tool"),
    "short_name": SheetColumn(
        "short_name",
        "What sentences call it after its first mention, at most 40 characters. "
        "Empty for the name without a trailing parenthesis.",
        example="Example",
    ),
    "tagline": SheetColumn("tagline", "One line, at most 300 characters.", example="Says what it does in one line"),
    "description": SheetColumn(
        "description", "Markdown, a safe subset.", example="What it does, **and** for whom.", cell=TextCell()
    ),
    "website": SheetColumn("website", "An http or https address.", example="https://example.com/"),
    "aliases": SheetColumn(
        "aliases",
        "Other names that people search for, each on a line of its own in the cell.",
        example=["ExTool"],
        cell=NamesCell(),
    ),
    "model_ids": SheetColumn(
        "model_ids",
        "For a model: its ids in genai-prices, such as openai:gpt-5-mini, each on a line of its own in the cell.",
        example=[],
        cell=NamesCell(),
    ),
    "example": SheetColumn(
        "example",
        "Whether it is described for demonstration only: yes or no; empty for no.",
        example=False,
        cell=YesCell(),
    ),
}
# A field without a special column is a column of text with the field's help.
_OWN_COLUMNS = {
    name: _SPECIAL_COLUMNS.get(
        name, SheetColumn(name, str(getattr(Tool._meta.get_field(name), "help_text", "")), example="")
    )
    for name in Tool.OWN_FIELDS
}

TOOL_SHEET = SheetLayout(
    model=Tool,
    keys=("slug",),
    columns={
        "slug": SheetColumn("slug", "Which tool. An unknown slug adds a tool, as a draft.", example="example-tool"),
        "name": _OWN_COLUMNS["name"],  # before the category, as in the form
        "category": SheetColumn(
            "category__slug",
            "The slug of its category. Required for a new tool.",
            example="developer-tools",
        ),
        **{name: column for name, column in _OWN_COLUMNS.items() if name != "name"},
        "state": SheetColumn(
            "state", "Export only: tools are published at the desk, where the gate checks them.", is_readonly=True
        ),
    },
    select=lambda tools: tools.select_related("category").order_by("slug"),
)

_TOOL = SheetColumn("tool__slug", "The slug of a tool on the site.", example="example-tool")
_YES = "yes or no; empty for no."
_SOURCE_HELP = "The page that states it: an http or https address."
_VERIFIED_ON = SheetColumn(
    "verified_on",
    "The day someone last checked the source, as 2026-11-01 or as a date cell.",
    example=date(2026, 11, 1),
    cell=DayCell(),
)
_CORRECTION = SheetColumn(
    "correction",
    "Whether the value that this row supersedes was wrong: yes for a correction; no, or empty, if it changed, which is "
    "news.",
    example=False,
    cell=YesCell(),
    key="corrects",
)

PLAN_SHEET = SheetLayout(
    model=Plan,
    keys=("tool", "name"),
    columns={
        "tool": _TOOL,
        "name": SheetColumn(
            "name", "The plan’s name. A name that the tool does not have yet adds a plan.", example="Pro"
        ),
        "kind": SheetColumn("kind", f"One of {', '.join(PlanKind.values)}.", example="paid", cell=WordCell()),
        "amount": SheetColumn(
            "amount", "For a paid plan: a number such as 20 or 0.25. Otherwise empty.", example=20, cell=NumberCell()
        ),
        "currency": SheetColumn(
            "currency", "For a paid plan: three letters such as USD.", example="USD", cell=CurrencyCell()
        ),
        "period": SheetColumn(
            "period", f"For a paid plan: one of {', '.join(Period.values)}.", example="month", cell=OptionalWordCell()
        ),
        "unit": SheetColumn("unit", "With the period usage: what the amount buys, such as 1M tokens.", example=""),
        "per_seat": SheetColumn(
            "per_seat", f"Whether the amount is for each seat: {_YES}", example=True, cell=YesCell()
        ),
        "is_from": SheetColumn("is_from", f"Whether the price starts there: {_YES}", example=False, cell=YesCell()),
        "billed_yearly": SheetColumn(
            "billed_yearly", f"Whether a price per month is paid once a year: {_YES}", example=False, cell=YesCell()
        ),
        "minimum_seats": SheetColumn(
            "minimum_seats", "The fewest seats it is sold for.", example=None, cell=WholeNumberCell()
        ),
        "maximum_seats": SheetColumn(
            "maximum_seats",
            "The most seats it can have; 1 for one person’s plan.",
            example=None,
            cell=WholeNumberCell(),
        ),
        "trial_days": SheetColumn("trial_days", "The days of a trial.", example=14, cell=WholeNumberCell()),
        "rates": SheetColumn(
            "rates",
            "What usage costs, each rate on a line of its own in the cell: input: 0.25 per 1M, or "
            f"request: 300 included, then stops. Meters: {', '.join(Meter.values)}.",
            example=[Rate("request", None, None, 300, "slows").stored],
            cell=RatesCell(),
        ),
        "source": SheetColumn("source", _SOURCE_HELP, example="https://example.com/pricing"),
        "verified_on": _VERIFIED_ON,
        "correction": _CORRECTION,
    },
    select=lambda plans: plans.filter(superseded_at__isnull=True).select_related("tool").order_by("tool__slug", "pk"),
)

FACT_SHEET = SheetLayout(
    model=Fact,
    keys=("tool", "attribute"),
    columns={
        "tool": _TOOL,
        "attribute": SheetColumn("attribute__slug", "The slug of the attribute.", example="license"),
        "value": SheetColumn(
            "value",
            "As its attribute wants it: names of choices separated by commas; yes, partly, or no; a number such as "
            "128000 or 128k; a version; a day such as 2026-11-01; or text of at most 300 characters.",
            example="Apache-2.0",
        ),
        "note": SheetColumn("note", "What the value leaves out, at most 200 characters.", example="except the weights"),
        "source": SheetColumn("source", _SOURCE_HELP, example="https://example.com/license"),
        "verified_on": _VERIFIED_ON,
        "correction": _CORRECTION,
    },
    select=lambda facts: (
        facts.filter(superseded_at__isnull=True).select_related("tool", "attribute").order_by("tool__slug", "pk")
    ),
)

ATTRIBUTE_SHEET = SheetLayout(
    model=Attribute,
    keys=("slug",),
    columns={
        "slug": SheetColumn("slug", "Which attribute. An unknown slug adds one.", example="license"),
        "name": SheetColumn("name", "Required for a new attribute.", example="License"),
        "categories": SheetColumn(
            "categories",
            "The slugs of the categories whose tools are compared by it, each on a line of its own in the cell.",
            example=["developer-tools"],
            cell=SlugsCell(),
        ),
        "kind": SheetColumn(
            "kind",
            f"What its values are: one of {', '.join(AttributeKind.values)}. Without it, text.",
            example="choice",
            cell=WordCell(),
        ),
        "heading": SheetColumn("heading", "Attributes under the same heading stand together.", example="Terms"),
        "explanation": SheetColumn(
            "explanation",
            "One sentence for readers, at most 300 characters.",
            example="What you may do with what you download.",
        ),
        "decides": SheetColumn(
            "decides", f"Whether a difference in it can decide for one tool: {_YES}", example=True, cell=YesCell()
        ),
        "need": SheetColumn(
            "need",
            "What a reader needs for whom it decides, or words that the name of a choice completes.",
            example="you need the license",
        ),
        "several": SheetColumn(
            "several",
            f"For the kind choice, whether one tool may have several of them: {_YES}",
            example=True,
            cell=YesCell(),
        ),
        "choices": SheetColumn(
            "choices",
            "For the kind choice: its choices in the order in which readers see them, each on a line of its own in the "
            "cell, such as MIT, or MIT | mit: you must sell what you build.",
            example=[{"slug": "apache-2.0", "name": "Apache-2.0"}, {"slug": "mit", "name": "MIT"}],
            cell=ChoicesCell(),
        ),
        "unit": SheetColumn("unit", "For the kind number: what it counts, such as tokens.", example=""),
        "better": SheetColumn(
            "better",
            f"For the kind number: one of {', '.join(Better.values)}, or empty for neither.",
            example="",
            cell=WordCell(),
        ),
        "aliases": SheetColumn(
            "aliases",
            "Other names that people search for, each on a line of its own in the cell. One of a choice ends in its "
            "slug, such as ASL = apache-2.0.",
            example=["Licence", "ASL = apache-2.0"],
            cell=NamesCell(),
        ),
    },
    select=lambda attributes: attributes.prefetch_related("categories").order_by("slug"),
)
