"""The editors' desk: Django's admin under the site's strict policy."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.csp import csp_override


class Desk(admin.AdminSite):
    site_header = site_title = settings.SITE_NAME
    index_title = "The desk"
    site_url = "/"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        return csp_override(settings.ADMIN_CSP)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return csp_override(settings.ADMIN_CSP)(super().login)(request, extra_context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from desk import front  # not before the apps are loaded, and settings name this class

        return super().index(request, {"sections": front.sections(request.user), **(extra_context or {})})
