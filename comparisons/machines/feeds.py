"""Atom feeds: the newest comparisons, and what changed."""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from comparisons.addresses import absolute_url, add_query
from comparisons.choices import ChangeKind
from comparisons.models import Comparison
from comparisons.reading.changes import read_changes
from comparisons.shaping import sentences, tool_columns
from comparisons.shaping.changes import Change, shape_change
from tools.models import Category, Tool
from web.atom import AtomFeed, tag_uri, xml_text

MAX_ENTRIES = 30


def build_comparisons_feed() -> AtomFeed:
    """Return the newest comparisons, each with its verdict and introduction. Constant number of queries."""
    feed = _new_feed(
        "comparisons",
        "Newest comparisons",
        "Two AI tools side by side, and which one to ship with.",
        address=reverse("comparisons-feed"),
        page=reverse("home"),
    )
    newest = Comparison.objects.published().newest_first().with_numbers().with_changed_at().with_reworded_at()
    for comparison in newest[:MAX_ENTRIES]:
        _add_comparison(feed, comparison)
    return feed


def build_changes_feed(
    kind: ChangeKind | None = None, *, category: Category | None = None, tool: Tool | None = None
) -> AtomFeed:
    """Return the newest changes: of one kind or all, of a category or a tool or all. One query.

    A change has the same entry in each of these feeds, so that a reader of two of them sees it once.
    """
    what = f"{kind.label}" if kind else "What changed"
    of_whom = category.name if category else tool.name if tool else ""
    query = f"kind={kind}" if kind else ""
    if tool:
        address, page = reverse("tool-feed", args=[tool.slug]), tool.get_absolute_url()
    elif category:
        address, page = reverse("category-feed", args=[category.slug]), category.get_absolute_url()
    else:
        address, page = reverse("changes-feed"), add_query(reverse("changes"), query)
    feed = _new_feed(
        "/".join(filter(None, ["changes", kind, _name_scope(category, tool)])),
        f"{what}: {of_whom}" if of_whom else what,
        "Verdicts that turned, prices that rose or fell, facts that are no longer so, corrections, and new tools.",
        address=add_query(address, query),
        page=page,
    )
    records = read_changes(
        most=MAX_ENTRIES,
        kind=kind,
        category=category.pk if category else None,
        tools=[tool.pk] if tool else (),
        with_updates=True,
    )
    for change in map(shape_change, records):
        _add_change(feed, change)
    return feed


def _name_scope(category: Category | None, tool: Tool | None) -> str:
    """Return what identifies a feed even after its category or tool was renamed."""
    if category:
        return f"category-{category.pk}"
    return f"tool-{tool.pk}" if tool else ""


def _add_comparison(feed: AtomFeed, comparison: Any) -> None:
    """Add a comparison, annotated `with_numbers().with_changed_at().with_reworded_at()`."""
    first, second = tool_columns.build_card(comparison.first), tool_columns.build_card(comparison.second)
    url = absolute_url(comparison.get_absolute_url())
    feed.add_entry(
        name=f"comparison/{comparison.pk}",
        title=f"{first.tool.name} vs {second.tool.name}",
        url=url,
        published=comparison.published_at,
        updated=max(filter(None, [comparison.changed_at, comparison.reworded_at])),
        categories=(first.tool.category.name,),
        content=render_to_string(
            "comparisons/_comparison_entry.html",
            {
                "verdict": sentences.write_panel_verdict(first, second),
                "introduction": comparison.introduction,
                "url": url,
            },
        ),
    )


def _add_change(feed: AtomFeed, change: Change) -> None:
    url = absolute_url(change.url)
    feed.add_entry(
        name=change.name,
        title=change.title,
        url=url,
        published=change.at,
        updated=change.updated_at,
        categories=(change.category, change.label),
        content=render_to_string("comparisons/_change_entry.html", {"change": change, "url": url.partition("#")[0]}),
    )


def _new_feed(name: str, title: str, subtitle: str, *, address: str, page: str) -> AtomFeed:
    """Return a feed without entries; `address` is its own path, and `page` that of the page with the same content."""
    return AtomFeed(
        title=xml_text(f"{settings.SITE_NAME}: {title}"),
        link=absolute_url(page),
        description=subtitle,
        subtitle=subtitle,
        language="en",
        author_name=settings.SITE_NAME,
        author_link=absolute_url(reverse("home")),
        feed_url=absolute_url(address),
        feed_guid=tag_uri(f"feed/{name}"),
    )
