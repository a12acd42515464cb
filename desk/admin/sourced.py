"""The lists of prices and facts, for checking sources. Values are edited on the page of their tool."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.files.layouts import FACT_SHEET, PLAN_SHEET
from desk.files.sheet_pages import CHANGE_LIST_TEMPLATE, SheetPages
from desk.items import MAX_TEXT_LENGTH
from desk.lists.change_lists import (
    CheckedFilter,
    CurrentFilter,
    render_check,
    render_mark,
    render_source_link,
)
from desk.lists.verify_action import run_verify_action
from desk.lists.verifying import SourcedRow, read_rows
from desk.visible_rows_admin import VisibleRowsAdmin
from tools.models import Fact, Plan
from tools.prices import Price
from tools.publishing import PublicationState
from web import clock
from web.words import join_shortened


class SourcedAdmin(VisibleRowsAdmin[Any]):
    """Prices or facts. Only the source and the day of the check are editable, and only while a row is current."""

    page_classes = [SheetPages]
    change_list_template = CHANGE_LIST_TEMPLATE
    # Never checked first, then the oldest checks.
    ordering = [F("verified_on").asc(nulls_first=True), "pk"]
    date_hierarchy = "verified_on"
    actions = ["verify_today"]

    def get_rows_to_find(self, request: HttpRequest) -> QuerySet:
        return super().get_rows_to_find(request).filter(superseded_at__isnull=True)

    def name_hit(self, row: SourcedRow) -> str:
        return join_shortened(str(row.tool), ": ", str(row), limit=MAX_TEXT_LENGTH)

    @admin.display(description="tool")
    def tool_link(self, row: SourcedRow) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:tools_tool_change", args=[row.tool_id]), row.tool)

    @admin.display(description="checked", ordering="verified_on")
    def checked(self, row: SourcedRow) -> SafeString:
        if row.superseded_at is not None:
            return render_mark("superseded", "We were wrong" if row.correction else "Superseded")
        return render_check(row.verified_on, today=clock.today())

    @admin.display(description="source", ordering="source")
    def source_site(self, row: SourcedRow) -> SafeString:
        return render_source_link(row.source)

    def has_add_permission(self, request: HttpRequest, obj: SourcedRow | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SourcedRow | None = None) -> bool:
        """Superseded rows are history and stay as they are."""
        return super().has_change_permission(request, obj) and (obj is None or obj.superseded_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: SourcedRow | None = None) -> bool:
        """Allow it only while the tool is unpublished."""
        is_unseen = obj is not None and obj.tool.state in (PublicationState.DRAFT, PublicationState.SCHEDULED)
        return is_unseen and super().has_delete_permission(request, obj)

    @admin.action(description="Mark as verified today", permissions=["change"])
    def verify_today(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_verify_action(self, request, lambda: read_rows(queryset))


@admin.register(Plan)
class PlanAdmin(SourcedAdmin):
    sheet = PLAN_SHEET
    list_display = ["name", "tool_link", "price", "source_site", "checked"]
    list_filter = [CheckedFilter, CurrentFilter, "kind", "tool__category"]
    list_select_related = ["tool"]
    search_fields = ["tool__name", "name"]
    search_help_text = "Names of tools and plans"
    text_fields = ["unit"]
    readonly_fields = ["tool_link", "name", "price", "superseded_at"]
    fields = ["tool_link", "name", "price", "source", "verified_on", "superseded_at"]

    def describe_hit(self, row: Any) -> str:
        return Price.of(row).words

    @admin.display(description="price")
    def price(self, plan: Plan) -> str:
        price = Price.of(plan)
        return ", ".join([price.words, *price.details])


@admin.register(Fact)
class FactAdmin(SourcedAdmin):
    sheet = FACT_SHEET
    list_display = ["attribute", "tool_link", "value", "source_site", "checked"]
    list_filter = [CheckedFilter, CurrentFilter, "attribute", "tool__category"]
    list_select_related = ["tool", "attribute"]
    search_fields = ["tool__name", "value"]
    search_help_text = "Names of tools, and values"
    text_fields = ["attribute__name", "note"]
    readonly_fields = ["tool_link", "attribute", "value", "superseded_at"]
    fields = ["tool_link", "attribute", "value", "source", "verified_on", "superseded_at"]
