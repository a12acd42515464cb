"""Export and import of sheets on the change lists of tools, plans, facts, and attributes."""

from functools import partial
from typing import ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import Action, ActionLocation, IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_http_methods

from desk.bulk.formats import FORMATS, MAX_FILE_BYTES
from desk.bulk.forms import SheetExportForm
from desk.bulk.import_pages import ImportKind, ImportPage, handle_import
from desk.bulk.layouts import SheetLayout
from desk.bulk.tables import SheetFormat, Table
from desk.bulk.uploaded_sheet import UploadedSheet
from desk.bulk.uploads import accept_files
from desk.permissions import may_import


class SheetAdmin(admin.ModelAdmin):
    """A ModelAdmin whose rows can be exported as a sheet and imported from one."""

    sheet: ClassVar[SheetLayout]
    change_list_template = "desk/bulk/change_list.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return may_import(request.user)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """A sheet holds nothing that its change list does not show."""
        return self.has_view_permission(request)

    @property
    def _url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, self._url_name
        template_view = require_GET(self.import_template_view)
        export_view = require_http_methods(["GET", "HEAD", "POST"])(self.export_view)
        return [
            path("import/", wrap(self.import_view), name=f"{name}_import"),
            path("import/template.<str:extension>", wrap(template_view), name=f"{name}_import_template"),
            path("export/", wrap(export_view), name=f"{name}_export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        context = {
            "has_import_permission": self.has_import_permission(request),
            "has_export_permission": self.has_export_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    # -- Import ---------------------------------------------------------------------------------------------

    @method_decorator(accept_files(MAX_FILE_BYTES))
    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a sheet, show its dry run, and import it. One address serves all steps."""
        kind = ImportKind(
            name=self._url_name,
            max_bytes=MAX_FILE_BYTES,
            open=partial(UploadedSheet, self.sheet),
            template="desk/bulk/sheet.html",
            row_kinds=(self.sheet.title,),
        )
        page = ImportPage(
            url=reverse(f"admin:{self._url_name}_import"),
            done_url=reverse(f"admin:{self._url_name}_changelist"),
            context={
                "title": f"Import {self.sheet.title}",
                "opts": self.opts,
                "columns": self.sheet.columns,
                "keys": self.sheet.keys,
                "templates": [
                    (sheet_format.label, reverse(f"admin:{self._url_name}_import_template", args=[extension]))
                    for extension, sheet_format in FORMATS.items()
                ],
            },
        )
        return handle_import(request, kind, page)

    def import_template_view(self, request: HttpRequest, extension: str) -> HttpResponse:
        """Download a sheet to start from."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if extension not in FORMATS:
            raise Http404
        return _attach(FORMATS[extension], self.sheet.template(), f"{self.sheet.title}-template")

    # -- Export ---------------------------------------------------------------------------------------------

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the format, and download the rows that the change list shows for the same query string."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            rows = self._find_listed_rows(request)
        except IncorrectLookupParameters:  # a filter that does not exist; the change list reports it
            return HttpResponseRedirect(reverse(f"admin:{self._url_name}_changelist", query={"e": 1}))
        form = SheetExportForm(request.POST or None)
        if form.is_valid():
            try:
                return self._export(FORMATS[form.cleaned_data["format"]], rows)
            except ValueError as error:
                messages.error(request, str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Export {self.sheet.title}",
            "opts": self.opts,
            "form": form,
            "columns": self.sheet.columns,
        }
        return TemplateResponse(request, "desk/bulk/export.html", context)

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Action | None]:
        """Add an action per format that downloads the selected rows directly."""
        actions: dict[str, Action | None] = super().get_actions(request, action_location)
        if action_location == ActionLocation.CHANGE_LIST and self.has_export_permission(request):
            for extension, sheet_format in FORMATS.items():
                name, label = f"export_as_{extension}", f"Export selected as {extension.upper()}"
                function = partial(_export_selected, sheet_format=sheet_format)
                actions[name] = Action(function, name, label, label, [action_location])
        return actions

    def _find_listed_rows(self, request: HttpRequest) -> QuerySet[Model]:
        """Return all rows that the change list shows, on any page. Raises IncorrectLookupParameters."""
        list_display = self.get_list_display(request)
        changelist = _unpaged(self.get_changelist(request))(
            request,
            self.model,
            list_display,
            self.get_list_display_links(request, list_display),
            self.get_list_filter(request),
            self.date_hierarchy,
            self.get_search_fields(request),
            self.get_list_select_related(request),
            self.list_per_page,
            self.list_max_show_all,
            self.list_editable,
            self,
            self.get_sortable_by(request),  # type: ignore[arg-type] # the stubs are stricter than Django
            self.search_help_text,  # type: ignore[arg-type] # as above
        )
        return changelist.queryset

    def _export(self, sheet_format: SheetFormat, rows: QuerySet[Model]) -> HttpResponse:
        """Return the download. Raises ValueError, with a message for editors, for what the format cannot hold."""
        name = f"shipside-{self.sheet.title}-{timezone.now():%Y-%m-%d}"
        return _attach(sheet_format, self.sheet.export(rows), name)


def _unpaged(changelist: type[ChangeList]) -> type[ChangeList]:
    """Return a change list that filters and searches, but neither counts rows nor cuts them into pages."""
    return type("UnpagedChangeList", (changelist,), {"get_results": lambda self, request: None})


def _export_selected(
    model_admin: SheetAdmin, request: HttpRequest, queryset: QuerySet[Model], *, sheet_format: SheetFormat
) -> HttpResponse | None:
    try:
        return model_admin._export(sheet_format, queryset)
    except ValueError as error:
        messages.error(request, str(error))
        return None


def _attach(sheet_format: SheetFormat, table: Table, name: str) -> HttpResponse:
    return HttpResponse(
        sheet_format.write(table),
        content_type=sheet_format.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{sheet_format.extension}"'},
    )
