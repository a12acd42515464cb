"""The address of the handbook. `Desk.get_urls` wraps it."""

from django.urls import URLPattern, path

from desk.handbook import pages
from desk.shapes import WrapView


def urls(wrap: WrapView) -> list[URLPattern]:
    """Return the address, with its view wrapped by the site's `admin_view`."""
    return [path("handbook/", wrap(pages.show_handbook), name="handbook")]
