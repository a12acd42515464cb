"""Categories, and the attributes that facts are about."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, ManyToManyField, Model, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from desk.fields import LinesField
from desk.files.conversion_page import handle_conversion
from desk.files.layouts import ATTRIBUTE_SHEET
from desk.files.sheet_pages import CHANGE_LIST_TEMPLATE, SheetPages
from desk.lists.change_lists import PreparedChangeList
from desk.permissions import find_missing_right, may_convert, may_publish
from desk.preset_rows import PresetRowsField
from desk.refusal_texts import explain
from desk.refusals import MayNotPublishError
from desk.shapes import Cleaned
from desk.value_fields import ChoicesField
from desk.visible_rows_admin import VisibleRowsAdmin
from tools.expressions import SortKey
from tools.models import Attribute, Category, Fact, Tool, find_misfits
from tools.slugs import MAX_LENGTH, slug_from_name
from tools.values import MAX_ALIAS_LENGTH, Scale, read_options
from web.fields import get_max_length
from web.words import count_of, join_words

MISFITS_NAMED = 3  # values that an error names


def _count_by(rows: QuerySet, field: str) -> Counter[int]:
    """Return the number of rows for each value of a field. One query."""
    return Counter(dict(rows.order_by().values_list(field).annotate(Count("pk"))))


class VocabularyAdmin(VisibleRowsAdmin):
    """Rows with a name and a slug."""

    search_fields = ["name", "slug"]
    search_help_text = "Names and slugs"
    ordering = [SortKey("name")]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Sequence[str]]:
        """Fill the slug from the name while adding. Later it changes only when someone edits it."""
        return {"slug": ["name"]} if obj is None else {}

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return PreparedChangeList


class CategoryForm(forms.ModelForm):
    """A category, with a field that adds attributes to compare its tools by."""

    new_attributes = LinesField(
        label="Attributes to add",
        required=False,
        max_length=get_max_length(Attribute, "name"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="What its tools are compared by, one per line, such as License or Context window. An attribute that "
        "other categories already have is shared with them.",
    )

    aliases = LinesField(
        label="Other names",
        required=False,
        max_length=get_max_length(Category, "aliases"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="What people type who look for such tools, one per line, such as vector store. Search finds the "
        "category by them.",
    )
    presets = PresetRowsField(
        required=False,
        help_text="What a reader might use, offered where pages ask what it would cost. Counts may be short: 50M, 10k.",
    )

    def clean_new_attributes(self) -> list[str]:
        names: list[str] = self.cleaned_data["new_attributes"]
        nameless = [name for name in names if not slug_from_name(name)]
        if nameless:
            raise forms.ValidationError(f"{join_words(nameless)}: needs a letter or a digit for its address.")
        return names


def add_attributes(category: Category, names: Sequence[str]) -> list[Attribute]:
    """Add attributes of these names to a category, and return the ones that did not exist before."""
    known = {attribute.name.casefold(): attribute for attribute in Attribute.objects.all()}
    slugs = {attribute.slug for attribute in known.values()}
    created = []
    for name in names:
        attribute = known.get(name.casefold())
        if attribute is None:
            stem = slug_from_name(name)
            numbered = (f"{stem[: MAX_LENGTH - 5]}-{number}" for number in count(2))
            slug = next(slug for slug in chain([stem], numbered) if slug not in slugs)
            slugs.add(slug)
            attribute = Attribute.objects.create(name=name, slug=slug)
            created.append(attribute)
        attribute.categories.add(category)
    return created


@admin.register(Category)
class CategoryAdmin(VocabularyAdmin):
    form = CategoryForm
    list_display = ["name", "slug", "tools_link", "attribute_total"]

    def prepare_rows(self, categories: list[Any]) -> None:
        tools = _count_by(Tool.objects.all(), "category")
        attributes = _count_by(Attribute.categories.through._default_manager.all(), "category")
        for category in categories:
            category.tool_count, category.attribute_count = tools[category.pk], attributes[category.pk]

    def get_fields(self, request: HttpRequest, obj: Category | None = None) -> Sequence[str]:  # type: ignore[override] # the stubs want mutable lists
        may_add = request.user.has_perms(["tools.add_attribute", "tools.change_attribute"])
        return ["name", "slug", "description", "aliases", "presets", *(["new_attributes"] if may_add else [])]

    def view_on_site(self, category: Category) -> str | None:
        """Return the category's page if it has one: readers see it with its first published tool."""
        # As it is stored: while a form is shown again, `category` has what was typed, which may be no slug at all.
        public = Category.objects.with_published_tools().filter(pk=category.pk).first()
        return public.get_absolute_url() if public else None

    def save_related(
        self,
        request: HttpRequest,
        form: CategoryForm,
        formsets: Sequence[forms.BaseFormSet],
        change: bool,  # noqa: FBT001 (Django's signature)
    ) -> None:
        super().save_related(request, form, formsets, change)
        for attribute in add_attributes(form.instance, form.cleaned_data.get("new_attributes") or []):
            self.log_addition(request, attribute, [{"added": {}}])

    @admin.display(description="tools")
    def tools_link(self, category: Any) -> SafeString:
        url = reverse("admin:tools_tool_changelist", query={"category__id__exact": category.pk})
        return format_html('<a href="{}">{}</a>', url, f"{category.tool_count:,}")

    @admin.display(description="attributes")
    def attribute_total(self, category: Any) -> int:
        number: int = category.attribute_count
        return number


class AttributeForm(forms.ModelForm):
    """An attribute, with its choices and aliases as lines of text."""

    choices = ChoicesField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
        help_text="For the kind Choice: one per line, in the order in which readers see them. To rename one, keep its "
        "address: “Apache License 2.0 | apache-2.0”. Say after it what a reader needs for whom the choice decides: "
        "“MIT | mit: you must sell what you build”.",
    )

    aliases = LinesField(
        label="Other names",
        required=False,
        max_length=MAX_ALIAS_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="What people type for it, one per line, such as SSO. Another name of a choice ends in its slug: "
        "“ASL = apache-2.0”. Search finds tools by them.",
    )

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and not self.errors and {"kind", "choices", "several"} & set(self.changed_data):
            options = read_options(cleaned["choices"])
            scale = Scale(cleaned["kind"], options, several=cleaned["several"], unit=cleaned["unit"])
            if misfits := find_misfits(self.instance, scale):
                self.add_error(None, self._describe_misfits(misfits))
        return cleaned

    def _describe_misfits(self, misfits: Counter[str]) -> SafeString:
        values = join_words([f"“{value}”" for value in list(misfits)[:MISFITS_NAMED]])
        more = ", and others" if len(misfits) > MISFITS_NAMED else ""
        return format_html(
            'These values of {} would no longer fit: {}{}. <a href="{}">Convert the facts</a> instead.',
            count_of(misfits.total(), "fact"),
            values,
            more,
            reverse("admin:tools_attribute_convert", args=[self.instance.pk]),
        )


@admin.register(Attribute)
class AttributeAdmin(VocabularyAdmin):
    sheet = ATTRIBUTE_SHEET
    page_classes = [SheetPages]
    change_list_template = CHANGE_LIST_TEMPLATE
    form = AttributeForm
    list_display = ["name", "slug", "kind", "decides", "category_names", "facts_link"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "categories", "heading", "explanation", "decides", "need"]}),
        ("Values", {"fields": ["kind", "choices", "several", "unit", "better", "aliases"]}),
    ]
    list_filter = ["kind", "decides", "categories"]
    filter_horizontal = ["categories"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.convert_view)
        return [path("<int:pk>/convert/", view, name="tools_attribute_convert"), *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def convert_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give an attribute another kind, and its facts the values that the editor enters for each present value."""
        attribute = get_object_or_404(Attribute, pk=pk)
        if not may_convert(request.user, attribute):
            content = find_missing_right(request.user, attribute)
            raise MayNotPublishError(explain(content, attribute)) if content else PermissionDenied
        return handle_conversion(
            request, attribute, context={**self.admin_site.each_context(request), "opts": self.opts}
        )

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest, **kwargs: object
    ) -> forms.ModelMultipleChoiceField | None:
        """Offer only categories that readers do not see to users who may not publish: its page lists attributes."""
        if db_field.name == "categories" and not may_publish(request.user, Tool):
            shown = Tool.objects.published().order_by().values("category")
            kwargs["queryset"] = Category.objects.exclude(pk__in=shown)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def prepare_rows(self, attributes: list[Any]) -> None:
        facts = _count_by(Fact.objects.current(), "attribute")
        prefetch_related_objects(attributes, "categories")
        for attribute in attributes:
            attribute.fact_count = facts[attribute.pk]

    @admin.display(description="categories")
    def category_names(self, attribute: Attribute) -> str:
        return ", ".join(category.name for category in attribute.categories.all()) or "—"

    @admin.display(description="current facts")
    def facts_link(self, attribute: Any) -> SafeString:
        url = reverse("admin:tools_fact_changelist", query={"attribute__id__exact": attribute.pk})
        return format_html('<a href="{}">{}</a>', url, f"{attribute.fact_count:,}")
