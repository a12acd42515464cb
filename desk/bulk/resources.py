"""The columns of the sheets: what is in a cell, how it is read and how it is written (django-import-export).

A resource writes its sheet, and turns the rows of one into a piece of a catalog file, so that a sheet is held to what a
catalog file is held to: the same checks, the same superseding, the same report.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import tablib
from django.db.models import QuerySet
from import_export import fields, resources, widgets

from desk.bulk.formats import cell_text
from tools.models import Fact, Period, Plan, PlanKind, Tool

_AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)


class Text(widgets.Widget):
    """Text as it stands, or a number as text."""

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        return cell_text(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return value


class Key(Text):
    """A slug, a word from a list or an address: spaces around it mean nothing."""

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        return cell_text(value).strip()


class Optional(Key):
    """The same, and an empty cell says that there is none."""

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        return cell_text(value).strip() or None


class Amount(Optional):
    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        """Text that is no number stays text, and is told of as such."""
        if isinstance(value, int | Decimal):
            return value
        text = super().clean(value)
        return Decimal(text) if text and _AMOUNT.fullmatch(text) else text

    def render(self, value: Decimal | int | None, obj: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return None
        return int(value) if value == int(value) else Decimal(value).normalize()


class Lines(Text):
    """Several names, each on a line of its own in the cell."""

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        return [line for line in (line.strip() for line in cell_text(value).split("\n")) if line]

    def render(self, value: list[str] | None, obj: Any = None, **kwargs: Any) -> Any:
        return "\n".join(value or [])


class Column(fields.Field):
    """A column, with what the page says of it and an example for the template file."""

    def __init__(
        self, attribute: str, *, says: str, example: object = None, widget: widgets.Widget | None = None,
        readonly: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(attribute=attribute, widget=widget or Text(), readonly=readonly)
        self.says, self.example = says, example


class SheetResource(resources.ModelResource):
    """A sheet of one kind of rows."""

    KEYS: ClassVar[tuple[str, ...]]  # columns that say which row is meant; no sheet without them

    @classmethod
    def columns(cls) -> dict[str, Column]:
        return {name: cls.fields[name] for name in cls._meta.fields}

    def filter_export(self, queryset: QuerySet[Any], **kwargs: Any) -> QuerySet[Any]:
        return self.to_export(queryset)

    def to_export(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of some rows that belong in the sheet, with what its cells need."""
        raise NotImplementedError

    @classmethod
    def template(cls) -> tablib.Dataset:
        """A sheet to begin with: the names of the columns and a row as an example."""
        columns = {name: column for name, column in cls.columns().items() if not column.readonly}
        dataset = tablib.Dataset(headers=list(columns), title=cls.title())
        dataset.append([column.widget.render(column.example) for column in columns.values()])
        return dataset

    @classmethod
    def title(cls) -> str:
        return str(cls._meta.model._meta.verbose_name_plural)


_SOURCE: dict[str, Any] = {"says": "Where it says so: an http or https address.", "widget": Key()}
_VERIFIED_ON: dict[str, Any] = {
    "says": "The day somebody last looked there, as 2026-11-01 or as a date cell.",
    "example": date(2026, 11, 1),
    "widget": Optional(),
}


class ToolResource(SheetResource):
    KEYS = ("slug",)

    slug = Column(
        "slug", says="Which tool. An unknown slug adds a tool, as a draft.", example="example-tool", widget=Key()
    )
    name = Column("name", says="Needed for a new tool.", example="Example Tool")
    category = Column(
        "category__slug",
        says="The slug of its category. Needed for a new tool.",
        example="developer-tools",
        widget=Key(),
    )
    tagline = Column("tagline", says="One line, at most 300 characters.", example="Says what it does in one line")
    description = Column("description", says="Markdown, a safe subset.", example="What it does, **and** for whom.")
    website = Column("website", says="An http or https address.", example="https://example.com/", widget=Key())
    aliases = Column(
        "aliases", says="Other names people look for, each on a line of its own in the cell.", example=["ExTool"],
        widget=Lines(),
    )  # fmt: skip
    state = Column(
        "state", says="Written, never read: publishing is done at the desk, through the gate.", readonly=True
    )

    class Meta:
        model = Tool
        fields = ("slug", "name", "category", "tagline", "description", "website", "aliases", "state")

    def to_export(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.select_related("category").order_by("slug")


class PlanResource(SheetResource):
    KEYS = ("tool", "name")

    tool = Column(
        "tool__slug", says="The slug of the tool, which is there already.", example="example-tool", widget=Key()
    )
    name = Column("name", says="The plan’s name. A name that the tool does not have adds a plan.", example="Pro")
    kind = Column("kind", says=f"One of {', '.join(PlanKind.values)}.", example="paid", widget=Key())
    amount = Column(
        "amount", says="For a paid plan: a number such as 20 or 0.25. Otherwise empty.", example=20, widget=Amount()
    )
    currency = Column("currency", says="For a paid plan: three capitals such as USD.", example="USD", widget=Optional())
    period = Column(
        "period", says=f"For a paid plan: one of {', '.join(Period.values)}.", example="month", widget=Optional()
    )
    unit = Column("unit", says="With the period usage: what the amount buys, such as 1M tokens.", example="")
    source = Column("source", example="https://example.com/pricing", **_SOURCE)
    verified_on = Column("verified_on", **_VERIFIED_ON)

    class Meta:
        model = Plan
        fields = ("tool", "name", "kind", "amount", "currency", "period", "unit", "source", "verified_on")

    def to_export(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(superseded_at__isnull=True).select_related("tool").order_by("tool__slug", "pk")


class FactResource(SheetResource):
    KEYS = ("tool", "attribute")

    tool = Column(
        "tool__slug", says="The slug of the tool, which is there already.", example="example-tool", widget=Key()
    )
    attribute = Column("attribute__slug", says="The slug of the attribute.", example="license", widget=Key())
    value = Column("value", says="At most 300 characters.", example="Apache-2.0")
    source = Column("source", example="https://example.com/license", **_SOURCE)
    verified_on = Column("verified_on", **_VERIFIED_ON)

    class Meta:
        model = Fact
        fields = ("tool", "attribute", "value", "source", "verified_on")

    def to_export(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = queryset.filter(superseded_at__isnull=True).select_related("tool", "attribute")
        return rows.order_by("tool__slug", "pk")
