"""allauth's adapters: how mail is sent, how clients are identified, and how secrets are encrypted."""

import time
from base64 import b32encode, urlsafe_b64encode
from io import BytesIO
from secrets import token_bytes
from typing import Any

import qrcode
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from qrcode.image.svg import SvgPathImage

from accounts import devices, sessions
from accounts.mail import send_in_background
from accounts.models import User
from web.client import client_address


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in without sign-up, with absolute session expiry and mail in the background."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or password is wrong.",
        "email_password_mismatch": "The user name or password is wrong.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, then try again.",
        "rate_limited": "Too many attempts. Wait five minutes, then try again.",
        "incorrect_password": "That is not your password.",
        "incorrect_code": "That code is wrong. Codes change every 30 seconds, and each works once.",
        "enter_current_password": "That is not your current password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

    def is_safe_url(self, url: str) -> bool:
        """Return whether to redirect to an address. allauth's raises ValueError for one like `http://[`."""
        try:
            return super().is_safe_url(url)
        except ValueError:
            return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        sessions.begin(request)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return whether to reauthenticate. Never right after a sign-in, regardless of allauth's own answer."""
        records = get_authentication_records(self.request, self.request.user)
        just_now = bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not just_now and super().is_reauthentication_required(app=app, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        response = super().post_login(request, user, **options)
        devices.remember(request, response, user)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return the name under which attempts are counted: per account, and apart for each device that it knows.

        allauth's includes the Host header, which can be forged.
        """
        login = (credentials.get("email") or credentials.get("username") or "").casefold()
        device = devices.find_device(request, login)
        return f"{login} {device}" if device else login

    def set_password(self, user: User, password: str) -> None:
        """Set the password and reset the counts of failed attempts, on this device and on those of strangers."""
        super().set_password(user, password)
        for login in {user.username.casefold(), user.email.casefold()}:
            device = devices.find_device(self.request, login)
            for key in {login, f"{login} {device}"}:
                ratelimit.clear(self.request, action="login_failed", key=key)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link for an email, on SITE_URL regardless of the request's host."""
        uid, _, token = key.partition("-")
        return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        names = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        send_in_background(self.render_mail(template_prefix, email, names | context))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        if user.email:
            self.send_mail(template_prefix, user.email, {"user": user, **(context or {})})


class MFAAdapter(DefaultMFAAdapter):
    """Second factors whose secrets are encrypted."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """Encrypt a secret for the database, so that a copy of the database lets nobody sign in."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret. If SECRET_KEY has changed, return a random one, so that no code matches."""
        try:
            return _fernet().decrypt(encrypted_text).decode()
        except InvalidToken:
            return b32encode(token_bytes(20)).decode()

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code as an inline element, because the content security policy forbids `data:` images."""
        svg = BytesIO()
        qrcode.make(url, image_factory=SvgPathImage, box_size=10, border=3).save(svg)
        return svg.getvalue().decode().partition("?>")[2].strip()

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 (allauth's signature)
        """Return the name of a new passkey whose owner gave it none."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def _get_site_name(self) -> str:
        return settings.SITE_NAME


def _fernet() -> MultiFernet:
    return MultiFernet(
        Fernet(urlsafe_b64encode(salted_hmac("accounts.second_factor", "", secret=key, algorithm="sha256").digest()))
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
