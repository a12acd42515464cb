"""People who sign in, and what they have at hand."""

import time
from itertools import count
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User

PASSWORD = "seven lamps over water"
_number = count(1)


def person(*groups: str, **fields: Any) -> User:
    """An account in some of the groups, with PASSWORD and an address of its own."""
    n = next(_number)
    defaults = {"username": f"person-{n}", "email": f"person-{n}@example.org", "is_staff": True}
    user = User.objects.create_user(**{**defaults, **fields}, password=PASSWORD)
    user.groups.set(Group.objects.filter(name__in=groups))
    assert user.groups.count() == len(groups)
    return user


def app_of(user: User) -> str:
    """Give a user an authenticator app; its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code_of(secret: str, *, periods: int = 0) -> str:
    """The code that the app shows now, or so many periods of 30 seconds later."""
    return f"{hotp_value(secret, int(time.time()) // 30 + periods):06}"


def wrong_code(secret: str) -> str:
    right = {code_of(secret, periods=n) for n in range(-3, 4)}
    return next(code for n in range(10) if (code := f"{n:06}") not in right)


def recovery_codes_of(user: User) -> list[str]:
    return RecoveryCodes.activate(user).get_unused_codes()


def sign_in(client: Client, user: User, password: str = PASSWORD, **more: str):
    return client.post("/account/login/", {"login": user.username, "password": password, **more})


def signed_in_as(client: Client) -> str | None:
    """Whose desk the client may see; None when it is asked to sign in."""
    response = client.get("/admin/")
    return response.context["user"].username if response.status_code == 200 else None
