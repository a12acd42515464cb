"""What every page of the desk shares: a history with ways back, conflicts told, and nothing deleted that was seen."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.http import HttpRequest

from desk.history.conflicts import ConflictsTold
from desk.history.deletion import OnlyUnseenDeleted, delete_selected
from desk.history.pages import HistoryPages

admin.site.add_action(delete_selected, "delete_selected")


class DeskAdmin(HistoryPages, ConflictsTold, OnlyUnseenDeleted, admin.ModelAdmin):
    """The base of every ModelAdmin of the site.

    Who overrides `changeform_view`, `get_form`, `render_change_form`, `delete_view` or `get_urls`
    calls `super()`; a form of one's own is given as `form`.
    """

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What a form only names, it does not delete: no red cross beside a category or a tool to choose."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field

    class Media:
        css = {"all": ["desk/history.css"]}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Save, unless nothing of the object itself was changed: what was changed beside it has entries of its own."""
        if form.has_changed() or not change:
            super().save_model(request, obj, form, change)
