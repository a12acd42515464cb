"""Atom feeds (RFC 4287): Django's generator, extended with elements that it omits."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed
from django.utils.xmlutils import SimplerXMLGenerator

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)  # `updated` of an empty feed; the current time would change it every time


def tag_uri(name: str) -> str:
    """Return an id that stays the same when URLs change (RFC 4151), as in `tag:shipside.example,2026:review/7`."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{name}"


def xml_text(text: str) -> str:
    """Return a text without the control characters that XML forbids."""
    return _FORBIDDEN.sub("", text)


class AtomFeed(Atom1Feed):
    """An Atom feed whose titles are plain text and whose contents are HTML. URLs must be absolute, times aware."""

    def add_entry(
        self,
        *,
        name: str,
        title: str,
        url: str,
        published: datetime,
        updated: datetime,
        categories: Sequence[str],
        content: str,
    ) -> None:
        """Add an entry. Its id is `tag_uri(name)`."""
        self.add_item(
            title=xml_text(title),
            link=url,
            description=None,  # type: ignore[arg-type] # no summary besides the content
            unique_id=tag_uri(name),
            pubdate=published,
            updateddate=updated,
            categories=[xml_text(category) for category in categories],
            content=xml_text(content),
        )

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})

    def latest_post_date(self) -> datetime:
        return max((item["updateddate"] for item in self.items), default=_NEVER)
