"""The public ledger of a tool's votes, and the votes on all tools and between every two as CSV."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from votes import ledger as book
from votes import pair_totals
from votes.chart import draw_chart
from votes.community import Community
from votes.forms import MonthForm
from votes.models import Reason
from votes.views.shared import get_published_tool
from web.current_address import at_current_address
from web.http import PUBLIC_HEADERS, public_page, start


@require_safe
@public_page
@at_current_address(lambda slug: get_published_tool(slug, with_numbers=True))
def ledger(request: HttpRequest, tool: Any) -> HttpResponse:
    """Show the votes first cast on a tool in a month, per day: counted, held and rejected."""
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
            "chart": draw_chart(book.fill_days(rows, month)) if month else None,
            "reasons": Reason.rejecting(),
        },
    )


def _read_month(tool_id: int, month: date) -> list[book.LedgerRow]:
    return book.read_rows(tool_id, start=_midnight(month), end=_midnight(book.get_next_month(month)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class _Echo:
    """A file whose `write` returns the text, so that csv rows can be streamed."""

    def write(self, text: str) -> str:
        return text


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the daily totals of every published tool as CSV."""
    return _stream_csv("votes", book.COLUMNS, book.read_daily_totals())


@require_safe
def export_pairs(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the votes between every two published tools as CSV, and how many of them the rankings count."""
    return _stream_csv("pair-votes", pair_totals.COLUMNS, pair_totals.read_pair_totals())


def _stream_csv(what: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """Return a download that is named for the site and the day."""
    site = re.sub(r"[\s/\\]+", "-", settings.SITE_NAME.lower())
    name = f"{site}-{what}-{timezone.now():%Y-%m-%d}.csv"
    disposition = content_disposition_header(as_attachment=True, filename=name) or ""
    return StreamingHttpResponse(
        start(_render_csv([columns], rows)),
        content_type="text/csv; charset=utf-8",
        headers={**PUBLIC_HEADERS, "Content-Disposition": disposition},
    )


def _render_csv(*parts: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield CSV, about a hundred rows at a time."""
    writer = csv.writer(_Echo())
    lines: list[str] = []
    for part in parts:
        for row in part:
            lines.append(writer.writerow(row))
            if len(lines) == 100:
                yield "".join(lines)
                lines.clear()
    yield "".join(lines)
