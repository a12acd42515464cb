"""The end of sessions: some hours after their last use, some days after sign-in, or on demand."""

from datetime import UTC, datetime, timedelta

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

_BEGAN = "began"  # seconds since 1970
_WORTH_STORING = timedelta(minutes=5)


def begin(request: HttpRequest) -> None:
    """Record that a session begins, and when it ends unless it is used."""
    now = timezone.now()
    request.session[_BEGAN] = now.timestamp()
    request.session.set_expiry(_find_end(now))


def begin_again(request: HttpRequest) -> None:
    """Begin a session again if its user has just confirmed who they are."""
    if did_recently_reauthenticate(request):
        begin(request)


def renew(request: HttpRequest) -> None:
    """Extend a session that is being used. The new end is stored only if it is some minutes later."""
    if began := request.session.get(_BEGAN):
        end = _find_end(datetime.fromtimestamp(began, UTC))
        if end - request.session.get_expiry_date() > _WORTH_STORING:
            request.session.set_expiry(end)


def _find_end(began: datetime) -> datetime:
    unused = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return min(unused, began + timedelta(days=settings.SESSION_DAYS))


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
