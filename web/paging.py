"""Lists in pages."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict


def page_of(items: Any, query: QueryDict, *, per_page: int) -> Page[Any]:
    """The page of some items that `?page=` asks for: the first when it makes no sense, the last when it is beyond."""
    return Paginator(items, per_page).get_page(query.get("page"))
