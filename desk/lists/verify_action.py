"""The bulk action “Mark as verified today” for prices, facts, and whole tools: ask, mark, and report."""

from collections.abc import Callable, Sequence

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from desk import change_links
from desk.confirming import ask_to_confirm, is_confirmed
from desk.lists import verifying
from desk.lists.change_lists import render_source_link
from desk.lists.verifying import SourcedRow, TooManyRowsError, VerificationPlan, name_row, verify

MAX_NAMES = 10  # rows that a message names


def run_verify_action(
    model_admin: admin.ModelAdmin, request: HttpRequest, read: Callable[[], list[SourcedRow]]
) -> HttpResponse | None:
    """Mark the rows that `read` returns as verified today, after asking. None redirects to where they were selected."""
    try:
        rows = read()
    except TooManyRowsError:
        text = f"Nothing was marked. Select at most {verifying.MAX_ROWS:,} prices and facts at once."
        model_admin.message_user(request, text, messages.ERROR)
        return None
    if is_confirmed(request):
        title = f"Mark {_count_rows(len(rows))} as verified today"
        with change_links.record_action(request, title, offer="Marked by mistake?"):
            _report(model_admin, request, verify(rows, by=request.user))
        return None
    plan = VerificationPlan.of(rows, by=request.user)
    number = len(plan.to_verify)
    return ask_to_confirm(
        request,
        model_admin,
        title="Mark as verified today",
        question=(
            f"Did you check {'the source' if number == 1 else 'each source'} today, and does it still say this? "
            f"{_count_rows(number)} will be marked as verified today."
            if number
            else "There is nothing to mark."
        ),
        yes="Yes, mark as verified today",
        to_change=[format_html("{} · {}", name_row(row), render_source_link(row.source)) for row in plan.to_verify],
        unchanged=[(reason, [name_row(row) for row in skipped]) for reason, skipped in plan.skipped],
    )


def _report(model_admin: admin.ModelAdmin, request: HttpRequest, plan: VerificationPlan) -> None:
    marked = plan.to_verify
    text = f"{_count_rows(len(marked))} marked as verified today{_list_names(marked)}."
    if marked:
        model_admin.message_user(request, text, messages.SUCCESS)
    else:
        model_admin.message_user(request, "Nothing was marked.", messages.WARNING)
    for reason, rows in plan.skipped:
        text = f"{_count_rows(len(rows))} left unchanged, {reason}{_list_names(rows)}."
        model_admin.message_user(request, text, messages.WARNING)


def _count_rows(number: int) -> str:
    return "1 price or fact" if number == 1 else f"{number:,} prices and facts"


def _list_names(rows: Sequence[SourcedRow]) -> str:
    names = ", ".join(f"“{name_row(row)}”" for row in rows[:MAX_NAMES])
    return f" ({names}{f' and {len(rows) - MAX_NAMES:,} more' if len(rows) > MAX_NAMES else ''})"
