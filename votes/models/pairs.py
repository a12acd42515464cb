"""Pair votes: which of two tools a visitor would ship with. They never touch the votes on the two tools."""

import uuid
from datetime import datetime
from math import floor
from typing import Self, cast

from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from tools.expressions import WholePercent, WilsonHigh, WilsonLow
from tools.models import Category, Tool
from tools.publishing import is_published
from votes.models.states import BaseVote, BaseVoteQuerySet, CastResult, VoteState
from votes.preference import PairNumbers, Preference


class PairChoice(models.TextChoices):
    """A choice between two tools in the order of their ids. `none` is a vote that was taken back."""

    FIRST = "first", "The first"
    SECOND = "second", "The second"
    NEITHER = "neither", "Neither"
    NONE = "none", "Taken back"

    @property
    def swapped(self) -> "PairChoice":
        """The same choice with the two tools the other way around."""
        return {PairChoice.FIRST: PairChoice.SECOND, PairChoice.SECOND: PairChoice.FIRST}.get(self, self)


class PairVoteQuerySet(BaseVoteQuerySet):
    def cast(
        self,
        *,
        shown: tuple[Tool, Tool],
        visitor: uuid.UUID,
        choice: PairChoice,
        held_for: str = "",
        network: uuid.UUID | None = None,
        at: datetime | None = None,
    ) -> CastResult[Preference]:
        """Set which of two tools, in the order shown, a visitor would ship with; `none` takes it back. Idempotent.

        A new vote is held for `held_for`, unless that is ""; an existing one keeps its state. Taking back what was
        never cast stores nothing. This is one statement; triggers update the tally in the same transaction
        (votes/sql/pair_tally.sql).
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM cast_pair_vote(%s, %s, %s, %s, %s, %s, %s)",
                [shown[0].pk, shown[1].pk, visitor, choice, held_for, network, at or timezone.now()],
            )
            state, first, second, percent, low, high, neither, held = cursor.fetchone()
        preference = Preference(first, second, percent, low, high, neither=neither, held=held)
        return CastResult(VoteState(state) if state else None, preference)

    def get_choice(self, visitor: uuid.UUID, *, shown: tuple[Tool, Tool]) -> tuple[PairChoice, VoteState | None]:
        """Return a visitor's choice between two tools, in the order shown, and its state (None if there is no vote)."""
        is_swapped = shown[0].pk > shown[1].pk
        first, second = reversed(shown) if is_swapped else shown
        row = self.filter(first=first, second=second, visitor=visitor).values_list("choice", "state").first()
        if row is None:
            return PairChoice.NONE, None
        choice = PairChoice(row[0])
        return choice.swapped if is_swapped else choice, VoteState(row[1])

    def cast_by(self, visitor: uuid.UUID) -> Self:
        """Keep a visitor's votes between published tools, whether they count or not."""
        return self.filter(is_published(prefix="first__"), is_published(prefix="second__"), visitor=visitor).exclude(
            choice=PairChoice.NONE
        )

    def list_choices(self) -> "models.QuerySet[PairVote, tuple[str, str, str | None]]":
        """Return each as (slug, slug, slug of the chosen tool or None for neither)."""
        chosen = Case(
            When(choice=PairChoice.FIRST, then=F("first__slug")),
            When(choice=PairChoice.SECOND, then=F("second__slug")),
            default=Value(None),
            output_field=models.CharField(),
        )
        return self.order_by("pk").values_list("first__slug", "second__slug", chosen)


class PairVote(BaseVote):
    """One visitor's vote between two tools, which are stored in the order of their ids: both orders are one pair."""

    first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+", db_index=False)
    second = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+")
    shown_first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+", db_index=False)
    choice = models.CharField(max_length=7, choices=PairChoice)
    state = models.CharField(max_length=8, choices=VoteState, default=VoteState.COUNTED)
    held_for = models.CharField(max_length=7, blank=True, help_text="The limit it exceeded, if any.")

    objects = PairVoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "visitor"], name="votes_pairvote_one_per_visitor"),
            models.CheckConstraint(name="votes_pairvote_choice_known", condition=Q(choice__in=PairChoice.values)),
            models.CheckConstraint(name="votes_pairvote_state_known", condition=Q(state__in=VoteState.values)),
            models.CheckConstraint(name="votes_pairvote_in_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="votes_pairvote_shown_one_of_two",
                condition=Q(shown_first=F("first")) | Q(shown_first=F("second")),
            ),
        ]
        indexes = [
            models.Index(fields=["visitor"], name="votes_pairvote_visitor"),
            models.Index("first", "second", name="votes_pairvote_held", condition=Q(state="held")),
            models.Index("first", "second", name="votes_pairvote_rejected", condition=Q(state="rejected")),
            BrinIndex(fields=["created_at"], name="votes_pairvote_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.choice} of {self.first_id} and {self.second_id}"


class PairTallyQuerySet(models.QuerySet["PairTally"]):
    def read_numbers(self, *, shown: tuple[Tool, Tool]) -> PairNumbers | None:
        """Return the numbers of two tools in the order shown; None if there has never been a vote between them."""
        low, high = sorted(tool.pk for tool in shown)
        one, two = ("for_first", "for_second") if shown[0].pk == low else ("for_second", "for_first")
        votes = F(one) + F(two)
        rows = self.filter(first=low, second=high).values(
            "neither",
            "held",
            yes=F(one),
            no=F(two),
            percent=WholePercent(one, votes),
            low=WholePercent(WilsonLow(one, votes)),
            high=WholePercent(WilsonHigh(one, votes)),
        )
        return cast("PairNumbers | None", rows.first())

    def with_held_votes(self) -> Self:
        """Keep pairs with held votes, the most first."""
        return self.filter(held__gt=0).order_by("-held", "first", "second")


class PairTally(models.Model):
    """Stored counts of the votes between two tools. Only triggers on `votes_pairvote` write here
    (votes/sql/pair_tally.sql).
    """

    pk = models.CompositePrimaryKey("first_id", "second_id")
    first = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="+", db_index=False)
    for_first = models.IntegerField(default=0)
    for_second = models.IntegerField(default=0)
    neither = models.IntegerField(default=0)
    held = models.IntegerField(default=0)

    objects = PairTallyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "pair tallies"
        constraints = [
            models.CheckConstraint(
                name="votes_pairtally_not_negative",
                condition=Q(for_first__gte=0, for_second__gte=0, neither__gte=0, held__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id}: {self.for_first}, {self.second_id}: {self.for_second}, neither: {self.neither}"


class PairRankQuerySet(models.QuerySet["PairRank"]):
    def of_category(self, category: Category) -> Self:
        """Keep the published tools of a category, by rank, each with its tool; none if the category is not ranked."""
        ranks = self.filter(is_published(prefix="tool__"), category=category, tool__category=category)
        return ranks.select_related("tool").order_by("rank", "-share", "tool__slug")


class PairRank(models.Model):
    """The rank of a tool in its category by pair votes, as last computed (`votes.ranking`)."""

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, primary_key=True, related_name="pair_rank")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="pair_ranks")
    rank = models.PositiveSmallIntegerField(help_text="1 + the number of tools whose interval lies entirely above.")
    share = models.FloatField(help_text="How often it would be chosen over an average tool of the category, 0–1.")
    low_share = models.FloatField(help_text="The lower end of the 95% interval, 0–1.")
    high_share = models.FloatField(help_text="The upper end, 0–1.")
    votes = models.PositiveIntegerField(help_text="Pair votes that chose it or the other tool.")
    ranked_at = models.DateTimeField()

    objects = PairRankQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "-share", "tool"]
        constraints = [
            models.CheckConstraint(
                name="votes_pairrank_within_interval",
                condition=Q(low_share__gte=0, low_share__lte=F("share"), share__lte=F("high_share"), high_share__lte=1),
            )
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.tool_id}"

    @property
    def percent(self) -> int:
        """How often it would be chosen over an average tool of the category, as a whole percent, half up."""
        return floor(self.share * 100 + 0.5)

    @property
    def low(self) -> int:
        return floor(self.low_share * 100 + 0.5)

    @property
    def high(self) -> int:
        return floor(self.high_share * 100 + 0.5)

    @property
    def width(self) -> int:
        """The width of the interval in percentage points, for the chart."""
        return self.high - self.low


class RankedPair(models.Model):
    """The votes between two tools that the ranking of their category counts, so that anyone can compute it again."""

    pk = models.CompositePrimaryKey("first_id", "second_id")
    first = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="+", db_index=False)
    for_first = models.PositiveIntegerField()
    for_second = models.PositiveIntegerField()
    ranked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.first_id}: {self.for_first}, {self.second_id}: {self.for_second}"
