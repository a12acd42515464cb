"""Addresses as programs need them: in full, and of the images that are shared with a link."""

from django.conf import settings
from django.urls import reverse


def absolute(path: str) -> str:
    """A path of ours as a full address on the public site, whatever host the request came by."""
    return settings.SITE_URL + path


def pair_image(first: str, second: str) -> str:
    """The path of the share image of a pair of slugs, 1200×630."""
    return reverse("pair-image", args=[(first, second)])


def tool_image(slug: str) -> str:
    """The path of the share image of a tool, 1200×630."""
    return reverse("tool-image", args=[slug])
