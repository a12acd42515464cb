"""Devices that have signed in before, each with a limit of failed attempts of its own.

Anyone can fail to sign in as somebody else. The limit on guesses would then keep the owner out as well, so attempts
from a device that has signed in to that account before are counted apart from those of strangers. The cookie alone
signs nobody in: a thief gets only as many guesses as a stranger.
"""

from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import User

MAX_AGE = 400 * 24 * 3600  # seconds; browsers keep no cookie longer
MAX_ACCOUNTS = 5  # per device
_SALT = "accounts.devices"


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set the cookie by which this device is known to have signed in to an account."""
    accounts = _read(request)
    accounts = {str(user.pk): accounts.pop(str(user.pk), "") or token_urlsafe(16), **accounts}
    response.set_cookie(
        _get_name(),
        signing.dumps(dict(list(accounts.items())[:MAX_ACCOUNTS]), salt=_SALT),
        max_age=MAX_AGE,
        path="/account/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def find_device(request: HttpRequest, login: str) -> str:
    """Return the id of a device that has signed in to an account before; "" for any other.

    `login` is the user name or email address of the account, in any case.
    """
    accounts = _read(request)
    if not accounts or not login:
        return ""
    for user in User.objects.filter(pk__in=accounts):
        if login.casefold() in {user.username.casefold(), user.email.casefold()}:
            return accounts[str(user.pk)]
    return ""


def _get_name() -> str:
    return "__Secure-device" if settings.HTTPS else "device"


def _read(request: HttpRequest) -> dict[str, str]:
    """Return the id of this device for each account that has signed in on it."""
    try:
        accounts: Any = signing.loads(request.COOKIES.get(_get_name(), ""), salt=_SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return {}
    return accounts
