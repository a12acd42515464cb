"""The address of the handbook. `Desk.get_urls` wraps it."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from desk.handbook import pages


def urls(wrap: Callable[..., Any]) -> list[URLPattern]:
    """Return the address, with its view wrapped by the site's `admin_view`."""
    return [path("handbook/", wrap(pages.show_handbook), name="handbook")]
