"""The presets of a category as rows of inputs: one field of the form, which works without JavaScript."""

import re
from typing import Any, TypedDict

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from desk.shapes import Posted
from tools.choices import Meter
from tools.presets import MAX_NAME_LENGTH, MAX_PRESETS, Preset, StoredPreset, find_preset_errors
from tools.rates import format_count, parse_count
from web.normalize import normalize_line

BLANK_ROWS = 2
METERS_PER_ROW = 4  # at least, with a blank one


class PresetRow(TypedDict):
    """A row as typed."""

    name: str
    seats: str
    usage: list[tuple[str, str]]
    """The meters and their numbers."""


class PresetRowsWidget(forms.Widget):
    """Rows of inputs, with blank ones at the end: `<name>-<number>-name`, `-seats`, pairs of `-meter` and `-number`."""

    use_fieldset = True

    def value_from_datadict(self, data: Any, files: object, name: str) -> list[PresetRow]:
        pattern = re.compile(rf"{re.escape(name)}-([0-9]{{1,3}})-name")
        numbers = sorted(int(match[1]) for key in data if (match := pattern.fullmatch(key)))
        rows = []
        for number in numbers:
            stem = f"{name}-{number}"
            pairs = zip(data.getlist(f"{stem}-meter"), data.getlist(f"{stem}-number"), strict=False)
            row: PresetRow = {
                "name": data.get(f"{stem}-name") or "",
                "seats": data.get(f"{stem}-seats") or "",
                "usage": [(meter, count) for meter, count in pairs if meter.strip() or count.strip()],
            }
            rows += [row] if row["name"].strip() or row["seats"].strip() or row["usage"] else []
        return rows

    def value_omitted_from_data(self, data: Posted, files: object, name: str) -> bool:
        return False

    def render(
        self, name: str, value: list[PresetRow] | None, attrs: dict[str, object] | None = None, renderer: object = None
    ) -> SafeString:
        """Render the rows with the site's own templates, which forms otherwise do not use."""
        rows = [*(value or []), *[PresetRow(name="", seats="", usage=[])] * BLANK_ROWS][:MAX_PRESETS]
        for_template = [
            {**row, "usage": [*row["usage"], *[("", "")] * max(1, METERS_PER_ROW - len(row["usage"]))]} for row in rows
        ]
        context = {"name": name, "id": (attrs or {}).get("id"), "rows": for_template, "meters": Meter.choices}
        return render_to_string("desk/_presets.html", context | {"longest": MAX_NAME_LENGTH})


class PresetRowsField(forms.Field):
    """The presets of a category. Its value is a list of stored presets."""

    widget = PresetRowsWidget

    def prepare_value(self, value: list[StoredPreset] | list[PresetRow] | None) -> list[PresetRow]:
        return [_show(row) for row in value or []]

    def clean(self, value: list[PresetRow]) -> list[StoredPreset]:
        presets, messages = [], []
        for number, row in enumerate(value, start=1):
            try:
                presets.append(_read(row))
            except ValueError as error:
                messages.append(f"Preset {number}: {error}")
        if not messages:  # otherwise the numbers would not be those of the rows
            messages = [f"Preset {place + 1}: {message}" for place, message in find_preset_errors(presets).items()]
        if messages:
            raise ValidationError(messages)
        return [preset.stored for preset in presets]

    def has_changed(self, initial: list[StoredPreset] | None, data: list[PresetRow] | None) -> bool:
        try:
            return self.clean(data or []) != (initial or [])
        except ValidationError:
            return True


def describe_preset_rows(rows: list[PresetRow]) -> str:
    """Return rows as typed, in a line."""
    return "; ".join(
        " ".join(filter(None, [row["name"], row["seats"], *(f"{meter} {number}" for meter, number in row["usage"])]))
        for row in rows
    )


def _show(row: StoredPreset | PresetRow) -> PresetRow:
    """Return a stored preset, or a row as typed, as what its inputs hold."""
    if isinstance(row["usage"], list):
        return PresetRow(name=row["name"], seats=row["seats"], usage=row["usage"])
    preset = Preset.of(row)
    return {
        "name": preset.name,
        "seats": "" if preset.seats is None else str(preset.seats),
        "usage": [(meter, format_count(number)) for meter, number in preset.usage],
    }


def _read(row: PresetRow) -> Preset:
    """Return the preset of a row. Raises ValueError with a message."""
    usage: dict[str, int] = {}
    for meter, number in row["usage"]:
        if meter not in Meter.values:
            raise ValueError("Select what is counted.")
        if meter in usage:
            raise ValueError(f"It has {Meter(meter).label} twice.")
        usage[meter] = parse_count(normalize_line(number))
    seats = normalize_line(row["seats"])
    in_order = tuple((meter, usage[meter]) for meter in Meter.values if meter in usage)
    return Preset(normalize_line(row["name"]), parse_count(seats) if seats else None, in_order)
