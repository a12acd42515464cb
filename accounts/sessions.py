"""How sessions end: at their hour, or when somebody says so."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User


def end_at_the_hour(request: HttpRequest) -> None:
    """Let the session that begins now end SESSION_COOKIE_AGE seconds from now, whatever is done in it meanwhile."""
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def end_sessions(*, user: User) -> int:
    """Sign a user out everywhere; how many sessions that ended.

    Django does not note whose a session is, so all are opened; only editors have any.
    """
    theirs = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)
