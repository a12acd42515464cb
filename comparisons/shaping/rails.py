"""Panel and visitors on one axis from 0 to 100% ship."""

from django.utils.safestring import SafeString

from reviews.panel import Panel
from votes.community import Community
from web.fragments import render_cached


def render_rail(panel: Panel, community: Community) -> SafeString:
    """Render the drawing, with what it shows in words."""
    words = describe_rail(panel, community)
    return render_cached("charts/_rail.html", panel=panel, community=community, words=words)


def describe_rail(panel: Panel, community: Community) -> str:
    """Return what the drawing shows, such as `Panel 75% ship, visitors 89% ship, between 86 and 91%`."""
    parts = [f"panel {panel.percent}% ship" if panel.seats else "not judged by the panel"]
    if community.has_number:
        parts.append(f"visitors {community.percent}% ship, between {community.low} and {community.high}%")
    else:
        parts.append(community.words.lower())
    words = ", ".join(parts)
    return words[0].upper() + words[1:]
