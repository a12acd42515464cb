"""Find rows and pages of the desk by any words in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Case, IntegerField, Model, Q, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from desk.items import MAX_TEXT_LENGTH, DeskItem
from web.folding import fold
from web.normalize import normalize_line
from web.words import shorten

MAX_LENGTH = 200
MAX_WORDS = 8


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of one kind. `more` is the address of its list with the same search, if there is more."""

    title: str
    hits: Sequence[DeskItem]
    more: str = ""


_MORE_PAGES = (("Calendar", "calendar"), ("Handbook", "handbook"))  # that are in no section of the menu


def split_words(text: str) -> list[str]:
    """Return the words to look for: at most MAX_WORDS, from the first MAX_LENGTH characters."""
    return normalize_line(text[:MAX_LENGTH]).split()[:MAX_WORDS]


def find(site: AdminSite, request: HttpRequest, text: str, *, most: int) -> list[Hits]:
    """Return what matches all words of a text, by kind in the order of the menu: pages, then rows, `most` of each.

    Finds only rows that the lists of the desk would show the user. One query per kind; none for a text without words.
    """
    words = split_words(text)
    if not words:
        return []
    apps = site.get_app_list(request)
    admins = [site._registry[entry["model"]] for app in apps for entry in app["models"] if entry["model"]]
    groups = [_find_pages(apps, words), *(_find_rows(each, request, words, most=most) for each in admins)]
    return [group for group in groups if group.hits]


def _find_pages(apps: list[Any], words: Sequence[str]) -> Hits:
    folded = [fold(word) for word in words]
    pages = [
        DeskItem(str(model["name"]), url, str(app["name"]))
        for app in apps
        for model in app["models"]
        if (url := model.get("admin_url"))
    ]
    pages += [DeskItem(text, reverse(f"admin:{page}"), "Desk") for text, page in _MORE_PAGES]
    return Hits("Pages", [page for page in pages if all(word in fold(page.text) for word in folded)])


def _find_rows(model_admin: Any, request: HttpRequest, words: Sequence[str], *, most: int) -> Hits:
    """Return what an admin finds; nothing for one that takes no part (desk/base.py, SearchAdmin)."""
    opts = model_admin.opts
    title = model_admin.hits_title or capfirst(str(opts.verbose_name_plural))
    names = model_admin.get_names_to_find()
    if not names:
        return Hits(title, ())
    rows = _filter(model_admin.get_rows_to_find(request), names, model_admin.text_fields, words)
    found = list(rows[: most + 1])
    more = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist", query={"q": " ".join(words)})
    hits = [
        DeskItem(
            shorten(model_admin.name_hit(row), MAX_TEXT_LENGTH),
            model_admin.locate_hit(row),
            model_admin.describe_hit(row),
        )
        for row in found[:most]
    ]
    return Hits(title, hits, more if len(found) > most else "")


def _filter[ModelT: Model](
    rows: "QuerySet[ModelT]", names: Sequence[str], texts: Sequence[str], words: Sequence[str]
) -> "QuerySet[ModelT]":
    """Filter rows to those with every word in one of the fields. Rows whose names have all of them come first."""
    for word in words:
        rows = rows.filter(_contains([*names, *texts], word))
    by_name = reduce(lambda all_of, word: all_of & _contains(names, word), words, Q())
    is_text = Case(When(by_name, then=0), default=1, output_field=IntegerField())
    return rows.order_by(is_text, *(rows.query.order_by or ("pk",)))


def _contains(fields: Sequence[str], word: str) -> Q:
    return reduce(or_, (Q(**{f"{field}__folded_contains": word}) for field in fields))
