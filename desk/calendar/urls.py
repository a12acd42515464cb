"""The address of the calendar. `Desk.get_urls` wraps it."""

from django.urls import URLPattern, path

from desk.calendar import pages
from desk.shapes import WrapView


def urls(wrap: WrapView) -> list[URLPattern]:
    """Return the address, with its view wrapped by the site's `admin_view`."""
    return [path("calendar/", wrap(pages.show_calendar), name="calendar")]
