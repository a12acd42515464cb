"""Listings: what lists of tools filter, count, and sort by."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, Least, NullIf
from django.utils import timezone

from tools.choices import PlanKind
from tools.expressions import WilsonLow
from tools.models import Category, Tool

# The orders of lists, each with an index. All are total orders: they end with the tool itself.
RANKED = (F("share").desc(nulls_last=True), F("low_share").desc(nulls_last=True), "sort_name", "tool_id")
LIKED = (F("low_share").desc(nulls_last=True), F("share").desc(nulls_last=True), "sort_name", "tool_id")
REVIEWED = (F("reviewed_at").desc(nulls_last=True), "tool_id")
NAMED = ("sort_name", "tool_id")
DIVIDED = (F("division").desc(), F("seats").desc(), "sort_name", "tool_id")
APART = (F("gap").desc(), "sort_name", "tool_id")


def ranked_sql(table: str) -> str:
    """Return RANKED as SQL, for statements in which listings go by the name `table`."""
    orders: tuple[Any, ...] = RANKED
    return ", ".join(
        f"{table}.{order}" if isinstance(order, str) else f"{table}.{order.expression.name} DESC NULLS LAST"
        for order in orders
    )


VOTES = F("community_ship") + F("community_skip")


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
        """Return the camp of a panel share (0–1), or of a tool without a panel (None)."""
        if share is None:
            return cls.UNREVIEWED
        if share in (0, 0.5, 1):
            return {0: cls.ALL_SKIP, 0.5: cls.SPLIT, 1: cls.ALL_SHIP}[share]
        return cls.MOST_SHIP if share > 0.5 else cls.MOST_SKIP

    @property
    def condition(self) -> Q:
        """The condition that its listings meet. Each listing is in exactly one camp."""
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
    """The difference between a panel (ship, seats) and a community (ship, skip) in percentage points, as pages show
    them; NULL unless they are on different sides of 50% and the community's interval is clear of it.
    """

    function = "panel_gap"
    arity = 4
    output_field = models.SmallIntegerField()


class CountAmong(Func):
    """The number of ids in one array that are also in another."""

    function = "count_among"
    arity = 2
    output_field = models.IntegerField()


class IsAmong(Func):
    """Whether an id is in an array of ids."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    arity = 2
    output_field = models.BooleanField()


class ListingQuerySet(models.QuerySet["Listing"]):
    def at(self, instant: datetime | None = None) -> Self:
        """Keep the rows that are valid at an instant (default: now): one per published tool."""
        instant = instant or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=instant), starts_at__lte=instant)

    def of_category(self, category: Category) -> Self:
        return self.filter(category=category)

    def chosen(self, *, category: int | str, price: str, budget: Decimal | None, panel: str, community: bool) -> Self:
        """Apply a reader's filters: a category's id, a kind of entry, the most dollars a month, a camp, only with a
        community number. "", None, and False filter nothing.
        """
        rows = self.filter(category=category) if category else self
        rows = rows.filter(entry=price) if price else rows
        rows = rows if budget is None else rows.filter(monthly__lte=budget)
        rows = rows.filter(Camp(panel).condition) if panel else rows
        return rows.with_community_number() if community else rows

    def sorted_by(self, sort: str) -> Self:
        """Apply an order: `community`, `reviewed`, `name`, or the ranking. All are total orders."""
        return self.order_by(*{"community": LIKED, "reviewed": REVIEWED, "name": NAMED}.get(sort, RANKED))

    def by_seat(self, seat: int) -> Self:
        """Order by the verdict of one seat, given by the reviewer's id: ship, skip, not judged. Equals are ranked."""
        seat_id = Value(seat, output_field=models.BigIntegerField())
        return self.order_by(IsAmong(seat_id, F("ships")).desc(), IsAmong(seat_id, F("skips")).desc(), *RANKED)

    def among(self, tools: Sequence[int]) -> Self:
        """Keep those of the tools, given by id."""
        return self.filter(IsAmong(F("tool_id"), Value(list(tools), output_field=ArrayField(models.BigIntegerField()))))

    def with_community_number(self) -> Self:
        """Keep tools with enough votes for a percent."""
        return self.alias(votes=VOTES).filter(votes__gte=settings.COMMUNITY_EARLY_VOTES)

    def ranked(self, *, seats: Sequence[int] = ()) -> Self:
        """Order by panel ship, then the lower end of the community's interval, then name: a total order.

        With `seats` (ids of reviewers) panel ship is computed over them only. Tools without a number come last.
        """
        if not seats:
            return self.order_by(*RANKED)
        counted = Value(list(seats), output_field=ArrayField(models.BigIntegerField()))
        ship, skip = CountAmong("ships", counted), CountAmong("skips", counted)
        share = Cast(ship, models.FloatField()) / NullIf(ship + skip, Value(0))
        return self.alias(share_of_seats=share).order_by(F("share_of_seats").desc(nulls_last=True), *RANKED[1:])

    def by_name(self) -> Self:
        """Order by name: a total order."""
        return self.order_by(*NAMED)

    def without_examples(self) -> Self:
        """Leave out tools that are described for demonstration only."""
        return self.filter(tool__example=False)

    def divided(self) -> Self:
        """Keep tools on which the panel disagrees, the most divided first."""
        return self.filter(division__gt=0).order_by(*DIVIDED)

    def apart(self) -> Self:
        """Keep tools on which panel and community disagree, the widest gap first.

        The community must have a number, and its interval must be clear of 50% on the side where the panel is not.
        """
        return self.with_community_number().filter(gap__isnull=False).order_by(*APART)

    def list_tools(self) -> list[int]:
        """Return the ids of the tools, in no order: one row, because thousands take longer to receive than to find."""
        found: list[int] = self.order_by().aggregate(ids=ArrayAgg("tool_id", default=Value([])))["ids"]
        return found

    def tool_ids(self) -> "models.QuerySet[Listing, int]":
        """Return the tools' ids, for `ToolQuerySet.in_order`."""
        return self.values_list("tool_id", flat=True)

    def settle(self, tool: Tool) -> None:
        """Update a tool's votes in its listing, in case the trigger skipped a locked row (votes/sql/listings.sql)."""
        with connection.cursor() as cursor:
            changed = True
            while changed:
                cursor.execute("SELECT settle_listings(ARRAY[%s]::bigint[], true)", [tool.pk])
                [changed] = cursor.fetchone()


class Listing(models.Model):
    """What panel and visitors say of a published tool, as lists filter, count, and sort by it.

    It is all derived from tools, plans, reviews, and tallies, and only triggers write it (votes/sql/listings.sql). A
    tool has one row for now and one for each later time at which scheduled content of it is published, so the lists
    change on time by themselves. Lists read what they show of a tool from its own tables; this gives only the order.
    """

    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="listings", db_index=False)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+", db_index=False)
    sort_name = models.TextField(db_collation="C", help_text="The sort key of its name.")
    entry = models.CharField(max_length=7, choices=PlanKind, blank=True)
    monthly = models.DecimalField(
        null=True,
        help_text="The least dollars a month, 0 if a plan is free. None if that depends on use or on sales, or is paid "
        "once or in another currency.",
    )
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

    # The panel's share of ship, 0–1.
    share = models.GeneratedField(
        expression=Cast("ship", models.FloatField()) / NullIf("seats", Value(0)),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # The lower end of the community's 95% interval, 0–1.
    low_share = models.GeneratedField(
        expression=WilsonLow("community_ship", F("community_ship") + F("community_skip")),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # How divided the panel is: the smaller camp's share of the seats, 0–0.5.
    division = models.GeneratedField(
        expression=Cast(Least("ship", F("seats") - F("ship")), models.FloatField()) / NullIf("seats", Value(0)),
        output_field=models.FloatField(),
        db_persist=True,
    )
    # The difference of panel and community in percentage points; None unless they disagree.
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
        return f"{self.tool}: {self.ship} of {self.seats} ship"
