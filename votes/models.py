import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Count, F, Func, Q, Value
from django.db.models.functions import Cast, Least, NullIf
from django.utils import timezone

from tools.choices import PlanKind
from tools.expressions import WilsonLow
from tools.models import Category, Tool
from votes.community import Community
from votes.ledger import LedgerHour
from votes.limits import Amount
from votes.moderation import Decision, Freeze, HeldFor, Reason
from votes.network import NetworkKey
from votes.pair_votes import PairRank, PairTally, PairVote

# Models that live beside what they are for.
__all__ = [
    "Amount", "Camp", "CensusRow", "Choice", "CountAmong", "Decision", "Freeze", "HeldFor", "LedgerHour",
    "Listing", "NetworkKey", "PairRank", "PairTally", "PairVote", "PanelGap", "Reason", "Standing", "State", "Tally",
    "Vote",
]  # fmt: skip


class Choice(models.TextChoices):
    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"
    NONE = "none", "Take it back"


class State(models.TextChoices):
    """What a visitor's vote on a tool is worth. It belongs to the row: changing the choice does not change it."""

    COUNTED = "counted", "Counted"
    HELD = "held", "Under review"
    REJECTED = "rejected", "Not counted"


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a vote, and how the tool stands with it. `state` is None where there is no vote."""

    state: State | None
    community: Community


class VoteQuerySet(models.QuerySet["Vote"]):
    def cast(
        self,
        *,
        tool: Tool,
        visitor: uuid.UUID,
        choice: Choice,
        held_for: str = "",
        network: uuid.UUID | None = None,
        at: datetime | None = None,
    ) -> Standing:
        """Set a visitor's vote on a tool to `choice`; `Choice.NONE` takes it back.

        It sets and does not toggle: saying the same again changes nothing. A vote that is new is held for `held_for`,
        unless that is ""; one that was there keeps its state. One statement, committed when this returns outside a
        transaction; the tally follows in the same transaction by trigger (votes/sql/tally.sql), and the order of lists
        does or is settled after it (votes/sql/listings.sql).
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM cast_vote(%s, %s, %s, %s, %s, %s)",
                [tool.pk, visitor, choice, held_for, network, at or timezone.now()],
            )
            state, ship, skip, percent, low, high, held, is_frozen = cursor.fetchone()
        Listing.objects.settle(tool)
        community = Community(ship, skip, percent, low, high, held=held, is_frozen=is_frozen)
        return Standing(State(state) if state else None, community)

    def of(self, visitor: uuid.UUID) -> Self:
        """What a visitor says of published tools, whether it counts or not."""
        return self.filter(visitor=visitor, tool__in=Tool.objects.published()).exclude(choice=Choice.NONE)

    def counted(self) -> Self:
        """Those that count: neither held, nor rejected, nor taken back."""
        return self.filter(state=State.COUNTED).exclude(choice=Choice.NONE)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")


class Vote(models.Model):
    """What one visitor says of one tool. Rows stay: one that is taken back says `none`, a rejected one says so."""

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="votes", db_index=False)
    visitor = models.UUIDField()
    choice = models.CharField(max_length=4, choices=Choice)
    state = models.CharField(max_length=8, choices=State, default=State.COUNTED, db_default=State.COUNTED)
    held_for = models.CharField(max_length=7, choices=HeldFor, blank=True, default="", db_default="")
    rejected_for = models.CharField(max_length=9, choices=Reason.rejecting(), blank=True, default="", db_default="")
    network = models.UUIDField(null=True, help_text="The hash of where it was first cast from (votes/network.py).")
    decision = models.ForeignKey(
        Decision,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,  # decisions are never deleted, and a check a row would make large ones slow
        db_index=False,
        related_name="decided_votes",
        help_text="The latest one about it.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = VoteQuerySet.as_manager()

    class Meta:
        permissions = [
            ("moderate_vote", "Can release and reject held votes"),
            ("freeze_tool", "Can freeze the votes on a tool"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tool", "visitor"], name="votes_vote_one_per_visitor"),
            models.CheckConstraint(name="votes_vote_choice_known", condition=Q(choice__in=Choice.values)),
            models.CheckConstraint(name="votes_vote_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="votes_vote_held_says_why",
                condition=(~Q(state=State.HELD) & Q(held_for="")) | Q(held_for__in=HeldFor.values),
            ),
            models.CheckConstraint(
                name="votes_vote_rejected_says_why",
                condition=(
                    (~Q(state=State.REJECTED) & Q(rejected_for=""))
                    | Q(state=State.REJECTED, rejected_for__in=[value for value, _ in Reason.rejecting()])
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["visitor"], name="votes_vote_visitor"),
            models.Index(fields=["tool", "created_at"], name="votes_vote_held", condition=Q(state=State.HELD)),
        ]

    def __str__(self) -> str:
        return f"{self.choice} {self.tool_id}"


class Tally(models.Model):
    """How many counted votes say ship and skip, and how many votes are held, in up to eight slots a tool; a tool's
    count is the sum of its slots.

    Only triggers on `votes_vote` write here (votes/sql/tally.sql). A visitor's slot follows from the visitor's id, so
    that simultaneous votes on one popular tool seldom wait for the same row.
    """

    SLOTS = 8

    pk = models.CompositePrimaryKey("tool_id", "slot")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="tallies", db_index=False)
    slot = models.PositiveSmallIntegerField()
    ship = models.IntegerField(default=0)
    skip = models.IntegerField(default=0)
    held = models.IntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.CheckConstraint(name="votes_tally_not_negative", condition=Q(ship__gte=0, skip__gte=0, held__gte=0)),
            models.CheckConstraint(name="votes_tally_slot_known", condition=Q(slot__gte=0, slot__lt=8)),
        ]

    def __str__(self) -> str:
        return f"tool {self.tool_id}, slot {self.slot}: {self.ship} ship, {self.skip} skip, {self.held} held"


# The orders of lists, each with an index. All are total: they end with the tool itself.
RANKED = (F("share").desc(nulls_last=True), F("low_share").desc(nulls_last=True), "name", "tool_id")
LIKED = (F("low_share").desc(nulls_last=True), F("share").desc(nulls_last=True), "name", "tool_id")
REVIEWED = (F("reviewed_at").desc(nulls_last=True), "tool_id")
NAMED = ("name", "tool_id")
DIVIDED = (F("division").desc(), F("seats").desc(), "name", "tool_id")
APART = (F("gap").desc(), "name", "tool_id")


def ranked_sql(table: str) -> str:
    """Return RANKED as SQL, for statements in which listings go by the name `table`."""
    orders: tuple[Any, ...] = RANKED
    return ", ".join(
        f"{table}.{order}" if isinstance(order, str) else f"{table}.{order.expression.name} DESC NULLS LAST"
        for order in orders
    )


VOTES = F("community_ship") + F("community_skip")


class CensusRow(NamedTuple):
    """How many tools there are of a combination."""

    category: int
    entry: str
    camp: str
    tools: int


class Camp(models.TextChoices):
    """How a panel is divided."""

    ALL_SHIP = "all-ship", "All ship"
    MOST_SHIP = "most-ship", "Most ship"
    SPLIT = "split", "Split in half"
    MOST_SKIP = "most-skip", "Most skip"
    ALL_SKIP = "all-skip", "All skip"
    UNREVIEWED = "unreviewed", "Not reviewed yet"

    @classmethod
    def of(cls, share: float | None) -> "Camp":
        """The camp of a panel share 0–1; None is that of no panel."""
        if share is None:
            return cls.UNREVIEWED
        if share in (0, 0.5, 1):
            return {0: cls.ALL_SKIP, 0.5: cls.SPLIT, 1: cls.ALL_SHIP}[share]
        return cls.MOST_SHIP if share > 0.5 else cls.MOST_SKIP

    @property
    def condition(self) -> Q:
        """Which listings it holds, by their panel share: each listing is in one camp."""
        match self:
            case Camp.ALL_SHIP:
                return Q(share=1)
            case Camp.MOST_SHIP:
                return Q(share__gt=0.5, share__lt=1)
            case Camp.SPLIT:
                return Q(share=0.5)
            case Camp.MOST_SKIP:
                return Q(share__gt=0, share__lt=0.5)
            case Camp.ALL_SKIP:
                return Q(share=0)
            case _:
                return Q(share__isnull=True)


class PanelGap(Func):
    """By how many percent points a panel (ship, seats) and a community (ship, skip) differ, as both are shown; NULL
    unless the panel's percent lies outside the community's interval.
    """

    function = "panel_gap"
    arity = 4
    output_field = models.SmallIntegerField()


class CountAmong(Func):
    """How many of an array's ids are among those of another one."""

    function = "count_among"
    arity = 2
    output_field = models.IntegerField()


class ListingQuerySet(models.QuerySet["Listing"]):
    def at(self, instant: datetime | None = None) -> Self:
        """Those that hold at an instant (default: now): one row for each published tool."""
        instant = instant or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=instant), starts_at__lte=instant)

    def of_category(self, category: Category) -> Self:
        return self.filter(category=category)

    def chosen(self, *, category: int | str, price: str, panel: str, community: bool, sort: str) -> Self:
        """What a reader asks of the list: a category's id, a kind of entry, a camp, only with a community number, and
        an order ("" for the ranking, `community`, `reviewed` or `name`). "" and False ask for nothing.
        """
        rows = self.filter(category=category) if category else self
        rows = rows.filter(entry=price) if price else rows
        rows = rows.filter(Camp(panel).condition) if panel else rows
        rows = rows.with_community_number() if community else rows
        return rows.order_by(*{"community": LIKED, "reviewed": REVIEWED, "name": NAMED}.get(sort, RANKED))

    def with_community_number(self) -> Self:
        """Those with enough votes for a percent to be shown."""
        return self.alias(votes=VOTES).filter(votes__gte=settings.COMMUNITY_EARLY_VOTES)

    def census(self) -> list[CensusRow]:
        """How many there are of each combination of category, entry and camp. Reads all of them."""
        rows = self.order_by().values_list("category_id", "entry", "share").annotate(tools=Count("pk"))
        return [CensusRow(category, entry, Camp.of(share), tools) for category, entry, share, tools in rows]

    def ranked(self, *, seats: Sequence[int] = ()) -> Self:
        """By panel ship, then the lower end of the community's interval, then name: a total order.

        With `seats` (ids of reviewers) only those seats are counted. Tools without a number come last.
        """
        if not seats:
            return self.order_by(*RANKED)
        counted = Value(list(seats), output_field=ArrayField(models.BigIntegerField()))
        ship, skip = CountAmong("ships", counted), CountAmong("skips", counted)
        share = Cast(ship, models.FloatField()) / NullIf(ship + skip, Value(0))
        return self.alias(share_of_seats=share).order_by(F("share_of_seats").desc(nulls_last=True), *RANKED[1:])

    def recently_reviewed(self) -> Self:
        """Those with a review, the newest review first."""
        return self.filter(reviewed_at__isnull=False).order_by(*REVIEWED)

    def divided(self) -> Self:
        """Those on which the panel is not of one mind, the most divided first."""
        return self.filter(division__gt=0).order_by(*DIVIDED)

    def apart(self) -> Self:
        """Those of which panel and community say different things, the widest gap first.

        Only where the community has a number, and the panel's percent lies outside its interval.
        """
        return self.with_community_number().filter(gap__isnull=False).order_by(*APART)

    def tool_ids(self) -> "models.QuerySet[Listing, int]":
        """Their tools' ids, for `ToolQuerySet.in_order`."""
        return self.values_list("tool_id", flat=True)

    def settle(self, tool: Tool) -> None:
        """Bring a tool's votes up to date here, should the trigger have skipped a locked row
        (votes/sql/listings.sql)."""
        with connection.cursor() as cursor:
            changed = True
            while changed:
                cursor.execute("SELECT settle_listings(ARRAY[%s]::bigint[], true)", [tool.pk])
                [changed] = cursor.fetchone()


class Listing(models.Model):
    """How a published tool stands with panel and visitors: what lists are found, counted and sorted by.

    All of it follows from tools, plans, reviews and tallies, and only triggers write it (votes/sql/listings.sql). A
    tool has one row for now and one for each later time at which something of it comes out, so that scheduled content
    moves the lists by itself. What a list shows of its tools is read from where it stands; here is only their order.
    """

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="listings", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=300)
    entry = models.CharField(max_length=7, choices=PlanKind, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    ships = ArrayField(models.BigIntegerField(), help_text="Reviewers whose current review says ship.")
    skips = ArrayField(models.BigIntegerField(), help_text="Reviewers whose current review says skip.")
    signature = models.BigIntegerField(help_text="A hash of who ships and who skips: the same for the same panels.")
    ship = models.PositiveSmallIntegerField()
    seats = models.PositiveSmallIntegerField()
    reviewed_at = models.DateTimeField(null=True)
    community_ship = models.PositiveIntegerField()
    community_skip = models.PositiveIntegerField()

    # The panel's share of ship, 0-1.
    share = models.GeneratedField(
        expression=Cast("ship", models.FloatField()) / NullIf("seats", Value(0)),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # The lower end of the community's 95% interval, 0-1.
    low_share = models.GeneratedField(
        expression=WilsonLow("community_ship", F("community_ship") + F("community_skip")),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # How far the panel is from being of one mind: the smaller camp's share of the seats, 0-0.5.
    division = models.GeneratedField(
        expression=Cast(Least("ship", F("seats") - F("ship")), models.FloatField()) / NullIf("seats", Value(0)),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # By how many percent points panel and community differ; None unless the panel's percent lies outside the interval.
    gap = models.GeneratedField(
        expression=PanelGap("ship", "seats", "community_ship", "community_skip"),
        output_field=models.SmallIntegerField(null=True),
        db_persist=True,
    )

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tool", "starts_at"], name="votes_listing_once"),
        ]
        indexes = [
            models.Index("category", *RANKED, name="votes_listing_in_category"),
            models.Index(*RANKED, name="votes_listing_ranked"),
            models.Index(*LIKED, name="votes_listing_liked"),
            models.Index(*NAMED, name="votes_listing_named"),
            models.Index(*REVIEWED, name="votes_listing_reviewed"),
            models.Index(*DIVIDED, name="votes_listing_divided", condition=Q(division__gt=0)),
            models.Index(*APART, name="votes_listing_apart", condition=Q(gap__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.ship} of {self.seats} ship"
