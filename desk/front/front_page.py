"""What needs somebody today: the lists of the desk's front page, each for the people who may act on it.

Every list is one statement, its total included, and shows at most MOST of what it counts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from comparisons.models import Comparison
from desk.front import first_steps, gaps
from desk.front.parts import MOST, Asker, Item, Section, age, form_of, list_of, noted, number_of, total_of, with_total
from desk.permissions import reviews_to_edit, writes_own_drafts_only
from reviews.models import Prediction, Review, Reviewer
from tools.models import Fact, Plan, Tool
from tools.publishing import PublicationState
from votes.models import PairTally, PairVote, Vote
from votes.moderation import pair_name
from web.words import format_day, join_words

FLIPPED_LATELY = timedelta(days=90)
IMPORTED_LATELY = timedelta(days=30)


def sections(user: Any, *, at: datetime | None = None) -> list[Section]:
    """The lists that somebody sees at an instant (default: now), those that press first."""
    asker = Asker(user, at or timezone.now())
    return [section for make in SECTIONS if (section := make(asker)) is not None]


def _drafts_of(rows: Any) -> Any:
    return rows.filter(published_at__isnull=True, withdrawn_at__isnull=True)


def _with_entered_at(rows: Any, history: Any) -> Any:
    first = history.filter(id=OuterRef("pk")).order_by("history_date", "history_id").values("history_date")[:1]
    return rows.annotate(entered_at=Subquery(first))


def draft_tools(asker: Asker) -> Section | None:
    if not asker.may("tools.change_tool"):
        return None
    rows = with_total(_drafts_of(Tool.objects).select_related("category").order_by("created_at", "pk"))
    return Section(
        "draft-tools",
        "Tools in draft",
        [Item(row.name, form_of(row), noted(row.category.name, age(row.created_at, now=asker.now))) for row in rows],
        total_of(rows),
        "No tool waits to be finished.",
        [("All tools in draft", list_of(Tool, state=PublicationState.DRAFT))],
    )


def draft_reviews(asker: Asker) -> Section | None:
    if not asker.may("reviews.change_review"):
        return None
    drafts = _drafts_of(reviews_to_edit(asker.user)).select_related("tool", "reviewer").order_by("pk")
    rows = with_total(_with_entered_at(drafts, Review.history))
    return Section(
        "draft-reviews",
        "Your drafts" if writes_own_drafts_only(asker.user) else "Reviews in draft",
        [
            Item(f"{row.reviewer} on {row.tool}", form_of(row), noted(row.verdict, age(row.entered_at, now=asker.now)))
            for row in rows
        ],
        total_of(rows),
        "No review waits to be finished.",
        [("All reviews in draft", list_of(Review, state=PublicationState.DRAFT))],
    )


def draft_comparisons(asker: Asker) -> Section | None:
    if not asker.may("comparisons.change_comparison"):
        return None
    drafts = _drafts_of(Comparison.objects).select_related("first", "second").order_by("pk")
    rows = with_total(_with_entered_at(drafts, Comparison.history))
    return Section(
        "draft-comparisons",
        "Comparisons in draft",
        [Item(str(row), form_of(row), age(row.entered_at, now=asker.now)) for row in rows],
        total_of(rows),
        "No comparison waits to be finished.",
        [("All comparisons in draft", list_of(Comparison, state=PublicationState.DRAFT))],
    )


def missing_seats(asker: Asker) -> Section | None:
    if not asker.may("reviews.add_review"):
        return None
    own = writes_own_drafts_only(asker.user)
    seat = Reviewer.objects.filter(held_by=asker.user).first() if own else None
    found = gaps.missing_seats(most=MOST, held_by=asker.user.pk if own else None)
    empty = "Every seat has written on every tool."
    if own:
        empty = "Your seat has written on every tool." if seat else "You hold no seat yet. An editor gives you one."

    def form(gap: gaps.MissingSeats) -> str:
        if len(gap.seats) == 1 or not asker.may("tools.change_tool"):
            return reverse("admin:reviews_review_add", query={"tool": gap.tool, "reviewer": gap.seats[0][0]})
        return reverse("admin:tools_tool_change", args=[gap.tool])

    return Section(
        "missing-seats",
        "Tools without your verdict" if own else "Tools that lack a verdict",
        [Item(gap.name, form(gap), "" if own else join_words([name for _, name in gap.seats])) for gap in found],
        found[0].total if found else 0,
        empty,
        [("All tools that lack one", list_of(Tool, unwritten=seat.slug if seat else "any"))]
        if asker.may("tools.view_tool")
        else [],
    )


def scheduled(asker: Asker) -> Section | None:
    kinds: list[tuple[str, Any, type[models.Model], tuple[str, ...]]] = [
        ("tools.change_tool", Tool.objects, Tool, ()),
        ("reviews.publish_review", Review.objects, Review, ("tool", "reviewer")),
        ("comparisons.change_comparison", Comparison.objects, Comparison, ("first", "second")),
    ]
    if not any(asker.may(permission) for permission, *_ in kinds):
        return None
    found: list[Any] = []
    total, more = 0, []
    for permission, manager, model, related in kinds:
        if asker.may(permission):
            rows = manager.filter(published_at__gt=asker.now, withdrawn_at__isnull=True).order_by("published_at", "pk")
            rows = with_total(rows.select_related(*related) if related else rows)
            found += rows
            total += total_of(rows)
            many = str(model._meta.verbose_name_plural)
            more.append((f"All scheduled {many}", list_of(model, state=PublicationState.SCHEDULED)))
    found.sort(key=lambda row: row.published_at)
    return Section(
        "scheduled",
        "Scheduled next",
        [
            Item(
                f"{row.reviewer} on {row.tool}" if isinstance(row, Review) else str(row),
                form_of(row),
                f"{row._meta.verbose_name}, {format_day(row.published_at.date())} at {row.published_at:%H:%M} UTC",
            )
            for row in found[:MOST]
        ],
        total,
        "Nothing is scheduled.",
        more,
    )


def stale(asker: Asker) -> Section | None:
    if not asker.may("tools.change_plan", "tools.change_fact"):
        return None
    found = gaps.to_verify(most=MOST, before=asker.today - timedelta(days=settings.STALE_AFTER_DAYS))
    return _to_verify(
        "stale",
        f"Checked over {settings.STALE_AFTER_DAYS} days ago",
        found,
        f"Every price and fact was checked within {settings.STALE_AFTER_DAYS} days, or never.",
    )


def unverified(asker: Asker) -> Section | None:
    if not asker.may("tools.change_plan", "tools.change_fact"):
        return None
    found = gaps.to_verify(most=MOST, before=None)
    return _to_verify("unverified", "Never checked", found, "Every price and fact was checked at least once.")


def _to_verify(slug: str, title: str, found: Sequence[gaps.ToVerify], empty: str) -> Section:
    def note(row: gaps.ToVerify) -> str:
        counts = [
            number_of(number, one, many)
            for number, one, many in ((row.plans, "price", "prices"), (row.facts, "fact", "facts"))
            if number
        ]
        return noted(join_words(counts), f"since {format_day(row.oldest)}" if row.oldest else "")

    items = [Item(row.name, reverse("admin:tools_tool_change", args=[row.tool]), note(row)) for row in found]
    more = [("These prices", list_of(Plan, checked=slug)), ("These facts", list_of(Fact, checked=slug))]
    return Section(slug, title, items, found[0].total if found else 0, empty, more)


def due_predictions(asker: Asker) -> Section | None:
    if not asker.may("reviews.change_prediction") or writes_own_drafts_only(asker.user):
        return None
    due = Prediction.objects.on_record(at=asker.now).due_soonest().filter(due_on__lte=asker.today)
    rows = with_total(due.select_related("review__reviewer", "review__tool"))
    return Section(
        "due-predictions",
        "Predictions to judge",
        [
            Item(row.claim, form_of(row), f"{row.review.reviewer} on {row.review.tool}, due {format_day(row.due_on)}")
            for row in rows
        ],
        total_of(rows),
        "No prediction is due.",
        [("All predictions that are due", list_of(Prediction, due="due"))],
    )


def votes_under_review(asker: Asker) -> Section | None:
    if not asker.may("votes.moderate_vote"):
        return None
    tools = with_total(Tool.objects.with_held_votes().order_by("-held", "name", "pk"))
    pairs = with_total(PairTally.objects.waiting().select_related("first", "second"))
    rows = [
        *((row.held, row.name, reverse("admin:votes_vote_tool", args=[row.pk])) for row in tools),
        *(
            (
                row.held,
                pair_name(row.first, row.second),
                reverse("admin:votes_pairvote_pair", args=[row.first_id, row.second_id]),
            )
            for row in pairs
        ),
    ]
    rows.sort(key=lambda row: -row[0])
    return Section(
        "votes-under-review",
        "Votes under review",
        [Item(name, url, number_of(held, "held vote", "held votes")) for held, name, url in rows[:MOST]],
        total_of(tools) + total_of(pairs),
        "No vote is held.",
        [("All tools with held votes", list_of(Vote)), ("All pairs with held votes", list_of(PairVote))],
    )


def missing_comparisons(asker: Asker) -> Section | None:
    if not asker.may("comparisons.add_comparison"):
        return None
    found = gaps.missing_comparisons(most=MOST, at=asker.now)
    return Section(
        "missing-comparisons",
        "Rivals without a comparison",
        [
            Item(
                f"{pair.first_name} vs {pair.second_name}",
                reverse("admin:comparisons_comparison_add", query={"first": pair.first, "second": pair.second}),
                f"named together in {number_of(pair.times, 'review', 'reviews')}",
            )
            for pair in found
        ],
        found[0].total if found else 0,
        "Every two tools that reviews name together have their comparison.",
    )


def flips(asker: Asker) -> Section | None:
    if not asker.may("reviews.view_review") or writes_own_drafts_only(asker.user):
        return None
    since = asker.now - FLIPPED_LATELY
    flipped = Review.objects.flips(at=asker.now).filter(flip__published_at__gte=since)
    rows = with_total(flipped.select_related("tool", "reviewer"))
    return Section(
        "flips",
        "Verdicts that flipped",
        [
            Item(
                f"{row.reviewer} on {row.tool}",
                form_of(row),
                f"{row.was_verdict} to {row.verdict}, {format_day(row.published_at.date())}",
            )
            for row in rows
        ],
        total_of(rows),
        f"No verdict flipped in {FLIPPED_LATELY.days} days.",
        [("All that ever flipped", list_of(Review, flipped="yes"))],
    )


def imports(asker: Asker) -> Section | None:
    if not asker.may("tools.import_catalog"):
        return None
    found = gaps.imports(since=asker.now - IMPORTED_LATELY)
    return Section(
        "imports",
        "Newest imports",
        [
            Item(
                f"{format_day(run.ended_at.date())} at {run.ended_at:%H:%M} UTC",
                "",
                noted(run.by or "by a command", join_words([number_of(n, one, many) for one, many, n in run.counts])),
            )
            for run in found[:MOST]
        ],
        len(found),
        f"Nothing was imported in {IMPORTED_LATELY.days} days.",
    )


def last_edits(asker: Asker) -> Section:
    entries = LogEntry.objects.filter(user=asker.user.pk).order_by("-action_time", "-pk")
    rows = with_total(entries.select_related("content_type"))
    return Section(
        "last-edits",
        "What you did last",
        [
            Item(
                row.object_repr,
                "" if row.is_deletion() else row.get_admin_url() or "",
                f"{_DONE[row.action_flag]} {format_day(row.action_time.date())}",
            )
            for row in rows
        ],
        total_of(rows),
        "You have not changed anything yet.",
    )


_DONE = {1: "added", 2: "changed", 3: "deleted"}


# In the order of the page.
SECTIONS: tuple[Callable[[Asker], Section | None], ...] = (
    first_steps.first_steps,
    draft_reviews,
    missing_seats,
    draft_tools,
    draft_comparisons,
    scheduled,
    due_predictions,
    votes_under_review,
    stale,
    unverified,
    missing_comparisons,
    flips,
    imports,
    last_edits,
)
