"""The page of the calendar: one month, with links to the next and to the one before."""

from datetime import date, timedelta

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from desk.calendar.items import find_overdue_predictions, list_undated, read_month
from web import clock


class CalendarForm(forms.Form):
    """The month in the address, such as `2026-12`. Empty means the current one."""

    month = forms.DateField(input_formats=["%Y-%m"], required=False, validators=[clock.validate_year])


@require_safe
def show_calendar(request: HttpRequest) -> HttpResponse:
    """Show the month in the address, or the current one."""
    form = CalendarForm(request.GET)
    if not form.is_valid():
        raise BadRequest("Give a month such as 2026-12.")
    first = (form.cleaned_data["month"] or clock.today()).replace(day=1)
    weeks = read_month(request.user, first)
    overdue, overdue_url = find_overdue_predictions(request.user)
    context: dict[str, object] = {
        **admin.site.each_context(request),
        "title": "Calendar",
        "first": first,
        "weeks": weeks,
        "has_items": any(day.items for week in weeks for day in week),
        "before": _validate(first - timedelta(days=1)),
        "after": _validate((first + timedelta(days=31)).replace(day=1)),
        "is_this_month": first == clock.today().replace(day=1),
        "undated": list_undated(request.user),
        "overdue": overdue,
        "overdue_url": overdue_url,
    }
    return TemplateResponse(request, "desk/calendar.html", context)


def _validate(day: date) -> date | None:
    """Return a day of a month that has a page; None for one beyond the last or before the first."""
    try:
        clock.validate_year(day)
    except forms.ValidationError:
        return None
    return day
