"""Pages of the desk that belong to no model; the site wraps them (`Desk.get_urls`)."""

from typing import Any

from django.urls import URLPattern, path

from desk.bulk import views


def urls(wrap: Any) -> list[URLPattern]:
    """The addresses, each view wrapped by the site's `admin_view`."""
    return [
        path("catalog/", wrap(views.catalog_file), name="catalog_file"),
        path("catalog/download/", wrap(views.catalog_download), name="catalog_download"),
        path("catalog/example/", wrap(views.catalog_example), name="catalog_example"),
    ]
