"""What the whole team changed last on any page, from the history."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Model
from django.urls import reverse

from comparisons.models import Comparison
from desk.front.front_list import MAX_ITEMS, FrontList, Viewer, format_since, join_notes
from desk.items import DeskItem
from desk.permissions import may_see, writes_own_drafts_only
from newsletter.models import Issue
from reviews.models import Prediction, Review, Reviewer
from tools.models import Attribute, Category, Correction, Fact, Plan, Tool
from tools.row_history import get_history_table
from web.words import shorten

MAX_EVENTS = 80  # per history that are read before they are grouped
MAX_REASON = 60  # characters

# The models with a history, each with what its rows belong to, and with the SQL of the id of that.
_PARTS: tuple[tuple[type[Model], type[Model], str], ...] = (
    (Tool, Tool, "id"),
    (Plan, Tool, "tool_id"),
    (Fact, Tool, "tool_id"),
    (Correction, Tool, "tool_id"),
    (Review, Review, "id"),
    (Prediction, Review, "review_id"),
    (Comparison, Comparison, "id"),
    (Category, Category, "id"),
    (Attribute, Attribute, "id"),
    (Reviewer, Reviewer, "id"),
    (Issue, Issue, "id"),
)
_NAMES: dict[type[Model], str] = {
    Tool: "(SELECT name FROM tools_tool WHERE id = owner)",
    Review: "(SELECT reviewer.name || ' on ' || tool.name FROM reviews_review AS review "
    "JOIN reviews_reviewer AS reviewer ON reviewer.id = review.reviewer_id "
    "JOIN tools_tool AS tool ON tool.id = review.tool_id WHERE review.id = owner)",
    Comparison: "(SELECT first.name || ' vs ' || second.name FROM comparisons_comparison AS pair "
    "JOIN tools_tool AS first ON first.id = pair.first_id "
    "JOIN tools_tool AS second ON second.id = pair.second_id WHERE pair.id = owner)",
    Category: "(SELECT name FROM tools_category WHERE id = owner)",
    Attribute: "(SELECT name FROM tools_attribute WHERE id = owner)",
    Reviewer: "(SELECT name FROM reviews_reviewer WHERE id = owner)",
    Issue: "(SELECT 'Issue ' || number FROM newsletter_issue WHERE id = owner)",
}


class TeamChange(NamedTuple):
    """What one person did with one object last: its kind, its id, its name ("" if it is deleted), when, and why."""

    kind: type[Model]
    owner: int
    name: str
    by: str
    at: datetime
    reason: str


def list_team_changes(viewer: Viewer) -> FrontList | None:
    kinds = [kind for kind in _NAMES if may_see(viewer.user, kind)]
    if writes_own_drafts_only(viewer.user):
        kinds = [kind for kind in kinds if kind is not Review]  # other seats' drafts are hidden from them
    if not kinds:
        return None
    changes = find_changes(kinds, most=MAX_ITEMS)
    return FrontList(
        slug="team-changes",
        title="The team’s last changes",
        items=[
            DeskItem(
                change.name or f"A deleted {change.kind._meta.verbose_name}",
                _link(change) if change.name else "",
                join_notes(change.by, format_since(change.at, now=viewer.now), shorten(change.reason, MAX_REASON)),
            )
            for change in changes
        ],
        total=0,
        empty="Nobody has changed anything yet.",
    )


def find_changes(kinds: list[type[Model]], *, most: int) -> list[TeamChange]:
    """Return what people changed last among kinds of objects, newest first, once per person and object. One query.

    Imports and commands are left out: the first have a list of their own, and the second are nobody's.
    """
    parts = [(model, kind, owner) for model, kind, owner in _PARTS if kind in kinds]
    newest = " UNION ALL ".join(
        f"(SELECT '{kind._meta.label}' AS kind, {owner} AS owner, history_user_id, history_date, "  # noqa: S608 (ours)
        f"COALESCE(history_change_reason, '') AS reason FROM {get_history_table(model)} "
        "WHERE history_user_id IS NOT NULL AND COALESCE(history_change_reason, '') !~ '^catalog import( of |$)' "
        "ORDER BY history_date DESC LIMIT %(events)s)"
        for model, kind, owner in parts
    )
    names = " ".join(f"WHEN '{kind._meta.label}' THEN {_NAMES[kind]}" for kind in kinds)
    sql = f"""
        WITH newest AS ({newest}),
        last AS (
            SELECT DISTINCT ON (kind, owner, history_user_id) * FROM newest
            ORDER BY kind, owner, history_user_id, history_date DESC
        )
        SELECT kind, owner, COALESCE(CASE kind {names} END, ''), account.username, history_date, reason
        FROM last JOIN accounts_user AS account ON account.id = history_user_id
        ORDER BY history_date DESC, owner LIMIT %(most)s
    """  # noqa: S608 (ours)
    by_label = {kind._meta.label: kind for kind in kinds}
    with connection.cursor() as cursor:
        cursor.execute(sql, {"events": MAX_EVENTS, "most": most})
        return [TeamChange(by_label[label], *rest) for label, *rest in cursor.fetchall()]


def _link(change: TeamChange) -> str:
    meta = change.kind._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[change.owner])
