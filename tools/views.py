"""Logo files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tools import logos

IMMUTABLE = "public, max-age=31536000, immutable"  # a new logo gets a new name


@require_safe
def logo(request: HttpRequest, stem: str, kind: str) -> HttpResponse:
    """Return a logo's file; `kind` is `webp` or `png`."""
    try:
        content = logos.read_file(stem, kind)
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(content, content_type=logos.TYPES[kind], headers={"Cache-Control": IMMUTABLE})
