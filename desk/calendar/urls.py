"""The address of the calendar. `Desk.get_urls` wraps it."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from desk.calendar import pages


def urls(wrap: Callable[..., Any]) -> list[URLPattern]:
    """Return the address, with its view wrapped by the site's `admin_view`."""
    return [path("calendar/", wrap(pages.show_calendar), name="calendar")]
