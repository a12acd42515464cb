from django.contrib import admin

from desk.bulk.sheets import ToolSheets
from desk.corrections import CorrectionInline
from desk.deletion import OnlyUnseenRemoved
from desk.lists import ToolList
from desk.publishing import PublishingAdmin
from desk.verify_action import VerifiesTools
from tools.models import Fact, Plan, Tool


class StandingInline(OnlyUnseenRemoved, admin.TabularInline):
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
class ToolAdmin(PublishingAdmin, ToolSheets, ToolList, VerifiesTools):
    inlines = [PlanInline, FactInline, CorrectionInline]
