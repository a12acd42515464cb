"""Lists in pages."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict


def get_page(items: Any, query: QueryDict, *, per_page: int, count: int | None = None) -> Page[Any]:
    """The page of some items that `?page=` asks for: the first when it makes no sense, the last when it is beyond.

    `count` says how many there are where that is known already.
    """
    paginator = Paginator(items, per_page)
    if count is not None:
        paginator.count = count
    return paginator.get_page(query.get("page"))


def parse_page_number(query: QueryDict, *, most: int) -> int:
    """Which page `?page=` asks for, from 1 to `most`: the first when it makes no sense."""
    try:
        return min(max(int(query.get("page", 1)), 1), most)
    except ValueError:
        return 1


@dataclass(frozen=True, slots=True)
class UncountedPage:
    """A page of a list that is too long to be counted: it knows only whether there is more. Read like Django's Page."""

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


def get_uncounted_page(items: Any, query: QueryDict, *, per_page: int, most: int) -> UncountedPage:
    """As `page_of`, without a count, for at most so many pages: what lies beyond would have to be walked to."""
    number = parse_page_number(query, most=most)
    start = (number - 1) * per_page
    found = list(items[start : start + per_page + 1])
    return UncountedPage(found[:per_page], number, has_next=len(found) > per_page and number < most)
