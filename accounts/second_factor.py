"""Who needs a second factor, who has one, and what to do when the telephone is gone."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.groups import TRUSTED_WITH
from accounts.models import User
from accounts.sessions import end_sessions

# Recovery codes are no factor by themselves: they stand in for one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_set(user: Any) -> bool:
    """Whether a user has an authenticator app or a passkey."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def is_required(user: Any) -> bool:
    """Whether the desk stays shut for a user without a second factor: whoever may publish, and every superuser."""
    return settings.REQUIRE_MFA and (user.is_superuser or not TRUSTED_WITH.isdisjoint(user.get_all_permissions()))


def is_missing(user: Any) -> bool:
    """Whether a user has to set one up before anything else."""
    return is_required(user) and not is_set(user)


def of_outer_user() -> Exists:
    """`is_set` for each row of a query for users."""
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS))


@transaction.atomic
def remove_second_factors(*, user: User) -> bool:
    """Take away a user's authenticator app, passkeys and recovery codes and end their sessions; whether there were any.

    The user is told by mail where an address is known.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        end_sessions(user=user)
        transaction.on_commit(lambda: get_adapter().send_notification_mail("mfa/email/all_removed", user))
    return bool(removed)
