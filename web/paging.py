"""Pages of long lists."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict


def get_page(items: Any, query: QueryDict, *, per_page: int, count: int | None = None) -> Page[Any]:
    """Return the page of items that `?page=` asks for: the first if it is invalid, the last if it is too high.

    Pass `count`, the number of items, if it is known already.
    """
    paginator = Paginator(items, per_page)
    if count is not None:
        paginator.count = count
    return paginator.get_page(query.get("page"))


def parse_page_number(query: QueryDict, *, max_pages: int) -> int:
    """Return the page number that `?page=` asks for, clamped to 1–`max_pages`; 1 if it is invalid."""
    try:
        return min(max(int(query.get("page", 1)), 1), max_pages)
    except ValueError:
        return 1


@dataclass(frozen=True, slots=True)
class UncountedPage:
    """A page of a list that is too long to count: it knows only whether more pages follow. Reads like Django's Page."""

    items: list[Any]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_other_pages(self) -> bool:
        return self.has_next or self.has_previous

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1


def get_uncounted_page(items: Any, query: QueryDict, *, per_page: int, max_pages: int) -> UncountedPage:
    """Return a page as `get_page` does, without counting the items.

    The number of pages is limited because OFFSET reads all rows that it skips.
    """
    number = parse_page_number(query, max_pages=max_pages)
    start = (number - 1) * per_page
    rows = list(items[start : start + per_page + 1])  # one more than a page, to learn whether there is a next one
    return UncountedPage(rows[:per_page], number, has_next=len(rows) > per_page and number < max_pages)
