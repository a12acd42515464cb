"""The editors' desk: Django's admin under the site's content security policy, behind the sign-in of `accounts`."""

from functools import partial, wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST

from accounts import second_factor, sessions
from desk import drafts, refusals
from desk.handbook.places import build_help_url

# Menu items that are no models, in the shape that Django's templates expect of one, by their address.
_PAGES = {
    f"admin:{address}": {
        "name": name,
        "object_name": object_name,
        "model": None,
        "perms": {"add": False, "change": False, "delete": False, "view": True},
        "add_url": None,
        "view_only": False,
    }
    for address, object_name, name in (
        ("catalog_file", "CatalogFile", "Catalog file"),
        ("bulk_changes", "BulkChange", "Imports and bulk changes"),
    )
}


# The menu follows an editor's work, not the alphabet. Anything not listed here comes last.
_APPS = ("tools", "reviews", "comparisons", "votes", "newsletter", "accounts")
_MODELS = (
    "Tool", "Category", "Attribute", "Plan", "Fact", "Correction", "CatalogFile", "BulkChange",
    "Review", "Reviewer", "Prediction", "Vote", "PairVote", "Decision",
    "Issue", "Subscriber", "Suppression", "Delivery", "Outbox", "Worker", "User", "Group",
)  # fmt: skip


def _position(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


class Desk(admin.AdminSite):
    site_header = site_title = settings.SITE_NAME
    index_title = "The desk"
    site_url = "/"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from desk import presence  # these views import models, which load after this class
        from desk.bulk_changes.urls import urls as urls_of_bulk_changes
        from desk.calendar.urls import urls as urls_of_calendar
        from desk.files.urls import urls
        from desk.handbook.urls import urls as urls_of_handbook
        from desk.handover.urls import urls as urls_of_hand_overs
        from desk.search import views

        on_site = path(
            "r/<int:content_type_id>/<path:object_id>/", self.admin_view(self.view_on_site), name="view_on_site"
        )
        present = path(
            "presence/<int:content_type_id>/<int:object_id>/", self.admin_view(presence.report), name="presence"
        )
        session = path("session/", self.admin_view(self.report_session), name="session")
        renewed = path("session/renewed/", self.admin_view(self.show_renewed), name="session_renewed")
        search = [
            path("search/", self.admin_view(partial(views.search, self)), name="search"),
            path("search/hits/", self.admin_view(partial(views.suggest, self)), name="search_hits"),
        ]
        return [
            on_site,
            session,
            renewed,
            present,
            *search,
            *urls(self.admin_view),
            *urls_of_bulk_changes(self.admin_view),
            *urls_of_hand_overs(self.admin_view),
            *urls_of_calendar(self.admin_view),
            *urls_of_handbook(self.admin_view),
            *super().get_urls(),
        ]

    def report_session(self, request: HttpRequest) -> JsonResponse:
        """Say whose session this is, when it ends (ISO 8601), and which token forms must carry in it."""
        return JsonResponse(
            {
                "user": request.user.pk,
                "ends": request.session.get_expiry_date().isoformat(),
                "token": get_token(request),
            }
        )

    def show_renewed(self, request: HttpRequest) -> TemplateResponse:
        """Start the session again in the small window in which a user has signed in or confirmed who they are."""
        sessions.begin_again(request)
        words = "You are signed in. Close this window, and go on where you were."
        context = {**self.each_context(request), "title": "Your session is renewed", "words": words}
        return TemplateResponse(request, "desk/renewed.html", context)

    def view_on_site(self, request: HttpRequest, content_type_id: int, object_id: str) -> HttpResponse:
        """Redirect to an object's page on the site, for users who may see the object at the desk.

        Django's own view checks no permission, and its redirect reveals the slug of a draft.
        """
        from django.contrib.contenttypes.models import ContentType  # after the apps are loaded
        from django.contrib.contenttypes.views import shortcut

        content_type = get_object_or_404(ContentType, pk=content_type_id)
        model = content_type.model_class()
        if model not in self._registry:
            raise Http404
        model_admin = self._registry[model]
        obj = model_admin.get_object(request, object_id)
        if not model_admin.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404
        return shortcut(request, content_type_id, object_id)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the menu in its order, with pages of files and bulk changes, and groups among the accounts."""
        from desk.permissions import may_import  # it imports models, which load after this class

        apps = super().get_app_list(request, app_label)
        by_label = {app["app_label"]: app for app in apps}
        if "accounts" in by_label and "auth" in by_label:
            by_label["accounts"]["models"] += by_label["auth"]["models"]
            apps.remove(by_label["auth"])
        if may_import(request.user) and "tools" in by_label:
            by_label["tools"]["models"] += [page | {"admin_url": reverse(name)} for name, page in _PAGES.items()]
        for app in apps:
            app["models"].sort(key=lambda model: _position(model["object_name"], _MODELS))
        return sorted(apps, key=lambda app: _position(app["app_label"], _APPS))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """Guard a page of the desk: require sign-in, and a second factor from those who need one.

        Requests that make no sense or are not allowed get a page of the desk that says so.
        """
        page, is_use = super().admin_view(view, cacheable), getattr(view, "is_use", True)

        @wraps(page)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not self.has_permission(request):
                return page(request, *args, **kwargs)  # redirects to the sign-in page
            if second_factor.is_missing(request):
                return HttpResponseRedirect(second_factor.build_step_url(request))
            if is_use:
                sessions.renew(request)
            view = partial(page, request, *args, **kwargs)
            if request.method not in ("GET", "HEAD", "OPTIONS"):
                from desk import contention  # it imports models, which load after this class

                view = partial(contention.answer, request, view)
            response = refusals.answer(self, request, view)
            drafts.mark_stored(request, response)
            return response

        return csp_override(settings.ADMIN_CSP)(never_cache(guarded))

    def each_context(self, request: HttpRequest) -> dict[str, object]:
        context = super().each_context(request)
        return {**context, "draft_number": drafts.read_number(request), "help_url": build_help_url(request)}

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Redirect to the site's own sign-in page; Django's has neither rate limits nor second factors."""
        return never_cache(secure_admin_login(super().login))(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return require_POST(logout)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))

    def index(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> TemplateResponse:
        from desk.front import alarms, front_page, pending_changes  # they import models, which load after this class
        from desk.front.front_list import Viewer

        now = timezone.now()
        front_lists = front_page.build_lists(request.user)
        empty_lists = [front_list for front_list in front_lists if not front_list.items]
        context = {
            "alarms": [*alarms.list_alarms(now=now), *pending_changes.list_pending_alarms(Viewer(request.user, now))],
            "front_lists": front_lists,
            "empty_lists": empty_lists,
        }
        return super().index(request, {**context, **(extra_context or {})})
