"""Reviews and the seats that write them. Predictions are judged in desk/admin/predictions.py."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, ForeignKey, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.admin.own_drafts import OwnDraftsMixin
from desk.front.usual_panel import UsualPanel
from desk.lists.change_lists import FlippedFilter, ListAdmin, StateFilter, render_mark
from desk.permissions import writes_own_drafts_only
from desk.publishing.admin import PublishingAdmin
from reviews.actions import note_mentions
from reviews.models import Prediction, Review, Reviewer
from tools.publishing import PublicationState
from web import markdown


class ReviewerForm(forms.ModelForm):
    """A seat that is taken is no error for one who has a seat: the two change places."""

    seat = forms.IntegerField(
        min_value=1, max_value=32767, help_text="The place in the row, from 1. If it is taken, the two change places."
    )

    class Meta:
        model = Reviewer
        fields = ("name", "slug", "lens", "bio", "disclosure", "seat", "held_by")

    def clean_seat(self) -> int:
        seat: int = self.cleaned_data["seat"]
        if self.instance.pk is None and (taken := Reviewer.objects.filter(seat=seat).first()):
            raise forms.ValidationError(f"Seat {seat} is taken by {taken}.")
        return seat

    def _get_validation_exclusions(self) -> set[str]:
        # The constraint is deferred, so that two can exchange: at commit it holds.
        return super()._get_validation_exclusions() | {"seat"}  # type: ignore[misc]


@admin.register(Reviewer)
class ReviewerAdmin(UsualPanel, ListAdmin):
    form = ReviewerForm
    list_display = ["seat", "name", "lens", "reviews_link", "held_by"]
    list_display_links = ["name"]
    list_select_related = ["held_by"]
    search_fields = ["name", "slug"]
    search_help_text = "Names and slugs"
    ordering = ["seat"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        written = Review.objects.current().filter(reviewer=OuterRef("pk")).order_by().values("reviewer")
        counted = written.annotate(number=Count("pk")).values("number")
        return super().get_queryset(request).annotate(reviews_count=Coalesce(Subquery(counted), 0))

    @admin.display(description="current reviews")
    def reviews_link(self, reviewer: Any) -> SafeString:
        url = reverse("admin:reviews_review_changelist", query={"reviewer__id__exact": reviewer.pk})
        return format_html('<a href="{}">{}</a>', url, f"{reviewer.reviews_count:,}")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {"slug": ["name"]} if obj is None else {}

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "held_by":
            users: Any = db_field.remote_field.model
            kwargs["queryset"] = users.objects.filter(is_active=True, is_staff=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Reviewer, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save a seat; whoever sits where it moves to takes the place that it leaves."""
        seated = {row.pk: row for row in Reviewer.objects.select_for_update().order_by("pk")}
        other = next((row for row in seated.values() if row.seat == obj.seat and row.pk != obj.pk), None)
        if other is not None and obj.pk in seated:
            other.seat = seated[obj.pk].seat
            other.save(update_fields=["seat"])
            self.message_user(request, f"{other} takes seat {other.seat} in exchange.", messages.INFO)
        super().save_model(request, obj, form, change)


class PredictionInline(OwnDraftsMixin, admin.TabularInline):
    """What a review predicts. Once the review is out, its claims stay; they are judged each on its own page."""

    model = Prediction
    fields = ["claim", "due_on", "outcome"]
    readonly_fields = ["outcome"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not is_out(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_out(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_out(obj)


def is_out(review: Review | None) -> bool:
    """Whether readers have seen a review, so that its words stay."""
    return (
        review is not None
        and review.published_at is not None
        and review.state not in (PublicationState.DRAFT, PublicationState.SCHEDULED)
    )


@admin.register(Review)
class ReviewAdmin(OwnDraftsMixin, PublishingAdmin[Review]):
    list_display = ["tool", "reviewer", "verdict_mark", "state_mark", "published_at"]
    list_filter = [StateFilter, "verdict", FlippedFilter, "reviewer", "tool__category"]
    list_select_related = ["tool", "reviewer"]
    search_fields = ["tool__name", "tool__slug"]
    search_help_text = "Names of tools"
    date_hierarchy = "published_at"
    ordering = ["-pk"]
    autocomplete_fields = ["tool"]
    inlines = [PredictionInline]

    @admin.display(description="verdict", ordering="verdict")
    def verdict_mark(self, review: Review) -> SafeString:
        return render_mark(review.verdict, review.verdict)

    def get_fields(self, request: HttpRequest, obj: Review | None = None) -> Any:
        """When a review comes out is for those to say who publish."""
        own = writes_own_drafts_only(request.user)
        if is_out(obj):
            return ["tool", "reviewer", "verdict", "said", "flips_if", "published_at"]
        return ["tool", "reviewer", *Review.WORD_FIELDS, *(() if own else ("published_at",))]

    def get_readonly_fields(self, request: HttpRequest, obj: Review | None = None) -> list[str]:
        """The words of a published review stay; a later edition supersedes it."""
        return ["tool", "reviewer", "published_at", "said", *Review.WORD_FIELDS] if is_out(obj) else []

    @admin.display(description="quote")
    def said(self, review: Review) -> SafeString:
        """The quote as readers see it."""
        return format_html('<div class="desk-said">{}</div>', markdown.render_uncached(review.quote))

    def get_inlines(self, request: HttpRequest, obj: Review | None) -> Any:
        """No empty table below a published review that predicts nothing."""
        return [] if is_out(obj) and obj and not obj.predictions.exists() else super().get_inlines(request, obj)

    def is_versioned(self, request: HttpRequest, obj: Review | None) -> bool:
        return not is_out(obj) and super().is_versioned(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?supersedes=<id>` opens a new edition: the words that stand, to be changed."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        before = initial.pop("supersedes", "")
        review = Review.objects.filter(pk=before).first() if before.isdecimal() and len(before) < 19 else None
        if review is not None and is_out(review):
            initial |= {"tool": review.tool_id, "reviewer": review.reviewer_id}
            initial |= {name: getattr(review, name) for name in Review.WORD_FIELDS}
        elif writes_own_drafts_only(request.user):
            own = Reviewer.objects.filter(held_by=request.user.pk).values_list("pk", flat=True).first()
            initial.setdefault("reviewer", own)
        return initial

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        note_mentions(reviews=Review.objects.filter(pk=obj.pk))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj: Review | None = context["original"]
        if obj is not None and is_out(obj):
            hidden = ("show_save", "show_save_and_continue", "show_save_and_add_another")
            context |= dict.fromkeys(hidden, False) | {"show_close": True}
            context |= self._next_edition(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def _next_edition(self, request: HttpRequest, review: Review) -> dict[str, str]:
        """Where the edition after a published one is written: in the seat's draft on that tool, or in a new one."""
        if not self.has_add_permission(request):
            return {}
        waiting = Review.objects.filter(
            tool=review.tool_id, reviewer=review.reviewer_id, published_at__isnull=True, withdrawn_at__isnull=True
        ).first()
        if waiting is not None:
            url = reverse("admin:reviews_review_change", args=[waiting.pk])
            return {"next_edition_url": url, "next_edition_words": "Draft of the next edition"}
        url = reverse("admin:reviews_review_add", query={"supersedes": review.pk})
        return {"next_edition_url": url, "next_edition_words": "New edition"}
