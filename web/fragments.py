"""Cached HTML fragments: small templates whose output depends only on the values passed to them.

A review's quote or a fact's source does not change between requests, so its HTML is rendered once per process and
cached by its values. The page around the fragments is rendered per request.
"""

from collections.abc import Iterable

from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from web.caching import process_cache


@process_cache(maxsize=32_768, in_debug=False)  # about half a kilobyte each
def render_cached(template: str, **values: object) -> SafeString:
    """Render a template with hashable values, once per set of values."""
    return render_to_string(template, values)


def join_fragments(fragments: Iterable[SafeString]) -> SafeString:
    """Return the fragments one after another; "" if there are none."""
    return format_html_join("", "{}", ((fragment,) for fragment in fragments))
