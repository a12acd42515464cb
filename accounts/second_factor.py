"""Second factors: who needs one, who has one, and how to remove them."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.groups import SECOND_FACTOR_PERMISSIONS
from accounts.models import User
from accounts.sessions import end_sessions

# Recovery codes are not factors by themselves; they replace one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_set(user: Any) -> bool:
    """Return whether a user has an authenticator app or a passkey."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def is_required(user: Any) -> bool:
    """Return whether the desk requires a second factor of a user: of superusers, and of everyone who may publish."""
    return settings.REQUIRE_MFA and (
        user.is_superuser or not SECOND_FACTOR_PERMISSIONS.isdisjoint(user.get_all_permissions())
    )


def is_missing(user: Any) -> bool:
    """Return whether a user must set up a second factor before entering the desk."""
    return is_required(user) and not is_set(user)


def has_second_factor() -> Exists:
    """Return `is_set` as an expression for a query of users."""
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))


@transaction.atomic
def remove_second_factors(*, user: User) -> bool:
    """Remove a user's authenticator app, passkeys, and recovery codes, and end all sessions.

    Returns whether there were any. Notifies the user by email if an address is known.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        end_sessions(user=user)
        transaction.on_commit(lambda: get_adapter().send_notification_mail("mfa/email/all_removed", user))
    return bool(removed)
