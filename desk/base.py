"""The base of every ModelAdmin of the site: history pages, optimistic locks, and no deletion of what readers saw."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR, Action, ActionLocation
from django.contrib.admin.utils import quote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import IntegrityError, models
from django.db.models import Field, ProtectedError, QuerySet
from django.forms import Field as FormField
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from desk import contention, drafts
from desk.admin_pages import AdminPages
from desk.fields import NormalizedTextAdmin
from desk.first_steps import tell_next_step
from desk.history import conflicts, deletion
from desk.history.conflicts import MAX_REASON_LENGTH
from desk.history.events import get_tracked_models
from desk.history.pages import HistoryPages, get_admin_url
from desk.idempotency import answer_once
from desk.permissions import find_missing_right
from desk.presence import add_presence
from desk.refusal_texts import explain
from desk.refusals import MayNotPublishError
from desk.shapes import Context
from tools.models import ContentRevision
from tools.row_history import set_change_reason
from web import locks
from web.normalize import normalize_line

ACTION_FIELD = f"{ActionLocation.CHANGE_FORM.value}-action"

admin.site.add_action(deletion.delete_selected, "delete_selected")


class SearchAdmin(admin.ModelAdmin):
    """A ModelAdmin that ignores case and accents in its search box and suggestions, as the search of readers does.

    Every ModelAdmin of the desk is one. The search of the whole desk (desk/search/) finds rows by `search_fields`, and
    after these by `text_fields`, unless `is_in_desk_search` is false.
    """

    text_fields: ClassVar[Sequence[str]] = ()
    is_in_desk_search = True
    hits_title = ""
    """What the search of the whole desk calls these rows; "" for the name of the model."""

    def get_names_to_find(self) -> Sequence[str]:
        """Return the fields by which the search of the whole desk finds rows; none to take no part in it."""
        return self.search_fields if self.is_in_desk_search else ()

    def get_rows_to_find(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows among which the search of the whole desk looks, in the order of the list."""
        rows = self.get_queryset(request)
        related = self.list_select_related
        return rows if isinstance(related, bool) else rows.select_related(*related)

    def locate_hit(self, row: Any) -> str:
        """Return the address to which the search of the whole desk leads."""
        return get_admin_url(type(row), "change", quote(row.pk))

    def name_hit(self, row: Any) -> str:
        """Return what the search of the whole desk calls a row. It is cut at MAX_TEXT_LENGTH of desk/items.py."""
        return str(row)

    def describe_hit(self, row: Any) -> str:
        """Return what else it says of a row; "" for nothing."""
        return ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Show the list under the name of its rows instead of Django's “Select … to change”."""
        title = capfirst(str(self.opts.verbose_name_plural))
        heading = {} if IS_POPUP_VAR in request.GET else {"title": title}
        return super().changelist_view(request, heading | (extra_context or {}))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return [f"{field}__folded_contains" for field in self.search_fields]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, normalize_line(search_term))

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether a popup may ask for this field. Django's own raises AttributeError for a reverse relation."""
        return to_field in {field.name for field in self.opts.fields} and super().to_field_allowed(request, to_field)


class DeskAdmin[ModelT: models.Model](NormalizedTextAdmin, SearchAdmin):
    """A ModelAdmin with the history, conflict reports, and deletion rules of the desk.

    Subclasses that override one of these methods call `super()`. They set their own form as `form`.
    """

    model: type[ModelT]
    list_per_page = 50
    show_full_result_count = False
    shows_presence: ClassVar[bool] = False
    """Whether the form says who else has it open."""
    page_classes: ClassVar[Sequence[type[AdminPages]]] = ()
    """The pages that the admin serves besides its history and Django's."""

    class Media:
        css = {"all": ["desk/history.css"]}

    def __init__(self, model: type[ModelT], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.history_pages = HistoryPages(self) if get_tracked_models(model) else None
        self.pages: list[AdminPages] = [page_class(self) for page_class in self.page_classes]

    # -- Pages besides Django's -----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        pages = [*([self.history_pages] if self.history_pages else []), *self.pages]
        return [*chain.from_iterable(one.urls() for one in pages), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        context: dict[str, object] = {}
        for pages in self.pages:
            context |= pages.build_list_context(request)
        return super().changelist_view(request, context | (extra_context or {}))

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Action | None]:
        actions: dict[str, Action | None] = super().get_actions(request, action_location)
        if action_location == ActionLocation.CHANGE_LIST:
            actions |= {action.name: action for pages in self.pages for action in pages.list_actions(request)}
        return actions

    # -- History --------------------------------------------------------------------------------------------

    @property
    def deleted_address(self) -> str:
        """The address of the list of deleted rows; "" for a model whose rows are never deleted, or have no history."""
        return self.history_pages.deleted_address if self.history_pages else ""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        if self.history_pages is None:
            return super().history_view(request, object_id, extra_context)
        return self.history_pages.history_view(request, object_id, extra_context)

    # -- Editing --------------------------------------------------------------------------------------------

    def is_versioned(self, request: HttpRequest, obj: ModelT | None) -> bool:
        """Return whether the form of an object asks for a reason and detects conflicting saves."""
        return obj is not None and bool(get_tracked_models(self.model)) and self.has_change_permission(request, obj)

    def may_be_present(self, request: HttpRequest, obj: ModelT | None) -> bool:
        """Return whether a user may have the form of an object open, to write in it."""
        return self.has_change_permission(request, obj)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        view = partial(super().add_view, request, form_url, extra_context)
        return contention.save_or_show_again(request, view)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        view = partial(super().change_view, request, object_id, form_url, extra_context)
        return contention.save_or_show_again(request, view)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        if object_id is not None and is_action(request):
            save_first(request)
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        if get_tracked_models(self.model):
            view = partial(conflicts.view_locked, self, request, object_id, view)
        elif request.method == "POST":
            view = locks.limited_atomic()(view)
        return answer_once(request, view)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: models.options.Options, object_id: str
    ) -> HttpResponse:
        """Say where to restore a row that was deleted while somebody was editing it: the browser keeps their draft."""
        if not self.deleted_address or conflicts.SEEN_VERSION not in request.POST:  # not the form of a row
            parent: Any = super()  # the type stubs leave out this method
            response: HttpResponse = parent._get_obj_does_not_exist_redirect(request, opts, object_id)
            return response
        drafts.leave_in_browser(request)
        words = format_html(
            "This {0} was deleted while you were editing it. Nothing was saved, but your browser keeps what you typed "
            'for a week: <a href="{1}">restore the {0}</a>, and open its form, which offers it.',
            opts.verbose_name,
            self.deleted_address,
        )
        messages.warning(request, words)
        return HttpResponseRedirect(reverse("admin:index", current_app=self.admin_site.name))

    def response_add(self, request: HttpRequest, obj: ModelT, post_url_continue: str | None = None) -> HttpResponse:
        response = super().response_add(request, obj, post_url_continue)
        if IS_POPUP_VAR not in request.POST:
            tell_next_step(request, self.model)
        return response

    def response_change(self, request: HttpRequest, obj: ModelT) -> HttpResponse:
        """After what was typed is saved, run the action whose button was pressed, if any."""
        if not getattr(request, "saves_first", False):
            return super().response_change(request, obj)
        rows = self.get_queryset(request).filter(pk=obj.pk)
        action: Any = partial(self.response_action, request, rows)  # the stubs lack Django 6.1's argument
        response: HttpResponse | None = action(action_location=ActionLocation.CHANGE_FORM)
        return response or HttpResponseRedirect(request.get_full_path())

    def get_form(
        self,
        request: HttpRequest,
        obj: ModelT | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **options: Any,
    ) -> type[ModelForm]:
        if self.is_versioned(request, obj):
            options["form"] = conflicts.derive_versioned_form(request, options.get("form", self.form))
        if contention.is_busy(request):
            options["form"] = contention.derive_busy_form(request, options.get("form", self.form))
        return super().get_form(request, obj, change, **options)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, object],
        add: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: ModelT | None = None,
    ) -> HttpResponse:
        self.extend_change_form(request, context)
        if self.shows_presence and obj is not None and self.has_change_permission(request, obj):
            add_presence(request, obj, context)
        if contention.is_busy(request):
            context["csrf_token"] = request.POST.get("csrfmiddlewaretoken", "")  # still the same form
        has_conflict = conflicts.prepare_change_form(request, context)
        response = super().render_change_form(request, context, add, change, form_url, obj)
        if has_conflict:
            response.status_code = 409
        return response

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        """Add what the template of the change form needs to its context. Overrides call `super()`."""

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: object) -> FormField | None:
        """Leave out the link that deletes the related object: a form must not delete what it only refers to."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field

    def save_model(self, request: HttpRequest, obj: ModelT, form: ModelForm, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Save unless only related rows changed: they have history entries of their own."""
        if form.has_changed() or not change:
            super().save_model(request, obj, form, change)

    # -- Deleting -------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        # Django also passes the parent's primary key here, for inlines.
        stays = isinstance(obj, models.Model) and deletion.must_stay(obj)
        return super().has_delete_permission(request, obj) and not stays

    def get_deleted_objects(
        self, objs: Sequence[ModelT] | QuerySet[ModelT], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Report rows that are protected because readers saw them as protected, not as a missing permission."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        permitted = {
            str(model._meta.verbose_name)
            for model in self.admin_site._registry
            if request.user.has_perm(f"{model._meta.app_label}.delete_{model._meta.model_name}")
        }
        return deleted, counts, {name for name in missing if str(name) not in permitted}, protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is not None and deletion.must_stay(obj) and super().has_delete_permission(request, obj):
            messages.error(request, f"“{obj}” stays. {deletion.STAYS}")
            return HttpResponseRedirect(get_admin_url(self.model, "change", obj.pk))
        if obj is not None and (content := find_missing_right(request.user, obj)):
            raise MayNotPublishError(explain(content, obj))
        if request.method == "POST" and (reason := normalize_line(request.POST.get("change_reason", ""))):
            set_change_reason(reason[:MAX_REASON_LENGTH])
        try:
            with locks.limited_atomic():
                if request.method == "POST" and get_tracked_models(self.model):
                    ContentRevision.lock()
                return super().delete_view(request, object_id, extra_context)
        except (IntegrityError, ProtectedError) as error:
            messages.error(request, f"Nothing was deleted. {deletion.explain_refusal(error)}")
            return HttpResponseRedirect(get_admin_url(self.model, "change", object_id))


def is_action(request: HttpRequest) -> bool:
    """Return whether the button of an action was pressed in a form, and not on the page that asks for confirmation."""
    posted = request.POST
    return ACTION_FIELD in posted and conflicts.SEEN_VERSION in posted and contention.SAVE_BUTTONS.isdisjoint(posted)


def save_first(request: Any) -> None:
    """Have Django save a posted form before its action runs, which by itself would ignore what was typed."""
    posted = request.POST.copy()
    posted["_continue"] = "1"
    request.POST, request.saves_first = posted, True
