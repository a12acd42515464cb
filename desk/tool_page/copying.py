"""Copies of a tool and of its prices: the form is filled in, and nothing is written until somebody saves it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from desk.admin_pages import AdminPages
from desk.history.pages import get_admin_url
from desk.ids import parse_id
from desk.shapes import Initial
from desk.tool_page.sourced_rows import FactFormSet, PlanFormSet
from tools.models import Fact, Plan, Tool
from web.fields import LineField
from web.words import count_of, join_words

_IDENTIFYING_FIELDS = ("name", "short_name", "aliases", "model_ids")
TOOL_FIELDS = ("category", *(field for field in Tool.OWN_FIELDS if field not in _IDENTIFYING_FIELDS))
COPIED = [str(field.verbose_name) for name in TOOL_FIELDS for field in Tool._meta.fields if field.name == name]
NOT_COPIED = (
    "Not copied: its short and other names, its model ids, its logo, the days on which its sources were checked, its "
    "verdicts and predictions, votes, comparisons, corrections, and history."
)
MAX_SOURCES = 20  # tools that the page to choose one lists


class CopyForm(forms.Form):
    """What the address of a form says is copied into it."""

    duplicate = forms.ModelChoiceField(Tool.objects.all(), required=False)
    plans_from = forms.ModelChoiceField(Tool.objects.all(), required=False)


class SourceForm(forms.Form):
    """The words by which a tool is looked for whose prices are copied."""

    q = LineField(label="Name", required=False, max_length=200)


def read_source(request: HttpRequest, field: str) -> Tool | None:
    """Return the tool that a form copies from; None for none, and for a form that is sent."""
    form = CopyForm(request.GET)
    form.full_clean()
    return form.cleaned_data.get(field) if request.method != "POST" else None


def copy_plans(source: Tool, *, of: Tool | None) -> list[dict[str, object]]:
    """Return the current plans of a tool as initial values of new rows, without names that the other tool has."""
    taken = set(of.plans.current().values_list("name", flat=True)) if of else set()
    fields = ("name", *Plan.VALUE_FIELDS, "source")
    return [
        {field: getattr(plan, field) for field in fields} for plan in source.plans.current() if plan.name not in taken
    ]


def copy_facts(source: Tool) -> dict[int, dict[str, object]]:
    """Return the current facts of a tool as initial values of new rows, by attribute."""
    fields = (*Fact.VALUE_FIELDS, "source")
    return {fact.attribute_id: {field: getattr(fact, field) for field in fields} for fact in source.facts.current()}


def copy_own_fields(request: HttpRequest) -> Initial:
    """Return the initial values of the form of a new tool that starts from another one; empty for any other form."""
    source = read_source(request, "duplicate")
    if source is None:
        return {}
    return {name: getattr(source, name) for name in TOOL_FIELDS} | {"category": source.category_id}


def copy_rows(request: HttpRequest, obj: Tool, inline: InlineModelAdmin) -> dict[str, object]:
    """Return the option of a formset that starts with the prices or facts of another tool; empty for any other."""
    of = obj if obj.pk else None
    source = read_source(request, "plans_from" if of else "duplicate")
    if source and source != of:
        if issubclass(inline.formset, PlanFormSet):
            return {"copied": copy_plans(source, of=of)}
        if issubclass(inline.formset, FactFormSet) and of is None:
            return {"copied": copy_facts(source)}
    return {}


def describe_copy(request: HttpRequest, obj: Tool | None, formsets: Sequence[Any]) -> str | SafeString:
    """Return what was filled in and what was not, for the top of the form; "" if it starts from nothing."""
    source = read_source(request, "plans_from" if obj else "duplicate")
    if source is None or source == obj:
        return ""
    copied: Mapping[str, int] = {one.prefix: len(one.copied) for one in formsets if hasattr(one, "copied")}
    link = format_html('<a href="{}">{}</a>', get_admin_url(Tool, "change", source.pk), source)
    plans = count_of(copied.get("plans", 0), "price")
    if obj:
        words = "{} of {}, filled in below as new rows that nobody has verified. Nothing is saved yet."
        return format_html(words, plans.capitalize(), link)
    words = (
        "A copy of {}, which is not saved yet. Copied: {}, with their sources. {} Give it a name of its own; it "
        "becomes a draft."
    )
    facts = count_of(copied.get("facts", 0), "fact")
    return format_html(words, link, join_words([*COPIED, plans, facts]), NOT_COPIED)


class CopyPlansPage(AdminPages):
    """The page to choose a tool whose prices are copied into the form of another one."""

    def urls(self) -> list[URLPattern]:
        view = self.site.admin_view(self.copy_plans_view)
        return [path("<path:object_id>/copy-plans/", view, name="tools_tool_copy_plans")]

    @method_decorator(require_safe)
    def copy_plans_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the tools whose prices can be copied into the form of a tool."""
        tool = Tool.objects.filter(pk=parse_id(object_id) or 0).first()
        if tool is None:
            raise Http404
        if not request.user.has_perms(["tools.change_tool", "tools.add_plan"]):
            raise PermissionDenied
        form = SourceForm(request.GET)
        words = form.cleaned_data["q"] if form.is_valid() else ""
        found, _ = self.admin.get_search_results(request, self.admin.get_queryset(request).exclude(pk=tool.pk), words)
        is_current = Q(plans__superseded_at__isnull=True, plans__isnull=False)
        found = found.annotate(number=Count("plans", filter=is_current)).filter(number__gt=0)
        context = {
            **self.site.each_context(request),
            "title": f"Copy prices into {tool}",
            "opts": self.opts,
            "object": tool,
            "changelist_url": get_admin_url(Tool, "changelist"),
            "change_url": get_admin_url(Tool, "change", tool.pk),
            "form": form,
            "sources": found[:MAX_SOURCES],
        }
        request.current_app = self.site.name
        return TemplateResponse(request, "desk/copy_plans.html", context)
