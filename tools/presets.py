"""Presets of a category: what an editor supposes that readers use, such as “A team of ten”. No queries.

A category stores them as a list of objects, which `are_presets` (tools/sql/rates.sql) checks again:
`{"name": "A team of ten", "seats": 10, "usage": {"input": 50000000, "output": 10000000}}`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tools.choices import Meter
from tools.rates import MAX_COUNT, format_count, name_meter

MAX_PRESETS = 6
MAX_NAME_LENGTH = 60  # characters
MAX_SEATS = 1_000_000  # of a preset, and of a plan

type StoredPreset = dict[str, Any]
"""A preset as the database holds it."""


class Preset(NamedTuple):
    """A name, seats (None: no matter how many), and (meter, number per month) in the order of `Meter`."""

    name: str
    seats: int | None = None
    usage: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Preset":
        usage = dict(stored["usage"])
        known = tuple((meter, usage[meter]) for meter in Meter.values if meter in usage)
        unknown = tuple((meter, number) for meter, number in usage.items() if meter not in Meter.values)
        return cls(stored["name"], stored["seats"], known + unknown)

    @property
    def stored(self) -> StoredPreset:
        """The preset as the database holds it."""
        return {"name": self.name, "seats": self.seats, "usage": dict(self.usage)}

    @property
    def line(self) -> str:
        """The preset as one line: `A team of ten: 10 seats, 50M input tokens`."""
        seats = [f"{self.seats:,} {'seat' if self.seats == 1 else 'seats'}"] if self.seats is not None else []
        used = [f"{format_count(number)} {name_meter(meter, number)}" for meter, number in self.usage]
        return f"{self.name}: {', '.join(seats + used)}"


def read_presets(stored: Iterable[Mapping[str, Any]] | None) -> tuple[Preset, ...]:
    """Return the presets of a category as the database holds them."""
    return tuple(map(Preset.of, stored or ()))


def find_preset_errors(presets: Sequence[Preset]) -> dict[int, str]:
    """Return a message per preset that is unsound, by its place; {} if all are sound."""
    errors = {place: error for place, preset in enumerate(presets) if (error := _find_error(preset))}
    names: set[str] = set()
    for place, preset in enumerate(presets):
        if preset.name.casefold() in names:
            errors.setdefault(place, "There is another preset with this name.")
        if place >= MAX_PRESETS:
            errors.setdefault(place, f"A category has at most {MAX_PRESETS} presets.")
        names.add(preset.name.casefold())
    return errors


def _find_error(preset: Preset) -> str:
    if not preset.name.strip() or len(preset.name) > MAX_NAME_LENGTH:
        return f"A preset needs a name of at most {MAX_NAME_LENGTH} characters."
    if preset.seats is None and not preset.usage:
        return "A preset needs seats, or usage of at least one meter."
    if preset.seats is not None and not 1 <= preset.seats <= MAX_SEATS:
        return f"Seats are a number from 1 to {MAX_SEATS:,}."
    for meter, number in preset.usage:
        if meter not in Meter.values:
            return f"“{meter}” is not one of {', '.join(Meter.values)}."
        if not 1 <= number <= MAX_COUNT:
            return f"Usage is a number from 1 to {format_count(MAX_COUNT)}."
    return ""


def is_stored_presets(value: object) -> bool:
    """Return whether a value is a list of presets as the database holds them, and not some other list."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "usage" in one for one in value)


def write_preset_lines(stored: Iterable[Mapping[str, Any]] | None) -> str:
    """Return presets with one line each."""
    return "\n".join(preset.line for preset in read_presets(stored))
