"""The public log of moderators' decisions: a page, a feed, and a CSV file."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tools.models import Tool
from votes import decision_log, made_up
from votes.feeds import respond_with_feed
from votes.forms import LogForm
from votes.live import OF_TOOLS
from votes.views.shared import get_published_tool
from web.atom import AtomFeed, tag_uri, xml_text
from web.csv_files import respond_with_csv
from web.pages import public_page
from web.paging import get_page

DECISIONS_PER_PAGE = 50
MAX_ENTRIES = 30


@require_safe
@public_page(depends_on=OF_TOOLS)
def log(request: HttpRequest) -> HttpResponse:
    """Show the decisions by day, newest first: all, or those about a tool and its pairs."""
    here, tool = reverse("moderation"), _find_tool(request)
    page = get_page(decision_log.select_decisions(tool=tool), request.GET, per_page=DECISIONS_PER_PAGE)
    query: dict[str, str | int] = {
        **({"tool": tool.slug} if tool else {}),
        **({"page": page.number} if page.number > 1 else {}),
    }
    return render(
        request,
        "votes/log.html",
        {
            "here": here,
            "address": f"{here}?{urlencode(query)}" if query else here,
            "tool": tool,
            "page": page,
            "days": decision_log.group_by_day(decision_log.describe_for_readers(page.object_list)),
        },
    )


def _find_tool(request: HttpRequest) -> Tool | None:
    """Return the published tool that `?tool=` names by a slug, current or former. Raise Http404 if there is none."""
    form = LogForm(request.GET)
    if not form.is_valid():
        raise Http404
    slug = form.cleaned_data["tool"]
    return get_published_tool(slug) if slug else None


@require_safe
@public_page(depends_on=OF_TOOLS)
def feed(request: HttpRequest) -> HttpResponse:
    """Return the feed of the newest decisions."""
    home, page = settings.SITE_URL + reverse("home"), settings.SITE_URL + reverse("moderation")
    atom = AtomFeed(
        title=xml_text(f"{settings.SITE_NAME}: Moderation log"),
        link=page,
        description="What moderators decided about votes, and why.",
        subtitle="What moderators decided about votes, and why.",
        language="en",
        author_name=settings.SITE_NAME,
        author_link=home,
        feed_url=settings.SITE_URL + reverse("moderation-feed"),
        feed_guid=tag_uri("feed/moderation"),
    )
    newest = decision_log.with_changed_at(decision_log.select_decisions())[:MAX_ENTRIES]
    for one in decision_log.describe_for_readers(newest):
        atom.add_entry(
            name=f"decision/{one.number}",
            title=f"{one.label}: {one.subject}",
            url=f"{page}#decision-{one.number}",  # on the first page while the feed holds it
            published=one.at,
            updated=one.decision.changed_at,  # type: ignore[attr-defined] # annotated
            categories=(one.label, one.reason),
            content=render_to_string("votes/_decision_entry.html", {"decision": one}),
        )
    return respond_with_feed(request, atom)


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all decisions as CSV."""
    rows = list(decision_log.read_rows())
    return respond_with_csv(request, made_up.name_file("moderation"), decision_log.COLUMNS, rows, stamp=tuple(rows))
