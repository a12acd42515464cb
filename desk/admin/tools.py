from django.contrib import admin

from desk.base import DeskAdmin
from desk.bulk.sheets import ToolSheets
from tools.models import Attribute, Category, Fact, Plan, Tool


@admin.register(Category)
class CategoryAdmin(DeskAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]


@admin.register(Attribute)
class AttributeAdmin(DeskAdmin):
    list_display = ["name", "slug"]
    list_filter = ["categories"]
    search_fields = ["name", "slug"]
    filter_horizontal = ["categories"]


class StandingInline(admin.TabularInline):
    """The plans or facts that hold today; what was superseded is history and not for editing."""

    extra = 0

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).filter(superseded_at__isnull=True)


class PlanInline(StandingInline):
    model = Plan


class FactInline(StandingInline):
    model = Fact
    autocomplete_fields = ["attribute"]


@admin.register(Tool)
class ToolAdmin(ToolSheets, DeskAdmin):
    list_display = ["name", "category", "state", "published_at"]
    list_filter = ["category"]
    list_select_related = ["category"]
    search_fields = ["name", "slug", "aliases"]
    date_hierarchy = "published_at"
    inlines = [PlanInline, FactInline]
