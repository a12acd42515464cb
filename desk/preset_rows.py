"""The presets of a category as rows of inputs: one field of the form, which works without JavaScript."""

from collections.abc import Sequence
from typing import Any, TypedDict

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from desk.row_inputs import RowsField, RowsWidget, read_rows
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


class PresetRowsWidget(RowsWidget[PresetRow]):
    """A row per preset, with the inputs `-name` and `-seats`, and pairs of `-meter` and `-number`."""

    first_column = "name"

    def read_row(self, data: Any, stem: str) -> PresetRow:
        pairs = zip(data.getlist(f"{stem}-meter"), data.getlist(f"{stem}-number"), strict=False)
        return {
            "name": data.get(f"{stem}-name") or "",
            "seats": data.get(f"{stem}-seats") or "",
            "usage": [(meter, count) for meter, count in pairs if meter.strip() or count.strip()],
        }

    def is_filled(self, row: PresetRow) -> bool:
        return bool(row["name"].strip() or row["seats"].strip() or row["usage"])

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


class PresetRowsField(RowsField):
    """The presets of a category. Its value is a list of stored presets."""

    widget = PresetRowsWidget

    def prepare_value(self, value: list[StoredPreset] | list[PresetRow] | None) -> list[PresetRow]:
        return [_show(row) for row in value or []]

    def clean(self, value: list[PresetRow]) -> list[StoredPreset]:
        return [preset.stored for preset in read_rows(value, _read, find_preset_errors, noun="Preset")]

    def describe(self, rows: Sequence[PresetRow]) -> str:
        parts = ([row["name"], row["seats"], *(" ".join(pair) for pair in row["usage"])] for row in rows)
        return "; ".join(" ".join(filter(None, words)) for words in parts)


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
