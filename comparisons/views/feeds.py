"""Atom feeds: the newest comparisons, and every verdict that flipped."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute
from comparisons.models import Comparison
from comparisons.reading.changes import newest_changes, read_changes
from comparisons.shaping import sentences, tool_columns
from tools.models import Correction
from web.atom import AtomFeed, tag_uri
from web.http import public_page

ENTRIES = 30


@require_safe
@public_page
def comparisons(request: HttpRequest) -> HttpResponse:
    """The newest comparisons, each with its verdict and introduction."""
    feed = _feed("comparisons", "Newest comparisons", "Two AI tools side by side, and which one to ship with.")
    newest = Comparison.objects.published().newest_first().with_numbers().with_changed_at()
    for comparison in newest[:ENTRIES]:
        first, second = tool_columns.card(comparison.first), tool_columns.card(comparison.second)
        feed.add_entry(
            name=f"comparison/{comparison.pk}",
            title=f"{first.tool.name} vs {second.tool.name}",
            url=absolute(comparison.get_absolute_url()),
            published=comparison.published_at,
            updated=comparison.changed_at,
            category=first.tool.category.name,
            content=render_to_string(
                "comparisons/_comparison_entry.html",
                {
                    "sentence": sentences.cards_sentence(first, second),
                    "introduction": comparison.introduction,
                },
            ),
        )
    return _answer(feed)


@require_safe
@public_page
def changes(request: HttpRequest) -> HttpResponse:
    """The newest verdicts that flipped, with what the seat said before and says now, and the newest corrections."""
    feed = _feed(
        "changes", "What changed", "Who on the panel changed their mind, about what and why; and what we corrected."
    )
    for change in read_changes(list(newest_changes()[:ENTRIES])):
        if change.correction:
            _add_correction(feed, change.correction)
            continue
        flip = change.flip
        feed.add_entry(
            name=f"review/{flip.pk}",
            title=f"{flip.reviewer.name} now {flip.verdict}s {flip.tool.name}",
            url=absolute(f"{flip.tool.get_absolute_url()}#seat-{flip.reviewer.slug}"),
            published=flip.published_at,
            updated=flip.published_at,
            category=flip.tool.category.name,
            content=render_to_string("comparisons/_flip_entry.html", {"flip": flip}),
        )
    return _answer(feed)


def _add_correction(feed: AtomFeed, correction: Correction) -> None:
    feed.add_entry(
        name=f"correction/{correction.pk}",
        title=f"Corrected: {correction.tool.name}",
        url=absolute(f"{correction.tool.get_absolute_url()}#corrections"),
        published=correction.made_at,
        updated=correction.made_at,
        category=correction.tool.category.name,
        content=format_html("<p>{}</p>", correction.note),
    )


def _feed(name: str, title: str, subtitle: str) -> AtomFeed:
    return AtomFeed(
        title=f"{settings.SITE_NAME}: {title}",
        link=absolute(reverse("home")),
        description=subtitle,
        subtitle=subtitle,
        language="en",
        author_name=settings.SITE_NAME,
        author_link=absolute(reverse("home")),
        feed_url=absolute(reverse(f"{name}-feed")),
        feed_guid=tag_uri(f"feed/{name}"),
    )


def _answer(feed: AtomFeed) -> HttpResponse:
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)
