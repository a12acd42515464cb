"""Sign-in and account pages: those of allauth's pages that editors need, without sign-up.

Neither proxies nor browsers may cache them.
"""

from functools import wraps

from allauth.account import views as account
from allauth.core.internal import ratelimit
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as passkeys
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.cache import never_cache

from accounts import second_factor, views
from web.http import AnyView

# Requesting a passkey challenge starts a session without an account, so it is rate-limited.
passkey_login = ratelimit.decorator(app="allauth.mfa", action="webauthn_login_options", limit_get=True)(
    passkeys.login_webauthn
)


def private(route: str, view: AnyView, name: str) -> URLPattern:
    """Return a path whose responses are never cached."""
    return path(route, never_cache(view), name=name)


def own(route: str, view: AnyView, name: str) -> URLPattern:
    """Return the path of a page about a user's own account, for sessions that withhold no second factor."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if second_factor.is_withheld(request):
            return HttpResponseRedirect(second_factor.build_step_url(request))
        return view(request, *args, **kwargs)

    return private(route, login_required(guarded), name)


urlpatterns = [
    own("", views.AccountView.as_view(), "mfa_index"),
    private("login/", account.login, "account_login"),
    private("login/code/", mfa.authenticate, "mfa_authenticate"),
    private("login/passkey/", passkey_login, "mfa_login_webauthn"),
    private("logout/", account.logout, "account_logout"),
    private("inactive/", account.account_inactive, "account_inactive"),
    private("confirm/", account.reauthenticate, "account_reauthenticate"),
    private("confirm/code/", mfa.reauthenticate, "mfa_reauthenticate"),
    private("confirm/passkey/", passkeys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    own("mail/", views.change_digest, "account_mail"),
    own("password/", account.password_change, "account_change_password"),
    own("password/set/", account.password_set, "account_set_password"),
    private("password/reset/", account.password_reset, "account_reset_password"),
    private("password/reset/sent/", account.password_reset_done, "account_reset_password_done"),
    private("password/reset/done/", account.password_reset_from_key_done, "account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        never_cache(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    own("app/", views.ActivateAppView.as_view(), "mfa_activate_totp"),
    own("app/remove/", views.RemoveAppView.as_view(), "mfa_deactivate_totp"),
    own("recovery-codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    own("recovery-codes/new/", views.RenewRecoveryCodesView.as_view(), "mfa_generate_recovery_codes"),
    own("passkeys/", passkeys.list_webauthn, "mfa_list_webauthn"),
    own("passkeys/add/", views.AddPasskeyView.as_view(), "mfa_add_webauthn"),
    own("passkeys/<int:pk>/", passkeys.edit_webauthn, "mfa_edit_webauthn"),
    own("passkeys/<int:pk>/remove/", views.RemovePasskeyView.as_view(), "mfa_remove_webauthn"),
]
