"""Issues on the web: the page of each, a feed, and a sitemap."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute_url
from comparisons.reading.revision import EVERYTHING
from newsletter.content import (
    NewsItem,
    adapt_subject,
    build_issue,
    build_sections,
    parse_items,
    read_changed_at,
    select_public,
)
from newsletter.models import Issue
from votes.feeds import respond_with_feed
from web import markdown
from web.atom import AtomFeed, tag_uri
from web.pages import public_page

MAX_FEED_ISSUES = 12


def get_title(issue: Issue, public: Sequence[NewsItem]) -> str:
    """Return the title of an issue on the web, without the names of withdrawn content unless an editor wrote them."""
    return adapt_subject(issue.subject, parse_items(issue.content), public, if_none=str(issue))


@require_safe
@public_page(depends_on=EVERYTHING)
def issue(request: HttpRequest, number: int) -> HttpResponse:
    """Show one issue, without content that was withdrawn after it was sent."""
    found = get_object_or_404(Issue.objects.out(), number=number)
    items = parse_items(found.content)
    public = select_public(items)
    top, sections = build_issue(public, None, max_items=len(public))
    return render(
        request,
        "newsletter/issue.html",
        {
            "issue": found,
            "subject": get_title(found, public),
            "top": top,
            "sections": sections,
            "gone": len(items) - len(public),
        },
    )


@require_safe
@public_page(depends_on=EVERYTHING)
def feed(request: HttpRequest) -> HttpResponse:
    """Show the newest issues, each in full, as an Atom feed."""
    atom = AtomFeed(
        title=f"{settings.SITE_NAME}: Weekly verdicts",
        link=absolute_url(reverse("newsletter")),
        description="What was compared, which verdicts flipped, and whose prediction came due.",
        subtitle="What was compared, which verdicts flipped, and whose prediction came due.",
        language="en",
        author_name=settings.SITE_NAME,
        author_link=absolute_url(reverse("home")),
        feed_url=absolute_url(reverse("newsletter-feed")),
        feed_guid=tag_uri("feed/newsletter"),
    )
    issues = list(Issue.objects.out().newest_first()[:MAX_FEED_ISSUES])
    told = [item for found in issues for item in parse_items(found.content)]
    public, changed_at = set(select_public(told)), read_changed_at(told)
    for found in issues:
        told = parse_items(found.content)
        items = [item for item in told if item in public]
        atom.add_entry(
            name=f"issue/{found.pk}",
            title=get_title(found, items),
            url=absolute_url(found.get_absolute_url()),
            published=found.day,
            # Its text changes when a part of it is withdrawn.
            updated=max([found.day, *(changed_at.get((item.kind, item.object), found.day) for item in told)]),
            categories=("Newsletter",),
            content=render_to_string(
                "newsletter/_issue_entry.html",
                {
                    "lead": markdown.render_absolute(found.lead, base=absolute_url(found.get_absolute_url())),
                    "sections": build_sections(items, None, max_items=len(items)),
                    "site_url": settings.SITE_URL,
                },
            ),
        )
    return respond_with_feed(request, atom)


@require_safe
@public_page(depends_on=EVERYTHING)
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the archive and every issue, for search engines."""
    issues = Issue.objects.out().newest_first()
    entries: list[tuple[str, datetime | None]] = [(absolute_url(reverse("newsletter")), None)]
    entries += [(absolute_url(found.get_absolute_url()), found.day) for found in issues.only("number", "started_at")]
    return render(request, "comparisons/sitemap.xml", {"entries": entries}, content_type="application/xml")
