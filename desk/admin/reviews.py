from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from desk.base import DeskAdmin
from desk.publishing import PublishingAdmin
from reviews.actions import note_mentions
from reviews.models import Prediction, Review, Reviewer
from tools.publishing import State


@admin.register(Reviewer)
class ReviewerAdmin(DeskAdmin):
    list_display = ["seat", "name", "lens", "disclosure"]
    list_display_links = ["name"]


class PredictionInline(admin.TabularInline):
    model = Prediction
    extra = 0


@admin.register(Review)
class ReviewAdmin(PublishingAdmin, DeskAdmin):
    list_display = ["tool", "reviewer", "verdict", "state", "published_at"]
    list_filter = ["verdict", "reviewer"]
    list_select_related = ["tool", "reviewer"]
    search_fields = ["tool__name", "quote"]
    date_hierarchy = "published_at"
    autocomplete_fields = ["tool"]
    inlines = [PredictionInline]

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        note_mentions(reviews=Review.objects.filter(pk=obj.pk))

    def get_readonly_fields(self, request: HttpRequest, obj: Review | None = None) -> list[str]:
        """The words of a published review stay; a later edition supersedes it."""
        if obj is not None and obj.published_at is not None and obj.state in (State.PUBLISHED, State.WITHDRAWN):
            return ["tool", "reviewer", "published_at", *Review.WORD_FIELDS]
        return []
