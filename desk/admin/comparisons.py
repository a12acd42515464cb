from django.contrib import admin

from comparisons.models import Comparison
from desk.lists import ComparisonList


@admin.register(Comparison)
class ComparisonAdmin(ComparisonList):
    autocomplete_fields = ["first", "second"]
