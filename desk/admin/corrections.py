"""The list of all corrections."""

from django.contrib import admin
from django.http import HttpRequest

from desk.shapes import FieldGroups
from desk.tool_page.corrections import AppendOnlyAdmin, CorrectionForm
from desk.visible_rows_admin import VisibleRowsAdmin
from tools.models import Correction, Tool


@admin.register(Correction)
class CorrectionAdmin(AppendOnlyAdmin, VisibleRowsAdmin[Correction]):
    adds_to = Tool
    form = CorrectionForm
    list_display = ["tool", "note", "made_at"]
    list_display_links = ["note"]
    list_select_related = ["tool"]
    search_fields = ["tool__name", "note"]
    date_hierarchy = "made_at"
    autocomplete_fields = ["tool"]

    def describe_hit(self, row: Correction) -> str:
        return str(row.tool)

    def get_readonly_fields(self, request: HttpRequest, obj: Correction | None = None) -> list[str]:
        return ["tool", "note", "made_at"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Correction | None = None) -> FieldGroups:
        return ["tool", "note", "made_at"] if obj else ["tool", "note"]
