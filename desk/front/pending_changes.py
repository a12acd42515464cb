"""Pending changes on the front page: all in a list, and loudly the ones that were not published at their time."""

from datetime import timedelta

from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.front.front_list import FrontList, Viewer, get_total, join_notes, link_to_form, pluralize, read_first
from desk.items import DeskItem
from desk.models import PendingChange, PendingChangeQuerySet
from web.words import format_day, format_moment

LATE_AFTER = timedelta(minutes=5)
MAX_ALARMS = 5


def list_pending_changes(viewer: Viewer) -> FrontList | None:
    """Return the pending changes of what a user may change: those with a time first, then the oldest."""
    rows = _filter_readable(viewer)
    if rows is None:
        return None
    first = read_first(rows.order_by("publish_at", "kept_at", "pk"))
    return FrontList(
        slug="pending-changes",
        title="Pending changes",
        items=[DeskItem(str(row.content), link_to_form(row.content), _describe(row)) for row in first],
        total=get_total(first),
        empty="No change of what is public is pending.",
    )


def list_pending_alarms(viewer: Viewer) -> list[SafeString]:
    """Return which pending changes were not published at their time, and why. One query."""
    rows = _filter_readable(viewer)
    if rows is None:
        return []
    late = rows.filter(~Q(problem="") | Q(publish_at__lte=viewer.now - LATE_AFTER)).order_by("publish_at", "pk")
    return [
        format_html(
            'The pending change of <a href="{}">{}</a> was not published at its time. {}',
            link_to_form(row.content),
            row.content,
            row.problem or "Is a worker running? It publishes what is scheduled.",
        )
        for row in late[:MAX_ALARMS]
    ]


def _filter_readable(viewer: Viewer) -> PendingChangeQuerySet | None:
    """Return the pending changes that a user may read; None for a user who may read none."""
    permissions = {"tool": "tools.change_tool", "comparison": "comparisons.change_comparison"}
    kinds = [name for name, permission in permissions.items() if viewer.may(permission)]
    if not kinds:
        return None
    readable = Q(*((f"{name}__isnull", False) for name in kinds), _connector=Q.OR)
    related = ("tool", "comparison__first", "comparison__second", "author")
    return PendingChange.objects.filter(readable).select_related(*related)


def _describe(row: PendingChange) -> str:
    at = row.publish_at
    when = f"scheduled for {format_moment(at)}" if at else ""
    by = f"by {row.author_name}, {format_day(row.kept_at.date())}"
    count = pluralize(row.count, "field differs", "fields differ")
    return join_notes(count, by, "not published" if row.problem else when)
