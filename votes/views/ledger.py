"""The public ledger of a tool's votes, and the daily totals of all tools as a file."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from votes import ledger as book
from votes.chart import chart
from votes.community import Community
from votes.forms import MonthForm
from votes.moderation import Reason
from votes.views.shared import published_tool
from web.current_address import at_current_address
from web.http import PUBLIC_HEADERS, public_page


@require_safe
@public_page
@at_current_address(lambda slug: published_tool(slug, with_numbers=True))
def ledger(request: HttpRequest, tool: Any) -> HttpResponse:
    """The votes first cast on a tool in a month, day by day: which count, which are held, which were rejected."""
    months = book.months(tool.pk)
    form = MonthForm(request.GET)
    asked = form.cleaned_data["month"] if form.is_valid() else None
    if request.GET.get("month") and asked not in months:
        raise Http404
    month = asked or (months[0] if months else None)
    entries = _entries(tool.pk, month) if month else []
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
            "entries": entries[::-1],
            "total": book.total(entries),
            "last_day": (book.month_after(month) - month).days if month else None,
            "chart": chart(book.every_day(entries, month)) if month else None,
            "reasons": Reason.rejecting(),
        },
    )


def _entries(tool_id: int, month: date) -> list[book.Entry]:
    return book.entries(tool_id, start=_midnight(month), end=_midnight(book.month_after(month)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class _Echo:
    """A file that hands back what is written: csv needs one, and a row is sent as soon as it is made."""

    def write(self, text: str) -> str:
        return text


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The daily totals of every published tool as CSV, sent while it is read."""
    name = f"{settings.SITE_NAME.lower().replace(' ', '-')}-votes-{timezone.now():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        _lines([book.COLUMNS], book.daily_totals()),
        content_type="text/csv; charset=utf-8",
        headers={**PUBLIC_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(*parts: Iterable[Iterable[Any]]) -> Iterator[str]:
    """CSV, about a hundred rows at a time."""
    writer = csv.writer(_Echo())
    lines: list[str] = []
    for part in parts:
        for row in part:
            lines.append(writer.writerow(row))
            if len(lines) == 100:
                yield "".join(lines)
                lines.clear()
    yield "".join(lines)
