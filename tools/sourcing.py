"""How well a price or a fact is founded: where it was found, and when somebody last looked."""

from datetime import date
from urllib.parse import urlsplit

from django.conf import settings

from web.words import format_day


def is_stale(verified_on: date, *, today: date) -> bool:
    """Whether somebody last looked longer ago than STALE_AFTER_DAYS."""
    return (today - verified_on).days > settings.STALE_AFTER_DAYS


def describe_verification(verified_on: date | None, *, today: date) -> str:
    """Say how well a statement is founded: verified, verified too long ago, or never."""
    if verified_on is None:
        return "unverified"
    words = f"verified {format_day(verified_on)}"
    return f"{words}, over {settings.STALE_AFTER_DAYS} days ago" if is_stale(verified_on, today=today) else words


def site_name(address: str) -> str:
    """The host of a web address as people say it; "" without one."""
    return (urlsplit(address).hostname or "").removeprefix("www.")
