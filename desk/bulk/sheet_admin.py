"""What the change lists of tools, plans and facts get: their rows as a sheet, down and up (django-import-export).

Of the library's admin these are its addresses, its buttons and its export of what a list shows. Its import is replaced
by the desk's own two steps: the library's looks rows up one by one, knows no superseding, and reads the file again for
its second step without holding it to what the first one showed.
"""

from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import Action, ActionLocation
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET
from import_export.admin import ExportMixin, ImportMixin

from desk.bulk.formats import CSV, MOST_BYTES, XLSX
from desk.bulk.forms import SheetExportForm
from desk.bulk.import_pages import Page, Source, import_steps
from desk.bulk.resources import FactResource, PlanResource, SheetResource, ToolResource
from desk.bulk.sheet_catalog import Sheet
from desk.bulk.uploads import takes_files
from desk.permissions import may_import

FORMATS: dict[str, Any] = {"csv": CSV, "xlsx": XLSX}


class Sheets(ImportMixin, ExportMixin):
    """The base of the three; it stands before DeskAdmin in a class's bases."""

    resource: ClassVar[type[SheetResource]]
    formats = list(FORMATS.values())
    export_form_class = SheetExportForm
    export_template_name = "desk/bulk/export.html"
    import_export_change_list_template = "desk/bulk/change_list.html"

    def get_resource_classes(self, request: HttpRequest) -> list[type[SheetResource]]:
        return [self.resource]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return may_import(request.user)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """A sheet has nothing that its list does not show."""
        return self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        info = "_".join(self.get_model_info())
        template_file = self.admin_site.admin_view(require_GET(self.import_template))
        page = path("import/template.<str:extension>", template_file, name=f"{info}_import_template")
        return [page, *super().get_urls()]

    @method_decorator(takes_files(MOST_BYTES))
    def import_action(self, request: HttpRequest) -> HttpResponse:
        """The page that takes a sheet, and both of its steps."""
        opts = self.model._meta
        info = "_".join(self.get_model_info())
        source = Source(
            kind=info,
            limit=MOST_BYTES,
            open=partial(Sheet, self.resource),
            template="desk/bulk/sheet.html",
            kinds=(str(opts.verbose_name_plural),),
        )
        page = Page(
            here=reverse(f"admin:{info}_import"),
            done=reverse(f"admin:{info}_changelist"),
            context={
                "title": f"Import {opts.verbose_name_plural}",
                "opts": opts,
                "columns": self.resource.columns(),
                "keys": self.resource.KEYS,
                "templates": [
                    (kind().get_title(), reverse(f"admin:{info}_import_template", args=[extension]))
                    for extension, kind in FORMATS.items()
                ],
            },
        )
        return import_steps(request, source, page)

    process_import = import_action  # the library's second step, at its own address; here one address takes both

    def import_template(self, request: HttpRequest, extension: str) -> HttpResponse:
        """A sheet to begin with."""
        if not may_import(request.user):
            raise PermissionDenied
        if extension not in FORMATS:
            raise Http404
        return self._file(FORMATS[extension](), self.resource().template(), f"{self.resource.title()}-template")

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: QuerySet[Any], **kwargs: Any) -> bytes:
        """The bytes of a sheet. Raises ValueError in words, which the library shows on the page."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        dataset = self.resource().export(queryset)
        dataset.title = self.resource.title()
        return file_format.export_data(dataset)

    def get_export_filename(self, request: HttpRequest, queryset: QuerySet[Any], file_format: Any) -> str:
        return f"shipside-{self.resource.title()}-{timezone.now():%Y-%m-%d}.{file_format.get_extension()}"

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        context = super().init_request_context_data(request, form)
        return {**context, "title": f"Export {self.resource.title()}", "columns": self.resource.columns()}

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Action | None]:
        """Adds the download of what is ticked, in each format, without a page in between."""
        actions: dict[str, Action | None] = super().get_actions(request, action_location)
        if action_location == ActionLocation.CHANGE_LIST and self.has_export_permission(request):
            for extension, kind in FORMATS.items():
                name, words = f"export_as_{extension}", f"Export selected as {extension.upper()}"
                actions[name] = Action(partial(_export_selected, kind=kind), name, words, words, [action_location])
        return actions

    def _file(self, file_format: Any, dataset: Any, name: str) -> HttpResponse:
        response = HttpResponse(file_format.export_data(dataset), content_type=file_format.get_content_type())
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{file_format.get_extension()}"'
        return response


def _export_selected(sheets: Any, request: HttpRequest, queryset: QuerySet[Any], *, kind: Any) -> HttpResponse | None:
    try:
        return sheets._do_file_export(kind(), request, queryset)
    except ValueError as error:
        messages.error(request, str(error))
        return None


class ToolSheets(Sheets):
    resource = ToolResource


class PlanSheets(Sheets):
    resource = PlanResource


class FactSheets(Sheets):
    resource = FactResource
