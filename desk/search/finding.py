"""Find rows and pages of the desk by any words in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import Case, IntegerField, Model, Q, QuerySet, When
from django.db.models.functions import Length
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from desk.permissions import tools_to_moderate
from tools.expressions import SortKey
from tools.models import Tool
from web.folding import fold
from web.normalize import normalize_line
from web.words import shorten

if TYPE_CHECKING:
    from desk.base import SearchAdmin

MAX_LENGTH = 200
MAX_WORDS = 8
MAX_TEXT = 120
MODERATE = "votes.moderate_vote"


@dataclass(frozen=True, slots=True)
class Hit:
    """A row or a page that was found: what to call it, where it is, and a note that tells it from others."""

    text: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of one kind. `more` is the address of its list with the same search, if there is more."""

    title: str
    hits: Sequence[Hit]
    more: str = ""


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
    groups = [_find_pages(site, request, words), *_find_rows(site, request, words, most=most)]
    return [group for group in groups if group.hits]


def _find_pages(site: AdminSite, request: HttpRequest, words: Sequence[str]) -> Hits:
    folded = [fold(word) for word in words]
    pages = [
        Hit(str(model["name"]), url, str(app["name"]))
        for app in site.get_app_list(request)
        for model in app["models"]
        if (url := model.get("admin_url"))
    ]
    return Hits("Pages", [page for page in pages if all(word in fold(page.text) for word in folded)])


def _find_rows(site: AdminSite, request: HttpRequest, words: Sequence[str], *, most: int) -> Iterator[Hits]:
    for app in site.get_app_list(request):
        for entry in app["models"]:
            model_admin: Any = site._registry.get(entry["model"])
            if model_admin is None:
                continue
            if entry["model"]._meta.label == "votes.Vote":
                yield _find_tools_to_moderate(request, words, most=most)
            elif model_admin.search_fields and model_admin.is_in_desk_search:
                yield _find_rows_of(model_admin, request, words, most=most)


def _find_rows_of(model_admin: "SearchAdmin", request: HttpRequest, words: Sequence[str], *, most: int) -> Hits:
    rows = model_admin.get_rows_to_find(request)
    rows = _filter(rows, model_admin.search_fields, model_admin.text_fields, words)
    if model_admin.list_select_related and not isinstance(model_admin.list_select_related, bool):
        rows = rows.select_related(*model_admin.list_select_related)
    found = list(rows[: most + 1])
    opts = model_admin.opts
    base = f"admin:{opts.app_label}_{opts.model_name}"
    has_more = len(found) > most
    return Hits(
        capfirst(str(opts.verbose_name_plural)),
        [
            Hit(
                shorten(model_admin.name_hit(row), MAX_TEXT),
                reverse(f"{base}_change", args=[quote(row.pk)]),
                model_admin.describe_hit(row),
            )
            for row in found[:most]
        ],
        reverse(f"{base}_changelist", query={"q": " ".join(words)}) if has_more else "",
    )


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


def _find_tools_to_moderate(request: HttpRequest, words: Sequence[str], *, most: int) -> Hits:
    if not request.user.has_perm(MODERATE):
        return Hits("Votes", [])
    rows = _filter(tools_to_moderate(request.user), ("name", "slug", "aliases"), (), words)
    found: list[Tool] = list(rows.order_by(Length("name"), SortKey("name"), "pk")[: most + 1])
    more = reverse("admin:votes_vote_changelist", query={"q": " ".join(words)}) if len(found) > most else ""
    hits = [
        Hit(shorten(tool.name, MAX_TEXT), reverse("admin:votes_vote_tool", args=[tool.pk])) for tool in found[:most]
    ]
    return Hits("Votes on a tool", hits, more)
