"""The editors' desk: Django's admin under the site's strict policy."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csp import csp_override

# As Django's templates want a model in the menu.
_CATALOG_FILE = {
    "name": "Catalog file",
    "object_name": "CatalogFile",
    "model": None,
    "perms": {"add": False, "change": False, "delete": False, "view": True},
    "add_url": None,
    "view_only": False,
}


class Desk(admin.AdminSite):
    site_header = site_title = settings.SITE_NAME
    index_title = "The desk"
    site_url = "/"

    def get_urls(self) -> list[Any]:
        from desk.bulk.urls import urls  # views import models, which are not loaded yet when the site is made

        return [*urls(self.admin_view), *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Adds the catalog file to the menu, beside the models that it carries."""
        apps = super().get_app_list(request, app_label)
        if request.user.has_perm("tools.import_catalog"):
            for app in apps:
                if app["app_label"] == "tools":
                    app["models"].append(_CATALOG_FILE | {"admin_url": reverse("admin:catalog_file")})
        return apps

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        return csp_override(settings.ADMIN_CSP)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return csp_override(settings.ADMIN_CSP)(super().login)(request, extra_context)
