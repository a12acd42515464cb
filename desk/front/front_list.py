"""What the lists of the desk's front page are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Model, QuerySet, Subquery, Value
from django.urls import reverse

from accounts.models import User
from desk.items import DeskItem

MAX_ITEMS = 8


@dataclass(frozen=True, slots=True)
class FrontList:
    """A list of the front page. `more` links to the change lists with all rows, each as (text, address).

    `button` posts to a page of the desk, as (name of the page, label). While the site has no row of the model `about`,
    the list says that instead of `empty`.
    """

    slug: str
    title: str
    items: Sequence[DeskItem]
    total: int
    empty: str  # shown when there are no items
    more: Sequence[tuple[str, str]] = ()
    button: tuple[str, str] | None = None
    about: type[Model] | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user who looks at the front page, and the time."""

    user: User | AnonymousUser
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def may(self, *permissions: str) -> bool:
        return self.user.has_perms(permissions)


def read_first[ModelT: Model](rows: QuerySet[ModelT]) -> list[ModelT]:
    """Return the first MAX_ITEMS rows in their order, each with the number of all rows as `total`. One query."""
    total = rows.order_by().values(one=Value(1)).annotate(number=Count("*")).values("number")
    return list(rows.annotate(total=Subquery(total))[:MAX_ITEMS])


def get_total(rows: Sequence[Any]) -> int:
    """Return the number of all rows, given those of `read_first`."""
    return rows[0].total if rows else 0


def link_to_form(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link_to_list(model: type[Model], **filters: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=filters or None)


def format_age(since: datetime | None, *, now: datetime) -> str:
    """Return an age in days; "" for an unknown start."""
    if since is None:
        return ""
    days = (now.date() - since.date()).days
    return "today" if days < 1 else f"{pluralize(days, 'day', 'days')} old"


def format_since(since: datetime | None, *, now: datetime) -> str:
    """Return how long ago something happened, in days; "" for an unknown time."""
    return format_age(since, now=now).replace(" old", " ago")


def pluralize(number: int, one: str, many: str) -> str:
    """Return `1 price`, `1,204 prices`."""
    return f"{number:,} {one if number == 1 else many}"


def join_notes(*notes: str) -> str:
    return ", ".join(filter(None, notes))
