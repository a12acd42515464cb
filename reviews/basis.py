"""How a seat knows what it says of a tool: its rules and its wording. No queries."""

from collections.abc import Sequence

from reviews.choices import Basis
from web.words import isolate_name, spell_number

MAX_VERSION_LENGTH = 40
MAX_DAYS = 3650


def find_basis_errors(*, basis: str, basis_version: str, basis_days: int | None) -> dict[str, str]:
    """Return what is wrong with a basis, as {field: message}. Only a trial has a version and a number of days.

    The constraints of the database say the same (`Review.Meta`).
    """
    if basis == Basis.TRIED:
        has_days = basis_days is not None and 1 <= basis_days <= MAX_DAYS
        errors = {
            "basis_version": "" if basis_version else "Enter the version that was tried.",
            "basis_days": "" if has_days else f"Enter for how many days it was tried, from 1 to {MAX_DAYS:,}.",
        }
    else:
        errors = {
            "basis_version": "Only a trial has a version." if basis_version else "",
            "basis_days": "Only a trial has a number of days." if basis_days is not None else "",
        }
    return {field: message for field, message in errors.items() if message}


def describe_basis(basis: str, version: str = "", days: int | None = None) -> str:
    """Return a basis in a few words: `Used in production`, `Tried 0.11 for 3 days`, `Read only, not tried`."""
    match basis:
        case Basis.PRODUCTION:
            return "Used in production"
        case Basis.TRIED:
            return f"Tried {isolate_name(version)} for {days:,} {'day' if days == 1 else 'days'}"
        case Basis.READ:
            return "Read only, not tried"
        case _:
            return "Basis not recorded"


def describe_untried(bases: Sequence[tuple[str | None, ...]], names: Sequence[str]) -> str:
    """Return which of two tools no seat has tried although the other was tried, as a sentence.

    Return "" if both were tried, or neither, or that is not recorded: then the sentence would not tell the two apart.
    `bases` has one tuple per seat, with a basis for each tool, None without a review. `names` are the tools' names.
    """
    reviewed = [[basis for basis in of_tool if basis is not None] for of_tool in zip(*bases, strict=True)]
    untried = [place for place, known in enumerate(reviewed) if known and all(basis == Basis.READ for basis in known)]
    if len(untried) != 1:
        return ""
    [place] = untried
    if not {Basis.TRIED, Basis.PRODUCTION} & set(reviewed[1 - place]):
        return ""
    seats = sum(seat[place] is not None for seat in bases)
    return f"{_describe_nobody(seats)} has tried {isolate_name(names[place])}."


def describe_nobody_tried(bases: Sequence[str], name: str) -> str:
    """Return that no seat has tried a tool, as a sentence, given a basis per review; "" if one has, or may have."""
    if not bases or any(basis != Basis.READ for basis in bases):
        return ""
    return f"{_describe_nobody(len(bases))} has tried {isolate_name(name)}."


def _describe_nobody(seats: int) -> str:
    match seats:
        case 1:
            return "No seat"
        case 2:
            return "Neither of the two seats"
        case _:
            return f"None of the {spell_number(seats)} seats"
