"""The rates of a plan as rows of inputs: one field of the form, which works without JavaScript."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from desk.plain_widgets import write_options
from desk.row_inputs import RowsField, RowsWidget, read_columns, read_rows
from desk.shapes import Posted
from tools.choices import Beyond, Meter
from tools.rates import MAX_RATES, Rate, StoredRate, find_rate_errors, format_count, parse_count
from web.normalize import normalize_line

METERS = (("", "—"), *Meter.choices)
BEYONDS = tuple(Beyond.choices)
COLUMNS = ("meter", "amount", "per", "included", "beyond")
BLANK_ROWS = 2

type RateRow = dict[str, str]
"""A row as typed, by column."""


class RateRowsWidget(RowsWidget[RateRow]):
    """A row per rate."""

    first_column = "meter"

    def read_row(self, data: Posted, stem: str) -> RateRow:
        return read_columns(data, stem, COLUMNS)

    def is_filled(self, row: RateRow) -> bool:
        return any(row[column].strip() for column in COLUMNS if column != "beyond")

    def render(
        self, name: str, value: list[RateRow] | None, attrs: dict[str, object] | None = None, renderer: object = None
    ) -> SafeString:
        """Render the rows with the site's own templates, which forms otherwise do not use."""
        rows = [*(value or []), *[dict.fromkeys(COLUMNS, "")] * BLANK_ROWS][:MAX_RATES]
        with_options = [
            {**row, "meters": write_options(METERS, row["meter"]), "beyonds": write_options(BEYONDS, row["beyond"])}
            for row in rows
        ]
        context = {"name": name, "id": (attrs or {}).get("id"), "rows": with_options}
        return render_to_string("desk/_rates.html", context)


class RateRowsField(RowsField):
    """The rates of a plan. Its value is a list of stored rates."""

    widget = RateRowsWidget

    def prepare_value(self, value: list[StoredRate] | list[RateRow] | None) -> list[RateRow]:
        return [_show(row) for row in value or []]

    def clean(self, value: list[RateRow]) -> list[StoredRate]:
        return [rate.stored for rate in read_rows(value, _read, find_rate_errors, noun="Rate")]

    def describe(self, rows: Sequence[RateRow]) -> str:
        return "; ".join(" ".join(filter(None, (row[column] for column in COLUMNS))) for row in rows)


def _show(row: StoredRate | RateRow) -> RateRow:
    """Return a stored rate, or a row as typed, as what its inputs hold."""
    if isinstance(row["included"], str):
        return dict(row)
    rate = Rate.of(row)
    return {
        "meter": rate.meter,
        "amount": "" if rate.amount is None else f"{rate.amount.normalize():f}",
        "per": "" if rate.per is None else format_count(rate.per),
        "included": format_count(rate.included) if rate.included else "",
        "beyond": rate.beyond,
    }


def _read(row: RateRow) -> Rate:
    """Return the rate of a row. Raises ValueError with a message."""
    meter, beyond = row["meter"], row["beyond"] or Beyond.COSTS.value
    if meter not in Meter.values:
        raise ValueError("Select what is counted.")
    if beyond not in Beyond.values:
        raise ValueError("Select what happens beyond the number that is included.")
    amount, per, included = (normalize_line(row[column]) for column in ("amount", "per", "included"))
    return Rate(
        meter,
        _read_amount(amount) if amount else None,
        parse_count(per) if per else None,
        parse_count(included) if included else 0,
        beyond,
    )


def _read_amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not re.fullmatch(r"[0-9.]{1,20}", text) or not amount.is_finite():
        raise ValueError("The amount is a number such as 0.25.")
    return amount
