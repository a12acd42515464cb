"""How lists start and report bulk changes: actions on more rows than one page can confirm, and links to undo others."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from catalog.bulk_changes import get_model_name, record_bulk_change
from catalog.models import MAX_TITLE_LENGTH, BulkChange, BulkChangeKind, ChangeState
from desk.permissions import may_import
from web.http import SeeOther

ROWS_PER_PAGE = 200  # rows that one page confirms; more are worked off in steps (desk/bulk_changes/working_off.py)
_KEPT = timedelta(days=1)  # a selection that nobody confirmed


def link_to_change(text: str, change_id: int | None) -> str:
    """Return a message with a link that undoes a bulk change; the text alone if nothing was recorded."""
    if change_id is None:
        return text
    return format_html('{} <a href="{}">Undo…</a>', text, reverse("admin:bulk_change_undo", args=[change_id]))


@contextmanager
def record_action(request: HttpRequest, title: str, *, offer: str) -> Iterator[None]:
    """Record what an action on selected rows writes in this block, and offer to undo it to those who may."""
    made_by: Any = request.user
    with record_bulk_change(
        BulkChange(kind=BulkChangeKind.ACTION, title=title[:MAX_TITLE_LENGTH], made_by=made_by)
    ) as change:
        change.summary = "done."
        yield
    if change.pk is not None and may_import(request.user):
        messages.info(request, link_to_change(offer, change.pk))


def select_rows(request: HttpRequest, rows: "QuerySet[Model]", *, action: str, title: str) -> HttpResponse:
    """Store which rows were selected, and redirect to the page that asks for confirmation and works them off.

    `title` says what is to be done, and `action` how the steps call it.
    """
    made_by: Any = request.user
    unconfirmed = BulkChange.objects.filter(state=ChangeState.SELECTED, made_at__lt=timezone.now() - _KEPT)
    unconfirmed.delete()
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    change = BulkChange.objects.create(
        kind=BulkChangeKind.ACTION,
        state=ChangeState.SELECTED,
        title=title,
        made_by=made_by,
        model=get_model_name(rows.model),
        action=action,
        options={"back": request.get_full_path()},
        waiting=ids,
        selected=len(ids),
    )
    return SeeOther(reverse("admin:bulk_change", args=[change.pk]))
