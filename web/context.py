import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static

from web.caching import process_cache
from web.fragments import render_cached

# htmx does nothing that the content security policy would block. It swaps responses meant for people: an invalid form
# (422) into its place, any other error into the page's notice.
HTMX_CONFIG = json.dumps(
    {
        "allowEval": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "historyRestoreAsHxRequest": False,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "[45]..", "swap": True, "error": True, "target": "#notice", "swapOverride": "innerHTML"},
        ],
    },
    separators=(",", ":"),
)

SITE_LINKS = (
    ("/compare/", "Compare"),
    ("/tools/", "Tools"),
    ("/splits/", "Splits"),
    ("/reviewers/", "Panel"),
    ("/changes/", "Changes"),
    ("/predictions/", "Predictions"),
)
"""The links in the header: (path, name)."""

FOOTER_LINKS = (
    ("/categories/", "Categories"),
    ("/methodology/", "How we judge"),
    ("/disclosure/", "Disclosure"),
    ("/changes/?kind=corrections", "Corrections"),
    ("/newsletter/", "Newsletter"),
    ("/feeds/changes.xml", "Feeds"),
    ("/me/", "My votes"),
)


@process_cache(maxsize=1)
def _assets() -> dict[str, str]:
    """Return the URLs of the static files that every page links to, looked up once per process."""
    names = {
        "favicon": "img/favicon.svg",
        "icon": "img/icon-512.png",
        "apple_touch_icon": "img/apple-touch-icon.png",
        "base_css": "css/base.css",
        "components_css": "css/components.css",
        "home_css": "css/home.css",
        "comparison_css": "css/comparison.css",
        "lists_css": "css/lists.css",
        "earlier_css": "css/earlier.css",
        "earlier_pages_css": "css/earlier_pages.css",
        "print_css": "css/print.css",
        "htmx_js": "django_htmx/htmx-2.min.js",
        "site_js": "js/site.js",
        "combobox_js": "js/combobox.js",
    }
    return {key: static(name) for key, name in names.items()}


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the context that every template shares."""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "htmx_config": HTMX_CONFIG,
        "assets": _assets(),
        "site_links": SITE_LINKS,
        "footer_links": FOOTER_LINKS,
        "site_search": render_cached("web/_site_search.html"),
    }
