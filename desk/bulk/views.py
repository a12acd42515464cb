"""The catalog file, up and down from the desk."""

from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from catalog.exporting import export_lines, one_state
from catalog.problems import Place, Problem, file_order, place_text
from catalog.reading import Catalog, Progress, read
from desk.bulk.import_pages import Page, Source, import_steps
from desk.bulk.uploads import takes_files
from desk.permissions import may_import

EXAMPLE = Path(__file__).parent / "example.json"
MOST_BYTES = 64 * 1024 * 1024
PIECE = 64 * 1024  # characters sent at once


class CatalogFile:
    """A catalog file somebody sent."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, progress: Progress) -> tuple[Catalog, list[Problem]]:
        return read(self._content, progress=progress)

    def where(self, place: Place) -> str:
        return place_text(place)

    def order(self, place: Place) -> list[str]:
        return file_order(place)


CATALOG = Source(kind="catalog", limit=MOST_BYTES, open=CatalogFile, template="desk/bulk/catalog.html")


@takes_files(MOST_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
def catalog_file(request: HttpRequest) -> HttpResponse:
    """Down: a link. Up: a form, a dry run, and the import."""
    here = reverse("admin:catalog_file")
    return import_steps(request, CATALOG, Page(here=here, done=here, context={"title": "Catalog file"}))


@require_GET
def catalog_download(request: HttpRequest) -> StreamingHttpResponse:
    """All content, drafts and history included, as it is at one moment; never held in memory as a whole."""
    _who_may(request)
    response = StreamingHttpResponse(_pieces(), content_type="application/json")
    name = f"shipside-catalog-{timezone.now():%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
def catalog_example(request: HttpRequest) -> HttpResponse:
    """A small catalog file to begin with."""
    _who_may(request)
    return HttpResponse(
        EXAMPLE.read_bytes(),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="shipside-catalog-example.json"'},
    )


def _who_may(request: HttpRequest) -> None:
    if not may_import(request.user):
        raise PermissionDenied


def _pieces() -> Iterator[str]:
    held, length = [], 0
    with one_state():
        for line in export_lines():
            held.append(line)
            length += len(line)
            if length >= PIECE:
                yield "".join(held)
                held, length = [], 0
    yield "".join(held)
