"""Upload and download of the catalog file at the desk."""

from collections.abc import Iterator
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from catalog.exporting import consistent_snapshot, export_lines
from catalog.problems import ImportProblem, Place, format_place, get_place_sort_key
from catalog.proposals import read_proposal
from catalog.reading import Catalog, Progress, read_catalog
from desk.files.import_pages import ImportKind, ImportPage, handle_import, show_generated
from desk.files.uploads import accept_files
from desk.permissions import may_import
from web.http import SeeOther

EXAMPLE = Path(__file__).parent / "example.json"
MAX_FILE_BYTES = 64 * 1024 * 1024
CHUNK_LENGTH = 64 * 1024  # characters sent at once


class UploadedCatalog:
    """An uploaded catalog file."""

    sheet_name = ""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, progress: Progress) -> tuple[Catalog, list[ImportProblem]]:
        return read_catalog(self._content, progress=progress)

    def describe_place(self, place: Place) -> str:
        return format_place(place)

    def describe_problem(self, problem: ImportProblem) -> str:
        place = format_place(problem.place)
        return f"{place} (“{problem.subject}”)" if problem.subject else place

    def sort_key(self, place: Place) -> list[str]:
        return get_place_sort_key(place)


CATALOG = ImportKind(name="catalog", max_bytes=MAX_FILE_BYTES, open=UploadedCatalog, template="desk/files/catalog.html")


@accept_files(MAX_FILE_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
def catalog_file(request: HttpRequest) -> HttpResponse:
    """Show the page with the download link and the upload form, and import what is uploaded."""
    return handle_import(request, CATALOG, _catalog_page())


@require_http_methods(["GET", "HEAD", "POST"])
def proposed_prices(request: HttpRequest) -> HttpResponse:
    """Show what the waiting proposal of prices would change, as the dry run of a catalog file."""
    _require_import_permission(request)
    if request.method != "POST":  # only users who may post get this answer
        return HttpResponseNotAllowed(["POST"])
    proposal = read_proposal()
    if proposal is None:
        messages.info(request, "The proposal is gone. The next one comes with the next run of import_prices.")
        return SeeOther(reverse("admin:catalog_file"))
    name = f"prices-{proposal.made_at:%Y-%m-%d}.json"
    return show_generated(request, CATALOG, _catalog_page(), name=name, content=proposal.content)


def _catalog_page() -> ImportPage:
    url = reverse("admin:catalog_file")
    context: dict[str, object] = {"title": "Catalog file", "proposal": read_proposal()}
    return ImportPage(url=url, done_url=url, context=context)


@require_GET
def catalog_download(request: HttpRequest) -> StreamingHttpResponse:
    """Stream all content, drafts and history included, as of one moment. It is never in memory as a whole."""
    _require_import_permission(request)
    response = StreamingHttpResponse(_read_chunks(), content_type="application/json")
    name = f"shipside-catalog-{timezone.now():%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
def catalog_example(request: HttpRequest) -> HttpResponse:
    """Download a small catalog file to start from."""
    _require_import_permission(request)
    return HttpResponse(
        EXAMPLE.read_bytes(),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="shipside-catalog-example.json"'},
    )


def _require_import_permission(request: HttpRequest) -> None:
    if not may_import(request.user):
        raise PermissionDenied


def _read_chunks() -> Iterator[str]:
    lines: list[str] = []
    length = 0
    with consistent_snapshot():
        for line in export_lines():
            lines.append(line)
            length += len(line)
            if length >= CHUNK_LENGTH:
                yield "".join(lines)
                lines, length = [], 0
    yield "".join(lines)
