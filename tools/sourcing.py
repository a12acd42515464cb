"""How well a price or fact is sourced: where it was found, and when an editor last verified it."""

from datetime import date
from urllib.parse import urlsplit

from django.conf import settings

from web.words import format_day


def is_stale(verified_on: date, *, today: date) -> bool:
    """Return whether the last verification is more than STALE_AFTER_DAYS ago."""
    return (today - verified_on).days > settings.STALE_AFTER_DAYS


def describe_verification(verified_on: date | None, *, today: date) -> str:
    """Return when a statement was verified as text: on a day, too long ago, or never (`unverified`)."""
    if verified_on is None:
        return "unverified"
    words = f"verified {format_day(verified_on)}"
    return f"{words}, over {settings.STALE_AFTER_DAYS} days ago" if is_stale(verified_on, today=today) else words


def site_name(address: str) -> str:
    """Return the host of a URL without `www.`; "" if it has none."""
    return (urlsplit(address).hostname or "").removeprefix("www.")
