"""The rates of a plan as rows of inputs: one field of the form, which works without JavaScript."""

import re
from decimal import Decimal, InvalidOperation

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from desk.plain_widgets import write_options
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


class RateRowsWidget(forms.Widget):
    """Rows of inputs named `<name>-<number>-<column>`, with blank ones at the end."""

    use_fieldset = True

    def value_from_datadict(self, data: Posted, files: object, name: str) -> list[RateRow]:
        pattern = re.compile(rf"{re.escape(name)}-([0-9]{{1,3}})-meter")
        numbers = sorted(int(match[1]) for key in data if (match := pattern.fullmatch(key)))
        rows = [{column: data.get(f"{name}-{number}-{column}") or "" for column in COLUMNS} for number in numbers]
        return [row for row in rows if any(row[column].strip() for column in COLUMNS if column != "beyond")]

    def value_omitted_from_data(self, data: Posted, files: object, name: str) -> bool:
        return False

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


class RateRowsField(forms.Field):
    """The rates of a plan. Its value is a list of stored rates."""

    widget = RateRowsWidget

    def prepare_value(self, value: list[StoredRate] | list[RateRow] | None) -> list[RateRow]:
        return [_show(row) for row in value or []]

    def clean(self, value: list[RateRow]) -> list[StoredRate]:
        rates, messages = [], []
        for number, row in enumerate(value, start=1):
            try:
                rates.append(_read(row))
            except ValueError as error:
                messages.append(f"Rate {number}: {error}")
        if not messages:  # otherwise the numbers would not be those of the rows
            messages = [f"Rate {place + 1}: {message}" for place, message in find_rate_errors(rates).items()]
        if messages:
            raise ValidationError(messages)
        return [rate.stored for rate in rates]

    def has_changed(self, initial: list[StoredRate] | None, data: list[RateRow] | None) -> bool:
        try:
            return self.clean(data or []) != (initial or [])
        except ValidationError:
            return True


def describe_rows(rows: list[RateRow]) -> str:
    """Return rows as typed, in a line."""
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
