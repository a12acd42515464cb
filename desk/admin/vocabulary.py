"""Categories, and the attributes that facts are about."""

from collections import Counter
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.lists import ListOptions, PageList
from tools.models import Attribute, Category, Fact, Tool


def _numbers(rows: Any, field: str) -> Counter[int]:
    """How many rows there are of each value of a field."""
    return Counter(dict(rows.order_by().values_list(field).annotate(Count("pk"))))


class VocabularyAdmin(ListOptions):
    search_fields = ["name", "slug"]
    search_help_text = "Names and slugs"
    ordering = ["name"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """A slug follows the name until it is saved; later it is changed on purpose only."""
        return {"slug": ["name"]} if obj is None else {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PageList


@admin.register(Category)
class CategoryAdmin(VocabularyAdmin):
    list_display = ["name", "slug", "tools_link", "attributes_count"]

    def for_page(self, categories: list[Any]) -> None:
        tools = _numbers(Tool.objects, "category")
        attributes = _numbers(Attribute.categories.through.objects, "category")
        for category in categories:
            category.tools_count, category.attributes_number = tools[category.pk], attributes[category.pk]

    @admin.display(description="tools")
    def tools_link(self, category: Any) -> SafeString:
        url = reverse("admin:tools_tool_changelist", query={"category__id__exact": category.pk})
        return format_html('<a href="{}">{}</a>', url, f"{category.tools_count:,}")

    @admin.display(description="attributes")
    def attributes_count(self, category: Any) -> int:
        number: int = category.attributes_number
        return number


@admin.register(Attribute)
class AttributeAdmin(VocabularyAdmin):
    list_display = ["name", "slug", "of_categories", "facts_link"]
    list_filter = ["categories"]
    filter_horizontal = ["categories"]

    def for_page(self, attributes: list[Any]) -> None:
        facts = _numbers(Fact.objects.standing(), "attribute")
        prefetch_related_objects(attributes, "categories")
        for attribute in attributes:
            attribute.facts_count = facts[attribute.pk]

    @admin.display(description="categories")
    def of_categories(self, attribute: Attribute) -> str:
        return ", ".join(category.name for category in attribute.categories.all()) or "—"

    @admin.display(description="facts that stand")
    def facts_link(self, attribute: Any) -> SafeString:
        url = reverse("admin:tools_fact_changelist", query={"attribute__id__exact": attribute.pk})
        return format_html('<a href="{}">{}</a>', url, f"{attribute.facts_count:,}")
