"""Leaves: small templates whose HTML depends on nothing but the values they are given.

What a review says or where a fact was found does not change between two requests, so its HTML is made once a process
and remembered by its values. A page is put together anew for each request; only its leaves come from here.
"""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from web.caching import process_cache


@process_cache(maxsize=32_768, in_debug=False)  # about half a kilobyte each; none where templates are edited
def render_cached(template: str, **values: object) -> SafeString:
    """Render a template with hashable values, once for the same values."""
    return render_to_string(template, values)
