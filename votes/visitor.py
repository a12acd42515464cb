"""Who votes: a signed random id in a cookie that only the answer to a vote sets. Nothing else is known of anybody."""

import re
import uuid

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

_SALT = "votes.visitor"
_PAGE_LOAD_SALT = "votes.page-load"
_RECEIPT_SALT = "votes.receipt"
KEPT_DAYS = 400  # browsers keep no cookie longer
_MAX_AGE = KEPT_DAYS * 24 * 3600  # seconds
HINT_COOKIE = "voted"
PAGE_LOAD = re.compile(r"[0-9a-f]{32}")


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


def new_visitor(request: HttpRequest) -> uuid.UUID:
    """An id for somebody who has none yet.

    Two first clicks at the same moment both come without a cookie. Our script sends the same random number with each
    request of one page (`Page-Load`), and the id is made from that: so they are one visitor. Without it, it is random.
    """
    page_load = request.headers.get("Page-Load", "")
    if not PAGE_LOAD.fullmatch(page_load):
        return uuid.uuid4()
    return uuid.UUID(bytes=salted_hmac(_PAGE_LOAD_SALT, page_load, algorithm="sha256").digest()[:16], version=4)


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


def receipt_of(visitor: uuid.UUID) -> str:
    """What proves on another browser that somebody is this visitor: a signed text for an address."""
    return signing.TimestampSigner(salt=_RECEIPT_SALT).sign(visitor.hex)


def visitor_of_receipt(receipt: str) -> uuid.UUID | None:
    """Whose receipt it is; None for one that is forged, cut or as old as a cookie can be."""
    try:
        return uuid.UUID(signing.TimestampSigner(salt=_RECEIPT_SALT).unsign(receipt, max_age=_MAX_AGE))
    except (signing.BadSignature, ValueError):
        return None
