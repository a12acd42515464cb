"""The list of changes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import add_query
from comparisons.choices import ChangeKind
from comparisons.forms import parse_changes_filter
from comparisons.reading.categories import find_category
from comparisons.reading.changes import ChangeKey, read_changes
from comparisons.reading.revision import CONTENT, Revision, current_revision
from comparisons.shaping.changes import render_days, shape_change
from tools.models import Category
from web.caching import cached_per_revision
from web.pages import public_page

CHANGES_PER_PAGE = 40


@require_safe
@public_page(depends_on=CONTENT)
def changes(request: HttpRequest) -> HttpResponse:
    """List the changes by day, newest first: all, or those of a kind or a category. Votes change none of it."""
    revision, asked = current_revision(), parse_changes_filter(request.GET)
    kind, categories = asked.kind, _list_categories(revision)
    category = find_category(categories, asked.category)
    records = read_changes(
        most=CHANGES_PER_PAGE + 1,
        kind=ChangeKind(kind) if kind else None,
        category=category.pk if category else None,
        before=ChangeKey.parse(asked.before) if asked.before else None,
    )
    shown = records[:CHANGES_PER_PAGE]
    here, of_category = reverse("changes"), f"category={category.slug}" if category else ""
    of_kind = f"kind={kind}" if kind else ""
    address = add_query(here, of_kind, of_category)
    has_earlier = len(records) > len(shown)
    return render(
        request,
        "comparisons/changes.html",
        {
            "has_made_up_votes": revision.has_made_up_votes,
            "here": here,
            "address": address,
            "feed": add_query(reverse("changes-feed"), of_kind, of_category),
            "kind": kind,
            "kinds": [
                (add_query(here, f"kind={value}" if value else "", of_category), label, value == kind)
                for value, label in (("", "All"), *ChangeKind.choices)
            ],
            "category": category,
            "categories": categories,
            "days": render_days(map(shape_change, shown)),
            "is_first": not asked.before,
            "earlier": add_query(here, of_kind, of_category, f"before={ChangeKey.of(shown[-1])}")
            if has_earlier
            else "",
        },
    )


@cached_per_revision()
def _list_categories(revision: Revision) -> list[Category]:
    """Return the categories that have published tools, cached per revision of the site."""
    return list(Category.objects.with_published_tools())
