"""The panel through some of its eyes: `?lens=skeptic,founder` counts those seats only. Pure; no queries."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from web.words import join_words


class Eye(NamedTuple):
    """One seat that can be looked through: its reviewer's id, slug and name."""

    id: int
    slug: str
    name: str


class Toggle(NamedTuple):
    """A link that takes a seat into the lens, or out of it."""

    name: str
    url: str
    is_on: bool


class Lens(NamedTuple):
    """The seats that are counted, in seat order. None of them means all of them."""

    eyes: tuple[Eye, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(eye.id for eye in self.eyes)

    @property
    def names(self) -> str:
        """`The Skeptic and The Founder`; "" for the whole panel."""
        return join_words([eye.name for eye in self.eyes]) if self.eyes else ""

    @property
    def query(self) -> str:
        """What stands for it in an address: `lens=skeptic,founder`; "" for the whole panel."""
        return "lens=" + ",".join(eye.slug for eye in self.eyes) if self.eyes else ""


WHOLE_PANEL = Lens()


def lens_of(seats: Iterable[Eye], asked: Sequence[str]) -> Lens:
    """The lens that some slugs ask for. Slugs that are no seat's are left out; all seats are the same as none."""
    seats = tuple(seats)
    eyes = tuple(eye for eye in seats if eye.slug in asked)
    return Lens(eyes if len(eyes) < len(seats) else ())


def toggles(seats: Iterable[Eye], lens: Lens, *, here: str, also: str = "") -> list[Toggle]:
    """A link for each seat that changes its part in the lens. `also` is the rest of the query string."""
    seats = tuple(seats)
    links = []
    for seat in seats:
        chosen = [eye.slug for eye in seats if (eye in lens.eyes) != (eye == seat)]
        links.append(Toggle(seat.name, with_query(here, lens_of(seats, chosen).query, also), seat in lens.eyes))
    return links


def with_query(here: str, *parts: str) -> str:
    """An address with the parts of its query string that are not empty."""
    query = "&".join(filter(None, parts))
    return f"{here}?{query}" if query else here
