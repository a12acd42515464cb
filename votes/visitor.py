"""Visitors who vote: each is a signed random id in a cookie that only the response to a vote sets, and nothing else."""

import re
import uuid

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

_SALT = "votes.visitor"
_PAGE_LOAD_SALT = "votes.page-load"
_RECEIPT_SALT = "votes.receipt"
COOKIE_DAYS = 400  # the longest that browsers allow
_MAX_AGE = COOKIE_DAYS * 24 * 3600  # seconds
HINT_COOKIE = "voted"
PAGE_LOAD = re.compile(r"[0-9a-f]{32}")


def _cookie_name(request: HttpRequest) -> str:
    # Browsers accept a __Host- cookie over HTTPS only, and bind it to this exact host.
    return "__Host-visitor" if request.is_secure() else "visitor"


def get_visitor(request: HttpRequest) -> uuid.UUID | None:
    """Return the visitor who sent a request; None if the cookie is missing, forged, truncated, or too old."""
    signed = request.get_signed_cookie(_cookie_name(request), default=None, salt=_SALT, max_age=_MAX_AGE)
    try:
        return uuid.UUID(signed) if signed else None
    except ValueError:
        return None


def create_visitor(request: HttpRequest) -> uuid.UUID:
    """Return an id for a visitor who has none yet.

    Two quick first clicks are both sent without a cookie. Our script sends the same random number with every request of
    one page (`Page-Load`), and the id is derived from it, so both are one visitor. Without the number, it is random.
    """
    page_load = request.headers.get("Page-Load", "")
    if not PAGE_LOAD.fullmatch(page_load):
        return uuid.uuid4()
    return uuid.UUID(bytes=salted_hmac(_PAGE_LOAD_SALT, page_load, algorithm="sha256").digest()[:16], version=4)


def set_visitor_cookies(request: HttpRequest, response: HttpResponse, visitor: uuid.UUID) -> None:
    """Set the visitor's cookie, and the hint that tells our script to fetch the visitor's votes."""
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


def sign_receipt(visitor: uuid.UUID) -> str:
    """Return a signed text for a URL that identifies this visitor in another browser."""
    return signing.TimestampSigner(salt=_RECEIPT_SALT).sign(visitor.hex)


def read_receipt(receipt: str) -> uuid.UUID | None:
    """Return the visitor of a receipt; None if it is forged, truncated, or older than a cookie can be."""
    try:
        return uuid.UUID(signing.TimestampSigner(salt=_RECEIPT_SALT).unsign(receipt, max_age=_MAX_AGE))
    except (signing.BadSignature, ValueError):
        return None
