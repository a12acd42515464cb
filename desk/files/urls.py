"""Pages of the desk that belong to no model. `Desk.get_urls` wraps them."""

from django.urls import URLPattern, path

from desk.files import views
from desk.shapes import WrapView


def urls(wrap: WrapView) -> list[URLPattern]:
    """Return the addresses, with each view wrapped by the site's `admin_view`."""
    return [
        path("catalog/", wrap(views.catalog_file), name="catalog_file"),
        path("catalog/download/", wrap(views.catalog_download), name="catalog_download"),
        path("catalog/prices/", wrap(views.proposed_prices), name="catalog_prices"),
        path("catalog/example/", wrap(views.catalog_example), name="catalog_example"),
    ]
