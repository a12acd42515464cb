from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from desk.base import DeskAdmin
from desk.bulk.sheets import FactSheets, PlanSheets
from tools.models import Fact, Plan


class StandingAdmin(DeskAdmin):
    """The plans or facts that hold today."""

    list_select_related = ["tool"]
    autocomplete_fields = ["tool"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(superseded_at__isnull=True)


@admin.register(Plan)
class PlanAdmin(PlanSheets, StandingAdmin):
    list_display = ["tool", "name", "kind", "amount", "currency", "period", "verified_on"]
    list_display_links = ["name"]
    search_fields = ["tool__name", "name"]


@admin.register(Fact)
class FactAdmin(FactSheets, StandingAdmin):
    list_display = ["tool", "attribute", "value", "verified_on"]
    list_display_links = ["value"]
    list_select_related = ["tool", "attribute"]
    search_fields = ["tool__name", "attribute__name", "value"]
