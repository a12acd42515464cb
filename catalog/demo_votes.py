"""Made-up votes on a demonstration, so that its pages show what they are for (docs/decisions/0026-made-up-votes.md)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import exp
from random import Random
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from comparisons.models import Comparison
from tools.models import ContentRevision, Tool
from votes import made_up
from votes.models import HeldFor, LedgerHour, Listing, PairChoice, PairVote, Vote, VoteState
from votes.ranking import rank_pairs
from web import clock

DAYS = 120  # over which the votes are spread
SIZES = ((0, 0), (0, 0), (2, 9), (3, 9), (12, 45), (60, 180), (150, 420), (300, 900))
"""(fewest, most) votes per tool; each tool gets one of them, in turn."""
PAIR_SIZES = ((0, 0), (3, 9), (14, 45), (60, 260))
VISITORS = 1200
HELD_EVERY = 9  # every ninth tool, and every ninth pair, has held votes if it has any
MOST_HELD = 14


class DemoVotesError(Exception):
    """Made-up votes cannot be cast on this site. The message says why."""


class _Judged(NamedTuple):
    """A published tool, and the share of its seats that ship it, 0–1."""

    pk: int
    slug: str
    published_at: datetime
    share: float


@transaction.atomic
def cast_demo_votes(*, today: date | None = None) -> tuple[int, int]:
    """Cast made-up votes on all published tools and comparisons. Return the numbers of votes on tools and on pairs.

    Raises DemoVotesError if the site has votes, made up or not.
    """
    ContentRevision.lock()  # before anything else, as editors do (web/locks.py)
    if Vote.objects.exists() or PairVote.objects.exists():
        raise DemoVotesError("This site has votes. Made-up ones are cast only where there are none.")
    midnight = clock.start_of(today or clock.today())
    tools = _read_tools()
    votes = list(_make_votes(tools, midnight))
    pair_votes = list(_make_pair_votes({tool.pk: tool for tool in tools}, midnight))
    _write("votes_vote", "tool_id, visitor, choice, state, held_for, created_at, updated_at", votes)
    columns = "first_id, second_id, shown_first_id, visitor, choice, state, held_for, created_at, updated_at"
    _write("votes_pairvote", columns, pair_votes)
    rank_pairs()
    return len(votes), len(pair_votes)


def clear_demo_votes() -> tuple[int, int]:
    """Delete the made-up votes and nothing else. Return the numbers of votes on tools and on pairs.

    The ledger, the tallies, the listings, and the rankings follow.
    """
    with transaction.atomic():
        ContentRevision.lock()
        with connection.cursor() as cursor:  # no vote may be cast between the two deletions
            cursor.execute("LOCK TABLE votes_vote IN SHARE ROW EXCLUSIVE MODE")
        in_range = {"visitor__range": (made_up.FIRST, made_up.LAST)}
        tools = list(Tool.objects.filter(votes__visitor__range=in_range["visitor__range"]).distinct().order_by("pk"))
        votes = Vote.objects.filter(**in_range)._raw_delete("default")
        pair_votes = PairVote.objects.filter(**in_range)._raw_delete("default")
        # The triggers leave empty rows, from which the ledger would show that votes had been taken back.
        LedgerHour.objects.filter(tool__in=tools, ship=0, skip=0)._raw_delete("default")
        rank_pairs()
    for tool in tools:
        Listing.objects.settle(tool)  # the trigger skips a listing that is locked
    return votes, pair_votes


def _get_random(name: str) -> Random:
    """Return a random generator that does not depend on what else is drawn."""
    return Random(name)  # noqa: S311 (nothing secret)


def _read_tools() -> list[_Judged]:
    listings = Listing.objects.at().order_by("tool__slug")
    rows = listings.values_list("tool_id", "tool__slug", "tool__published_at", "ship", "seats")
    return [_Judged(pk, slug, at, ship / seats if seats else 0.5) for pk, slug, at, ship, seats in rows if at]


def _like(tool: _Judged) -> float:
    """Return the share of visitors who would ship a tool: near the panel's, or its opposite for a fifth of tools."""
    rng = _get_random(f"liking {tool.slug}")
    share = 1 - tool.share if rng.random() < 0.2 else tool.share
    return min(0.95, max(0.06, 0.12 + 0.76 * share + rng.uniform(-0.14, 0.14)))


def _make_votes(tools: list[_Judged], midnight: datetime) -> Iterator[tuple[object, ...]]:
    for place, tool in enumerate(tools):
        rng = _get_random(f"votes {tool.slug}")
        size, liking = rng.randint(*SIZES[place % len(SIZES)]), _like(tool)
        held = min(size, rng.randint(2, MOST_HELD)) if place % HELD_EVERY == 4 else 0
        for n, visitor in enumerate(rng.sample(range(VISITORS), size)):
            choice = "ship" if rng.random() < liking else "skip"
            yield tool.pk, *_make_vote(rng, visitor, choice, tool.published_at, midnight, is_held=n < held)


def _make_pair_votes(tools: dict[int, _Judged], midnight: datetime) -> Iterator[tuple[object, ...]]:
    """Yield votes on published comparisons. Visitors tend to choose the tool that they like better."""
    pairs = Comparison.objects.published().order_by("first__slug", "second__slug")
    rows = pairs.values_list("first_id", "first__slug", "second_id", "second__slug")
    for place, (first, first_slug, second, second_slug) in enumerate(rows):
        low, high = tools[min(first, second)], tools[max(first, second)]
        rng = _get_random(f"pair votes {first_slug} {second_slug}")
        size = rng.randint(*PAIR_SIZES[place % len(PAIR_SIZES)])
        share = 1 / (1 + exp(-3 * (_like(low) - _like(high))))
        since = max(low.published_at, high.published_at)
        held = min(size, rng.randint(2, MOST_HELD)) if place % HELD_EVERY == 3 else 0
        for n, visitor in enumerate(rng.sample(range(VISITORS), size)):
            choice = PairChoice.FIRST if rng.random() < share else PairChoice.SECOND
            if rng.random() < 0.08:
                choice = PairChoice.NEITHER
            yield low.pk, high.pk, first, *_make_vote(rng, visitor, choice.value, since, midnight, is_held=n < held)


def _make_vote(
    rng: Random, visitor: int, choice: str, since: datetime, midnight: datetime, *, is_held: bool
) -> tuple[UUID, str, str, str, datetime, datetime]:
    """Return (visitor, choice, state, held_for, created_at, updated_at). Held votes come within an hour."""
    span = max(timedelta(seconds=1), min(timedelta(days=DAYS), midnight - since))
    at = midnight - (min(span, timedelta(hours=1)) if is_held else span) * rng.random() ** 1.5
    state = VoteState.HELD if is_held else VoteState.COUNTED
    return made_up.make_visitor(visitor), choice, state.value, HeldFor.BURST.value if is_held else "", at, at


def _write(table: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    """Write votes with one COPY. The triggers update what is counted from them once."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
