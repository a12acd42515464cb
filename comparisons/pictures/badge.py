"""The badge that other sites embed: its texts, and the code that embeds it. Values in, values out."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.html import format_html

from reviews.panel import Panel
from votes.community import Community

# (width, height) of each size in pixels. They do not depend on the tool or its numbers, so a page that embeds a badge
# does not shift when a verdict changes.
SIZES = {"small": (240, 32), "large": (380, 136)}
_NAME_WIDTH = 340 / 21  # ems: pixels of width in the large badge, divided by the font size
_SITE_WIDTH = 84 / 14  # ems: the same for the site's name in the small badge
_PANEL_LEFT, _COMMUNITY_LEFT = 20, 196
_MARK_STEP, _MAX_MARKS = 16, 5
_MADE_UP = "Votes are made up"


class BadgeNumber(NamedTuple):
    """A number on the large badge with the words below it. Positions are pixels from the left."""

    left: int
    figure: str
    label: str
    words_left: int
    words: str


@dataclass(frozen=True, slots=True)
class Badge:
    """The texts of a badge, ready for its template."""

    site: str
    name: str
    label: str
    """Everything in one sentence, for screen readers."""
    panel: Panel
    community: str
    community_words: str
    note: str
    """That votes are made up, if they are."""

    @classmethod
    def of(
        cls, site: str, name: str, panel: Panel, community: Community, *, has_made_up_votes: bool = False
    ) -> "Badge":
        name = clean_name(name)
        return cls(
            site=truncate(site, _SITE_WIDTH),
            name=truncate(name, _NAME_WIDTH),
            label=f"{site} on {name}. Panel: {panel.figure}, {panel.words}. "
            f"Community: {community.figure}, {community.words}.{f' {_MADE_UP}.' if has_made_up_votes else ''}",
            panel=panel,
            community=community.figure,
            community_words=community.words,
            note=_MADE_UP if has_made_up_votes else "",
        )

    @property
    def marks(self) -> list[tuple[int, str]]:
        """(center in pixels from the left, verdict) per seat; empty if there are too many to fit."""
        verdicts = [verdict for _, verdict in self.panel.marks]
        if len(verdicts) > _MAX_MARKS:
            return []
        return [(_PANEL_LEFT + 6 + place * _MARK_STEP, verdict) for place, verdict in enumerate(verdicts)]

    @property
    def numbers(self) -> list[BadgeNumber]:
        """The panel's number and the community's, each with its position."""
        after_marks = len(self.marks) * _MARK_STEP + 4 if self.marks else 0
        return [
            BadgeNumber(_PANEL_LEFT, self.panel.figure, "Panel", _PANEL_LEFT + after_marks, self.panel.words),
            BadgeNumber(_COMMUNITY_LEFT, self.community, "Community", _COMMUNITY_LEFT, self.community_words),
        ]


def clean_name(text: str) -> str:
    """Return a name on one line, without characters that XML forbids or that change the direction of following text."""
    characters = (
        " " if character.isspace() or unicodedata.category(character) in ("Cc", "Cs", "Cn") else character
        for character in text
        if unicodedata.category(character) != "Cf" or character in "\u200c\u200d"
    )
    return " ".join("".join(characters).split())


def truncate(text: str, max_width: float) -> str:
    """Truncate text to a width in ems, with an ellipsis if it is cut.

    Widths are estimated, because the reader's font is unknown.
    """
    if sum(map(_estimate_width, text)) <= max_width:
        return text
    width = _estimate_width("…")
    for place, character in enumerate(text):
        width += _estimate_width(character)
        if width > max_width:
            return text[:place].rstrip() + "…"
    return text


def _estimate_width(character: str) -> float:
    """Return the approximate width of a character in a bold serif, in ems. The template clips wider fonts."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.25 if unicodedata.category(character) == "So" else 1
    if character in "iljftrI.,:;'|!()[]/ ":
        return 0.38
    if character in "mwMW@%—…" or not character.isascii():
        return 1
    return 0.76 if character.isupper() else 0.57


@dataclass(frozen=True, slots=True)
class Snippet:
    """The code that embeds a badge of one size."""

    size: str
    src: str
    """The path of the badge on this site."""
    alt: str
    width: int
    height: int
    html: str
    markdown: str


def build_snippets(site_url: str, site: str, slug: str, name: str) -> list[Snippet]:
    """Return the code that embeds a tool's badge, in both sizes, with absolute addresses.

    The alt text has no numbers, because other sites keep it when the numbers change.
    """
    page, src = reverse("tool", args=[slug]), reverse("badge", args=[slug])
    alt = f"What {site} says of {clean_name(name)}"
    results = []
    for size, (width, height) in SIZES.items():
        image = f"{src}?size={size}"
        html = format_html(
            '<a href="{}"><img src="{}" alt="{}" width="{}" height="{}"></a>',
            site_url + page, site_url + image, alt, width, height,
        )  # fmt: skip
        # Plain text, not safe HTML: the page that shows the code must escape it again.
        results.append(
            Snippet(
                size=size,
                src=image,
                alt=alt,
                width=width,
                height=height,
                html="".join(html),
                markdown=f"[![{_escape_markdown(alt)}]({site_url}{image})]({site_url}{page})",
            )
        )
    return results


def _escape_markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|&~])", r"\\\1", text)
