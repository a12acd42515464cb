"""Predictions, and judging them."""

from datetime import date
from typing import Unpack

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.admin.own_drafts import OwnDraftsMixin
from desk.base import DeskAdmin
from desk.lists.change_lists import DueFilter, render_mark
from desk.permissions import reviews_to_edit, writes_own_drafts_only
from desk.shapes import Cleaned, Files, FormOptions, Posted
from reviews.choices import Outcome
from reviews.models import Prediction
from tools.expressions import SortKey
from tools.publishing import PublicationState
from web import clock


class JudgmentForm(forms.ModelForm):
    """How a prediction turned out. Right and wrong need a note and a source."""

    class Meta:
        model = Prediction
        fields = Prediction.JUDGMENT_FIELDS
        help_texts = {
            "note": "What happened, in a sentence or two. Readers see it.",
            "source": "Where readers can check it.",
            "judged_on": "Leave empty for today.",
        }

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        if "judged_on" in self.fields and self.instance.judged_on is None:
            self.initial["judged_on"] = _today()

    def clean_judged_on(self) -> date | None:
        judged_on: date | None = self.cleaned_data["judged_on"]
        if judged_on is not None:
            clock.validate_year(judged_on)
            if judged_on > _today():
                raise forms.ValidationError("This day is in the future.")
        return judged_on

    def clean(self) -> Cleaned:
        data = super().clean() or self.cleaned_data
        outcome = data.get("outcome")
        if outcome == Outcome.OPEN:
            data["judged_on"] = None  # the suggested day; nobody has judged it
        elif outcome is not None and "judged_on" in data:
            data["judged_on"] = data["judged_on"] or _today()
        if outcome in (Outcome.RIGHT, Outcome.WRONG):
            for name, instruction in (("note", "Say what happened"), ("source", "Give a source")):
                if name in data and not data[name].strip():
                    self.add_error(name, f"{instruction}. It is required to judge a prediction {outcome}.")
        return data


def _today() -> date:
    return clock.today()


@admin.register(Prediction)
class PredictionAdmin(OwnDraftsMixin, DeskAdmin):
    """Judging predictions. Claims are written in their review, and can change only while it is a draft."""

    form = JudgmentForm
    list_display = ["claim", "tool", "reviewer", "due_on", "outcome_mark", "judged_on"]
    list_filter = [DueFilter, "outcome", "review__reviewer", "review__tool__category"]
    list_select_related = ["review__tool", "review__reviewer"]
    search_fields = ["claim", "review__tool__name"]
    search_help_text = "Claims, and names of tools"
    date_hierarchy = "due_on"
    ordering = ["due_on", "pk"]
    readonly_fields = ["claim", "due_on", "review_link", "verdict_mark", "quote", "flips_if"]
    fieldsets = [
        (None, {"fields": ["claim", "due_on", "review_link", "verdict_mark", "quote", "flips_if"]}),
        ("How it turned out", {"fields": Prediction.JUDGMENT_FIELDS}),
    ]

    def describe_hit(self, row: Prediction) -> str:
        return f"{row.review.reviewer} on {row.review.tool}"

    @admin.display(description="tool", ordering=SortKey("review__tool__name"))
    def tool(self, prediction: Prediction) -> str:
        return prediction.review.tool.name

    @admin.display(description="reviewer", ordering="review__reviewer__seat")
    def reviewer(self, prediction: Prediction) -> str:
        return prediction.review.reviewer.name

    @admin.display(description="outcome", ordering="outcome")
    def outcome_mark(self, prediction: Prediction) -> SafeString:
        return render_mark(prediction.outcome, Outcome(prediction.outcome).label)

    @admin.display(description="review")
    def review_link(self, prediction: Prediction) -> SafeString:
        review = prediction.review
        url = reverse("admin:reviews_review_change", args=[review.pk])
        return format_html('<a href="{}">{} on {}</a>', url, review.reviewer, review.tool)

    @admin.display(description="verdict")
    def verdict_mark(self, prediction: Prediction) -> SafeString:
        return render_mark(prediction.review.verdict or "none", prediction.review.verdict_words)

    @admin.display(description="quote")
    def quote(self, prediction: Prediction) -> str:
        return prediction.review.quote

    @admin.display(description="what would flip it")
    def flips_if(self, prediction: Prediction) -> str:
        return prediction.review.flips_if or "—"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        rows = super().get_queryset(request)
        user = request.user
        if user.has_perm("reviews.change_review") and writes_own_drafts_only(user):
            return rows.filter(review__in=reviews_to_edit(user).order_by().values("pk"))
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Prediction | None = None) -> bool:
        """Allow users who may publish to judge predictions of published reviews."""
        is_allowed = super().has_change_permission(request, obj) and not writes_own_drafts_only(request.user)
        return is_allowed and (obj is None or obj.review.state == PublicationState.PUBLISHED)

    def has_delete_permission(self, request: HttpRequest, obj: Prediction | None = None) -> bool:
        """Allow it only while its review is unpublished."""
        is_unseen = obj is not None and obj.review.state in (PublicationState.DRAFT, PublicationState.SCHEDULED)
        return is_unseen and super().has_delete_permission(request, obj)
