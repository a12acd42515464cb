"""Who votes: a signed random id in a cookie that only the answer to a vote sets. Nothing else is known of anybody."""

import uuid

from django.http import HttpRequest, HttpResponse

_SALT = "votes.visitor"
KEPT_DAYS = 400  # browsers keep no cookie longer
_MAX_AGE = KEPT_DAYS * 24 * 3600  # seconds
HINT_COOKIE = "voted"


def _cookie_name(request: HttpRequest) -> str:
    # Browsers take a __Host- cookie over HTTPS only, and then bind it to this very host.
    return "__Host-visitor" if request.is_secure() else "visitor"


def visitor_of(request: HttpRequest) -> uuid.UUID | None:
    """The visitor that a request comes from; None without a cookie, and for one that is forged, cut or too old."""
    signed = request.get_signed_cookie(_cookie_name(request), default=None, salt=_SALT, max_age=_MAX_AGE)
    try:
        return uuid.UUID(signed) if signed else None
    except ValueError:
        return None


def remember(request: HttpRequest, response: HttpResponse, visitor: uuid.UUID) -> None:
    """Set the visitor's cookie, and the hint by which our script knows that there are votes to ask for."""
    secure = request.is_secure()
    response.set_signed_cookie(
        _cookie_name(request),
        visitor.hex,
        salt=_SALT,
        max_age=_MAX_AGE,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    response.set_cookie(HINT_COOKIE, "1", max_age=_MAX_AGE, secure=secure, samesite="Lax")
