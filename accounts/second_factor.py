"""Second factors: who needs one, who has one, which sessions gave one, and how to remove them."""

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse

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


def was_given(request: HttpRequest) -> bool:
    """Return whether this session gave a second factor: a code or a passkey, when it began or since."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def is_missing(request: HttpRequest) -> bool:
    """Return whether this session must set up or give a second factor before it may enter the desk."""
    return is_required(request.user) and not (was_given(request) and is_set(request.user))


def is_withheld(request: HttpRequest) -> bool:
    """Return whether a user has a second factor and did not give it in this session.

    Such a session began before the factor was set up. It may be that of someone who knows the password alone.
    """
    return not was_given(request) and is_set(request.user)


def build_step_url(request: HttpRequest) -> str:
    """Return the address of the page on which this session gives its user's second factor, or sets one up."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    for method in methods:
        if method["id"].startswith("mfa_reauthenticate") and is_set(request.user):
            after = request.get_full_path() if request.method == "GET" else reverse("admin:index")
            return f"{method['url']}?{urlencode({'next': after})}"
    return reverse("mfa_index")


def note_change(request: HttpRequest, *, before: frozenset[int]) -> None:
    """Count a user's new factors as given by this session, and end the other sessions, after a change of factors.

    `before` is what `read_factors` returned before the change.
    """
    user = cast("User", request.user)
    after = read_factors(user)
    if after == before:
        return
    for factor in Authenticator.objects.filter(pk__in=after - before, type__in=FACTORS):
        record_authentication(request, user, "mfa", id=factor.pk, type=factor.type)
    end_sessions(user=user, but=request.session.session_key)


def read_factors(user: User) -> frozenset[int]:
    """Return the ids of a user's authenticators, recovery codes included."""
    return frozenset(Authenticator.objects.filter(user_id=user.pk).values_list("pk", flat=True))


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
