"""The page of the handbook."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from desk.handbook.rendering import render_handbook


@require_safe
def show_handbook(request: HttpRequest) -> HttpResponse:
    """Show the handbook; answer 404 where the site was installed without its docs."""
    handbook = render_handbook()
    if handbook is None:
        raise Http404("The handbook is not installed.")
    context = {**admin.site.each_context(request), "title": "The editors’ handbook", "html": handbook.html}
    return TemplateResponse(request, "desk/handbook.html", context)
