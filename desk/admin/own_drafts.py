"""What somebody who writes for one seat meets in the admin: their own drafts, and nothing that publishes."""

from typing import Any

from django.contrib import admin
from django.db.models import Field, ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from desk.permissions import predictions_to_edit, reviews_to_edit, seats_to_write_for, writes_own_drafts_only
from reviews.models import Prediction, Review, Reviewer

_TO_EDIT = {Review: reviews_to_edit, Prediction: predictions_to_edit}
# What makes a draft more than that; a writer of drafts has no use for them.
PUBLISHING_FIELDS = frozenset({"published_at", "withdrawn_at"})


class OwnDraftsMixin(admin.options.BaseModelAdmin):
    """For the ModelAdmin, and the inlines, of reviews and predictions.

    It narrows the rows, the seats and reviews to choose from, and the fields of whoever writes own drafts only. Other
    people meet what the class beside it makes.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        if writes_own_drafts_only(request.user):
            found = found.filter(pk__in=_TO_EDIT[self.model](request.user).values("pk"))
        return found

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        if not super().has_add_permission(request, *args):
            return False
        return not writes_own_drafts_only(request.user) or seats_to_write_for(request.user).exists()

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        field: ModelChoiceField | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and writes_own_drafts_only(request.user):
            if db_field.remote_field.model is Reviewer:
                field.queryset = seats_to_write_for(request.user)
            elif db_field.remote_field.model is Review:
                field.queryset = reviews_to_edit(request.user)
        return field

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in PUBLISHING_FIELDS and writes_own_drafts_only(request.user):
            return None
        return super().formfield_for_dbfield(db_field, request, **kwargs)
