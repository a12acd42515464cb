"""The public ledger of a tool's votes, and the votes on all tools and between every two as CSV."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from votes import ledger as book
from votes import made_up, pair_totals
from votes.chart import BY_CHOICE, draw_chart
from votes.community import Community
from votes.forms import MonthForm
from votes.live import OF_TOOLS
from votes.views.shared import get_published_tool
from web import clock
from web.csv_files import respond_with_csv
from web.current_address import at_current_address
from web.pages import public_page


@require_safe
@public_page(depends_on=OF_TOOLS)
@at_current_address(lambda slug: get_published_tool(slug, with_numbers=True))
def ledger(request: HttpRequest, tool: Any) -> HttpResponse:
    """Show the votes first cast on a tool in a month, per day: counted, held, and rejected."""
    months = book.list_months(tool.pk)
    form = MonthForm(request.GET)
    asked = form.cleaned_data["month"] if form.is_valid() else None
    if request.GET.get("month") and asked not in months:
        raise Http404
    month = asked or (months[0] if months else None)
    rows = _read_month(tool.pk, month) if month else []
    return render(
        request,
        "votes/ledger.html",
        {
            "tool": tool,
            "tool_url": tool.get_absolute_url(),
            "here": reverse("ledger", args=[tool.slug]),
            "community": Community.of(tool.community, is_frozen=tool.is_frozen),
            "month": month,
            "earlier": next((other for other in months if month and other < month), None),
            "later": next((other for other in reversed(months) if month and other > month), None),
            "rows": rows[::-1],
            "total": book.sum_rows(rows),
            "last_day": (book.get_next_month(month) - month).days if month else None,
            "chart": draw_chart(book.fill_days(rows, month), BY_CHOICE) if month else None,
        },
    )


def _read_month(tool_id: int, month: date) -> list[book.LedgerRow]:
    return book.read_rows(tool_id, start=clock.start_of(month), end=clock.start_of(book.get_next_month(month)))


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the daily totals of every published tool as CSV."""
    return respond_with_csv(
        request,
        made_up.name_file("votes"),
        book.COLUMNS,
        book.read_daily_totals(),
        stamp=(book.read_fingerprint(),),
    )


@require_safe
@csrf_exempt  # another method is a 405, not a 403
def export_pairs(request: HttpRequest) -> HttpResponseBase:
    """Stream the votes between every two published tools as CSV, and how many of them the rankings count."""
    rows = list(pair_totals.read_pair_totals())
    return respond_with_csv(request, made_up.name_file("pair-votes"), pair_totals.COLUMNS, rows, stamp=tuple(rows))
