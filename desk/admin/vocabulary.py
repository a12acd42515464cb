"""Categories, and the attributes that facts are about."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from desk.fields import LinesField
from desk.lists.change_lists import ListAdmin, PageList
from tools.models import Attribute, Category, Fact, Tool
from tools.slugs import MAX_LENGTH, slug_from_name
from web.words import join_words


def _numbers(rows: Any, field: str) -> Counter[int]:
    """How many rows there are of each value of a field."""
    return Counter(dict(rows.order_by().values_list(field).annotate(Count("pk"))))


class VocabularyAdmin(ListAdmin):
    search_fields = ["name", "slug"]
    search_help_text = "Names and slugs"
    ordering = ["name"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """A slug follows the name until it is saved; later it is changed on purpose only."""
        return {"slug": ["name"]} if obj is None else {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PageList


class CategoryForm(forms.ModelForm):
    """A category, and the attributes in which its tools are compared, as far as they are not there yet."""

    new_attributes = LinesField(
        label="Attributes to add",
        required=False,
        max_length=100,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="What its tools are compared in, one a line, as License or Context window. One that other categories "
        "have already is shared with them.",
    )

    def clean_new_attributes(self) -> list[str]:
        names: list[str] = self.cleaned_data["new_attributes"]
        nameless = [name for name in names if not slug_from_name(name)]
        if nameless:
            raise forms.ValidationError(f"{join_words(nameless)}: no letter or digit to make an address of.")
        return names


def give_attributes(category: Category, names: Sequence[str]) -> list[Attribute]:
    """Compare the tools of a category in attributes of these names, and return those that were made for it."""
    known = {attribute.name.casefold(): attribute for attribute in Attribute.objects.all()}
    slugs = {attribute.slug for attribute in known.values()}
    made = []
    for name in names:
        attribute = known.get(name.casefold())
        if attribute is None:
            stem = slug_from_name(name)
            numbered = (f"{stem[: MAX_LENGTH - 5]}-{number}" for number in count(2))
            slug = next(slug for slug in chain([stem], numbered) if slug not in slugs)
            slugs.add(slug)
            attribute = Attribute.objects.create(name=name, slug=slug)
            made.append(attribute)
        attribute.categories.add(category)
    return made


@admin.register(Category)
class CategoryAdmin(VocabularyAdmin):
    form = CategoryForm
    list_display = ["name", "slug", "tools_link", "attributes_count"]

    def for_page(self, categories: list[Any]) -> None:
        tools = _numbers(Tool.objects, "category")
        attributes = _numbers(Attribute.categories.through.objects, "category")
        for category in categories:
            category.tools_count, category.attributes_number = tools[category.pk], attributes[category.pk]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may_add = request.user.has_perms(["tools.add_attribute", "tools.change_attribute"])
        return ["name", "slug", "description", *(["new_attributes"] if may_add else [])]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        super().save_related(request, form, formsets, change)
        for attribute in give_attributes(form.instance, form.cleaned_data.get("new_attributes") or []):
            self.log_addition(request, attribute, [{"added": {}}])

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
    fields = ["name", "slug", "categories"]
    list_filter = ["categories"]
    filter_horizontal = ["categories"]

    def for_page(self, attributes: list[Any]) -> None:
        facts = _numbers(Fact.objects.current(), "attribute")
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
