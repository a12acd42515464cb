"""The end of sessions: at a fixed time, or on demand."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User


def set_absolute_expiry(request: HttpRequest) -> None:
    """Make the session expire SESSION_COOKIE_AGE seconds from now, regardless of activity."""
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign a user out everywhere, except from the session with the key `but`. Return how many sessions that ended.

    Django does not store whose a session is, so this decodes all of them; only editors have any.
    """
    keys = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=timezone.now())
        if session.get_decoded().get(SESSION_KEY) == str(user.pk) and session.pk != but
    ]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def end_sessions_of_promoted(*, user: User, before: frozenset[str], but: str | None = None) -> bool:
    """Sign a user out everywhere if they may do more than before, and return whether they do.

    A session that began when less was at stake may be somebody else's. `before` is what `read_rights` returned.
    """
    is_promoted = not read_rights(user) <= before
    if is_promoted:
        end_sessions(user=user, but=but)
    return is_promoted


def read_rights(user: User) -> frozenset[str]:
    """Return what a user may do, as stored now: permissions, and whether they are staff or a superuser."""
    stored = User.objects.get(pk=user.pk)  # a user object caches its permissions
    flags = {"is_staff": stored.is_staff, "is_superuser": stored.is_superuser}
    return frozenset(stored.get_all_permissions()) | {name for name, is_set in flags.items() if is_set}
