"""The lists of drafts on the desk's front page."""

from django.db.models import Manager, OuterRef, QuerySet, Subquery

from comparisons.models import Comparison
from desk.front.front_list import (
    FrontList,
    Viewer,
    format_age,
    get_total,
    join_notes,
    link_to_form,
    link_to_list,
    read_first,
)
from desk.items import DeskItem
from desk.permissions import reviews_to_edit, writes_own_drafts_only
from reviews.models import Review
from tools.models import Tool
from tools.publishing import PublicationState


def _annotate_entered_at(rows: QuerySet, history: Manager) -> QuerySet:
    """Add when the first history event of each row was written."""
    first = history.filter(id=OuterRef("pk")).order_by("history_date", "history_id").values("history_date")[:1]
    return rows.annotate(entered_at=Subquery(first))


def list_draft_tools(viewer: Viewer) -> FrontList | None:
    if not viewer.may("tools.change_tool"):
        return None
    rows = read_first(Tool.objects.drafts().select_related("category").order_by("created_at", "pk"))
    return FrontList(
        slug="draft-tools",
        title="Tools in draft",
        items=[
            DeskItem(
                row.name, link_to_form(row), join_notes(row.category.name, format_age(row.created_at, now=viewer.now))
            )
            for row in rows
        ],
        total=get_total(rows),
        empty="No tools in draft.",
        more=[("All tools in draft", link_to_list(Tool, state=PublicationState.DRAFT))],
    )


def list_draft_reviews(viewer: Viewer) -> FrontList | None:
    if not viewer.may("reviews.change_review"):
        return None
    drafts = reviews_to_edit(viewer.user).drafts().select_related("tool", "reviewer").order_by("pk")
    rows = read_first(_annotate_entered_at(drafts, Review.history))
    return FrontList(
        slug="draft-reviews",
        title="Your drafts" if writes_own_drafts_only(viewer.user) else "Reviews in draft",
        items=[
            DeskItem(
                f"{row.reviewer} on {row.tool}",
                link_to_form(row),
                join_notes(row.verdict, format_age(row.entered_at, now=viewer.now)),
            )
            for row in rows
        ],
        total=get_total(rows),
        empty="No reviews in draft.",
        more=[("All reviews in draft", link_to_list(Review, state=PublicationState.DRAFT))],
    )


def list_draft_comparisons(viewer: Viewer) -> FrontList | None:
    if not viewer.may("comparisons.change_comparison"):
        return None
    drafts = Comparison.objects.drafts().select_related("first", "second").order_by("pk")
    rows = read_first(_annotate_entered_at(drafts, Comparison.history))
    return FrontList(
        slug="draft-comparisons",
        title="Comparisons in draft",
        items=[DeskItem(str(row), link_to_form(row), format_age(row.entered_at, now=viewer.now)) for row in rows],
        total=get_total(rows),
        empty="No comparisons in draft.",
        more=[("All comparisons in draft", link_to_list(Comparison, state=PublicationState.DRAFT))],
    )
