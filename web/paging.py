"""Lists in pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict


def page_of(items: Any, query: QueryDict, *, per_page: int, count: int | None = None) -> Page[Any]:
    """The page of some items that `?page=` asks for: the first when it makes no sense, the last when it is beyond.

    `count` says how many there are where that is known already.
    """
    paginator = Paginator(items, per_page)
    if count is not None:
        paginator.count = count
    return paginator.get_page(query.get("page"))
