"""What can be wrong with a catalog file, each with its place in the file."""

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[str | int, ...]


def place_text(place: Place) -> str:
    """`("tools", 3, "reviews", 1)` as people write it: `tools[3].reviews[1]`. The whole file is "the file"."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the file"


def file_order(place: Place) -> list[str]:
    """By which problems are sorted, so that what is wrong with one object stands together."""
    return [f"{step:09}" if isinstance(step, int) else step for step in place]


@dataclass(frozen=True, slots=True)
class Problem:
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{place_text(self.place)}: {self.message}"


class CatalogError(Exception):
    """A catalog file was refused; nothing of it was written. Holds every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: file_order(problem.place))
        super().__init__("\n".join(map(str, self.problems)))
