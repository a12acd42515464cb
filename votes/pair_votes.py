"""Pair votes: which of two tools a visitor would ship with. Kept apart from ship and skip, and counted apart."""

import uuid
from math import floor
from typing import Self, TypedDict, cast

from django.db import connection, models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from tools.expressions import WholePercent, WilsonHigh, WilsonLow
from tools.models import Category, Tool
from tools.publishing import is_published
from votes.moderation import Decision

RESAMPLES = 1000  # how often votes are drawn anew for the intervals of the ranking


class PairChoice(models.TextChoices):
    """What was said of two tools in the order of their ids; `none` is a vote that was taken back."""

    FIRST = "first", "The first"
    SECOND = "second", "The second"
    NEITHER = "neither", "Neither"
    NONE = "none", "Taken back"

    @property
    def turned(self) -> "PairChoice":
        """The same answer, of the same two the other way round."""
        return {PairChoice.FIRST: PairChoice.SECOND, PairChoice.SECOND: PairChoice.FIRST}.get(self, self)


class PairState(models.TextChoices):
    """What a pair vote is worth."""

    COUNTED = "counted", "Counted"
    HELD = "held", "Under review"
    REJECTED = "rejected", "Rejected"


_CAST = """
INSERT INTO votes_pairvote AS vote (
    first_id, second_id, visitor, choice, shown_first_id, state, held_for, network, created_at, updated_at
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (first_id, second_id, visitor) DO UPDATE
SET choice = excluded.choice, shown_first_id = excluded.shown_first_id, updated_at = excluded.updated_at
WHERE vote.choice <> excluded.choice
"""


class PairVoteQuerySet(models.QuerySet["PairVote"]):
    def cast(
        self,
        *,
        shown: tuple[Tool, Tool],
        visitor: uuid.UUID,
        choice: PairChoice,
        held_for: str = "",
        network: uuid.UUID | None = None,
    ) -> None:
        """Set which of two tools, in the order in which they were shown, a visitor would ship with.

        It sets and does not toggle: saying the same again changes nothing. A vote that is new is held for `held_for`,
        unless that is ""; one that was there keeps its state. One statement; the tally follows in the same transaction
        by trigger (votes/sql/pair_tally.sql). To take back what was never said leaves no row.
        """
        turned = shown[0].pk > shown[1].pk
        first, second = reversed(shown) if turned else shown
        choice = choice.turned if turned else choice
        now = timezone.now()
        if choice == PairChoice.NONE:
            mine = self.filter(first=first, second=second, visitor=visitor).exclude(choice=choice)
            mine.update(choice=choice, updated_at=now)
            return
        with connection.cursor() as cursor:
            state = PairState.HELD if held_for else PairState.COUNTED
            cursor.execute(
                _CAST, [first.pk, second.pk, visitor, choice, shown[0].pk, state, held_for, network, now, now]
            )

    def said_of(self, visitor: uuid.UUID, *, shown: tuple[Tool, Tool]) -> "tuple[PairChoice, PairState | None]":
        """What a visitor says of two tools, in the order in which they are shown, and what it is worth (None: nothing
        was said).
        """
        turned = shown[0].pk > shown[1].pk
        first, second = reversed(shown) if turned else shown
        found = self.filter(first=first, second=second, visitor=visitor).values_list("choice", "state").first()
        if found is None:
            return PairChoice.NONE, None
        choice = PairChoice(found[0])
        return choice.turned if turned else choice, PairState(found[1])

    def said_by(self, visitor: uuid.UUID) -> Self:
        """What a visitor says of published tools, whether it counts or not."""
        return self.filter(is_published(prefix="first__"), is_published(prefix="second__"), visitor=visitor).exclude(
            choice=PairChoice.NONE
        )

    def counted(self) -> Self:
        """Those that count: neither held, nor rejected, nor taken back."""
        return self.filter(state=PairState.COUNTED).exclude(choice=PairChoice.NONE)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def chosen(self) -> "models.QuerySet[PairVote, tuple[str, str, str | None]]":
        """Each as (slug, slug, slug of the tool that was chosen, or None for neither)."""
        chosen = Case(
            When(choice=PairChoice.FIRST, then=F("first__slug")),
            When(choice=PairChoice.SECOND, then=F("second__slug")),
            default=Value(None),
            output_field=models.CharField(),
        )
        return self.order_by("pk").values_list("first__slug", "second__slug", chosen)


class PairVote(models.Model):
    """What one visitor says of one pair. The two stand in the order of their ids, so that a pair is one pair."""

    first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+", db_index=False)
    second = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+")
    visitor = models.UUIDField()
    choice = models.CharField(max_length=7, choices=PairChoice)
    shown_first = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=PairState, default=PairState.COUNTED)
    held_for = models.CharField(max_length=7, blank=True, help_text="The limit that it was beyond, if any.")
    network = models.UUIDField(null=True, help_text="The hash of where it came from; the key is gone after two days.")
    decision = models.ForeignKey(
        Decision,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,  # as of votes on a tool
        db_index=False,
        related_name="decided_pair_votes",
        help_text="The latest one about it.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = PairVoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "visitor"], name="votes_pairvote_one_per_visitor"),
            models.CheckConstraint(name="votes_pairvote_choice_known", condition=Q(choice__in=PairChoice.values)),
            models.CheckConstraint(name="votes_pairvote_state_known", condition=Q(state__in=PairState.values)),
            models.CheckConstraint(name="votes_pairvote_in_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="votes_pairvote_shown_one_of_two",
                condition=Q(shown_first=F("first")) | Q(shown_first=F("second")),
            ),
        ]
        indexes = [
            models.Index(fields=["visitor"], name="votes_pairvote_visitor"),
            models.Index("first", "second", name="votes_pairvote_held", condition=Q(state="held")),
        ]

    def __str__(self) -> str:
        return f"{self.choice} of {self.first_id} and {self.second_id}"


class PairNumbers(TypedDict):
    """Pair votes on two tools, yes for the first and no for the second: counts, and the first one's percent (0–100) of
    the votes that chose one, with its interval.
    """

    yes: int
    no: int
    neither: int
    held: int
    percent: int | None
    low: int | None
    high: int | None


class PairTallyQuerySet(models.QuerySet["PairTally"]):
    def numbers(self, *, shown: tuple[Tool, Tool]) -> PairNumbers | None:
        """Return the pair votes on two tools in the order in which they are shown; None if there has never been one."""
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

    def waiting(self) -> Self:
        """Those with held votes, the most first."""
        return self.filter(held__gt=0).order_by("-held", "first", "second")


class PairTally(models.Model):
    """How many pair votes say which. Only triggers on `votes_pairvote` write here (votes/sql/pair_tally.sql)."""

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
        """The published tools of a category as they are ranked, each with its tool; none before it is ranked."""
        return self.filter(is_published(prefix="tool__"), category=category, tool__category=category).select_related(
            "tool"
        )


class PairRank(models.Model):
    """Where a tool stands in its category by pair votes, as last computed (`votes.ranking`)."""

    tool = models.OneToOneField(Tool, on_delete=models.CASCADE, primary_key=True, related_name="pair_rank")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="pair_ranks")
    rank = models.PositiveSmallIntegerField(help_text="1 + the number of tools whose interval lies wholly above.")
    share = models.FloatField(help_text="How often it would be chosen over an average tool of the category, 0-1.")
    low_share = models.FloatField(help_text="The lower end of the 95% interval, 0-1.")
    high_share = models.FloatField(help_text="The upper end, 0-1.")
    votes = models.PositiveIntegerField(help_text="Pair votes that chose it or the other one.")
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
        """How wide the interval is, in percent points, for the picture."""
        return self.high - self.low
