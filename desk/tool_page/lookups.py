"""What the tool page requests while an editor types: rendered Markdown, and a free slug."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from desk.tool_page.form import find_free_slug
from web import markdown


@require_POST
def render_markdown(request: HttpRequest) -> HttpResponse:
    """Return Markdown as readers will see it, as an HTML fragment."""
    return HttpResponse(markdown.render_uncached(request.POST.get("text", "")), headers={"Cache-Control": "no-store"})


@require_safe
def suggest_slug(request: HttpRequest) -> HttpResponse:
    """Return a free slug for a name. Only for users who edit tools: a taken slug may reveal a draft."""
    if not (request.user.has_perm("tools.add_tool") or request.user.has_perm("tools.change_tool")):
        raise PermissionDenied
    return JsonResponse({"slug": find_free_slug(request.GET.get("name", ""))}, headers={"Cache-Control": "no-store"})
