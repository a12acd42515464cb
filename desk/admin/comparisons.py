"""The admin of comparisons: two tools, an introduction, and a check of what the page will say."""

from typing import Any, Unpack

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey
from django.forms.renderers import BaseRenderer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from comparisons.editor_lines import swap_sides
from comparisons.models import Comparison
from desk.fields import MARKDOWN_PREVIEW_URL, SearchedSelect
from desk.items import MAX_TEXT_LENGTH
from desk.line_rows import LineRowsField
from desk.lists.change_lists import StateFilter
from desk.pending.admin import PendingAdmin
from desk.publishing.pair_check import PairCheck, check_pair, find_comparison, read_line_context
from desk.shapes import Context, Files, FormOptions, Posted
from tools.models import Tool
from tools.publishing import PublicationState
from web.normalize import normalize_line
from web.words import join_shortened

TYPED = "-typed"  # suffix of the text field that replaces the suggestions without JavaScript, and prefix of its value


class ToolSelect(SearchedSelect):
    """The autocomplete field of tools. Without JavaScript, a text field for a name or slug."""

    def value_from_datadict(self, data: Posted, files: Files, name: str) -> str | None:
        typed = normalize_line(data.get(name + TYPED, ""))
        return f"{TYPED}{typed}" if typed else super().value_from_datadict(data, files, name)

    def render(
        self, name: str, value: object, attrs: dict[str, object] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        box = '<noscript><input type="text" name="{}" value="{}" aria-label="{}" placeholder="{}"></noscript>'
        typed = str(value or "")
        typed = typed.removeprefix(TYPED) if typed.startswith(TYPED) else ""
        words = "Name or slug of a tool"
        return super().render(name, value, attrs, renderer) + format_html(box, name + TYPED, typed, words, words)


class ToolField(forms.ModelChoiceField):
    """A tool, published or not: chosen by its key, or by a typed name or slug."""

    def to_python(self, value: object) -> Tool | None:
        if not isinstance(value, str) or not value.startswith(TYPED):
            return super().to_python(value)
        typed = normalize_line(value.removeprefix(TYPED))
        named = Tool.objects.by_slugs(typed).get(typed)
        tools = [named] if named else list(Tool.objects.named(typed)[:2])
        if len(tools) != 1:
            what = "Several tools have" if tools else "No tool has"
            raise ValidationError(f"{what} the name “{typed}”. Type the slug of one.", code="invalid_choice")
        return tools[0]


class ComparisonForm(forms.ModelForm):
    """Two tools, in the order of the page, an introduction, and the lines of “Pick if”."""

    lines = LineRowsField(
        label="Pick if",
        required=False,
        help_text="Lines with a place come first, by place; then the others. Computed lines appear here once the two "
        "tools are saved. At most four lines are shown for either tool, three for neither.",
    )

    class Meta:
        model = Comparison
        fields = ["first", "second", "introduction", "lines"]
        widgets = {"introduction": AdminTextareaWidget(attrs={"data-preview": MARKDOWN_PREVIEW_URL, "rows": 8})}
        help_texts = {
            "first": "On the left of the page, and first in its address.",
            "introduction": "For whom the choice matters, and what it turns on. Markdown. Raw HTML is escaped.",
        }

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        if self.instance.pk and "lines" in self.fields:
            self.fields["lines"].widget.lines = read_line_context(self.instance)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("first"), cleaned.get("second")
        if first is None or second is None:
            return cleaned
        was = (self.initial.get("first"), self.initial.get("second"))
        if "lines" in cleaned and self.instance.pk and (second.pk, first.pk) == was:
            cleaned["lines"] = swap_sides(cleaned["lines"])  # they were written beside the names of their tools
        is_known = self.instance.pk and self.instance.state in (PublicationState.PUBLISHED, PublicationState.WITHDRAWN)
        if is_known and {first.pk, second.pk} != {*was}:
            self.add_error(
                "second",
                "Readers have seen this comparison. Swap its two tools, or add another comparison.",
            )
            return cleaned
        if first != second and (existing := find_comparison(first, second, exclude=self.instance.pk)):
            url = reverse("admin:comparisons_comparison_change", args=[existing.pk])
            words = 'These tools already have a comparison: <a href="{}">{}</a> ({}).'
            self.add_error("second", format_html(words, url, existing, existing.state.label.lower()))
        return cleaned


class PairForm(forms.Form):
    """Two tools to check, and the comparison that is being edited, if any."""

    first = ToolField(queryset=Tool.objects.all(), widget=forms.TextInput)
    second = ToolField(queryset=Tool.objects.all(), widget=forms.TextInput)
    exclude = forms.IntegerField(required=False)


class TypedPairForm(PairForm):
    """The same form as the page posts it without JavaScript."""

    def __init__(self, data: Posted) -> None:
        super().__init__(data)
        for name in ("first", "second"):
            field = Comparison._meta.get_field(name)
            self.fields[name].widget = ToolSelect(field, admin.site)


@admin.register(Comparison)
class ComparisonAdmin(PendingAdmin[Comparison]):
    shows_presence = True
    list_display = ["__str__", "state_mark", "published_at"]
    list_filter = [StateFilter, ("first__category", admin.RelatedFieldListFilter)]
    list_select_related = ["first", "second"]
    search_fields = ["first__name", "second__name"]
    search_help_text = "Names of tools"
    text_fields = ["introduction"]
    date_hierarchy = "published_at"
    form = ComparisonForm
    autocomplete_fields = ["first", "second"]

    class Media:
        js = ["admin/js/jquery.init.js", "desk/pair_check.js", forms.Script("desk/preview.js", defer=True)]

    def name_hit(self, row: Comparison) -> str:
        return join_shortened(str(row.first), " vs ", str(row.second), limit=MAX_TEXT_LENGTH)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        if db_field.name in self.autocomplete_fields:
            kwargs |= {
                "widget": ToolSelect(db_field, self.admin_site, using=kwargs.get("using")),
                "form_class": ToolField,
            }
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        check = path("check/", self.admin_site.admin_view(self.check_view), name="comparisons_comparison_check")
        return [check, *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the page of two tools will say: a fragment for JavaScript (GET), or a page without it (POST).

        Writes nothing.
        """
        may_write = self.has_add_permission(request) or self.has_change_permission(request)
        if not (may_write and request.user.has_perm("tools.view_tool")):
            raise PermissionDenied
        is_page = request.method == "POST"
        form = TypedPairForm(request.POST) if is_page else PairForm(request.GET)
        check = _check(form)
        if not is_page:
            return render(request, "desk/_pair_check.html", {"check": check}, status=200 if check else 400)
        context = {
            **self.admin_site.each_context(request),
            "title": "What the page will say",
            "opts": self.opts,
            "media": self.media,
            "check": check,
            "errors": [error for errors in form.errors.values() for error in errors],
        }
        return TemplateResponse(request, "desk/pair_check.html", context)

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        original = context.get("original")
        form = context["adminform"].form
        if "first" in form.fields:
            chosen = {name: form[name].value() for name in ("first", "second")}
            pair = PairForm({**chosen, "exclude": original.pk if original else None})
            context["pair_check"] = {"url": reverse("admin:comparisons_comparison_check"), "check": _check(pair)}


def _check(form: PairForm) -> PairCheck | None:
    if not form.is_valid():
        return None
    return check_pair(form.cleaned_data["first"], form.cleaned_data["second"], exclude=form.cleaned_data["exclude"])
