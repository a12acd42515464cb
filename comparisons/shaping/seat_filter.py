"""The seats that a reader selects: with `?lens=skeptic,founder` the panel's numbers count those two seats only."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.addresses import add_query
from web.fragments import render_cached
from web.words import join_words


class PanelSeat(NamedTuple):
    """A seat that can be selected: its reviewer's id, slug, and name."""

    id: int
    slug: str
    name: str


class SeatToggle(NamedTuple):
    """A link that adds a seat to the filter or removes it."""

    name: str
    url: str
    is_on: bool


class SeatFilter(NamedTuple):
    """The seats that are counted, in seat order. An empty filter counts the whole panel."""

    seats: tuple[PanelSeat, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(seat.id for seat in self.seats)

    @property
    def names(self) -> str:
        """`The Skeptic and The Founder`; "" for the whole panel."""
        return join_words([seat.name for seat in self.seats]) if self.seats else ""

    @property
    def slugs(self) -> str:
        """The value of the parameter `lens`: `skeptic,founder`; "" for the whole panel."""
        return ",".join(seat.slug for seat in self.seats)

    @property
    def query(self) -> str:
        """The filter in a query string: `lens=skeptic,founder`; "" for the whole panel."""
        return f"lens={self.slugs}" if self.seats else ""


WHOLE_PANEL = SeatFilter()


def select_seats(seats: Iterable[PanelSeat], slugs: Sequence[str]) -> SeatFilter:
    """Return the filter that selects the seats with the given slugs.

    Unknown slugs are ignored. Selecting every seat is the same as selecting none.
    """
    seats = tuple(seats)
    selected = tuple(seat for seat in seats if seat.slug in slugs)
    return SeatFilter(selected if len(selected) < len(seats) else ())


def render_recount(seats: Sequence[PanelSeat], seat_filter: SeatFilter, *, here: str, also: str = "") -> SafeString:
    """Render the links that select seats, with one back to the whole panel. Takes what `build_toggles` does."""
    toggles = build_toggles(seats, seat_filter, here=here, also=also)
    if not toggles and not seat_filter.seats:
        return SafeString()
    return render_cached(
        "comparisons/_recount.html",
        seat_filter=seat_filter,
        toggles=tuple(toggles),
        whole_panel=add_query(here, also),
    )


def build_toggles(
    seats: Sequence[PanelSeat], seat_filter: SeatFilter, *, here: str, also: str = ""
) -> list[SeatToggle]:
    """Return a link for each seat that adds it to the filter or removes it; none for a panel of one seat.

    `seats` have reviewed a tool on the page. Selected seats without a review there are appended. `here` is the path
    of the page, `also` the rest of its query string.
    """
    seats = [*seats, *(seat for seat in seat_filter.seats if seat not in seats)]
    if len(seats) < 2:
        return []
    links = []
    for seat in seats:
        slugs = [other.slug for other in seats if (other in seat_filter.seats) != (other == seat)]
        url = add_query(here, select_seats(seats, slugs).query, also)
        links.append(SeatToggle(seat.name, url, seat in seat_filter.seats))
    return links
