"""Messages about bulk changes, with a link to the page that shows and undoes them."""

from django.urls import reverse
from django.utils.html import format_html


def link_to_change(text: str, change_id: int | None) -> str:
    """Return a message with a link to the page of a bulk change; the text alone if nothing was recorded."""
    if change_id is None:
        return text
    return format_html('{} <a href="{}">Undo…</a>', text, reverse("admin:bulk_change_undo", args=[change_id]))
