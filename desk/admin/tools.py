"""The admin of tools: one page for everything an editor does on a tool."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import ActionLocation, InlineModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator

from comparisons.shaping.tool_columns import render_logo
from desk.fields import NormalizedTextAdmin
from desk.files.layouts import TOOL_SHEET
from desk.files.sheet_pages import CHANGE_LIST_TEMPLATE, SheetPages
from desk.history import deletion
from desk.lists.change_lists import MissingSeatFilter, PreparedChangeList, StateFilter, ToolCheckedFilter
from desk.lists.verify_action import run_verify_action
from desk.lists.verifying import read_rows_of_tools
from desk.pending.admin import PendingAdmin
from desk.permissions import may_write_reviews
from desk.plain_widgets import PLAIN_RENDERER
from desk.shapes import Context, Fieldsets, Initial
from desk.tool_page import copying, lookups
from desk.tool_page.corrections import CorrectionInline
from desk.tool_page.form import FORM_FIELDS, WITHOUT_NEW_LOGO, ToolForm
from desk.tool_page.problems import list_problems, list_sections
from desk.tool_page.scorecard import EditionChangedError, Scorecard
from desk.tool_page.sourced_forms import FactForm, PlanForm
from desk.tool_page.sourced_rows import FactFormSet, PlanFormSet, SourcedFormSet
from reviews.actions import note_mentions, rescan_mentions
from reviews.models import Review
from reviews.panel import Panel
from tools import logos
from tools.brief_names import list_names
from tools.expressions import SortKey
from tools.models import AlreadySupersededError, Fact, Plan, Sourced, Tool
from tools.prices import Price
from web.bodies import has_lost_files, take_files

# The form and its logo. A logo above its own limit, but below this one, is refused beside its field.
_MAX_FORM_BYTES = 16 * 1024 * 1024


class SourcedInline(NormalizedTextAdmin, InlineModelAdmin):
    """The current plans or facts. Superseded ones are history and not editable."""

    extra = 2

    def get_formset(self, request: HttpRequest, obj: Tool | None = None, **kwargs: Any) -> type[SourcedFormSet]:
        formset: Any = super().get_formset(request, obj, renderer=PLAIN_RENDERER, **kwargs)
        formset.checks_constraints = getattr(request, "was_refused", False)
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sourced]:
        return super().get_queryset(request).filter(superseded_at__isnull=True)

    def has_delete_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        """Allow anyone who may change a row to remove it: the formset keeps what readers saw as history."""
        return self.has_change_permission(request, obj)


class PlanInline(SourcedInline):
    model = Plan
    form = PlanForm
    formset = PlanFormSet
    fields = tuple(PlanForm.Meta.fields)
    template = "admin/tools/tool/plans.html"


class FactInline(SourcedInline):
    model = Fact
    form = FactForm
    formset = FactFormSet
    fields = tuple(FactForm.Meta.fields)
    template = "admin/tools/tool/facts.html"


class ScorecardInline(InlineModelAdmin):
    """The seats. The scorecard itself decides who may write in which row."""

    model = Review
    template = "admin/tools/tool/scorecard.html"

    def get_formset(self, request: HttpRequest, obj: Tool | None = None, **kwargs: object) -> type[Scorecard]:  # type: ignore[override] # it duck-types a formset
        return type("RequestScorecard", (Scorecard,), {"user": request.user})

    def get_fieldsets(self, request: HttpRequest, obj: Tool | None = None) -> Fieldsets:
        return []

    def has_add_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        return False  # every seat already has a row

    def has_delete_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        return False


@admin.register(Tool)
class ToolAdmin(PendingAdmin[Tool]):
    """The list of tools, and the page on which an editor does everything for one tool."""

    shows_presence = True
    sheet = TOOL_SHEET
    page_classes = [SheetPages, copying.CopyPlansPage]
    change_list_template = CHANGE_LIST_TEMPLATE
    form = ToolForm
    inlines = [ScorecardInline, PlanInline, FactInline, CorrectionInline]
    list_display = ["sorted_name", "category", "state_mark", "panel_ship", "published_at"]
    list_filter = [StateFilter, MissingSeatFilter, ToolCheckedFilter, "category"]
    list_select_related = ["category"]
    search_fields = ["name", "short_name", "slug", "aliases"]
    search_help_text = "Names, aliases, and slugs"
    text_fields = ["tagline", "description"]
    date_hierarchy = "published_at"
    ordering = [SortKey("name"), "pk"]
    actions = ["verify_statements"]
    save_on_top = False
    change_form_template = "admin/tools/tool/change_form.html"

    class Media:
        css = {"all": ["desk/tool.css"]}
        js = [forms.Script(f"desk/{name}.js", defer=True) for name in ("tool", "preview", "sections")]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("markdown/", view(lookups.render_markdown), name="tools_tool_markdown"),
            path("slug/", view(lookups.suggest_slug), name="tools_tool_slug"),
            *super().get_urls(),
        ]

    # -- The list -------------------------------------------------------------------------------------------

    def describe_hit(self, row: Tool) -> str:
        return f"{row.category}, {row.state.label.lower()}"

    @admin.display(description="name", ordering=SortKey("name"))
    def sorted_name(self, tool: Tool) -> str:
        """Return the name, which the list sorts regardless of case and accents."""
        return tool.name

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return PreparedChangeList

    def prepare_rows(self, tools: list[Any]) -> None:
        """Give each tool on the page its panel. One query."""
        numbers = Tool.objects.with_panel().order_by().filter(pk__in=[tool.pk for tool in tools])
        panels = dict(numbers.values_list("pk", "panel"))
        for tool in tools:
            tool.panel = panels[tool.pk]

    @admin.display(description="panel ship")
    def panel_ship(self, tool: Any) -> str:
        panel = Panel.of(tool.panel)
        return f"{panel.figure}, {panel.words}" if panel.seats else panel.words

    @admin.action(
        description="Mark all prices and facts as verified today",
        permissions=["verify"],
        location=[ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM],
    )
    def verify_statements(self, request: HttpRequest, queryset: QuerySet[Tool]) -> HttpResponse | None:
        return run_verify_action(self, request, lambda: read_rows_of_tools(queryset))

    def has_verify_permission(self, request: HttpRequest) -> bool:
        """Back the action `verify_statements`."""
        return request.user.has_perms(["tools.change_plan", "tools.change_fact"])

    # -- Permissions on this page -----------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        """Also allow users who may only write in the scorecard, on its page: everything else is read-only there."""
        return super().has_change_permission(request, obj) or _writes_scorecard_only(request)

    def _may_write_scorecard(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may_write_reviews(request.user)

    def may_be_present(self, request: HttpRequest, obj: Tool | None) -> bool:
        return super().may_be_present(request, obj) or self._may_write_scorecard(request)

    def get_inlines(self, request: HttpRequest, obj: Tool | None) -> list[type[InlineModelAdmin]]:
        """Return the rows of plans and facts for users who may write them; others get them as text.

        A tool that readers never saw has no corrections.
        """
        editable: dict[type[InlineModelAdmin], str] = {PlanInline: "plan", FactInline: "fact"}
        return [
            inline
            for inline in self.inlines
            if (noun := editable.get(inline)) is None
            or request.user.has_perms([f"tools.add_{noun}", f"tools.change_{noun}"])
            if inline is not CorrectionInline or (obj is not None and obj.was_public)
        ]

    def _edits_tool(self, request: HttpRequest, obj: Tool | None) -> bool:
        return not _writes_scorecard_only(request) and (obj is None or self.has_change_permission(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Tool | None = None) -> Fieldsets:
        fields = list(FORM_FIELDS)
        if self._edits_tool(request, obj):
            if obj is not None and obj.was_public:
                fields.insert(fields.index("slug") + 1, "rename_to")
            fields += ["logo_file", *(["remove_logo"] if obj is not None and obj.logo else [])]
            fields += [WITHOUT_NEW_LOGO] if _read_kept_logo(request) else []
        return [(None, {"fields": [*fields]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Tool | None = None) -> tuple[str, ...]:
        if not self._edits_tool(request, obj):
            return FORM_FIELDS
        return ("slug",) if obj is not None and obj.was_public else ()

    def get_form(
        self,
        request: HttpRequest,
        obj: Tool | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> type[forms.ModelForm]:
        if not self._edits_tool(request, obj):
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> Initial:
        return super().get_changeform_initial_data(request) | copying.copy_own_fields(request)

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Tool, inline: InlineModelAdmin, prefix: str
    ) -> dict[str, object]:
        return super().get_formset_kwargs(request, obj, inline, prefix) | copying.copy_rows(request, obj, inline)

    # -- Saving ---------------------------------------------------------------------------------------------

    @method_decorator(take_files(_MAX_FORM_BYTES))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, extra_context)

    @method_decorator(take_files(_MAX_FORM_BYTES))
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, extra_context)

    @method_decorator(take_files(_MAX_FORM_BYTES))
    def pending_edit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return super().pending_edit_view(request, object_id)

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Show the page, or save all of it in one transaction. Retry once if someone else saved first."""
        request.writes_scorecard_only = (
            object_id is not None and not super().has_change_permission(request) and self._may_write_scorecard(request)
        )
        attempt = partial(super().changeform_view, request, object_id, form_url, extra_context)
        try:
            with _logos_removed_on_failure(request):
                return attempt()
        except (IntegrityError, AlreadySupersededError, EditionChangedError):
            # Someone else saved after our forms were validated, or the database knows a rule that they do not. Validate
            # again, so that the form reports it where it matters.
            request.was_refused = True
            with _logos_removed_on_failure(request):
                return attempt()

    def save_model(self, request: Any, obj: Tool, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        if _writes_scorecard_only(request):
            return
        was = obj.logo
        if logo := form.cleaned_data.get("logo_file"):
            obj.logo = logos.store(logo)
            request.stored_logos.append(obj.logo)
        elif (kept := _read_kept_logo(request)) and not form.cleaned_data.get(WITHOUT_NEW_LOGO):
            obj.logo = kept
        elif form.cleaned_data.get("remove_logo"):
            obj.logo = ""
        super().save_model(request, obj, form, change)
        if was != obj.logo:
            if not form.has_changed():  # a kept logo is in no field
                obj.save()
            request.logo_change = (was, obj.logo)
            transaction.on_commit(partial(logos.remove, was))

    def save_related(self, request: HttpRequest, form: ToolForm, formsets: list[object], change: bool) -> None:  # noqa: FBT001 (as above)
        super().save_related(request, form, formsets, change)
        scorecards = [formset for formset in formsets if isinstance(formset, Scorecard)]
        saved = [review.pk for scorecard in scorecards for review in scorecard.saved_reviews]
        if saved:
            note_mentions(reviews=Review.objects.filter(pk__in=saved))
        if not {"name", "short_name", "aliases"}.isdisjoint(form.changed_data):
            before = list_names(*(form.initial[field] for field in ("name", "short_name", "aliases"))) if change else []
            rescan_mentions(tool=form.instance, names=[*before, *form.instance.names])

    def get_deleted_objects(
        self, objs: Sequence[Tool] | QuerySet[Tool], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Let reviews and comparisons that readers never saw be deleted with their tool instead of protecting it."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        drafts: Sequence[Any] = deletion.list_drafts_of(objs)
        if protected and len(protected) == sum(len(rows) for rows in drafts):
            protected = []
            for rows in filter(None, drafts):
                more = super().get_deleted_objects(rows, request)
                deleted, missing = [*deleted, *more[0]], missing | more[2]
                counts = dict(Counter(counts) + Counter(more[1]))
        return deleted, counts, missing, protected

    def delete_model(self, request: HttpRequest, obj: Tool) -> None:
        stem = obj.logo
        deletion.delete_drafts_of([obj])
        super().delete_model(request, obj)
        transaction.on_commit(partial(logos.remove, stem))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tool]) -> None:
        stems = list(queryset.exclude(logo="").values_list("logo", flat=True))
        deletion.delete_drafts_of(queryset)
        super().delete_queryset(request, queryset)
        for stem in stems:
            transaction.on_commit(partial(logos.remove, stem))

    # -- Rendering ------------------------------------------------------------------------------------------

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        tool: Tool | None = context["original"]
        formsets = [inline.formset for inline in context["inline_admin_formsets"]]
        editable = {formset.model for formset in formsets}
        form = context["adminform"].form
        problems = list_problems(form, formsets) if form.is_bound else []
        sections = list_sections(formsets, problems)
        context |= {
            "problems": problems,
            "copy_words": copying.describe_copy(request, tool, formsets),
            "sections": sections,
            "problem_counts": {section.name: section.errors for section in sections},
            "has_lost_file": bool(request.FILES) or has_lost_files(request),  # browsers do not refill file inputs
            "scorecard": next((formset for formset in formsets if isinstance(formset, Scorecard)), None),
            "logo": render_logo(tool.logo) if tool else "",
            "kept_logo": render_logo(_read_kept_logo(request)),
            "plans_to_read": _read_plans(tool) if tool and Plan not in editable else [],
            "facts_to_read": tool.facts.current().select_related("attribute") if tool and Fact not in editable else [],
        }


def _read_kept_logo(request: HttpRequest) -> str:
    """Return the stem of the new logo of the pending change that a form shows; "" without one."""
    return getattr(request, "kept_logo", "")


def _read_plans(tool: Tool) -> list[tuple[str, Price]]:
    return [(plan.name, Price.of(plan)) for plan in tool.plans.current()]


def _writes_scorecard_only(request: HttpRequest) -> bool:
    return getattr(request, "writes_scorecard_only", False)


@contextmanager
def _logos_removed_on_failure(request: Any) -> Iterator[None]:
    """Remove the logo files that were stored in a transaction that fails. Files do not roll back."""
    request.stored_logos = []
    try:
        yield
    except BaseException:
        for stem in request.stored_logos:
            logos.remove(stem)
        raise
