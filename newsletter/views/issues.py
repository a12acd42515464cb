"""Issues on the web: each as it was mailed, and all of them as a feed."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute_url
from newsletter.content import Entry, entries_of, public, sections, subject_for
from newsletter.models import Issue
from newsletter.plain import as_html
from web.atom import AtomFeed, tag_uri
from web.http import public_page

IN_THE_FEED = 12


def title_of(issue: Issue, standing: Sequence[Entry]) -> str:
    """What an issue is called on the web, where the names of what was withdrawn stand no more, unless an editor wrote
    them.
    """
    return subject_for(issue.subject, entries_of(issue.content), standing, if_none=str(issue))


@require_safe
@public_page
def issue(request: HttpRequest, number: int) -> HttpResponse:
    """One issue, without what was withdrawn after it went out."""
    found = get_object_or_404(Issue.objects.out(), number=number)
    entries = entries_of(found.content)
    standing = public(entries)
    return render(
        request,
        "newsletter/issue.html",
        {
            "issue": found,
            "subject": title_of(found, standing),
            "sections": sections(standing, None, most=len(standing)),
            "gone": len(entries) - len(standing),
        },
    )


@require_safe
@public_page
def feed(request: HttpRequest) -> HttpResponse:
    """The newest issues, each in full."""
    made = AtomFeed(
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
    issues = list(Issue.objects.out().newest_first()[:IN_THE_FEED])
    standing = set(public([entry for found in issues for entry in entries_of(found.content)]))
    for found in issues:
        entries = [entry for entry in entries_of(found.content) if entry in standing]
        made.add_entry(
            name=f"issue/{found.pk}",
            title=title_of(found, entries),
            url=absolute_url(found.get_absolute_url()),
            published=found.day,
            updated=found.day,
            category="Newsletter",
            content=render_to_string(
                "newsletter/_issue_entry.html",
                {
                    "lead": as_html(found.lead, site=settings.SITE_URL),
                    "sections": sections(entries, None, most=len(entries)),
                    "site_url": settings.SITE_URL,
                },
            ),
        )
    return HttpResponse(made.writeString("utf-8"), content_type=made.content_type)


@require_safe
@public_page
def sitemap(request: HttpRequest) -> HttpResponse:
    """The archive and every issue, for search engines."""
    issues = Issue.objects.out().newest_first()
    entries: list[tuple[str, datetime | None]] = [(absolute_url(reverse("newsletter")), None)]
    entries += [(absolute_url(found.get_absolute_url()), found.day) for found in issues.only("number", "started_at")]
    return render(request, "comparisons/sitemap.xml", {"entries": entries}, content_type="application/xml")
