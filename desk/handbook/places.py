"""Which section of the handbook helps with which page of the desk."""

from django.http import HttpRequest
from django.urls import reverse

# The first entry whose words are in the name of the page counts.
_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("in-ten-minutes", ("reviewer_usual",)),
    ("ready-for-review", ("_hand_over", "waiting_read")),
    ("history-and-restoring", ("_history", "_restore", "_as_of", "_deleted")),
    ("files-and-sheets", ("_import", "_export", "catalog_", "bulk_change", "_template")),
    ("the-calendar", ("calendar",)),
    ("held-votes", ("votes_",)),
    ("the-newsletter", ("newsletter_",)),
    ("who-may-do-what", ("accounts_", "auth_")),
    ("publishing", ("_publish", "_schedule", "_unschedule", "_withdraw", "_put_back")),
    ("corrections", ("tools_correction",)),
    ("lists-and-bulk-actions", ("_changelist", "tools_attribute", "tools_plan", "tools_fact")),
    ("comparisons", ("comparisons_comparison",)),
    ("the-scorecard", ("reviews_",)),
    ("the-tool-page", ("tools_",)),
    ("the-front-page", ("index", "search", "app_list")),
)


def find_place(page: str) -> str:
    """Return the id of the section that helps with a page of the desk, by the page's name; "" for none."""
    return next((place for place, words in _PLACES if any(word in page for word in words)), "")


def build_help_url(request: HttpRequest) -> str:
    """Return the address of the help for a request."""
    match = request.resolver_match
    return reverse("admin:handbook", fragment=find_place(match.url_name or "" if match else "") or None)
