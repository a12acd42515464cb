"""allauth's forms, adapted to the desk."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts import sessions
from accounts.models import User
from web.fields import LineField
from web.mail_addresses import encode_address
from web.normalize import normalize_line


class LoginForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or email address"
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""

    def clean_login(self) -> str:
        # NFKC, because Django stores user names so.
        self.cleaned_data["login"] = normalize_line(unicodedata.normalize("NFKC", self.cleaned_data["login"]))
        login: str = super().clean_login()
        return encode_address(login) if "@" in login else login

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url)
        if request.user.is_authenticated:
            sessions.begin(request)  # allauth has just set an end of its own
        return response


class DigestForm(forms.ModelForm):
    """How often a person wants mail about what waits for them at the desk."""

    class Meta:
        model = User
        fields = ("digest_interval",)
        labels = {"digest_interval": "When something new waits for me"}


class ResetPasswordForm(AllauthResetPasswordForm):
    def clean_email(self) -> str:
        # allauth looks the account up by this value, and mails the link to it.
        self.cleaned_data["email"] = encode_address(self.cleaned_data["email"])
        return str(super().clean_email())


class SingleUseCodeMixin(forms.Form):
    """A code of the authenticator app works only once while it is valid; allauth checks this only within one period."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc] # of allauth's forms
        seconds = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
        key = f"accounts.code.{self.user.pk}.{normalize_user_code(code)}"
        if not cache.add(key, "used", timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(SingleUseCodeMixin, AllauthAuthenticateForm):
    pass


class ReauthenticateForm(SingleUseCodeMixin, AllauthReauthenticateForm):
    pass


class AddPasskeyForm(AddWebAuthnForm):
    """A named passkey. It signs in without a password by default, unless it can only be a second factor."""

    name = LineField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "A name to recognize it by, such as “Work laptop” or “Blue key”."
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        self.fields["passwordless"].label = "Sign in without my password"
        self.fields["passwordless"].help_text = "For passkeys that ask for a fingerprint, a face, or a PIN."
        self.fields["passwordless"].initial = True
