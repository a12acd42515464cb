"""What allauth asks the site: how mail leaves, who a client is, what is secret."""

import time
from base64 import b32encode, urlsafe_b64encode
from io import BytesIO
from secrets import token_bytes
from typing import Any

import qrcode
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from qrcode.image.svg import SvgPathImage

from accounts.mail import send_soon
from accounts.models import User
from accounts.sessions import end_at_the_hour
from web.client import client_address


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "This name and this password do not belong together.",
        "email_password_mismatch": "This name and this password do not belong together.",
        "too_many_login_attempts": "Too many attempts that failed. Wait five minutes, then try again.",
        "rate_limited": "Too many attempts. Wait five minutes, then try again.",
        "incorrect_password": "That is not your password.",
        "incorrect_code": "That code is not right. Codes change every 30 seconds, and each works once.",
        "enter_current_password": "That is not your present password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        end_at_the_hour(request)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether to ask again who somebody is: not of those who have just signed in."""
        records = get_authentication_records(self.request, self.request.user)
        just_now = bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not just_now and super().is_reauthentication_required(app=app, **kwargs)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By which name attempts are counted: allauth's has the Host in it, whose port anybody can make up."""
        return (credentials.get("email") or credentials.get("username") or "").casefold()

    def set_password(self, user: User, password: str) -> None:
        """Set it, and forget the attempts that failed with the old one."""
        super().set_password(user, password)
        for name in {"username": user.username}, {"email": user.email}:
            self._delete_login_attempts_cached_email(self.request, **name)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a mail: on the site's own address, whatever host was asked for."""
        uid, _, token = key.partition("-")
        return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        names = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        send_soon(self.render_mail(template_prefix, email, names | context))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        if user.email:
            self.send_mail(template_prefix, user.email, {"user": user, **(context or {})})


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """What stands in the database, so that a copy of it signs nobody in."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that nobody knows where the key has changed, so that no code fits."""
        try:
            return _fernet().decrypt(encrypted_text).decode()
        except InvalidToken:
            return b32encode(token_bytes(20)).decode()

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an element for the page itself, which shows no `data:` images."""
        svg = BytesIO()
        qrcode.make(url, image_factory=SvgPathImage, box_size=10, border=3).save(svg)
        return svg.getvalue().decode().partition("?>")[2].strip()

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 (allauth's signature)
        """What a new passkey is called when its owner gives it no name."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def _get_site_name(self) -> str:
        return settings.SITE_NAME


def _fernet() -> MultiFernet:
    return MultiFernet(
        Fernet(urlsafe_b64encode(salted_hmac("accounts.second_factor", "", secret=key, algorithm="sha256").digest()))
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
