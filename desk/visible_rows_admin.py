"""Forms of rows that readers see as part of published content, such as a price. They save at once."""

from typing import ClassVar

from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from desk.base import DeskAdmin
from desk.permissions import find_missing_right, may_publish
from desk.refusal_texts import explain, explain_adding
from desk.refusals import MayNotPublishError
from desk.shapes import Context


class VisibleRowsAdmin[ModelT: Model](DeskAdmin[ModelT]):
    """A ModelAdmin whose rows are read-only, while readers see them, to users who may not publish them."""

    adds_to: ClassVar[type[Model] | None] = None
    """The content that a user must be able to publish to add a row, because readers see it at once."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and (self.adds_to is None or may_publish(request.user, self.adds_to))

    def has_change_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_kept_from(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_kept_from(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Show or save a form. Say what to do instead to users who may not send it."""
        if object_id is None:
            if self.adds_to and not may_publish(request.user, self.adds_to):
                raise MayNotPublishError(explain_adding(self.adds_to, self.model))
        elif request.method == "POST":
            obj = self.get_object(request, unquote(object_id))
            if obj is not None and (content := find_missing_right(request.user, obj)):
                raise MayNotPublishError(explain(content, obj))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        obj: Model | None = context.get("original")
        if obj is not None and super().has_change_permission(request, obj):
            content = find_missing_right(request.user, obj)
            context["why_read_only"] = explain(content, obj) if content else ""


def _is_kept_from(request: HttpRequest, obj: Model | None) -> bool:
    # Django also passes the parent's primary key here, for inlines.
    return isinstance(obj, Model) and find_missing_right(request.user, obj) is not None
