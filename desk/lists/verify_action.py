"""The bulk action “mark as verified today”: asks, does, and reports, for prices, facts and whole tools."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from desk.confirming import confirmation, is_confirmed
from desk.lists import verifying
from desk.lists.verifying import Sorted, TooManyError, said, verify

NAMED = 10  # rows that a message names


def verify_action(model_admin: Any, request: HttpRequest, read: Callable[[], list[Any]]) -> HttpResponse | None:
    """Mark what `read` yields as verified today, after a page that asks; None leads back to where it was chosen."""
    try:
        rows = read()
    except TooManyError:
        words = f"Nothing was marked: choose at most {verifying.MOST:,} prices and facts at once."
        model_admin.message_user(request, words, messages.ERROR)
        return None
    if is_confirmed(request):
        _report(model_admin, request, verify(rows, by=request.user))
        return None
    found = Sorted.of(rows)
    return confirmation(
        request,
        model_admin,
        title="Mark as verified today",
        question=(
            f"Did you look at {'the source' if len(found.to_do) == 1 else 'each of the sources'} today, and does it "
            f"still say this? {_statements(len(found.to_do))} will be marked as verified today."
            if found.to_do
            else "There is nothing here to mark."
        ),
        yes="Yes, mark as verified today",
        doing=[said(row) for row in found.to_do],
        leaving=[(why, [said(row) for row in left]) for why, left in found.left_alone],
    )


def _report(model_admin: Any, request: HttpRequest, found: Sorted) -> None:
    done = found.to_do
    words = f"{_statements(len(done))} marked as verified today{_named(done)}." if done else "Nothing was marked."
    model_admin.message_user(request, words, messages.SUCCESS if done else messages.WARNING)
    for why, rows in found.left_alone:
        words = f"{_statements(len(rows))} left alone, {why}{_named(rows)}."
        model_admin.message_user(request, words, messages.WARNING)


def _statements(number: int) -> str:
    return "1 price or fact" if number == 1 else f"{number:,} prices and facts"


def _named(rows: list[Any]) -> str:
    names = ", ".join(f"“{said(row)}”" for row in rows[:NAMED])
    return f" ({names}{f' and {len(rows) - NAMED:,} more' if len(rows) > NAMED else ''})"
