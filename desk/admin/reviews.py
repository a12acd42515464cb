"""The admin of reviews and of the panel's seats. Predictions are judged in desk/admin/predictions.py."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Unpack

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.db import transaction
from django.db.models import Count, ForeignKey, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from desk.admin.own_drafts import OwnDraftsMixin
from desk.fields import NormalizedTextAdmin
from desk.front.usual_panel import UsualPanel
from desk.ids import parse_id
from desk.lists.change_lists import FlippedFilter, StateFilter, render_mark
from desk.permissions import writes_own_drafts_only
from desk.publishing.admin import PublishingAdmin
from desk.shapes import Cleaned, Context, FieldGroups, Files, FormOptions, Initial, Posted
from desk.visible_rows_admin import VisibleRowsAdmin
from reviews.actions import note_mentions
from reviews.choices import Verdict
from reviews.models import Prediction, Review, Reviewer
from reviews.verdicts import NO_VERDICT
from tools.expressions import SortKey
from tools.publishing import PublicationState
from web import clock, markdown


class ReviewerForm(forms.ModelForm):
    """The form of a reviewer. Taking the seat of another reviewer swaps the two."""

    seat = forms.IntegerField(
        min_value=1,
        max_value=32767,
        help_text="The position on the panel, from 1. If another reviewer has this seat, the two swap.",
    )

    class Meta:
        model = Reviewer
        fields = ("name", "slug", "lens", "bio", "disclosure", "behind", "seat", "held_by")

    def clean_seat(self) -> int:
        seat: int = self.cleaned_data["seat"]
        if self.instance.pk is None and (taken := Reviewer.objects.filter(seat=seat).first()):
            raise forms.ValidationError(f"{taken} already has seat {seat}.")
        return seat

    def _get_validation_exclusions(self) -> set[str]:
        # The constraint is deferred to the commit, so that two reviewers can swap seats.
        parent: Any = super()  # the type stubs leave out this method
        return parent._get_validation_exclusions() | {"seat"}


@admin.register(Reviewer)
class ReviewerAdmin(UsualPanel, VisibleRowsAdmin[Reviewer]):
    adds_to = Review
    form = ReviewerForm
    list_display = ["seat", "name", "lens", "reviews_link", "held_by"]
    list_display_links = ["name"]
    list_select_related = ["held_by"]
    search_fields = ["name", "slug"]
    search_help_text = "Names and slugs"
    ordering = ["seat"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Reviewer]":
        current = Review.objects.current().filter(reviewer=OuterRef("pk")).order_by().values("reviewer")
        counts = current.annotate(number=Count("pk")).values("number")
        return super().get_queryset(request).annotate(reviews_count=Coalesce(Subquery(counts), 0))

    @admin.display(description="current reviews")
    def reviews_link(self, reviewer: Any) -> SafeString:
        url = reverse("admin:reviews_review_changelist", query={"reviewer__id__exact": reviewer.pk})
        return format_html('<a href="{}">{}</a>', url, f"{reviewer.reviews_count:,}")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Reviewer | None = None) -> dict[str, Sequence[str]]:
        return {"slug": ["name"]} if obj is None else {}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: object
    ) -> forms.ModelChoiceField | None:
        if db_field.name == "held_by":
            kwargs["queryset"] = User.objects.filter(is_active=True, is_staff=True).order_by(SortKey("username"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Reviewer, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001
        """Save a reviewer. A reviewer who already has the new seat gets the old one."""
        seated = {row.pk: row for row in Reviewer.objects.order_by("pk").select_for_update(of=("self",), no_key=True)}
        other = next((row for row in seated.values() if row.seat == obj.seat and row.pk != obj.pk), None)
        if other is not None and obj.pk in seated:
            other.seat = seated[obj.pk].seat
            other.save(update_fields=["seat"])
            self.message_user(request, f"{other} now has seat {other.seat}.", messages.INFO)
        super().save_model(request, obj, form, change)


class ReviewForm(forms.ModelForm):
    """The form of a draft or scheduled review. Only drafts without a verdict, and old editions, have no basis."""

    class Meta:
        model = Review
        fields = ("tool", "reviewer", *Review.WORD_FIELDS)

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        if isinstance(verdict := self.fields.get("verdict"), forms.ChoiceField):
            verdict.choices = [("", NO_VERDICT), *Verdict.choices]

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("verdict") and not cleaned.get("basis") and "basis" not in self.errors:
            self.add_error("basis", "Choose what stands behind the verdict.")
        return cleaned


class PredictionForm(forms.ModelForm):
    """A claim and its day, which lies ahead whenever someone enters it."""

    class Meta:
        model = Prediction
        fields = ("claim", "due_on")

    def clean_due_on(self) -> date:
        due_on: date = self.cleaned_data["due_on"]
        clock.validate_year(due_on)
        if "due_on" in self.changed_data and due_on <= clock.today():
            raise forms.ValidationError("A prediction must be due on a future day.")
        return due_on


class PredictionInline(OwnDraftsMixin, NormalizedTextAdmin, admin.TabularInline):
    """The predictions of a review. They are final once it is published; each is judged on its own page."""

    model = Prediction
    form = PredictionForm
    fields = ["claim", "due_on", "outcome"]
    readonly_fields = ["outcome"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return super().has_add_permission(request, obj) and not was_published(obj)

    def has_change_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return super().has_change_permission(request, obj) and not was_published(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not was_published(obj)


def was_published(review: Review | None) -> bool:
    """Return whether a review was published, so that its text is final."""
    return (
        review is not None
        and review.published_at is not None
        and review.state not in (PublicationState.DRAFT, PublicationState.SCHEDULED)
    )


@admin.register(Review)
class ReviewAdmin(OwnDraftsMixin, PublishingAdmin[Review]):
    """The admin of reviews. A published one is read-only, and offers to write the next edition."""

    form = ReviewForm
    list_display = ["tool", "reviewer", "verdict_mark", "state_mark", "published_at"]
    list_filter = [StateFilter, "verdict", FlippedFilter, "reviewer", "tool__category"]
    list_select_related = ["tool", "reviewer"]
    search_fields = ["tool__name", "tool__slug"]
    search_help_text = "Names of tools"
    text_fields = ["reviewer__name", "gist", "quote", "flips_if"]
    date_hierarchy = "published_at"
    ordering = ["-pk"]
    autocomplete_fields = ["tool"]
    inlines = [PredictionInline]

    @admin.display(description="verdict", ordering="verdict")
    def verdict_mark(self, review: Review) -> SafeString:
        return render_mark(review.verdict or "none", review.verdict_words)

    def get_fields(self, request: HttpRequest, obj: Review | None = None) -> FieldGroups:
        if was_published(obj):
            return ["tool", "reviewer", "verdict", "gist", "rendered_quote", "flips_if", "basis_words"]
        return ["tool", "reviewer", *Review.WORD_FIELDS]

    def get_readonly_fields(self, request: HttpRequest, obj: Review | None = None) -> list[str]:
        """Make a published review read-only: a later edition supersedes it."""
        return ["tool", "reviewer", "rendered_quote", "basis_words", *Review.WORD_FIELDS] if was_published(obj) else []

    @admin.display(description="how this seat knows")
    def basis_words(self, review: Review) -> str:
        return review.basis_words

    @admin.display(description="quote")
    def rendered_quote(self, review: Review) -> SafeString:
        """Return the quote as readers see it."""
        return format_html('<div class="desk-said">{}</div>', markdown.render_uncached(review.quote))

    def get_inlines(self, request: HttpRequest, obj: Review | None) -> list[type[InlineModelAdmin]]:
        """Leave out the empty table below a published review without predictions."""
        if obj is not None and was_published(obj) and not obj.predictions.exists():
            return []
        return list(super().get_inlines(request, obj))

    def is_versioned(self, request: HttpRequest, obj: Review | None) -> bool:
        return not was_published(obj) and super().is_versioned(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> Initial:
        """Prefill a new edition with the text of the review that `?supersedes=<id>` names."""
        initial: Initial = super().get_changeform_initial_data(request)
        superseded = parse_id(initial.pop("supersedes", ""))
        review = Review.objects.filter(pk=superseded).first() if superseded else None
        if review is not None and was_published(review):
            initial |= {"tool": review.tool_id, "reviewer": review.reviewer_id}
            initial |= {name: getattr(review, name) for name in Review.WORD_FIELDS}
        elif writes_own_drafts_only(request.user):
            own = Reviewer.objects.filter(held_by=request.user.pk).values_list("pk", flat=True).first()
            initial.setdefault("reviewer", own)
        return initial

    def save_model(self, request: HttpRequest, obj: Review, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        note_mentions(reviews=Review.objects.filter(pk=obj.pk))

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        obj: Review | None = context["original"]
        if obj is not None and was_published(obj):
            hidden = ("show_save", "show_save_and_continue", "show_save_and_add_another")
            context |= dict.fromkeys(hidden, False) | {"show_close": True}
            context |= self._next_edition(request, obj)

    def _next_edition(self, request: HttpRequest, review: Review) -> dict[str, str]:
        """Return the link to the next edition: the seat's draft on that tool, or the form for a new one."""
        if not self.has_add_permission(request):
            return {}
        draft = Review.objects.drafts().filter(tool=review.tool_id, reviewer=review.reviewer_id).first()
        if draft is not None:
            url = reverse("admin:reviews_review_change", args=[draft.pk])
            return {"next_edition_url": url, "next_edition_words": "Draft of the next edition"}
        url = reverse("admin:reviews_review_add", query={"supersedes": review.pk})
        return {"next_edition_url": url, "next_edition_words": "New edition"}
