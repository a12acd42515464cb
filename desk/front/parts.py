"""What the lists of the desk's front page are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Count, Subquery, Value
from django.urls import reverse

MOST = 8


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: what it is, the form where it is done ("" where there is none), and what to know of it."""

    words: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One list. `more` are the change lists that hold all of it, each as (words, address)."""

    slug: str
    title: str
    items: Sequence[Item]
    total: int
    empty: str
    more: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks, and when."""

    user: Any
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def may(self, *permissions: str) -> bool:
        return bool(self.user.has_perms(permissions))


def with_total(rows: "models.QuerySet[Any]") -> list[Any]:
    """The first MOST of some rows in their order, each annotated with how many there are: `total`."""
    total = rows.order_by().values(one=Value(1)).annotate(number=Count("*")).values("number")
    return list(rows.annotate(total=Subquery(total))[:MOST])


def total_of(rows: Sequence[Any]) -> int:
    return rows[0].total if rows else 0


def form_of(row: models.Model) -> str:
    """The address of a row's form."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: type[models.Model], **query: object) -> str:
    """The address of a model's change list, filtered."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=query or None)


def age(since: datetime | None, *, now: datetime) -> str:
    """How old something is, in days; "" when nobody noted it."""
    if since is None:
        return ""
    days = (now.date() - since.date()).days
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'} old"


def number_of(number: int, one: str, many: str) -> str:
    """`1 price`, `1,204 prices`."""
    return f"{number:,} {one if number == 1 else many}"


def noted(*parts: str) -> str:
    """What is known of an item, in one line."""
    return ", ".join(filter(None, parts))
