from django.contrib import admin

from comparisons.models import Comparison
from desk.base import DeskAdmin


@admin.register(Comparison)
class ComparisonAdmin(DeskAdmin):
    list_display = ["__str__", "state", "published_at"]
    list_select_related = ["first", "second"]
    search_fields = ["first__name", "second__name"]
    date_hierarchy = "published_at"
    autocomplete_fields = ["first", "second"]
