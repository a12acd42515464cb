"""Prices and facts that were stated and superseded while their tool was withdrawn, so that no reader saw them.

When the tool is put back, they must not appear as what it once cost: readers never saw them. They are deleted; their
versions stay in the history.
"""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from tools.models import Fact, Plan, Tool

NEVER_SEEN = "Stated and superseded while the tool was withdrawn"
_SUCCESSORS = {
    Plan: "SELECT * FROM plan_after(%s, %s, %s)",
    Fact: "SELECT * FROM fact_after(%s, %s, %s)",
}
_IDENTITIES = {Plan: "name", Fact: "attribute_id"}


@transaction.atomic
def put_back_tool(*, tool: Tool, reason: str = "") -> None:
    """Return a withdrawn tool to the site without what it stated in the meantime and no longer does.

    Raises TransitionError as `Publishable.put_back` does, without changes.
    """
    withdrawn_at = tool.withdrawn_at
    tool.put_back(reason=reason)
    if withdrawn_at is not None:
        delete_unseen(tool, since=withdrawn_at)


def delete_unseen(tool: Tool, *, since: datetime, except_ended: Collection[datetime] = ()) -> None:
    """Delete the plans and facts of a tool that began since its withdrawal and are superseded, except if that was at
    one of the given times. Their successors begin when they did.
    """
    for model in (Plan, Fact):
        for row in find_unseen(model, tool, since=since):
            if row.superseded_at not in except_ended:
                _let_successor_begin(row)
                _delete(row)


def find_unseen(model: type[Plan] | type[Fact], tool: Tool, *, since: datetime) -> list[Any]:
    """Return the superseded plans or facts of a tool that began at a time or later, in the order in which they ended.

    A row without `added_at` began when the row before it was superseded, or else with the tool. One query.
    """
    identity = _IDENTITIES[model]
    rows: Any = model.objects.filter(tool=tool, superseded_at__isnull=False).order_by(identity, "superseded_at")
    unseen: list[Any] = []
    for _, same in groupby(rows, key=lambda row: getattr(row, identity)):
        before = None
        for row in same:
            began = row.added_at or before
            if began is not None and began >= since:
                unseen.append(row)
            before = row.superseded_at
    return sorted(unseen, key=lambda row: row.superseded_at)


def _let_successor_begin(row: Any) -> None:
    """Make the successors of a row continue its predecessor."""
    after = _SUCCESSORS[type(row)]
    ended = [row.tool_id, getattr(row, _IDENTITIES[type(row)]), row.superseded_at]
    for successor in type(row).objects.raw(after, ended):
        if successor.added_at in (None, row.superseded_at):
            for name in ("added_at", "renamed_from") if isinstance(row, Plan) else ("added_at",):
                setattr(successor, name, getattr(row, name))
            successor.save()


def _delete(row: Any) -> None:
    """Delete a row of a tool that was public, which triggers refuse unless the transaction says it is maintenance."""
    row._change_reason = NEVER_SEEN  # read by django-simple-history
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL shipside.maintenance = 'on'")
        row.delete()
        cursor.execute("SET LOCAL shipside.maintenance = 'off'")
