"""The editors' desk: Django's admin under the site's strict policy, behind the sign-in of `accounts`."""

from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST

from accounts import second_factor

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
        """Every page of the desk goes through here: signed in, with a second factor where one is needed."""
        page = super().admin_view(view, cacheable)

        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if self.has_permission(request) and second_factor.is_missing(request.user):
                return HttpResponseRedirect(reverse("mfa_index"))
            return page(request, *args, **kwargs)

        return csp_override(settings.ADMIN_CSP)(never_cache(guarded))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the site's own sign-in page; Django's knows neither limits nor a second factor."""
        return never_cache(secure_admin_login(super().login))(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return require_POST(logout)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from desk import front  # not before the apps are loaded, and settings name this class

        return super().index(request, {"sections": front.sections(request.user), **(extra_context or {})})
