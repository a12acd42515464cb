"""Documents for programs: the JSON of comparisons and tools, the manifest, robots.txt, and security.txt.

Scripts of other sites may read the JSON: web.middleware.HeadersMiddleware allows it, by the address.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from comparisons.addresses import absolute_url
from comparisons.forms import parse_usage
from comparisons.machines import json_documents
from comparisons.models import Comparison
from comparisons.pages.tool_page import MAX_LINKS, read_peers
from comparisons.reading.pairs import Pair
from comparisons.reading.revision import CONTENT, EVERYTHING, votes_on_pair
from comparisons.reading.tool_history import read_history
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import seat_rows, tool_columns
from comparisons.shaping.estimates import Typed
from comparisons.views.pair_address import at_pair_address
from tools.models import Tool
from votes import made_up
from votes.community import Community
from web import clock
from web.current_address import at_current_address
from web.pages import narrow, public_page

JSON_STYLE = {"ensure_ascii": False, "indent": 2}  # readable for people; compression makes up for the size
SECURITY_CONTACT_LASTS = timedelta(days=180)  # RFC 9116 recommends less than a year
BACKGROUND_COLOR = "#fbf8f2"  # the light theme-color of base.html

ICONS = [
    ("img/icon-192.png", 192, "any"),
    ("img/icon-512.png", 512, "any"),
    ("img/icon-maskable-512.png", 512, "maskable"),
]


@require_safe
@public_page(depends_on=EVERYTHING)
@at_pair_address(tool_view="tool-json")
def comparison_json(request: HttpRequest, pair: Pair) -> HttpResponse:
    """Return a comparison as JSON. It redirects and is 404 whenever the page is."""
    narrow(request, votes_on_pair(*pair.ids))
    return JsonResponse(_build_comparison(pair, parse_usage(request.GET)), json_dumps_params=JSON_STYLE)


def _build_comparison(pair: Pair, usage: Typed) -> dict[str, Any]:
    today = pair.revision.today
    tools = read_tools(pair.ids)
    columns = tool_columns.build_columns(tools, today=today)
    seats = seat_rows.build_seat_rows(tools)
    return json_documents.build_comparison(pair, tools, columns, seats, usage=usage, today=today)


@require_safe
@public_page(depends_on=EVERYTHING)
@at_current_address(lambda slug: Tool.objects.published().with_community().with_freeze().by_slug(slug))
def tool_json(request: HttpRequest, tool: Any) -> HttpResponse:
    """Return a tool as JSON. It redirects and is 404 whenever the page is."""
    today = clock.today()
    [record] = read_tools([tool.pk])
    document = json_documents.build_tool(
        record,
        tool_columns.build_column(record, today=today),
        Community.of(tool.community, is_frozen=tool.is_frozen),
        list(Comparison.objects.published().touching(tool.pk).newest_first().records()[:MAX_LINKS]),
        read_peers(tool, record),
        read_history(tool.pk),
        published_at=tool.published_at,
        has_made_up_votes=made_up.are_on_page(request),
        usage=parse_usage(request.GET),
        today=today,
    )
    return JsonResponse(document, json_dumps_params=JSON_STYLE)


@require_safe
@public_page(depends_on=CONTENT)
def robots(request: HttpRequest) -> HttpResponse:
    """Return robots.txt. It does not disallow `noindex` pages: a crawler must read them to see that."""
    return render(
        request, "comparisons/robots.txt", {"sitemap": absolute_url(reverse("sitemap"))}, content_type="text/plain"
    )


@require_safe
@public_page(depends_on=CONTENT)
def security(request: HttpRequest) -> HttpResponse:
    """Return security.txt (RFC 9116), which says where to report a vulnerability. Raise Http404 without an address."""
    if not settings.CONTACT_EMAIL:
        raise Http404
    lines = [
        f"Contact: mailto:{quote(settings.CONTACT_EMAIL, safe='@')}",
        f"Expires: {clock.today() + SECURITY_CONTACT_LASTS:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: en",
        f"Canonical: {absolute_url(reverse('security'))}",
    ]
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8")


@require_safe
@public_page(depends_on=CONTENT)
def manifest(request: HttpRequest) -> HttpResponse:
    """Return the web app manifest, with which a phone can add the site to its home screen."""
    return JsonResponse(
        {
            "name": f"{settings.SITE_NAME}: ship or skip",
            "short_name": settings.SITE_NAME,
            "description": "Two AI tools side by side, a panel of reviewers, and a plain answer.",
            "lang": "en",
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "minimal-ui",
            "background_color": BACKGROUND_COLOR,
            "theme_color": BACKGROUND_COLOR,
            "icons": [
                {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
                for name, size, purpose in ICONS
            ],
        },
        content_type="application/manifest+json",
    )
