"""What users who write for one seat see in the admin: their own drafts, and nothing that publishes."""

from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Field, ForeignKey, QuerySet
from django.forms import Field as FormField
from django.forms import ModelChoiceField
from django.http import HttpRequest

from desk.permissions import predictions_to_edit, reviews_to_edit, seats_to_write_for, writes_own_drafts_only
from reviews.models import Prediction, Review, Reviewer
from tools.publishing import Publishable

_ROWS_TO_EDIT = {Review: reviews_to_edit, Prediction: predictions_to_edit}


class OwnDraftsMixin(BaseModelAdmin):
    """A mixin for the admins and inlines of reviews and predictions.

    For users who write their own drafts only, it narrows the rows, the seats and reviews to choose from, and the
    fields. It changes nothing for other users.
    """

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = super().get_queryset(request)
        if writes_own_drafts_only(request.user):
            rows = rows.filter(pk__in=_ROWS_TO_EDIT[self.model](request.user).values("pk"))
        return rows

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        if not super().has_add_permission(request, *args):
            return False
        return not writes_own_drafts_only(request.user) or seats_to_write_for(request.user).exists()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and writes_own_drafts_only(request.user):
            if db_field.remote_field.model is Reviewer:
                field.queryset = seats_to_write_for(request.user)
            elif db_field.remote_field.model is Review:
                field.queryset = reviews_to_edit(request.user)
        return field

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: object) -> FormField | None:
        if db_field.name in Publishable.TIME_FIELDS and writes_own_drafts_only(request.user):
            return None
        return super().formfield_for_dbfield(db_field, request, **kwargs)
