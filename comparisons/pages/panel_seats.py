"""The seats that a reader selects, found by their slugs, current or former."""

from collections.abc import Sequence

from comparisons.shaping.seat_filter import PanelSeat, SeatFilter, select_seats
from reviews.models import Reviewer


def read_panel_seats() -> list[PanelSeat]:
    """Return every seat of the panel, in seat order. One query."""
    return [PanelSeat(*row) for row in Reviewer.objects.seats()]


def find_seats(slugs: Sequence[str], *, on_page: Sequence[PanelSeat]) -> SeatFilter:
    """Return the filter that selects the seats with the given slugs, current or former. Unknown slugs are ignored.

    A seat that has reviewed no tool of the page is selected too: the page then counts nothing for it, rather than
    everybody else. No query if every slug is one of `on_page`, the seats that have; at most four otherwise.
    """
    known = {seat.slug for seat in on_page}
    if not known.issuperset(slugs):
        slugs = [reviewer.slug for reviewer in Reviewer.objects.by_slugs(*slugs).values()]
    return select_seats(on_page if known.issuperset(slugs) else read_panel_seats(), slugs)
