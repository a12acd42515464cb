"""Pages about bulk changes. `Desk.get_urls` wraps them."""

from django.urls import URLPattern, path

from desk.bulk_changes import pages
from desk.shapes import WrapView


def urls(wrap: WrapView) -> list[URLPattern]:
    """Return the addresses, with each view wrapped by the site's `admin_view`."""
    return [
        path("tools/tool/<int:pk>/as-of/", wrap(pages.restore_as_of), name="tools_tool_as_of"),
        path("changes/", wrap(pages.list_changes), name="bulk_changes"),
        path("changes/<int:pk>/", wrap(pages.show_change), name="bulk_change"),
        path("changes/<int:pk>/undo/", wrap(pages.undo), name="bulk_change_undo"),
        path("changes/<int:pk>/go/", wrap(pages.go_on), name="bulk_change_go"),
    ]
