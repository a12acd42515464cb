from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString

from web.caching import process_cache
from web.fragments import render_cached

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
    ("/about/", "About"),
    ("/methodology/", "How we judge"),
    ("/disclosure/", "Disclosure"),
    ("/changes/?kind=corrections", "Corrections"),
    ("/moderation/", "Moderation"),
    ("/about/#contact", "Contact"),
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
        "lead_css": "css/lead.css",
        "evidence_css": "css/evidence.css",
        "error_css": "css/error.css",
        "comparison_css": "css/comparison.css",
        "tool_css": "css/tool.css",
        "lists_css": "css/lists.css",
        "log_css": "css/log.css",
        "newsletter_css": "css/newsletter.css",
        "picker_css": "css/picker.css",
        "reviewers_css": "css/reviewers.css",
        "columns_css": "css/columns.css",
        "documents_css": "css/documents.css",
        "votes_css": "css/votes.css",
        "print_css": "css/print.css",
        "htmx_js": "django_htmx/htmx-2.min.js",
        "site_js": "js/site.js",
        "combobox_js": "js/combobox.js",
    }
    return {key: static(name) for key, name in names.items()}


@process_cache(maxsize=1, in_debug=False)
def _render_head() -> SafeString:
    return render_to_string("web/_site_head.html", {"assets": _assets()})


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the context that every template shares."""
    current = request.path if request.path in dict(SITE_LINKS) else ""
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "assets": _assets(),
        "site_head": _render_head(),
        "site_links": render_cached("web/_site_links.html", links=SITE_LINKS, current=current),
        "site_menu": render_cached("web/_site_menu.html", links=SITE_LINKS, current=current),
        "site_footer": render_cached("web/_site_footer.html", links=FOOTER_LINKS),
        "signup": render_cached("newsletter/_signup.html"),
        "operator": settings.SITE_OPERATOR,
        "contact_email": settings.CONTACT_EMAIL,
        "site_search": render_cached("web/_site_search.html"),
    }
