"""The lists of the desk's front page: what needs attention today, each shown to the users who may act on it.

A list takes one query per kind of row, its total included, and shows at most MAX_ITEMS rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import BulkChange, BulkChangeKind
from comparisons.models import Comparison
from desk.front import drafts, first_steps, gaps, team, troubles, waiting
from desk.front.front_list import (
    MAX_ITEMS,
    FrontList,
    Viewer,
    get_total,
    join_notes,
    link_to_form,
    link_to_list,
    pluralize,
    read_first,
)
from desk.front.pending_changes import list_pending_changes
from desk.items import DeskItem
from desk.permissions import may_import, writes_own_drafts_only
from reviews.models import Prediction, Review, Reviewer
from tools.expressions import SortKey
from tools.models import Fact, Plan, Tool
from tools.publishing import PublicationState
from votes.models import PairTally, PairVote, Vote
from votes.subjects import name_pair
from web.words import format_day, format_moment, join_words

FLIP_PERIOD = timedelta(days=90)
IMPORT_PERIOD = timedelta(days=30)


def build_lists(user: User | AnonymousUser) -> list[FrontList]:
    """Return the lists that a user sees, the most urgent first."""
    viewer = Viewer(user, timezone.now())
    front_lists = [front_list for build in LISTS if (front_list := build(viewer)) is not None]
    missing = _find_missing({one.about for one in front_lists if one.about and not one.items})
    return [
        replace(one, empty=f"There are no {one.about._meta.verbose_name_plural} yet.") if one.about in missing else one
        for one in front_lists
    ]


def _find_missing(models: set[type[Model]]) -> set[type[Model]]:
    """Return the models without a row. One query."""
    if not models:
        return set()
    ordered = sorted(models, key=lambda model: model._meta.label)
    with connection.cursor() as cursor:
        exists = ", ".join(f"EXISTS (SELECT FROM {model._meta.db_table})" for model in ordered)
        cursor.execute(f"SELECT {exists}")
        return {model for model, exists in zip(ordered, cursor.fetchone(), strict=True) if not exists}


def list_missing_seats(viewer: Viewer) -> FrontList | None:
    if not viewer.may("reviews.add_review"):
        return None
    own = writes_own_drafts_only(viewer.user)
    seat = Reviewer.objects.filter(held_by=viewer.user.pk).first() if own else None
    rows = gaps.find_missing_seats(most=MAX_ITEMS, held_by=viewer.user.pk if own else None)
    empty = "Every tool has a review or a draft by every seat."
    if own:
        empty = (
            "Your seat has reviewed every tool."
            if seat
            else "You do not hold a seat yet. An editor can assign one to you."
        )

    def link(gap: gaps.MissingSeats) -> str:
        if len(gap.seats) == 1 or not viewer.may("tools.change_tool"):
            return reverse("admin:reviews_review_add", query={"tool": gap.tool, "reviewer": gap.seats[0][0]})
        return reverse("admin:tools_tool_change", args=[gap.tool])

    return FrontList(
        slug="missing-seats",
        title="Tools without your verdict" if own else "Tools missing a verdict",
        items=[
            DeskItem(gap.name, link(gap), "" if own else join_words([name for _, name in gap.seats])) for gap in rows
        ],
        total=rows[0].total if rows else 0,
        empty=empty,
        more=[("All tools missing one", link_to_list(Tool, unwritten=seat.slug if seat else "any"))]
        if viewer.may("tools.view_tool") and (seat or not own)
        else [],
        about=Tool if seat or not own else None,
    )


def list_scheduled(viewer: Viewer) -> FrontList | None:
    kinds: list[tuple[str, QuerySet, tuple[str, ...]]] = [
        ("tools.change_tool", Tool.objects.all(), ()),
        ("reviews.publish_review", Review.objects.all(), ("tool", "reviewer")),
        ("comparisons.change_comparison", Comparison.objects.all(), ("first", "second")),
    ]
    if not any(viewer.may(permission) for permission, *_ in kinds):
        return None
    rows: list[Any] = []
    total, more = 0, []
    for permission, queryset, related in kinds:
        if viewer.may(permission):
            soonest = queryset.filter(published_at__gt=viewer.now, withdrawn_at__isnull=True)
            soonest = soonest.order_by("published_at", "pk")
            first = read_first(soonest.select_related(*related) if related else soonest)
            rows += first
            total += get_total(first)
            model = queryset.model
            link = link_to_list(model, state=PublicationState.SCHEDULED)
            more.append((f"All scheduled {model._meta.verbose_name_plural}", link))
    rows.sort(key=lambda row: row.published_at)
    return FrontList(
        slug="scheduled",
        title="Scheduled",
        items=[
            DeskItem(
                f"{row.reviewer} on {row.tool}" if isinstance(row, Review) else str(row),
                link_to_form(row),
                f"{row._meta.verbose_name}, {format_moment(row.published_at)}",
            )
            for row in rows[:MAX_ITEMS]
        ],
        total=total,
        empty="Nothing is scheduled.",
        more=[*more, ("Calendar", reverse("admin:calendar"))],
    )


def list_stale_checks(viewer: Viewer) -> FrontList | None:
    if not viewer.may("tools.change_plan", "tools.change_fact"):
        return None
    rows = gaps.find_tools_to_verify(most=MAX_ITEMS, before=viewer.today - timedelta(days=settings.STALE_AFTER_DAYS))
    return _build_verify_list(
        "stale",
        f"Checked over {settings.STALE_AFTER_DAYS} days ago",
        rows,
        f"No price or fact was last checked over {settings.STALE_AFTER_DAYS} days ago.",
    )


def list_never_checked(viewer: Viewer) -> FrontList | None:
    if not viewer.may("tools.change_plan", "tools.change_fact"):
        return None
    rows = gaps.find_tools_to_verify(most=MAX_ITEMS, before=None)
    return _build_verify_list(
        "unverified", "Never checked", rows, "Every price and fact has been checked at least once."
    )


def _build_verify_list(slug: str, title: str, rows: Sequence[gaps.ToolToVerify], empty: str) -> FrontList:
    def note(row: gaps.ToolToVerify) -> str:
        counts = [
            pluralize(number, one, many)
            for number, one, many in ((row.plans, "price", "prices"), (row.facts, "fact", "facts"))
            if number
        ]
        return join_notes(join_words(counts), f"since {format_day(row.oldest)}" if row.oldest else "")

    items = [DeskItem(row.name, reverse("admin:tools_tool_change", args=[row.tool]), note(row)) for row in rows]
    more = [
        ("All of these prices", link_to_list(Plan, checked=slug)),
        ("All of these facts", link_to_list(Fact, checked=slug)),
    ]
    return FrontList(
        slug=slug, title=title, items=items, total=rows[0].total if rows else 0, empty=empty, more=more, about=Tool
    )


def list_due_predictions(viewer: Viewer) -> FrontList | None:
    if not viewer.may("reviews.change_prediction") or writes_own_drafts_only(viewer.user):
        return None
    due = Prediction.objects.on_record(at=viewer.now).due_soonest().filter(due_on__lte=viewer.today)
    rows = read_first(due.select_related("review__reviewer", "review__tool"))
    return FrontList(
        slug="due-predictions",
        title="Predictions to judge",
        items=[
            DeskItem(
                row.claim,
                link_to_form(row),
                f"{row.review.reviewer} on {row.review.tool}, due {format_day(row.due_on)}",
            )
            for row in rows
        ],
        total=get_total(rows),
        empty="No predictions are due.",
        more=[("All due predictions", link_to_list(Prediction, due="due"))],
        about=Prediction,
    )


def list_votes_under_review(viewer: Viewer) -> FrontList | None:
    if not viewer.may("votes.moderate_vote"):
        return None
    tools = read_first(Tool.objects.with_held_votes().order_by("-held", SortKey("name"), "pk"))
    pairs = read_first(PairTally.objects.with_held_votes().select_related("first", "second"))
    rows = [
        *((row.held, row.name, reverse("admin:votes_vote_tool", args=[row.pk])) for row in tools),
        *(
            (
                row.held,
                name_pair(row.first, row.second),
                reverse("admin:votes_pairvote_pair", args=[row.first_id, row.second_id]),
            )
            for row in pairs
        ),
    ]
    rows.sort(key=lambda row: -row[0])
    return FrontList(
        slug="votes-under-review",
        title="Votes under review",
        items=[DeskItem(name, url, pluralize(held, "held vote", "held votes")) for held, name, url in rows[:MAX_ITEMS]],
        total=get_total(tools) + get_total(pairs),
        empty="No votes are held.",
        more=[("All tools with held votes", link_to_list(Vote)), ("All pairs with held votes", link_to_list(PairVote))],
    )


def list_missing_comparisons(viewer: Viewer) -> FrontList | None:
    if not viewer.may("comparisons.add_comparison"):
        return None
    rows = gaps.find_missing_comparisons(most=MAX_ITEMS, at=viewer.now)
    return FrontList(
        slug="missing-comparisons",
        title="Rivals without a comparison",
        items=[
            DeskItem(
                f"{pair.first_name} vs {pair.second_name}",
                reverse("admin:comparisons_comparison_add", query={"first": pair.first, "second": pair.second}),
                f"mentioned together in {pluralize(pair.times, 'review', 'reviews')}",
            )
            for pair in rows
        ],
        total=rows[0].total if rows else 0,
        empty="All pairs that reviews mention together have a comparison.",
        about=Review,
    )


def list_flips(viewer: Viewer) -> FrontList | None:
    if not viewer.may("reviews.view_review") or writes_own_drafts_only(viewer.user):
        return None
    since = viewer.now - FLIP_PERIOD
    flipped = Review.objects.flips(at=viewer.now).filter(flip__published_at__gte=since)
    rows = read_first(flipped.select_related("tool", "reviewer"))
    return FrontList(
        slug="flips",
        title="Flipped verdicts",
        items=[
            DeskItem(
                f"{row.reviewer} on {row.tool}",
                link_to_form(row),
                f"{row.was_verdict} to {row.verdict}, {format_day(row.published_at.date())}",
            )
            for row in rows
        ],
        total=get_total(rows),
        empty=f"No verdict flipped in the last {FLIP_PERIOD.days} days.",
        more=[("All flipped reviews", link_to_list(Review, flipped="yes"))],
        about=Review,
    )


def list_imports(viewer: Viewer) -> FrontList | None:
    if not may_import(viewer.user):
        return None
    imports = BulkChange.objects.filter(kind=BulkChangeKind.IMPORT, made_at__gte=viewer.now - IMPORT_PERIOD)
    rows = read_first(imports.select_related("made_by"))
    return FrontList(
        slug="imports",
        title="Recent imports",
        items=[
            DeskItem(
                row.title,
                reverse("admin:bulk_change", args=[row.pk]),
                join_notes(
                    format_moment(row.made_at),
                    str(row.made_by or "by a command"),
                    row.summary.rstrip("."),
                ),
            )
            for row in rows
        ],
        total=get_total(rows),
        empty=f"Nothing was imported in the last {IMPORT_PERIOD.days} days.",
        more=[("All imports and bulk changes", reverse("admin:bulk_changes"))],
    )


def list_last_edits(viewer: Viewer) -> FrontList:
    entries = LogEntry.objects.filter(user=viewer.user.pk).order_by("-action_time", "-pk")
    rows = read_first(entries.select_related("content_type"))
    return FrontList(
        slug="last-edits",
        title="Your recent edits",
        items=[
            DeskItem(
                row.object_repr,
                "" if row.is_deletion() else row.get_admin_url() or "",
                f"{_DONE[row.action_flag]} {format_day(row.action_time.date())}",
            )
            for row in rows
        ],
        total=get_total(rows),
        empty="You have not edited anything yet.",
    )


_DONE = {1: "added", 2: "changed", 3: "deleted"}


# In the order of the page.
LISTS: tuple[Callable[[Viewer], FrontList | None], ...] = (
    first_steps.list_first_steps,
    waiting.list_what_waits,
    troubles.list_newsletter_troubles,
    team.list_team_changes,
    waiting.list_own_hand_overs,
    drafts.list_draft_reviews,
    list_missing_seats,
    drafts.list_draft_tools,
    drafts.list_draft_comparisons,
    list_pending_changes,
    list_scheduled,
    list_due_predictions,
    list_votes_under_review,
    list_stale_checks,
    list_never_checked,
    list_missing_comparisons,
    list_flips,
    list_imports,
    list_last_edits,
)
