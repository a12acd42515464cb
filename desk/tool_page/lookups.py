"""What the tool page asks while somebody types: how Markdown will look, and which slug is free."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from desk.tool_page.form import free_slug
from web import markdown


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Markdown as readers will see it, as a fragment of HTML."""
    return HttpResponse(markdown.render_uncached(request.POST.get("text", "")), headers={"Cache-Control": "no-store"})


@require_safe
def suggest_slug(request: HttpRequest) -> HttpResponse:
    """A free slug for a name, for those who write tools: a slug that is taken may be a draft's."""
    if not (request.user.has_perm("tools.add_tool") or request.user.has_perm("tools.change_tool")):
        raise PermissionDenied
    return JsonResponse({"slug": free_slug(request.GET.get("name", ""))}, headers={"Cache-Control": "no-store"})
