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


def end_sessions(*, user: User) -> int:
    """Sign a user out everywhere, and return how many sessions that ended.

    Django does not store whose a session is, so this decodes all of them; only editors have any.
    """
    keys = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=timezone.now())
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
