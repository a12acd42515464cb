"""Accounts that sign in, with their second factors."""

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
    """Create an account in groups, with PASSWORD and a unique address."""
    n = next(_number)
    defaults = {"username": f"person-{n}", "email": f"person-{n}@example.org", "is_staff": True}
    user = User.objects.create_user(**{**defaults, **fields}, password=PASSWORD)
    user.groups.set(Group.objects.filter(name__in=groups))
    assert user.groups.count() == len(groups)
    return user


def add_app(user: User) -> str:
    """Give a user an authenticator app and return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def compute_code(secret: str, *, periods: int = 0) -> str:
    """Return the code that the app shows now, or after a number of periods of 30 seconds."""
    return f"{hotp_value(secret, int(time.time()) // 30 + periods):06}"


def compute_wrong_code(secret: str) -> str:
    valid = {compute_code(secret, periods=n) for n in range(-3, 4)}
    return next(code for n in range(10) if (code := f"{n:06}") not in valid)


def add_recovery_codes(user: User) -> list[str]:
    return RecoveryCodes.activate(user).get_unused_codes()


def sign_in(client: Client, user: User, password: str = PASSWORD, **more: str):
    return client.post("/account/login/", {"login": user.username, "password": password, **more})


def get_signed_in_user(client: Client) -> str | None:
    """Return the user name that the desk shows to the client, or None if it asks to sign in."""
    response = client.get("/admin/")
    return response.context["user"].username if response.status_code == 200 else None
