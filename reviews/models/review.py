"""Reviewers and their reviews."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from reviews.basis import MAX_DAYS, MAX_VERSION_LENGTH, describe_basis, find_basis_errors
from reviews.choices import Basis, Behind, Verdict
from reviews.verdicts import NO_VERDICT, find_verdict_errors
from tools import slugs
from tools.expressions import LastChanged
from tools.models import Tool, unique_name_constraint
from tools.publishing import PublicationState, Publishable, TransitionError, is_published
from tools.row_history import History
from tools.search import SearchableQuerySet, highlight
from tools.slugged import Slugged, SluggedQuerySet, slug_constraint

MAX_GIST_LENGTH = 90


class ReviewerQuerySet(SluggedQuerySet):
    def seats(self) -> "models.QuerySet[Reviewer, tuple[int, str, str]]":
        """Return (id, slug, name) of each seat, in order."""
        return self.order_by("seat").values_list("pk", "slug", "name")

    def with_changed_at(self, *, at: datetime | None = None) -> Self:
        """Annotate `changed_at`: the publication time of the seat's newest review, or None."""
        newest = Review.objects.published(at=at).filter(reviewer=OuterRef("pk")).order_by("-published_at", "-pk")
        return self.annotate(changed_at=Subquery(newest.values("published_at")[:1]))


class Reviewer(Slugged):
    """A member of the panel, who holds one seat."""

    slug = models.CharField(
        max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.validate_slug], db_collation=slugs.COLLATION
    )
    name = models.CharField(max_length=100)
    lens = models.CharField(max_length=300, help_text="The question this seat judges by.")
    bio = models.TextField(blank=True)
    disclosure = models.CharField(
        max_length=500, help_text="Who is behind the seat: a person, an editorial persona, or an AI-assisted persona."
    )
    behind = models.CharField(
        "who is behind it",
        max_length=10,
        choices=Behind,
        default=Behind.PERSONA,
        help_text="Stands in one line under every scorecard; the disclosure says the rest.",
    )
    seat = models.PositiveSmallIntegerField(help_text="The position on the panel, from 1.")
    held_by = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reviewer",
        help_text="The member of the group Reviewer who writes for this seat, if any.",
    )

    objects = ReviewerQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["seat"]
        constraints = [
            slug_constraint(name="reviews_reviewer_slug_shape"),
            unique_name_constraint(name="reviews_reviewer_name_once"),
            models.CheckConstraint(name="reviews_reviewer_behind_known", condition=Q(behind__in=Behind.values)),
            # Deferred, so that two reviewers can swap seats in one transaction.
            models.UniqueConstraint(
                fields=["seat"], name="reviews_reviewer_seat_once", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    @property
    def brief_name(self) -> str:
        """The name where it labels a row or a column: without its article."""
        return self.name.removeprefix("The ")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reviewer", args=[self.slug])


# The current editions of published tools, which is what pages show.
_MATCHING = """
SELECT id FROM (
    SELECT id, published_at, search_vector FROM current_reviews(%(now)s) AS review
    WHERE search_vector @@ search_query(%(words)s)
      AND EXISTS (
          SELECT FROM tools_tool AS tool
          WHERE tool.id = review.tool_id AND is_published(tool.published_at, tool.withdrawn_at, %(now)s)
      )
    ORDER BY published_at DESC, id DESC LIMIT %(candidates)s
) AS newest
ORDER BY ts_rank(search_vector, search_query(%(words)s)) DESC, published_at DESC, id DESC
"""


class ReviewQuerySet(SearchableQuerySet):
    MATCHING = _MATCHING

    def current(self, *, at: datetime | None = None) -> Self:
        """Return the newest published edition per reviewer and tool at `at` (default: now).

        Unpublished tools have current reviews too. Filter by published tools first.
        """
        at = at or timezone.now()
        newer = Review.objects.published(at=at).filter(
            tool=OuterRef("tool"),
            reviewer=OuterRef("reviewer"),
            published_at__gt=OuterRef("published_at"),
        )
        return self.published(at=at).filter(~Exists(newer))

    def of_seat(self, reviewer: Reviewer, *, at: datetime | None = None) -> Self:
        """Return a seat's current reviews of published tools, newest first, with their tools."""
        return (
            self.current(at=at)
            .filter(is_published(at=at, prefix="tool__"), reviewer=reviewer)
            .select_related("tool")
            .order_by("-published_at", "-pk")
        )

    def last_withdrawn(self) -> Subquery:
        """Return when any of the reviews was last withdrawn or put back; NULL if none ever was. For annotations."""
        versions = Review.history.filter(id=OuterRef("pk"), withdrawn_at__isnull=False)
        changed = self.filter(Exists(versions)).order_by().values(at=LastChanged(Review, F("pk"), "withdrawn_at"))
        return Subquery(changed.order_by("-at")[:1])

    def with_highlights(self, words: str) -> Self:
        """Annotate a search result with highlights: `highlighted_gist`, and excerpts of its quote and of `flips_if`."""
        return self.annotate(
            highlighted_gist=highlight("gist", words),
            highlighted_quote=highlight("quote", words, excerpt=True),
            highlighted_flips_if=highlight("flips_if", words, excerpt=True),
        )

    def flips(self, *, at: datetime | None = None) -> Self:
        """Return published editions with the opposite verdict of the edition before, on published tools, newest first.

        Annotated with the edition before: `was_verdict`, `was_quote`, `was_published_at`. An edition that is withdrawn,
        or not published at `at` (default: now), neither is a flip nor counts as the edition before.
        """
        return (
            self.published(at=at)
            .filter(is_published(at=at, prefix="tool__"), flip__published_at__lte=at or timezone.now())
            .annotate(
                was_verdict=F("flip__before__verdict"),
                was_quote=F("flip__before__quote"),
                was_published_at=F("flip__before__published_at"),
            )
            .order_by("-flip__published_at", "-flip__review_id")
        )


class Review(Publishable):
    """One reviewer's verdict on one tool. A published review is superseded by a later edition, never rewritten.

    The current edition is the newest published one. There is exactly one without a flag: no two editions of a seat have
    the same publication time (`reviews_review_edition_once`). The same constraint allows one draft per seat and tool,
    because it treats NULL as a value. A trigger refuses to rewrite published words (reviews/sql/history.sql). The table
    has one more column, `search_vector` (tools/search.py).
    """

    WORD_FIELDS = ("verdict", "gist", "quote", "flips_if", "basis", "basis_version", "basis_days")
    BASIS_FIELDS = ("basis", "basis_version", "basis_days")

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(Reviewer, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=4, choices=Verdict, blank=True, help_text="Only a draft can be without one.")
    gist = models.CharField(
        max_length=MAX_GIST_LENGTH,
        blank=True,
        help_text=f"The verdict’s reason in one line of at most {MAX_GIST_LENGTH} characters, without Markdown.",
    )
    quote = models.TextField(blank=True, help_text="Markdown. Raw HTML is escaped.")
    flips_if = models.TextField("what would flip it", blank=True)
    basis = models.CharField(
        "how this seat knows",
        max_length=10,
        choices=Basis,
        blank=True,
        help_text="What stands behind the verdict. Editions from before this was recorded have none.",
    )
    basis_version = models.CharField(
        "version tried", max_length=MAX_VERSION_LENGTH, blank=True, help_text="Only where it was tried: 0.11, or Pro."
    )
    basis_days = models.PositiveSmallIntegerField(
        "days tried", null=True, blank=True, help_text="Only where it was tried: for how many days."
    )

    objects = ReviewQuerySet.as_manager()
    history = History()

    class Meta:
        ordering = ["tool", "reviewer", "published_at", "pk"]
        permissions = [("publish_review", "Can publish, schedule, and withdraw reviews")]
        indexes = [
            models.Index(fields=["published_at"], name="reviews_review_published"),
            models.Index(fields=["reviewer", "-published_at", "-id"], name="reviews_review_of_seat"),
            # What counts over the whole site reads this, not the wide rows. By id, it stays compact as rows come.
            models.Index(
                fields=["id"],
                include=["published_at", "tool", "reviewer"],
                condition=Q(withdrawn_at__isnull=True),
                name="reviews_review_public",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "reviewer", "published_at"],
                name="reviews_review_edition_once",
                nulls_distinct=False,
                violation_error_message="This seat already has an edition for this tool at that time.",
            ),
            # As find_verdict_errors says it.
            models.CheckConstraint(
                name="reviews_review_verdict_known",
                condition=Q(verdict__in=Verdict.values) | Q(verdict="", published_at__isnull=True),
                violation_error_message="A verdict is ship or skip. Only a draft can be without one.",
            ),
            models.CheckConstraint(
                name="reviews_review_quote_not_empty",
                condition=~Q(quote="") | Q(verdict=""),
                violation_error_message="A verdict needs reasons.",
            ),
            models.CheckConstraint(
                name="reviews_review_gist_one_line",
                condition=Q(gist__regex=rf"^[^\n\r]{{0,{MAX_GIST_LENGTH}}}$"),
                violation_error_message=f"A gist is one line of at most {MAX_GIST_LENGTH} characters.",
            ),
            models.CheckConstraint(name="reviews_review_basis_known", condition=Q(basis__in=["", *Basis.values])),
            # As find_basis_errors says it.
            models.CheckConstraint(
                name="reviews_review_basis_trial",
                condition=(
                    Q(basis=Basis.TRIED, basis_days__isnull=False, basis_days__range=(1, MAX_DAYS))
                    & ~Q(basis_version="")
                )
                | (~Q(basis=Basis.TRIED) & Q(basis_version="", basis_days__isnull=True)),
                violation_error_message="A trial has a version and a number of days, and nothing else has them.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.verdict} {self.tool}" if self.verdict else f"{self.reviewer} on {self.tool}"

    def clean(self) -> None:
        """Raise ValidationError with what is missing in the verdict or wrong with its basis, field by field."""
        super().clean()
        errors = find_verdict_errors(verdict=self.verdict, quote=self.quote, is_draft=self.published_at is None)
        errors |= find_basis_errors(**{name: getattr(self, name) for name in self.BASIS_FIELDS})
        if errors:
            raise ValidationError(errors)

    @property
    def words(self) -> tuple[Any, ...]:
        """The values of WORD_FIELDS, which are frozen with the edition."""
        return tuple(getattr(self, name) for name in self.WORD_FIELDS)

    @property
    def basis_words(self) -> str:
        """How the seat knows, in a few words."""
        return describe_basis(self.basis, self.basis_version, self.basis_days)

    @property
    def verdict_words(self) -> str:
        """The verdict as the desk shows it."""
        return self.verdict or NO_VERDICT.lower()

    def is_published_with_tool(self) -> bool:
        """Return whether publishing or rescheduling the tool publishes this review at the same time.

        That holds for a draft with a verdict, and for a review that is scheduled for the same time as its tool.
        """
        is_with_tool = self.tool.state == PublicationState.SCHEDULED and self.published_at == self.tool.published_at
        is_finished_draft = self.published_at is None and bool(self.verdict)
        return self.withdrawn_at is None and (is_finished_draft or is_with_tool)

    def publish_with_tool(self, *, reason: str = "") -> None:
        """Publish it at the publication time of its tool. Raise TransitionError as `publish` does."""
        self._require_state(PublicationState.DRAFT, PublicationState.SCHEDULED, step="published")
        self._save_times(reason, published_at=self.tool.published_at)

    def unschedule(self, *, reason: str = "") -> None:
        """Turn a scheduled review back into a draft.

        Raise TransitionError if it is not scheduled, or if the seat has another draft on the tool.
        """
        others = Review.objects.filter(tool=self.tool_id, reviewer=self.reviewer_id, published_at__isnull=True)
        if others.exclude(pk=self.pk).exists():
            raise TransitionError("This seat has another draft on the tool. Publish or delete that one first.")
        super().unschedule(reason=reason)

    def draft_next_edition(self, **words: Any) -> "Review":
        """Create and return a draft that supersedes this edition once it is published. This one stays as history.

        Takes values of WORD_FIELDS; a field left out is empty. Raise ValueError if this edition is not
        published.
        """
        if self.state != PublicationState.PUBLISHED:
            raise ValueError(f"Only a published review can be superseded; this one is {self.state}.")
        return Review.objects.create(tool_id=self.tool_id, reviewer_id=self.reviewer_id, **words)
