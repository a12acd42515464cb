"""Atom feeds: the newest comparisons, and what changed."""

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from comparisons.addresses import absolute_url
from comparisons.models import Comparison
from comparisons.reading.changes import newest_changes, read_changes
from comparisons.shaping import sentences, tool_columns
from tools.models import Correction
from web.atom import AtomFeed, tag_uri

MAX_ENTRIES = 30


def build_comparisons_feed() -> AtomFeed:
    """Return the newest comparisons, each with its verdict and introduction. Constant number of queries."""
    feed = _new_feed("comparisons", "Newest comparisons", "Two AI tools side by side, and which one to ship with.")
    newest = Comparison.objects.published().newest_first().with_numbers().with_changed_at()
    for comparison in newest[:MAX_ENTRIES]:
        _add_comparison(feed, comparison)
    return feed


def build_changes_feed() -> AtomFeed:
    """Return the newest flips, each with both editions, and the newest corrections. Constant number of queries."""
    feed = _new_feed(
        "changes", "What changed", "Who on the panel changed their mind, about what and why; and what we corrected."
    )
    for change in read_changes(list(newest_changes()[:MAX_ENTRIES])):
        if change.correction:
            _add_correction(feed, change.correction)
        else:
            _add_flip(feed, change.flip)
    return feed


def _add_comparison(feed: AtomFeed, comparison: Any) -> None:
    """Add a comparison, annotated `with_numbers().with_changed_at()`."""
    first, second = tool_columns.build_card(comparison.first), tool_columns.build_card(comparison.second)
    url = absolute_url(comparison.get_absolute_url())
    feed.add_entry(
        name=f"comparison/{comparison.pk}",
        title=f"{first.tool.name} vs {second.tool.name}",
        url=url,
        published=comparison.published_at,
        updated=comparison.changed_at,
        category=first.tool.category.name,
        content=render_to_string(
            "comparisons/_comparison_entry.html",
            {
                "sentence": sentences.write_panel_verdict(first, second),
                "introduction": comparison.introduction,
                "url": url,
            },
        ),
    )


def _add_flip(feed: AtomFeed, review: Any) -> None:
    """Add a review from `ReviewQuerySet.flips`."""
    url = absolute_url(review.tool.get_absolute_url())
    feed.add_entry(
        name=f"review/{review.pk}",
        title=f"{review.reviewer.name} now {review.verdict}s {review.tool.name}",
        url=f"{url}#seat-{review.reviewer.slug}",
        published=review.published_at,
        updated=review.published_at,
        category=review.tool.category.name,
        content=render_to_string("comparisons/_flip_entry.html", {"flip": review, "url": url}),
    )


def _add_correction(feed: AtomFeed, correction: Correction) -> None:
    feed.add_entry(
        name=f"correction/{correction.pk}",
        title=f"Corrected: {correction.tool.name}",
        url=absolute_url(f"{correction.tool.get_absolute_url()}#corrections"),
        published=correction.made_at,
        updated=correction.made_at,
        category=correction.tool.category.name,
        content=format_html("<p>{}</p>", correction.note),
    )


def _new_feed(name: str, title: str, subtitle: str) -> AtomFeed:
    return AtomFeed(
        title=f"{settings.SITE_NAME}: {title}",
        link=absolute_url(reverse("home")),
        description=subtitle,
        subtitle=subtitle,
        language="en",
        author_name=settings.SITE_NAME,
        author_link=absolute_url(reverse("home")),
        feed_url=absolute_url(reverse(f"{name}-feed")),
        feed_guid=tag_uri(f"feed/{name}"),
    )
