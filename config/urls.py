from django.contrib import admin
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from tools.converters import PairConverter, SlugConverter
from web.views import favicon

register_converter(SlugConverter, "tool_slug")
register_converter(PairConverter, "pair")

urlpatterns = [
    path("", include("comparisons.urls")),
    path("", include("tools.urls")),
    path("", include("votes.urls")),
    path("", include("newsletter.urls")),
    path("", include("desk.urls")),
    path("favicon.ico", favicon),
    path("account/", include("accounts.urls")),
    # Where password managers send their users: https://w3c.github.io/webappsec-change-password-url/
    path(".well-known/change-password", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]

handler400 = "web.views.bad_request"
handler403 = "web.views.forbidden"
handler404 = "comparisons.views.errors.not_found"
handler429 = "web.views.too_many_requests"  # called by allauth; Django has none
handler500 = "web.views.server_error"
