"""Addresses as programs need them: in full, and of the images that are shared with a link."""

from django.conf import settings

from tools import slugs


def absolute(path: str) -> str:
    """A path of ours as a full address on the public site, whatever host the request came by."""
    return settings.SITE_URL + path


def pair_image(first: str, second: str) -> str:
    """The path of the share image of a pair of slugs, 1200×630."""
    return f"/og/compare/{slugs.join_pair(first, second)}.png"


def tool_image(slug: str) -> str:
    """The path of the share image of a tool, 1200×630."""
    return f"/og/tools/{slug}.png"
