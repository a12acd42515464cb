"""allauth's forms, with what the desk wants of them besides."""

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts.sessions import end_at_the_hour


class LoginForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or e-mail address"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url)
        if request.user.is_authenticated:
            end_at_the_hour(request)  # allauth has just let it end later with everything that is done
        return response


class OnceOnly(forms.Form):
    """A code of the authenticator app works once in all the time for which it is right, and not in one period only."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc] # of allauth's forms
        seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
        key = f"accounts.code.{self.user.pk}.{normalize_user_code(code)}"
        if not cache.add(key, "used", timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OnceOnly, AllauthAuthenticateForm):
    pass


class ReauthenticateForm(OnceOnly, AllauthReauthenticateForm):
    pass


class AddPasskeyForm(AddWebAuthnForm):
    """A key, named by its owner. It signs in alone unless it can only stand beside the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "So that you know it again: “Work laptop”, “Blue key”."
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["passwordless"].label = "It signs me in without my password"
        self.fields["passwordless"].help_text = "For passkeys that ask for a finger, a face or a PIN."
        self.fields["passwordless"].initial = True
