"""A comparison drawn large: the one that leads the front page, and the one that a search names."""

from datetime import datetime
from typing import NamedTuple

from comparisons.addresses import reverse_slug
from comparisons.shaping.sentences import list_brief_names, write_card_verdict
from comparisons.shaping.tool_columns import Card
from comparisons.shaping.verdict_text import VerdictText


class Lead(NamedTuple):
    """What `comparisons/_lead.html` draws."""

    url: str
    published_at: datetime | None
    """When an editor's comparison was published; None for a pair without one."""
    cards: tuple[Card, Card]
    names: list[str]
    verdict: VerdictText
    category: str
    category_url: str


def build_lead(first: Card, second: Card, *, url: str, published_at: datetime | None) -> Lead:
    """Return a pair, given its cards, as pages draw it large."""
    category = first.tool.category
    return Lead(
        url,
        published_at,
        (first, second),
        list_brief_names(first, second),
        write_card_verdict(first, second),
        category.name,
        reverse_slug("category", category.slug),
    )
