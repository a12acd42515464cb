"""Export and import of sheets on the change lists of tools, plans, facts, and attributes."""

from functools import partial

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

from desk.admin_pages import AdminPages
from desk.files.formats import FORMATS, MAX_FILE_BYTES
from desk.files.forms import SheetExportForm
from desk.files.import_pages import ImportKind, ImportPage, handle_import
from desk.files.layouts import SheetLayout
from desk.files.tables import SheetFormat, Table
from desk.files.uploaded_sheet import UploadedSheet
from desk.files.uploads import accept_files
from desk.permissions import may_import

CHANGE_LIST_TEMPLATE = "desk/files/change_list.html"
"""The `change_list_template` of an admin with these pages: it has their buttons."""


class SheetPages(AdminPages):
    """The pages of a ModelAdmin whose rows can be exported as a sheet, its `sheet`, and imported from one."""

    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        super().__init__(model_admin)
        self.sheet: SheetLayout = model_admin.sheet  # type: ignore[attr-defined] # of the admins that have these pages
        self._url_name = f"{self.opts.app_label}_{self.opts.model_name}"

    def urls(self) -> list[URLPattern]:
        wrap, name = self.site.admin_view, self._url_name
        template_view = require_GET(self.import_template_view)
        export_view = require_http_methods(["GET", "HEAD", "POST"])(self.export_view)
        return [
            path("import/", wrap(self.import_view), name=f"{name}_import"),
            path("import/template.<str:extension>", wrap(template_view), name=f"{name}_import_template"),
            path("export/", wrap(export_view), name=f"{name}_export"),
        ]

    def build_list_context(self, request: HttpRequest) -> dict[str, object]:
        return {"has_import_permission": may_import(request.user), "has_export_permission": self._may_export(request)}

    # -- Import ---------------------------------------------------------------------------------------------

    @method_decorator(accept_files(MAX_FILE_BYTES))
    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a sheet, show its dry run, and import it. One address serves all steps."""
        kind = ImportKind(
            name=self._url_name,
            max_bytes=MAX_FILE_BYTES,
            open=partial(UploadedSheet, self.sheet),
            template="desk/files/sheet.html",
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
        if not may_import(request.user):
            raise PermissionDenied
        if extension not in FORMATS:
            raise Http404
        return _attach(FORMATS[extension], self.sheet.template(), f"{self.sheet.title}-template")

    # -- Export ---------------------------------------------------------------------------------------------

    def _may_export(self, request: HttpRequest) -> bool:
        """Return whether a user sees the list: a sheet holds nothing that it does not show."""
        return self.admin.has_view_permission(request)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the format, and download the rows that the change list shows for the same query string."""
        if not self._may_export(request):
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
            **self.site.each_context(request),
            "title": f"Export {self.sheet.title}",
            "opts": self.opts,
            "form": form,
            "columns": self.sheet.columns,
        }
        return TemplateResponse(request, "desk/files/export.html", context)

    def list_actions(self, request: HttpRequest) -> list[Action]:
        """Return an action per format that downloads the selected rows directly."""
        actions = []
        for extension, sheet_format in FORMATS.items() if self._may_export(request) else ():
            name, label = f"export_as_{extension}", f"Export selected as {extension.upper()}"
            function = partial(self._export_selected, sheet_format=sheet_format)
            actions.append(Action(function, name, label, label, [ActionLocation.CHANGE_LIST]))
        return actions

    def _export_selected(
        self,
        model_admin: admin.ModelAdmin,
        request: HttpRequest,
        queryset: QuerySet[Model],
        *,
        sheet_format: SheetFormat,
    ) -> HttpResponse | None:
        try:
            return self._export(sheet_format, queryset)
        except ValueError as error:
            messages.error(request, str(error))
            return None

    def _find_listed_rows(self, request: HttpRequest) -> QuerySet[Model]:
        """Return all rows that the change list shows, on any page. Raises IncorrectLookupParameters."""
        list_display = self.admin.get_list_display(request)
        changelist = _derive_unpaged(self.admin.get_changelist(request))(
            request,
            self.model,
            list_display,
            self.admin.get_list_display_links(request, list_display),
            self.admin.get_list_filter(request),
            self.admin.date_hierarchy,
            self.admin.get_search_fields(request),
            self.admin.get_list_select_related(request),
            self.admin.list_per_page,
            self.admin.list_max_show_all,
            self.admin.list_editable,
            self.admin,
            self.admin.get_sortable_by(request),  # type: ignore[arg-type] # the stubs are stricter than Django
            self.admin.search_help_text,  # type: ignore[arg-type] # as above
        )
        return changelist.queryset

    def _export(self, sheet_format: SheetFormat, rows: QuerySet[Model]) -> HttpResponse:
        """Return the download. Raises ValueError, with a message for editors, for what the format cannot hold."""
        name = f"shipside-{self.sheet.title}-{timezone.now():%Y-%m-%d}"
        return _attach(sheet_format, self.sheet.export(rows), name)


def _derive_unpaged(changelist: type[ChangeList]) -> type[ChangeList]:
    """Return a change list that filters and searches, but neither counts rows nor cuts them into pages."""
    return type("UnpagedChangeList", (changelist,), {"get_results": lambda self, request: None})


def _attach(sheet_format: SheetFormat, table: Table, name: str) -> HttpResponse:
    return HttpResponse(
        sheet_format.write(table),
        content_type=sheet_format.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{sheet_format.extension}"'},
    )
