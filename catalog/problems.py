"""Problems of a catalog file, and their places in the file."""

from collections.abc import Iterable
from dataclasses import dataclass, field

Place = tuple[str | int, ...]


def format_place(place: Place) -> str:
    """Return `("tools", 3, "reviews", 1)` as `tools[3].reviews[1]`, and the empty place as "the file"."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the file"


def get_place_sort_key(place: Place) -> list[str]:
    """Return a sort key that keeps the problems of one object together."""
    return [f"{step:09}" if isinstance(step, int) else step for step in place]


@dataclass(frozen=True, slots=True)
class ImportProblem:
    place: Place
    message: str
    subject: str = field(default="", compare=False)
    """The name of the object at the place, such as the tool, because nobody counts to `tools[31]`."""

    def __str__(self) -> str:
        return f"{format_place(self.place)}: {self.message}"


class CatalogError(Exception):
    """A catalog file was refused, and nothing was written. `problems` holds every problem found."""

    def __init__(self, problems: Iterable[ImportProblem]) -> None:
        self.problems = sorted(problems, key=lambda problem: get_place_sort_key(problem.place))
        super().__init__("\n".join(map(str, self.problems)))


def format_value(value: object) -> str:
    """Return a value as it appears in the file, truncated if it is long."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            text = value.encode(errors="replace").decode()
            return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return str(value)
