"""How well a price or a fact is founded: where it was found, and when somebody last looked."""

from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from web.words import day


def is_stale(verified_on: date, *, today: date) -> bool:
    """Whether somebody last looked longer ago than STALE_AFTER_DAYS."""
    return (today - verified_on).days > settings.STALE_AFTER_DAYS


def checked(verified_on: date | None, *, today: date) -> str:
    """Say how well a statement is founded: verified, verified too long ago, or never."""
    if verified_on is None:
        return "unverified"
    words = f"verified {day(verified_on)}"
    return f"{words}, over {settings.STALE_AFTER_DAYS} days ago" if is_stale(verified_on, today=today) else words


def checked_note(source: str, verified_on: date | None, *, today: date) -> SafeString:
    """The same as a small note with a link to the source; doubtful statements are set apart."""
    doubtful = verified_on is None or is_stale(verified_on, today=today)
    return _note(source, checked(verified_on, today=today), doubtful=doubtful)


@lru_cache(maxsize=8192)
def _note(source: str, words: str, *, doubtful: bool) -> SafeString:
    html_class = "checked checked--doubtful" if doubtful else "checked"
    if not source:
        return format_html('<small class="{}">{}</small>', html_class, words)
    return format_html(
        '<small class="{}"><a href="{}" rel="nofollow noopener">{}</a>, {}</small>',
        html_class,
        source,
        site_name(source),
        words,
    )


def site_name(address: str) -> str:
    """The host of a web address as people say it; "" without one."""
    return (urlsplit(address).hostname or "").removeprefix("www.")
