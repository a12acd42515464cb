"""The category that a page's address asks for."""

from collections.abc import Iterable

from comparisons.reading.records import ListedCategory
from tools.models import Category


def find_category[C: (Category, ListedCategory)](categories: Iterable[C], slug: str) -> C | None:
    """Return the category with a slug, current or former; None, which selects all, if there is none."""
    by_slug = {category.slug: category for category in categories}
    if slug and slug not in by_slug and (renamed := Category.objects.by_slug(slug)):
        slug = renamed.slug
    return by_slug.get(slug)
